/* See gallery_doctor.h. */
#include "cli/gallery_doctor.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/gallery_form.h"
#include "base/known_pairs.h"
#include "base/odds.h"
#include "cli/command.h"

enum { PAIRS_MOST = 1000 };

/* A sample that is less alike to the others of its person than a stranger might be. */
typedef struct odd {
    size_t sample;
    float own;     /* mean similarity to its person's other samples */
    size_t nearer; /* somebody to whose samples it is alike; n_people: nobody */
} odd;

typedef struct findings {
    kao_known known;
    float threshold;
    kao_known_pair *pairs;
    size_t n_pairs;
    odd *odds;
    size_t n_odd;
    size_t n_single;   /* people with one sample */
    size_t n_lost;     /* samples of which neither chip nor picture is there */
    mode_t others_may; /* 0: the file is the owner's alone, or a server's */
} findings;

/* ---- looking ---- */

static void look_at_file(const cli_gallery *u, findings *f)
{
    struct stat s;

    if (!kao_database_is_address(u->path) && stat(u->path, &s) == 0)
        f->others_may = s.st_mode & (S_IRWXG | S_IRWXO);
}

static kao_status look_at_pictures(cli_gallery *u, findings *f, kao_error *err)
{
    kao_status st = KAO_OK;
    kao_bytes chip = { .mem = f->known.mem, .max = KAO_CHIP_MAX_BYTES };
    char form[KAO_CHIP_FORM_BYTES];

    for (size_t i = 0; !st && i < f->known.n; i++) {
        const kao_known_sample *s = &f->known.samples[i];

        if (s->source && !cli_is_stream(s->source) && access(s->source, R_OK) == 0)
            continue;
        st = kao_chip_of(u->g, s->id, &chip, form, err);
        f->n_lost += !st && chip.n == 0;
        kao_bytes_free(&chip);
    }
    return st;
}

/* The person to whose samples this one is most alike, from that similarity on. */
static size_t nearer_of(const kao_known *k, const kao_sum *people, size_t own,
                        const kao_sum *sample, float least)
{
    size_t best = k->n_people;

    for (size_t p = 0; p < k->n_people; p++) {
        const float alike =
            people[p].n ? (float)kao_sums_alike(sample, &people[p], k->dim) : -1;

        if (p == own || alike < least)
            continue;
        least = alike;
        best = p;
    }
    return best;
}

/* room: for a vector. */
static void find_odd(findings *f, const kao_sum *people, float *room)
{
    const kao_known *k = &f->known;

    for (size_t i = 0; i < k->n; i++) {
        const size_t person = k->samples[i].person, n = people[person].n;
        kao_sum one = { .numbers = memset(room, 0, k->dim * sizeof *room) };

        if (n == 1)
            continue;
        kao_sum_add(&one, k->vectors + i * k->dim, k->dim);
        /* the mean without itself, to which it is 1 alike */
        const float own =
            (float)((kao_sums_alike(&one, &people[person], k->dim) * (double)n - 1) /
                    (double)(n - 1));

        if (own < f->threshold)
            f->odds[f->n_odd++] =
                (odd){ i, own, nearer_of(k, people, person, &one, f->threshold) };
    }
}

static kao_status look_at_samples(findings *f, kao_error *err)
{
    kao_known *k = &f->known;
    float *sums = kao_calloc(k->mem, k->n_people + 1, k->dim * sizeof *sums);
    kao_sum *people = kao_calloc(k->mem, k->n_people + 1, sizeof *people);
    kao_status st = KAO_OK;

    f->odds = kao_calloc(k->mem, k->n + 1, sizeof *f->odds);
    if (!sums || !people || !f->odds) {
        st = kao_fail(err, KAO_E_NOMEM, "out of memory for %zu samples", k->n);
    } else {
        for (size_t p = 0; p < k->n_people; p++)
            people[p].numbers = sums + p * k->dim;
        for (size_t i = 0; i < k->n; i++)
            kao_sum_add(&people[k->samples[i].person], k->vectors + i * k->dim, k->dim);
        find_odd(f, people, sums + k->n_people * k->dim);
        for (size_t p = 0; p < k->n_people; p++)
            f->n_single += people[p].n == 1;
    }
    kao_free(k->mem, sums);
    kao_free(k->mem, people);
    return st;
}

static kao_status look_at_people(cli_gallery *u, findings *f, kao_error *err)
{
    kao_known *k = &f->known;
    kao_status st = kao_limit_for_groups(u->embedders[0], u->ttas[0], NAN, k->n,
                                         &f->threshold, err);

    f->pairs = kao_calloc(k->mem, PAIRS_MOST, sizeof *f->pairs);
    if (!f->pairs)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (!st)
        st = kao_known_pairs(k, u->g, f->threshold, f->pairs, PAIRS_MOST, &f->n_pairs,
                             err);
    return st ? st : look_at_samples(f, err);
}

