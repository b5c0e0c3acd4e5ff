/* See gallery_form.h: people from lines. */
#include "base/gallery_form.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/cancel.h"
#include "base/error.h"
#include "base/json.h"
#include "base/room.h"
#include "base/suits.h"

enum { SAMPLES_MOST = 100000 };

/* The same picture's vector, through a text and back. */
static const float the_same = .99999f;

/* A square of a length of 1, through another program's text of few digits. */
static const double one_within = 1e-3;

static kao_status out_of_memory(kao_error *err)
{
    return kao_fail(err, KAO_E_NOMEM, "out of memory");
}

typedef struct moved_person {
    int64_t there, here;
} moved_person;

typedef struct moved_sample {
    char there[KAO_UUID_BYTES], here[KAO_UUID_BYTES];
} moved_sample;

typedef struct import {
    kao_gallery *g;
    kao_mem *mem;
    const kao_cancel *cancel;
    const char *path;
    size_t line;
    bool has_head; /* it was read: empty lines may stand before it */
    kao_gallery_model models[KAO_GALLERY_MODELS];
    size_t n_models, dims;           /* all models' numbers together */
    bool of_one[KAO_GALLERY_MODELS]; /* the model's vectors have length 1 */
    kao_moved *moved;
    /* for facts: what the file's people and samples are here */
    moved_person *people;
    moved_sample *samples;
    size_t n_people, cap_people, n_samples, cap_samples;
} import;

static kao_status wrong(const import *x, const char *what, kao_error *err)
{
    return kao_fail(err, KAO_E_FORMAT, "%s: line %zu: %s", x->path, x->line, what);
}

static kao_status check_head(const import *x, const kao_json *v, kao_error *err)
{
    const kao_json *models = kao_json_get(v, "models");
    int64_t form = 0;

    if (!kao_json_as_integer(kao_json_get(v, "kao_gallery"), &form) || !models)
        return wrong(x, "not what kao gallery export FILE.jsonl writes", err);
    if (form < 1 || form > KAO_FORM_VERSION)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: of a later kao (form %lld)",
                        x->path, (long long)form);
    for (size_t i = 0; i < x->n_models || i < kao_json_length(models); i++) {
        const char *id = "", *name = "";
        const kao_json *m = kao_json_at(models, i);

        kao_json_as_text(kao_json_get(m, "id"), &id);
        kao_json_as_text(kao_json_get(m, "name"), &name);
        if (i >= x->n_models || strcmp(id, x->models[i].id) != 0)
            return kao_fail(
                err, KAO_E_CONFLICT,
                "%s: its model %zu is %s (%.8s..), the gallery's %s (%.8s..)", x->path,
                i + 1, name, id, i < x->n_models ? x->models[i].name : "none",
                i < x->n_models ? x->models[i].id : "");
    }
    return KAO_OK;
}

/* A sample's vectors, one behind the other; gives what is wrong with them, NULL: nothing. */
static const char *take_vectors(const import *x, const kao_json *v, float *to)
{
    const kao_json *all = kao_json_get(v, "vectors");

    for (size_t m = 0; m < x->n_models; m++) {
        const kao_json *one = kao_json_at(all, m);
        double square = 0;

        if (kao_json_length(one) != x->models[m].dim)
            return "vectors that are missing, of another length, or no numbers";
        for (uint32_t i = 0; i < x->models[m].dim; i++) {
            double n = 0;

            if (!kao_json_as_number(kao_json_at(one, i), &n) || !(fabs(n) < 1e6))
                return "vectors that are missing, of another length, or no numbers";
            *to++ = (float)n;
            square += n * n;
        }
        if (x->of_one[m] && fabs(square - 1) > one_within)
            return "a vector that is not of length 1";
    }
    return NULL;
}

/* Whose sample of this vector there is; 0: nobody's. */
static kao_status whose(const import *x, const float *vector, int64_t *person,
                        char id[KAO_UUID_BYTES], kao_error *err)
{
    kao_match m[1] = { { .size = sizeof m[0] } };
    size_t n = 0;
    const kao_status st = kao_gallery_search(x->g, 0, vector, 1, m, &n, err);

    *person = !st && n && m[0].similarity >= the_same ? m[0].person : 0;
    if (*person)
        memcpy(id, m[0].sample, KAO_UUID_BYTES);
    return st;
}

static bool note_sample(import *x, const char *there, const char *here)
{
    if (!kao_room(x->mem, &x->samples, &x->cap_samples, x->n_samples + 1,
                  sizeof *x->samples))
        return false;
    moved_sample *to = &x->samples[x->n_samples++];

    snprintf(to->there, sizeof to->there, "%s", there);
    snprintf(to->here, sizeof to->here, "%s", here);
    return true;
}

static bool note_person(import *x, int64_t there, int64_t here)
{
    if (!kao_room(x->mem, &x->people, &x->cap_people, x->n_people + 1,
                  sizeof *x->people))
        return false;
    x->people[x->n_people++] = (moved_person){ there, here };
    return true;
}

