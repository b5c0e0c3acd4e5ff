/* kao cluster: who is on the pictures of an album, when nobody has said so?
 *
 * With a gallery its people are groups from the start, so that albums can be gone through one
 * after the other; without pictures the gallery's own people are compared. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/known.h"
#include "cli/album.h"
#include "cli/commands.h"
#include "kao/cluster.h"

typedef struct cluster_args {
    cli_gallery_options use;
    float threshold;
    const char *html;
    bool enroll, json;
} cluster_args;

const cli_option cli_cluster_options[] = {
    { "gallery", 'g', CLI_TEXT, offsetof(cluster_args, use.gallery), "FILE",
      "its people are known; without pictures: which of them may be one person" },
    CLI_GALLERY_KEY_OPTION(cluster_args),
    { "enroll", 0, CLI_FLAG, offsetof(cluster_args, enroll), NULL,
      "with --gallery: every group is remembered there, new ones without a name" },
    { "threshold", 0, CLI_COSINE, offsetof(cluster_args, threshold), "X",
      "groups are one person from this mean similarity on, -1..1 [by the number of "
      "faces]" },
    { "html", 0, CLI_TEXT, offsetof(cluster_args, html), "FILE",
      "write a page that shows the groups" },
    CLI_GALLERY_NETWORK_OPTIONS(cluster_args),
    { "jobs", 'j', CLI_COUNT, offsetof(cluster_args, use.photo.jobs), "N",
      "files at once, without --gallery [1]" },
    { "json", 0, CLI_FLAG, offsetof(cluster_args, json), NULL,
      "one JSON object a face, or two people that may be one" },
    { .name = NULL },
};

typedef struct job {
    const cluster_args *args;
    kao_context *ctx;
    cli_gallery use; /* with --gallery */
    cli_crew crew;   /* without, and what its workers look at: */
    cli_photo_options photo;
    const kao_embedder *embedder;
    kao_tta tta;
    cli_album album;
    kao_known known;
    /* of all samples, then all faces */
    float *vectors;
    uint32_t *picture, *group;
    int32_t *fixed;
    size_t n, n_groups;
} job;

/* ---- opening ---- */

static kao_status open_models(job *j, bool pictures, kao_error *err)
{
    const cluster_args *a = j->args;
    kao_status st;

    if (!a->use.gallery) {
        j->photo = a->use.photo;
        j->photo.model = a->use.models.n ? a->use.models.items[0] : NULL;
        st = cli_crew_open(&j->crew, &j->photo, j->album.n_files, true, err);
        if (!st)
            st = cli_check_faces(&j->crew, "could belong together", err);
        if (st)
            return st;
        j->ctx = j->crew.ctx;
        j->embedder = j->crew.workers[0].embedder;
        j->tta = j->crew.workers[0].tta;
        return KAO_OK;
    }
    st = cli_gallery_open(&j->use, &a->use,
                          a->enroll ? CLI_GALLERY_CREATE : CLI_GALLERY_READ, true, err);
    if (st)
        return st;
    if (j->use.n == 0)
        return kao_fail(err, KAO_E_NOT_FOUND, "%s: nobody is in this gallery%s",
                        j->use.shown, pictures ? " (--enroll begins it)" : "");
    j->ctx = j->use.crew.ctx;
    j->embedder = j->use.embedders[0];
    j->tta = j->use.ttas[0];
    return kao_known_read(&j->known, &j->ctx->mem, j->use.g, err);
}

static void close_all(job *j)
{
    free(j->vectors);
    free(j->picture);
    free(j->group);
    free(j->fixed);
    kao_known_free(&j->known);
    cli_album_free(&j->album); /* before the context that its chips are of */
    if (j->args->use.gallery)
        cli_gallery_close(&j->use);
    else
        cli_crew_close(&j->crew);
}

/* ---- groups ---- */

static kao_status take_memory(job *j, kao_error *err)
{
    const size_t dim = j->known.n ? j->known.dim : j->album.dim;

    j->n = j->known.n + j->album.n_faces;
    j->vectors = calloc(j->n + 1, dim * sizeof *j->vectors + 1);
    j->picture = calloc(j->n + 1, sizeof *j->picture);
    j->group = calloc(j->n + 1, sizeof *j->group);
    j->fixed = calloc(j->n + 1, sizeof *j->fixed);
    if (!j->vectors || !j->picture || !j->group || !j->fixed)
        return kao_fail(err, KAO_E_NOMEM, "out of memory for %zu faces", j->n);
    if (j->known.n)
        memcpy(j->vectors, j->known.vectors, j->known.n * dim * sizeof *j->vectors);
    if (j->album.n_faces)
        memcpy(j->vectors + j->known.n * dim, j->album.vectors,
               j->album.n_faces * dim * sizeof *j->vectors);
    return KAO_OK;
}