static kao_status look(cli_gallery *u, findings *f, kao_error *err)
{
    kao_status st = kao_gallery_verify(u->g, err);

    look_at_file(u, f);
    if (!st)
        st = kao_known_read(&f->known, f->known.mem, u->g, err);
    if (!st && u->n > 0 && f->known.n > 0)
        st = look_at_people(u, f, err);
    return st ? st : look_at_pictures(u, f, err);
}

/* ---- telling ---- */

static const char *who(const kao_known *k, size_t person, char to[32])
{
    snprintf(to, 32, "#%lld", (long long)k->people[person].number);
    return k->people[person].name ? k->people[person].name : to;
}

static void tell_text(const cli_gallery *u, const findings *f)
{
    const kao_known *k = &f->known;
    char a[32], b[32];

    printf("%s: whole%s; %zu people, %zu samples\n", u->shown,
           u->has_key ? ", encrypted" : "", k->n_people, k->n);
    if (f->others_may)
        printf("others may open the file: chmod 600 %s\n", u->shown);
    for (size_t i = 0; i < f->n_pairs; i++)
        printf("one person?\t%s\t%s\t%.3f\n", who(k, f->pairs[i].a, a),
               who(k, f->pairs[i].b, b), (double)f->pairs[i].similarity);
    if (f->n_pairs)
        printf("  kao gallery merge INTO FROM joins them, kao gallery apart says that "
               "they are two\n");
    for (size_t i = 0; i < f->n_odd; i++) {
        const odd *o = &f->odds[i];
        const kao_known_sample *s = &k->samples[o->sample];

        printf("unlike its person\t%s\t%s\t%.3f", who(k, s->person, a), s->id,
               (double)o->own);
        if (o->nearer < k->n_people)
            printf("\tmore like %s", who(k, o->nearer, b));
        printf("\n");
    }
    if (f->n_odd)
        printf("  kao gallery not SAMPLE NAME, kao gallery move SAMPLE NAME\n");
    if (f->n_single)
        printf("with one sample alone: %zu; two or three are found more surely\n",
               f->n_single);
    if (f->n_lost)
        printf("samples with neither chip nor picture any more: %zu; another model "
               "needs one of them (enroll --keep-chips)\n",
               f->n_lost);
}

static kao_json *person_json(const kao_known *k, size_t person)
{
    return kao_json_integer(k->people[person].number);
}

static int tell_json(const cli_gallery *u, const findings *f)
{
    const kao_known *k = &f->known;
    kao_json *o = kao_json_object(), *pairs = kao_json_array(),
             *unlike = kao_json_array();

    for (size_t i = 0; i < f->n_pairs; i++) {
        kao_json *p = kao_json_object();

        kao_json_set(p, "into", person_json(k, f->pairs[i].a));
        kao_json_set(p, "from", person_json(k, f->pairs[i].b));
        kao_json_set(p, "similarity", kao_json_float(f->pairs[i].similarity));
        kao_json_add(pairs, p);
    }
    for (size_t i = 0; i < f->n_odd; i++) {
        const odd *d = &f->odds[i];
        kao_json *p = kao_json_object();

        kao_json_set(p, "sample", kao_json_string(k->samples[d->sample].id));
        kao_json_set(p, "person", person_json(k, k->samples[d->sample].person));
        kao_json_set(p, "similarity", kao_json_float(d->own));
        kao_json_set(p, "nearer",
                     d->nearer < k->n_people ? person_json(k, d->nearer)
                                             : kao_json_null());
        kao_json_add(unlike, p);
    }
    kao_json_set(o, "gallery", kao_json_string(u->shown));
    kao_json_set(o, "people", kao_json_integer((int64_t)k->n_people));
    kao_json_set(o, "samples", kao_json_integer((int64_t)k->n));
    kao_json_set(o, "encrypted", kao_json_bool(u->has_key));
    kao_json_set(o, "others_may_open", kao_json_bool(f->others_may != 0));
    kao_json_set(o, "one_person", pairs);
    kao_json_set(o, "unlike", unlike);
    kao_json_set(o, "single_sample", kao_json_integer((int64_t)f->n_single));
    kao_json_set(o, "without_picture", kao_json_integer((int64_t)f->n_lost));
    return cli_print_json("gallery", o);
}

kao_status cli_gallery_doctor(cli_gallery *u, bool json, int *status, kao_error *err)
{
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    findings f = { .known.mem = &mem };
    const kao_status st = look(u, &f, err);

    if (!st && json)
        *status = tell_json(u, &f);
    else if (!st)
        tell_text(u, &f);
    if (!st && *status == CLI_YES && (f.others_may || f.n_pairs || f.n_odd))
        *status = CLI_NO;
    kao_free(&mem, f.pairs);
    kao_free(&mem, f.odds);
    kao_known_free(&f.known);
    return st;
}
