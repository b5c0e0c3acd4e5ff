/* See gallery_use.h. */
#define _DEFAULT_SOURCE /* realpath */
#include "cli/gallery_use.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/database.h"
#include "base/error.h"
#include "base/file.h"
#include "base/suits.h"

/* ---- which one ---- */

/* A file of this name in the user's data folder. */
static kao_status default_path(char *path, size_t cap, const char *file, kao_error *err)
{
    const size_t n = cli_user_path(path, cap, "XDG_DATA_HOME", ".local/share", file);

    if (n == 0)
        return kao_fail(err, KAO_E_ARG,
                        "no --gallery, and neither KAO_GALLERY, XDG_DATA_HOME nor HOME "
                        "say where one is");
    return n < cap ? KAO_OK
                   : kao_fail(err, KAO_E_ARG, "the gallery's path is too long");
}

static kao_status find_path(cli_gallery *u, const cli_gallery_options *o,
                            kao_error *err)
{
    const char *env = getenv("KAO_GALLERY"), *given = o->gallery ? o->gallery : env;
    kao_status st = KAO_OK;

    if (!given || !given[0])
        st = default_path(u->path, sizeof u->path, "people.kao", err);
    else if ((size_t)snprintf(u->path, sizeof u->path, "%s", given) >= sizeof u->path)
        st = kao_fail(err, KAO_E_ARG, "the gallery's path is too long");
    if (!st)
        kao_database_show(u->path, u->shown);
    return st;
}

bool cli_gallery_exists(const cli_gallery_options *o)
{
    cli_gallery u = { .n = 0 };

    return find_path(&u, o, NULL) == KAO_OK &&
           (kao_database_is_address(u.path) || access(u.path, F_OK) == 0);
}

kao_status cli_keys_path(const cli_gallery_options *o, char *path, size_t cap,
                         kao_error *err)
{
    cli_gallery u = { .n = 0 };
    const kao_status st = find_path(&u, o, err);
    char file[KAO_SHA256_TEXT + 32], id[KAO_SHA256_TEXT];

    if (st)
        return st;
    if (kao_database_is_address(u.path)) {
        kao_database_id(u.path, id);
        snprintf(file, sizeof file, "postgresql-%.32s.keys", id);
        return default_path(path, cap, file, err);
    }
    char *real = realpath(u.path, NULL); /* NULL: there is none yet */
    const int n = snprintf(path, cap, "%s.keys", real ? real : u.path);

    free(real);
    return (size_t)n < cap ? KAO_OK
                           : kao_fail(err, KAO_E_ARG, "the gallery's path is too long");
}

kao_status cli_gallery_folder(const char *path, kao_error *err)
{
    char folder[4096];
    const char *last = strrchr(path, '/');

    if (!last || last == path)
        return KAO_OK;
    snprintf(folder, sizeof folder, "%.*s", (int)(last - path), path);
    return kao_folder_make(folder, 0700, err);
}

const char *cli_key_file(const cli_gallery_options *o)
{
    const char *path = o->key_file ? o->key_file : getenv("KAO_GALLERY_KEY_FILE");

    return path && path[0] ? path : NULL;
}

kao_status cli_key_read(const char *path, bool make, uint8_t key[KAO_GALLERY_KEY],
                        kao_error *err)
{
    uint32_t is_open = 0;
    kao_status st = KAO_OK;

    if (make && access(path, F_OK) != 0 && errno == ENOENT) {
        st = cli_gallery_folder(path, err);
        if (!st)
            st = kao_gallery_key_make(path, err);
        if (!st)
            fprintf(stderr,
                    "kao: %s: a new key. Keep a copy of it somewhere else: without it "
                    "the gallery is lost.\n",
                    path);
    }
    if (!st)
        st = kao_gallery_key_read(path, key, &is_open, err);
    if (!st && is_open)
        fprintf(stderr, "kao: %s: others can read this key: chmod 600 %s\n", path,
                path);
    return st;
}

/* Whether the gallery is there: also one that wants a key. */
static bool is_there(const cli_gallery *u)
{
    const kao_gallery_options o = { .read_only = 1 };
    kao_gallery *g = NULL;
    kao_error none = { 0 };

    if (!kao_database_is_address(u->path))
        return access(u->path, F_OK) == 0;
    const kao_status st = kao_gallery_open(u->crew.ctx, &g, u->path, &o, &none);

    kao_gallery_close(g);
    return st == KAO_OK || st == KAO_E_CONFLICT;
}

/* A gallery that is there already gets no new key. */
static kao_status find_key(cli_gallery *u, const cli_gallery_options *o, kao_error *err)
{
    const char *path = cli_key_file(o);

    if (o->make_key && !path)
        return kao_fail(
            err, KAO_E_ARG,
            "%s: --encrypt wants --key-file FILE (or KAO_GALLERY_KEY_FILE): "
            "where its key is to be",
            u->shown);
    if (o->without_key || !path)
        return KAO_OK;
    const kao_status st = cli_key_read(path, o->make_key && !is_there(u), u->key, err);

    u->has_key = !st;
    return st;
}