static kao_status group_all(job *j, kao_error *err)
{
    kao_cluster_options o = { .size = sizeof o,
                              .picture = j->picture,
                              .fixed = j->fixed };
    uint32_t *apart = NULL;
    kao_status st = kao_limit_for_groups(j->embedder, j->tta, j->args->threshold, j->n,
                                         &o.threshold, err);

    if (!st && j->known.n)
        st = kao_known_apart(&j->known, j->use.g, &apart, &o.n_apart, err);
    o.apart = apart;
    if (!st)
        st = kao_cluster(j->ctx, j->vectors, j->n,
                         j->known.n ? j->known.dim : j->album.dim, &o, j->group,
                         &j->n_groups, err);
    kao_free(&j->ctx->mem, apart);
    return st;
}

/* ---- an album ---- */

typedef struct size_of {
    size_t group, n, first; /* faces of the album, and the first of them */
} size_of;

static int by_size(const void *a, const void *b)
{
    const size_of *x = a, *y = b;

    return x->n != y->n ? (x->n < y->n) - (x->n > y->n)
                        : (x->first > y->first) - (x->first < y->first);
}

static bool is_ignored(const kao_known *k, int64_t person)
{
    const size_t i = kao_known_index(k, person);

    return i < k->n_people && k->people[i].ignored;
}

static bool is_told(void *user, const cli_album_face *f)
{
    return !is_ignored(user, f->person);
}

/* Groups that have faces of the album, by how many, numbered anew; and whose they are. */
static kao_status tell_faces(job *j, kao_error *err)
{
    cli_album *a = &j->album;
    size_of *sizes = calloc(j->n_groups + 1, sizeof *sizes);
    int64_t *person = calloc(j->n_groups + 1, sizeof *person);
    kao_status st = KAO_OK;

    if (!sizes || !person)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; !st && i < j->n_groups; i++)
        sizes[i] = (size_of){ .group = i, .first = SIZE_MAX };
    for (size_t i = 0; !st && i < j->n; i++) {
        size_of *s = &sizes[j->group[i]];

        if (j->fixed[i] > 0)
            person[s->group] = j->known.people[j->fixed[i] - 1].number;
    }
    for (size_t i = j->known.n; !st && i < j->n; i++) {
        size_of *s = &sizes[j->group[i]];

        if (!is_ignored(&j->known, person[s->group]))
            s->first = s->n++ ? s->first : i;
    }
    if (!st)
        qsort(sizes, j->n_groups, sizeof *sizes, by_size);
    a->n_groups = 0;
    while (!st && a->n_groups < j->n_groups && sizes[a->n_groups].n)
        a->n_groups++;
    /* the old number's new one, in the place of what is known now */
    size_t *number = st ? NULL : calloc(j->n_groups + 1, sizeof *number);

    if (!st && !number)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; !st && i < j->n_groups; i++)
        number[sizes[i].group] = i;
    for (size_t i = 0; !st && i < a->n_faces; i++) {
        const uint32_t old = j->group[j->known.n + i];

        a->faces[i].group = number[old];
        a->faces[i].person = person[old];
    }
    if (!st)
        cli_album_filter(a, is_told, &j->known);
    free(number);
    free(person);
    free(sizes);
    return st;
}

/* Faces that are samples already, from the same file. */
static kao_status mark_known(job *j, kao_error *err)
{
    const kao_known *k = &j->known;
    cli_album *a = &j->album;
    kao_known_source *list = NULL;
    size_t n = 0;
    const kao_status st = k->n ? kao_known_list(k, &list, &n, err) : KAO_OK;

    for (size_t i = 0; !st && n && i < a->n_faces; i++) {
        cli_album_face *f = &a->faces[i];
        const size_t same =
            kao_known_same(k, list, n, a->files[f->file].path, a->vectors + i * a->dim);

        f->is_there = same != SIZE_MAX;
        if (f->is_there)
            f->person = k->people[k->samples[same].person].number;
    }
    kao_free(k->mem, list);
    return st;
}