typedef struct arrival { /* a person on the way in */
    kao_new_sample *samples;
    kao_bytes *chips;      /* mem NULL: none */
    const char **ids;      /* that they had */
    const float **vectors; /* KAO_GALLERY_MODELS for each */
    float *numbers;
    size_t n;
    int64_t person;
} arrival;

static kao_status take_sample_in(import *x, const kao_json *v, arrival *a,
                                 kao_error *err)
{
    float *numbers = a->numbers + a->n * x->dims;
    kao_new_sample *s = &a->samples[a->n];
    double quality = (double)NAN;
    int64_t person = 0;
    const char *there = "", *chip = NULL;
    char here[KAO_UUID_BYTES] = "";

    *s = (kao_new_sample){ .size = sizeof *s,
                           .vectors = a->vectors + a->n * KAO_GALLERY_MODELS };
    const char *bad = take_vectors(x, v, numbers);

    if (bad)
        return wrong(x, bad, err);
    const kao_status st = whose(x, numbers, &person, here, err);

    if (st)
        return st;
    kao_json_as_text(kao_json_get(v, "id"), &there);
    if (person) {
        if (!note_sample(x, there, here))
            return out_of_memory(err);
        x->moved->known++;
        a->person = a->person ? a->person : person;
        return KAO_OK;
    }
    for (size_t m = 0, at = 0; m < x->n_models; at += x->models[m].dim, m++)
        a->vectors[a->n * KAO_GALLERY_MODELS + m] = numbers + at;
    kao_json_as_text(kao_json_get(v, "source"), &s->source);
    kao_json_as_number(kao_json_get(v, "quality"), &quality);
    s->quality = quality >= 0 && quality <= 1 ? (float)quality : NAN;
    kao_json_as_integer(kao_json_get(v, "time"), &s->time);
    if (kao_json_as_text(kao_json_get(v, "chip"), &chip)) {
        kao_bytes *b = &a->chips[a->n];

        *b = (kao_bytes){ .mem = x->mem, .max = KAO_CHIP_MAX_BYTES };
        if (!kao_base64_read(b, chip, NULL) || b->n == 0)
            return wrong(x, "a chip that is no base64, or too large", err);
        s->chip = b->p;
        s->chip_bytes = b->n;
        kao_json_as_text(kao_json_get(v, "chip_form"), &s->chip_form);
    }
    a->ids[a->n++] = there;
    return KAO_OK;
}

static kao_status set_groups(const import *x, const kao_json *v, int64_t person,
                             kao_error *err)
{
    const kao_json *list = kao_json_get(v, "groups");
    const char *groups[KAO_GROUPS_MOST] = { NULL };
    const size_t n = kao_json_length(list);
    bool ignored = false;
    kao_status st = KAO_OK;

    if (n > KAO_GROUPS_MOST)
        return wrong(x, "too many \"groups\"", err);
    for (size_t i = 0; i < n; i++)
        if (!kao_json_as_text(kao_json_at(list, i), &groups[i]))
            return wrong(x, "a group that is no text", err);
    kao_json_as_bool(kao_json_get(v, "ignored"), &ignored);
    if (n)
        st = kao_gallery_set_groups(x->g, person, groups, n, err);
    if (!st && ignored)
        st = kao_gallery_set_ignored(x->g, person, 1, err);
    return st;
}

/* What is said of a person who is new; a text of nothing is none. */
static kao_status describe(const import *x, const kao_json *v, int64_t person,
                           kao_error *err)
{
    const char *note = "", *external = "";
    kao_status st = KAO_OK;

    kao_json_as_text(kao_json_get(v, "note"), &note);
    kao_json_as_text(kao_json_get(v, "external"), &external);
    if (note[0])
        st = kao_gallery_set_note(x->g, person, note, err);
    if (!st && external[0])
        st = kao_gallery_set_external(x->g, person, external, err);
    return st ? st : set_groups(x, v, person, err);
}

static kao_status enrol(import *x, const kao_json *v, arrival *a, kao_error *err)
{
    const char *name = NULL;
    const bool fresh = a->person == 0;

    kao_json_as_text(kao_json_get(v, "name"), &name);
    kao_status st = a->n ? kao_gallery_enrol(x->g, &a->person, fresh ? name : NULL,
                                             a->samples, a->n, err)
                         : kao_gallery_add_person(x->g, name, &a->person, err);

    if (!st && fresh) {
        st = describe(x, v, a->person, err);
        if (st) /* a whole person, or none: or the next try finds it there already */
            (void)kao_gallery_forget(x->g, a->person, NULL, NULL);
    }
    if (st)
        return st == KAO_E_ARG ? kao_error_prefix(err, KAO_E_FORMAT, "%s: line %zu",
                                                  x->path, x->line)
                               : st;
    x->moved->people += fresh;
    x->moved->samples += a->n;
    for (size_t i = 0; i < a->n; i++)
        if (!note_sample(x, a->ids[i], a->samples[i].id))
            return out_of_memory(err);
    return KAO_OK;
}

static int take_number(void *user, const kao_person *p)
{
    *(int64_t *)user = p->number;
    return 1;
}