static kao_status open_file(cli_gallery *u, cli_gallery_for what, kao_error *err)
{
    const kao_gallery_options o = { .create = what == CLI_GALLERY_CREATE,
                                    .read_only = what == CLI_GALLERY_READ,
                                    .key = u->has_key ? u->key : NULL };
    kao_status st = o.create && !kao_database_is_address(u->path)
                        ? cli_gallery_folder(u->path, err)
                        : KAO_OK;
    /* faces are nobody else's business */
    const mode_t mask = umask(077);

    if (!st)
        st = kao_gallery_open(u->crew.ctx, &u->g, u->path, &o, err);
    umask(mask);
    if (st == KAO_E_IO && err && err->sys == ENOENT && !o.create)
        kao_fail(err, st,
                 "%s: no gallery there yet: kao enroll NAME PICTURE... makes one",
                 u->shown);
    return st;
}

/* ---- models ---- */

static bool is_named(const char *path, const char *name)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const size_t n = strlen(base);

    /* NAME of --model may be without .onnx */
    return strcmp(base, name) == 0 ||
           (strncmp(base, name, n) == 0 && strcmp(name + n, ".onnx") == 0);
}

/* As --model names it; else by the gallery's name for it. */
static const char *place_of(const cli_gallery_options *o, const char *name)
{
    for (size_t i = 0; i < o->models.n; i++)
        if (is_named(o->models.items[i], name))
            return o->models.items[i];
    return name;
}

static kao_status open_embedder(cli_gallery *u, const char *name, kao_error *err)
{
    cli_model found;
    size_t at = 0;
    const size_t i = u->n;

    if (i == KAO_GALLERY_MODELS)
        return kao_fail(err, KAO_E_LIMIT, "a gallery has %d models at most",
                        KAO_GALLERY_MODELS);
    kao_status st = cli_find_model(name, &found, err);

    if (!st)
        st = cli_open_model(u->crew.ctx, &found, NULL, &u->models[i], err);
    if (!st)
        st = kao_embedder_create(u->models[i], &u->embedders[i], NULL, err);
    u->n++;
    if (!st)
        st = kao_suits(u->crew.workers[0].detector, u->embedders[i], err);
    if (!st)
        u->ttas[i] = kao_embedder_tta(u->embedders[i]);
    if (!st)
        st = kao_gallery_pin(u->g, u->embedders[i], u->ttas[i], &at, err);
    if (!st && at != i)
        st = kao_fail(err, KAO_E_CONFLICT, "%s: %s stands there twice", u->shown, name);
    return st;
}

static void close_networks(cli_gallery *u)
{
    for (size_t i = 0; i < u->n; i++) {
        kao_embedder_destroy(u->embedders[i]);
        kao_model_release(u->models[i]);
    }
    u->n = 0;
}

static kao_status open_networks(cli_gallery *u, const cli_gallery_options *o,
                                cli_gallery_for what, kao_error *err)
{
    static const char *const own[] = { CLI_BUNDLED_EMBEDDER, "kao-face-mask" };
    kao_gallery_model m = { .size = sizeof m };
    const bool fresh = !kao_gallery_model_at(u->g, 0, &m);
    kao_status st = KAO_OK;

    if (fresh && what == CLI_GALLERY_READ) /* nobody is in it */
        return KAO_OK;
    for (size_t i = 0; !st && !fresh && kao_gallery_model_at(u->g, i, &m); i++)
        st = open_embedder(u, place_of(o, m.name), err);
    for (size_t i = 0; !st && fresh && i < o->models.n; i++)
        st = open_embedder(u, o->models.items[i], err);
    for (size_t i = 0; !st && fresh && !o->models.n && i < 2; i++)
        st = open_embedder(u, own[i], err);
    if (st != KAO_E_NOT_FOUND)
        return st;
    close_networks(u); /* nobody is in it, whichever models it was made for */
    return KAO_OK;
}

kao_status cli_gallery_open(cli_gallery *u, const cli_gallery_options *o,
                            cli_gallery_for what, bool networks, kao_error *err)
{
    cli_photo_options photo = o->photo;

    *u = (cli_gallery){ .n = 0 };
    photo.no_detect = !networks;
    photo.jobs = 1;
    kao_status st = find_path(u, o, err);

    if (!st)
        st = cli_crew_open(&u->crew, networks ? &o->photo : &photo, 1, false, err);
    if (!st)
        st = find_key(u, o, err);
    if (!st)
        st = open_file(u, what, err);
    if (!st && networks)
        st = open_networks(u, o, what, err);
    if (st)
        cli_gallery_close(u);
    return st;
}