static kao_status group_album(job *j, kao_error *err)
{
    kao_status st = mark_known(j, err);

    if (!st)
        st = take_memory(j, err);
    for (size_t i = 0; !st && i < j->known.n; i++)
        j->fixed[i] = (int32_t)j->known.samples[i].person + 1;
    for (size_t i = 0; !st && i < j->album.n_faces; i++) {
        const cli_album_face *f = &j->album.faces[i];

        j->picture[j->known.n + i] = (uint32_t)f->file + 1;
        if (f->is_there)
            j->fixed[j->known.n + i] =
                (int32_t)kao_known_index(&j->known, f->person) + 1;
    }
    if (!st)
        st = group_all(j, err);
    return st ? st : tell_faces(j, err);
}

/* ---- telling ---- */

static const char *name_of(const kao_known *k, int64_t person)
{
    const size_t i = kao_known_index(k, person);

    return i < k->n_people ? k->people[i].name : NULL;
}

static const char *title(const kao_known *k, int64_t person, char to[32])
{
    const char *name = name_of(k, person);

    snprintf(to, 32, "#%lld", (long long)person);
    return name ? name : to;
}

static int tell_json(const job *j, const cli_album_face *f)
{
    kao_json *o = kao_json_object();
    const char *name = name_of(&j->known, f->person);

    kao_json_set(o, "group", kao_json_integer((int64_t)f->group + 1));
    kao_json_set(o, "person",
                 f->person ? kao_json_integer(f->person) : kao_json_null());
    kao_json_set(o, "name", kao_json_string(name));
    kao_json_set(o, "file", kao_json_string(j->album.files[f->file].path));
    kao_json_set(o, "face", kao_json_integer((int64_t)f->number));
    kao_json_set(o, "box", kao_box_json(&f->box));
    return cli_print_json("cluster", o);
}

static void tell_text(const job *j, const cli_album_face *f)
{
    char who[32];

    printf("%zu\t%s\tface %zu", f->group + 1, j->album.files[f->file].path, f->number);
    if (f->person)
        printf("\t%s", title(&j->known, f->person, who));
    printf("\n");
}

/* By group; within one in the order of the files. */
static int by_group(const void *a, const void *b)
{
    const cli_album_face *x = *(const cli_album_face *const *)a,
                         *y = *(const cli_album_face *const *)b;

    return x->group != y->group ? (x->group > y->group ? 1 : -1)
                                : (x > y   ? 1
                                   : x < y ? -1
                                           : 0);
}

static int tell_album(const job *j)
{
    const cli_album *a = &j->album;
    const cli_album_face **list = calloc(a->n_faces + 1, sizeof *list);
    int status = CLI_YES;

    if (!list) {
        fprintf(stderr, "kao cluster: out of memory\n");
        return CLI_FAULT;
    }
    for (size_t i = 0; i < a->n_faces; i++)
        list[i] = &a->faces[i];
    qsort((void *)list, a->n_faces, sizeof *list, by_group);
    for (size_t i = 0; i < a->n_faces && status == CLI_YES; i++)
        if (j->args->json)
            status = tell_json(j, list[i]);
        else
            tell_text(j, list[i]);
    free((void *)list);
    return status;
}

static const char *page_name(void *user, const cli_album_face *f)
{
    const job *j = user;

    return name_of(&j->known, f->person);
}

static int run_album(job *j)
{
    const cli_album_options o = { .use = j->args->use.gallery ? &j->use : NULL,
                                  .crew = &j->crew,
                                  .everything = j->args->enroll,
                                  .chips = j->args->html != NULL,
                                  .json = j->args->json };
    kao_error err = { 0 };
    int status = cli_album_read(&j->album, "cluster", &o);

    if (status == CLI_FAULT)
        return status;
    const size_t n_found = j->album.n_faces;
    kao_status st = group_album(j, &err);

    if (!st && j->args->enroll)
        st = cli_album_enroll(&j->album, &j->use, &err);
    if (st)
        return cli_report("cluster", st, &err);
    const int told = tell_album(j);

    status = told > status ? told : status;
    if (j->args->html) {
        st = cli_album_page(&j->album, j->args->html, page_name, j, &err);
        if (st) {
            cli_report("cluster", st, &err);
            return CLI_FAULT;
        }
    }
    if (n_found == 0 && status < CLI_NO_FACE) {
        fprintf(stderr, "kao cluster: no face found on %zu picture%s\n",
                j->album.n_files, j->album.n_files == 1 ? "" : "s");
        status = CLI_NO_FACE;
    }
    return status;
}