/* Who has no samples is known by the name alone; *is_new: nobody here has it. */
static kao_status look_for_name(const import *x, const kao_json *v, int64_t *person,
                                bool *is_new, kao_error *err)
{
    const char *name = "";

    kao_json_as_text(kao_json_get(v, "name"), &name);
    const kao_status st =
        name[0] ? kao_gallery_people(x->g, name, take_number, person, err) : KAO_OK;

    *is_new = name[0] && !*person;
    return st;
}

static kao_status take_person_in(import *x, const kao_json *v, kao_error *err)
{
    const kao_json *samples = kao_json_get(v, "samples");
    const size_t n = kao_json_length(samples);
    arrival a = { .n = 0 };
    int64_t there = 0;
    bool is_new = false;

    if (!kao_json_is_array(samples) || n > SAMPLES_MOST)
        return wrong(x, "no \"samples\", or too many", err);
    a.samples = kao_calloc(x->mem, n + 1, sizeof *a.samples);
    a.vectors = kao_calloc(x->mem, (n + 1) * KAO_GALLERY_MODELS, sizeof *a.vectors);
    a.numbers = kao_calloc(x->mem, (n + 1) * x->dims, sizeof *a.numbers);
    a.ids = kao_calloc(x->mem, n + 1, sizeof *a.ids);
    a.chips = kao_calloc(x->mem, n + 1, sizeof *a.chips);
    kao_status st = a.samples && a.vectors && a.numbers && a.ids && a.chips
                        ? KAO_OK
                        : out_of_memory(err);

    for (size_t i = 0; !st && i < n; i++)
        st = take_sample_in(x, kao_json_at(samples, i), &a, err);
    if (!st && n == 0)
        st = look_for_name(x, v, &a.person, &is_new, err);
    if (!st && (a.n || is_new))
        st = enrol(x, v, &a, err);
    kao_json_as_integer(kao_json_get(v, "person"), &there);
    if (!st && a.person && !note_person(x, there, a.person))
        st = out_of_memory(err);
    for (size_t i = 0; a.chips && i < n; i++)
        if (a.chips[i].mem)
            kao_bytes_free(&a.chips[i]);
    kao_free(x->mem, a.chips);
    kao_free(x->mem, (void *)a.ids);
    kao_free(x->mem, a.numbers);
    kao_free(x->mem, a.vectors);
    kao_free(x->mem, a.samples);
    return st;
}

static int64_t here_of(const import *x, const kao_json *v, const char *key)
{
    int64_t there = 0;

    kao_json_as_integer(kao_json_get(v, key), &there);
    for (size_t i = 0; i < x->n_people; i++)
        if (x->people[i].there == there)
            return x->people[i].here;
    return 0;
}

/* One about people or samples that did not come along is left out. */
static kao_status take_fact_in(import *x, const kao_json *v, kao_error *err)
{
    const char *kind = "", *sample = "";
    const int64_t person = here_of(x, v, "person"), other = here_of(x, v, "other");

    kao_json_as_text(kao_json_get(v, "fact"), &kind);
    kao_json_as_text(kao_json_get(v, "sample"), &sample);
    if (strcmp(kind, "apart") == 0)
        return person && other && person != other
                   ? kao_gallery_keep_apart(x->g, person, other, err)
                   : KAO_OK;
    if (strcmp(kind, "not") != 0)
        return wrong(x, "a fact of a kind that is not known", err);
    for (size_t i = 0; person && i < x->n_samples; i++)
        if (strcmp(x->samples[i].there, sample) == 0)
            return kao_gallery_not(x->g, x->samples[i].here, person, NULL, err);
    return KAO_OK;
}

static kao_status take_line(void *user, const kao_json *v, size_t line, kao_error *err)
{
    import *x = user;

    x->line = line;
    if (kao_cancelled(x->cancel))
        return kao_fail(err, KAO_E_CANCELLED, "cancelled");
    if (!x->has_head) {
        x->has_head = true;
        return check_head(x, v, err);
    }
    return kao_json_get(v, "fact") ? take_fact_in(x, v, err)
                                   : take_person_in(x, v, err);
}

kao_status kao_form_read(kao_mem *mem, kao_gallery *g, kao_embedder *const *embedders,
                         const char *name, const void *bytes, size_t n,
                         const kao_cancel *cancel, kao_moved *moved, kao_error *err)
{
import x = {.g = g, .mem = mem, .path = name, .line = 1, .cancel = cancel, .moved = moved };

    *moved = (kao_moved){ 0 };
    x.n_models = kao_form_models(g, x.models);
    for (size_t i = 0; i < x.n_models; i++) {
        x.dims += x.models[i].dim;
        x.of_one[i] = embedders && kao_has_length_one(embedders[i]);
    }
    kao_status st = kao_json_lines(bytes, n, name, take_line, &x, err);

    if (!st && !x.has_head)
        st = wrong(&x, "the file is empty", err);
    kao_free(mem, x.people);
    kao_free(mem, x.samples);
    return st;
}