void cli_gallery_close(cli_gallery *u)
{
    close_networks(u);
    kao_gallery_close(u->g);
    cli_crew_close(&u->crew);
    kao_gallery_key_wipe(u->key);
    u->g = NULL;
}

/* ---- vectors ---- */

static size_t dim_of(const cli_gallery *u, size_t m)
{
    return kao_embedder_dim(u->embedders[m], u->ttas[m]);
}

const float *cli_gallery_vector(const cli_gallery *u, const float *vectors, size_t m)
{
    for (size_t i = 0; i < m; i++)
        vectors += dim_of(u, i);
    return vectors;
}

kao_status cli_gallery_embed(cli_gallery *u, const cli_photo *photo, size_t i,
                             float **vectors, float *norm, kao_error *err)
{
    const kao_view view = kao_image_view(&photo->image);
    size_t total = 0, at = 0;
    kao_status st = KAO_OK;

    for (size_t m = 0; m < u->n; m++)
        total += dim_of(u, m);
    *vectors = calloc(total + 1, sizeof **vectors);
    if (!*vectors)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t m = 0; !st && m < u->n; at += dim_of(u, m), m++) {
        kao_image chip = { 0 };

        st = kao_align(u->crew.ctx, &view, &photo->faces[i],
                       kao_embedder_template(u->embedders[m]), &chip, err);
        if (!st) {
            const kao_view chip_view = kao_image_view(&chip);

            st = kao_embed_norms(u->embedders[m], &chip_view, 1, u->ttas[m],
                                 *vectors + at, m ? NULL : norm, err);
        }
        kao_image_free(u->crew.ctx, &chip);
    }
    if (st) {
        free(*vectors);
        *vectors = NULL;
    }
    return st;
}

/* ---- who is known? ---- */

kao_status cli_check_one_limit(float threshold, double fpir, kao_error *err)
{
    return isnan(threshold) || isnan(fpir)
               ? KAO_OK
               : kao_fail(err, KAO_E_ARG,
                          "--threshold and --fpir: one of both decides");
}

kao_status cli_gallery_limit(cli_gallery *u, float threshold, double fpir,
                             cli_limit *limit, uint64_t *templates, kao_error *err)
{
    return cli_gallery_limit_in(u, NULL, threshold, fpir, limit, templates, err);
}

kao_status cli_gallery_limit_in(cli_gallery *u, const char *group, float threshold,
                                double fpir, cli_limit *limit, uint64_t *templates,
                                kao_error *err)
{
    const kao_status st = kao_gallery_templates_in(u->g, group, templates, err);

    if (st || u->n == 0)
        return st;
    const double rate = isnan(fpir) ? .01 : fpir;
    const double n = *templates ? (double)*templates : 1;
    const double far = -expm1(log1p(-rate < -.999999 ? -.999999 : -rate) / n);
    const kao_calibration *c = kao_embedder_calibration(u->embedders[0]);
    kao_rate known = { .size = sizeof known };

    /* without a calibration: its card's threshold, unless a rate was asked for */
    const bool calibrated = kao_calibration_far(c, u->ttas[0], 0, NULL, &known),
               by_rate = isnan(threshold) && (calibrated || !isnan(fpir));
    const kao_status chosen = cli_limit_choose(
        limit, u->embedders[0], u->ttas[0], threshold, by_rate ? far : (double)NAN,
        CLI_FAR_OF_ALL, kao_model_name(u->models[0]), err);

    return chosen && by_rate
               ? kao_error_prefix(err, chosen, "--fpir %g of %.0f samples", rate, n)
               : chosen;
}

/* ---- people ---- */

kao_status cli_person_of(cli_gallery *u, const char *word, int64_t *person,
                         kao_error *err)
{
    char *end = NULL;

    if (word[0] != '#')
        return kao_gallery_find(u->g, word, person, err);
    errno = 0;
    const long long n = strtoll(word + 1, &end, 10);

    if (errno || end == word + 1 || *end || n < 1)
        return kao_fail(err, KAO_E_ARG, "%.40s: wanted a name, or # and a number",
                        word);
    *person = n;
    return KAO_OK;
}

typedef struct naming {
    char *name;
    bool failed;
} naming;

static int take_name(void *user, const kao_person *p)
{
    naming *n = user;

    if (p->name) {
        n->name = strdup(p->name);
        n->failed = !n->name;
    }
    return 0;
}

kao_status cli_person_name(cli_gallery *u, int64_t person, char **name, kao_error *err)
{
    naming n = { .name = NULL };
    const kao_status st = kao_gallery_person(u->g, person, take_name, &n, err);

    *name = n.name;
    return st ? st : n.failed ? kao_fail(err, KAO_E_NOMEM, "out of memory") : KAO_OK;
}