/* ---- a gallery's own people ---- */

static int tell_pair(const job *j, size_t into, size_t from)
{
    const kao_known *k = &j->known;
    const int64_t a = k->people[into].number, b = k->people[from].number;
    const float similarity = kao_known_similarity(k, into, from);
    char who[32], other[32];

    if (!j->args->json) {
        printf("%s\t%s\t%.3f\n", title(k, a, who), title(k, b, other),
               (double)similarity);
        return CLI_YES;
    }
    kao_json *o = kao_json_object();

    kao_json_set(o, "into", kao_json_integer(a));
    kao_json_set(o, "into_name", kao_json_string(k->people[into].name));
    kao_json_set(o, "from", kao_json_integer(b));
    kao_json_set(o, "similarity", kao_json_float(similarity));
    return cli_print_json("cluster", o);
}

/* Into whom with a name there is, else the one with the lowest number. */
static int tell_people(const job *j)
{
    const kao_known *k = &j->known;
    const size_t none = k->n_people;
    size_t *into = calloc(j->n_groups + 1, sizeof *into),
           *group = calloc(k->n_people + 1, sizeof *group);
    int status = into && group ? CLI_YES : CLI_FAULT;

    for (size_t i = 0; !status && i < j->n_groups; i++)
        into[i] = none;
    for (size_t i = 0; !status && i < k->n_people; i++)
        group[i] = j->n_groups; /* of who has no samples */
    for (size_t i = 0; !status && i < k->n; i++)
        group[k->samples[i].person] = j->group[i];
    for (size_t i = 0; !status && i < k->n_people; i++) {
        size_t *to = &into[group[i]];

        if (*to == none || (k->people[i].name && !k->people[*to].name))
            *to = i;
    }
    for (size_t i = 0; !status && i < k->n_people; i++)
        if (group[i] < j->n_groups && into[group[i]] != i)
            status = tell_pair(j, into[group[i]], i);
    if (!into || !group)
        fprintf(stderr, "kao cluster: out of memory\n");
    free(group);
    free(into);
    return status;
}

static int run_people(job *j)
{
    kao_error err = { 0 };

    kao_known_drop_ignored(&j->known);
    kao_status st = take_memory(j, &err);

    for (size_t i = 0; !st && i < j->known.n; i++) {
        const size_t person = j->known.samples[i].person;
        const int32_t number = (int32_t)person + 1;

        j->fixed[i] = j->known.people[person].name ? number : -number;
    }
    if (!st)
        st = kao_known_sources(&j->known, j->picture, &err);
    if (!st)
        st = group_all(j, &err);
    return st ? cli_report("cluster", st, &err) : tell_people(j);
}

/* ---- the command ---- */

static bool check_use(const cluster_args *a, int n)
{
    if (n == 0 && !a->use.gallery)
        fprintf(stderr, "kao cluster: no picture or folder given (see kao cluster "
                        "--help)\n");
    else if (a->enroll && !a->use.gallery)
        fprintf(stderr, "kao cluster: --enroll: into which --gallery?\n");
    else if (a->use.models.n > 1 && !a->use.gallery)
        fprintf(stderr, "kao cluster: several --model: for which --gallery?\n");
    else if (n == 0 && (a->enroll || a->html))
        fprintf(stderr, "kao cluster: --enroll and --html are for pictures\n");
    else
        return true;
    return false;
}

int cli_cluster_run(int argc, char **argv)
{
    cluster_args args = { .threshold = NAN, .use.photo.faces.all = true };
    cli_operands rest;
    kao_error err = { 0 };
    int status = CLI_BAD;

    if (!cli_begin("cluster", argc, argv, &args, &rest, &status))
        return status;
    if (!check_use(&args, rest.n))
        return CLI_BAD;
    job j = { .args = &args };
    kao_status st = cli_album_find(&j.album, rest.items, (size_t)rest.n, &err);

    if (!st)
        st = open_models(&j, rest.n > 0, &err);
    if (st)
        status = cli_report("cluster", st, &err);
    else
        status = rest.n ? run_album(&j) : run_people(&j);
    close_all(&j);
    return cli_finish("cluster", status);
}
