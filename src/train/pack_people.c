/* Aligned faces with labels, of record files and of folders with a folder a person: see pack.h.
 * Which of the pictures are sound is found out on all threads. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "eval/names.h"
#include "eval/pictures.h"
#include "train/faces.h"
#include "train/pack_parts.h"
#include "train/records.h"

#define REC_BYTES ((size_t)1 << 42)
#define IDX_BYTES kao_gib(4)
enum { PATH = 1200, BORDER = 8 };

static kao_status no_memory(const char *path, kao_error *err)
{
    return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
}

/* ---- which pictures are sound ---- */

typedef struct check_job {
    const kao_pack *p;
    size_t first;
    bool crops;
    bool *sound;
} check_job;

static kao_status look(const kao_pack *p, size_t i, bool crops, kao_error *err)
{
    kao_image m = { 0 };
    kao_status st = kao_pack_picture_open(p, i, &m, err);
    const uint32_t w = m.width, h = m.height;

    kao_image_free(p->ctx, &m);
    if (!st && crops &&
        (w != h || (w != KAO_FACES_SIDE && w != KAO_FACES_SIDE + 2 * BORDER)))
        st = kao_fail(err, KAO_E_UNSUPPORTED, "%u x %u; wanted %d x %d or %d x %d", w,
                      h, KAO_FACES_SIDE, KAO_FACES_SIDE, KAO_FACES_SIDE + 2 * BORDER,
                      KAO_FACES_SIDE + 2 * BORDER);
    return st;
}

static void check_one(void *arg, size_t i, uint32_t worker)
{
    const check_job *j = arg;

    (void)worker;
    j->sound[i] = look(j->p, j->first + i, j->crops, NULL) == KAO_OK;
}

kao_status kao_pack_check(kao_pack *p, size_t first, bool crops, kao_pack_name_fn *name,
                          const void *user, kao_error *err)
{
    const size_t n = p->n - first;
    check_job j = { .p = p, .first = first, .crops = crops };

    j.sound = kao_calloc(&p->ctx->mem, n, sizeof *j.sound);
    if (!j.sound)
        return kao_fail(err, KAO_E_NOMEM, "%zu pictures: out of memory", n);
    kao_pool_run(p->ctx->pool, check_one, &j, n);
    kao_status st = KAO_OK;

    p->n = first;
    for (size_t i = 0; i < n; i++) {
        const size_t at = first + i;
        char text[PATH];
        kao_error why = { .msg = "" };

        /* looked at once more for the reason; memory may be there by now */
        const kao_status own = j.sound[i] || st ? KAO_OK : look(p, at, crops, &why);

        if (own == KAO_E_NOMEM)
            st = kao_fail(err, own, "%s", why.msg);
        if (own == KAO_OK || st) {
            p->pictures[p->n++] = p->pictures[at];
            continue;
        }
        kao_pack_leave(&p->skipped, name(user, i, text, sizeof text), why.msg);
        p->classes[p->pictures[at].class].n--;
        kao_pack_drop(p, at);
    }
    kao_free(&p->ctx->mem, j.sound);
    return st;
}

/* Room for it there is. */
static void add(kao_pack *p, kao_span bytes, uint8_t *owned, uint32_t identity)
{
    const uint32_t class = kao_pack_class_of(p, "");

    p->classes[class].n++;
    p->pictures[p->n++] = (kao_pack_picture){ .bytes = bytes,
                                              .owned = owned,
                                              .identity = identity,
                                              .class = class };
}

bool kao_pack_add_encoded(kao_pack *p, kao_span bytes, uint32_t identity)
{
    uint8_t *copy = kao_alloc(&p->ctx->mem, bytes.n);

    if (!copy || !kao_pack_room(p, 1)) {
        kao_free(&p->ctx->mem, copy);
        return false;
    }
    if (bytes.n)
        memcpy(copy, bytes.p, bytes.n);
    add(p, (kao_span){ copy, bytes.n }, copy, identity);
    return true;
}

/* ---- record files ---- */

/* A file beside the records, where there is one: open.bytes.p says so. */
static kao_status open_beside(kao_pack *p, const char *path, kao_file *f,
                              kao_error *err)
{
    kao_error own = { 0 };
    const kao_status st = kao_file_open(f, &p->ctx->mem, path, IDX_BYTES, &own);

    if (st == KAO_E_IO && own.sys == ENOENT)
        return KAO_OK;
    if (st && err)
        *err = own;
    return st;
}

/* "85742,112,112" beside the records says how many classes there are. */
static kao_status read_property(kao_pack *p, const char *rec, uint32_t *classes,
                                kao_error *err)
{
    const char *slash = strrchr(rec, '/');
    const int n = slash ? (int)(slash - rec) + 1 : 0;
    char path[PATH], text[64] = "";
    kao_file f = { 0 };
    double v = 0;

    *classes = KAO_RECORD_LABELS;
    if (snprintf(path, sizeof path, "%.*sproperty", n, rec) >= PATH)
        return kao_fail(err, KAO_E_ARG, "%s: the path is too long", rec);
    const kao_status st = open_beside(p, path, &f, err);

    if (st || !f.bytes.p)
        return st;
    const size_t length = f.bytes.n < sizeof text - 1 ? f.bytes.n : sizeof text - 1;

    if (length)
        memcpy(text, f.bytes.p, length);
    kao_file_close(&f);
    const char *at = text;

    if (!kao_text_number(&at, &v) || v < 1 || v > KAO_RECORD_LABELS ||
        v > (double)(uint32_t)v)
        return kao_fail(err, KAO_E_FORMAT,
                        "%s: wanted the number of classes, 1 to %d, first", path,
                        KAO_RECORD_LABELS);
    *classes = (uint32_t)v;
    return KAO_OK;
}

/* Labels that occur become people, in their order. */
static kao_status add_labels(kao_pack *p, const kao_records *r, uint32_t classes,
                             const char *path, kao_error *err)
{
    kao_mem *mem = &p->ctx->mem;
    uint32_t *person = kao_calloc(mem, classes, sizeof *person); /* 0: none has it */
    bool fine = person && kao_pack_room(p, r->n);

    for (size_t i = 0; fine && i < r->n; i++)
        person[r->items[i].label] = 1;
    for (uint32_t k = 0; fine && k < classes; k++) {
        char name[16];

        if (!person[k])
            continue;
        person[k] = p->n_identities;
        snprintf(name, sizeof name, "%u", k);
        fine = kao_pack_add_person(p, name);
    }
    for (size_t i = 0; fine && i < r->n; i++) {
        add(p, r->items[i].picture, r->items[i].joined, person[r->items[i].label]);
        r->items[i].joined = NULL; /* moved */
    }
    kao_free(mem, person);
    return fine ? KAO_OK : no_memory(path, err);
}

typedef struct record_names {
    const kao_records *records;
    const char *path;
} record_names;

static const char *record_name(const void *user, size_t i, char *to, size_t cap)
{
    const record_names *x = user;
    const char *slash = strrchr(x->path, '/');

    snprintf(to, cap, "%s record %llu", slash ? slash + 1 : x->path,
             (unsigned long long)x->records->items[i].number);
    return to;
}

static kao_status take_records(kao_pack *p, kao_records_source *s, kao_error *err)
{
    kao_records r = { 0 };
    kao_status st = read_property(p, s->rec_name, &s->classes, err);

    if (!st)
        st = kao_records_read(&r, &p->ctx->mem, s, err);
    if (st)
        return st;
    const size_t first = p->n;
    const record_names names = { &r, s->rec_name };

    st = add_labels(p, &r, s->classes, s->rec_name, err);
    if (!st)
        st = kao_pack_check(p, first, true, record_name, &names, err);
    kao_records_free(&r);
    return st;
}

kao_status kao_pack_load_records(kao_pack *p, kao_context *ctx, const char *path,
                                 kao_error *err)
{
    char idx[PATH];
    kao_file index = { 0 };

    p->ctx = ctx;
    if (p->n_files == KAO_PACK_FILES)
        return kao_fail(err, KAO_E_LIMIT, "%s: more than %d record files", path,
                        KAO_PACK_FILES);
    if (snprintf(idx, sizeof idx, "%.*s.idx", (int)strlen(path) - 4, path) >= PATH)
        return kao_fail(err, KAO_E_ARG, "%s: the path is too long", path);
    kao_file *rec = &p->files[p->n_files];
    kao_status st = kao_file_open(rec, &ctx->mem, path, REC_BYTES, err);

    if (st)
        return st;
    p->n_files++;
    st = open_beside(p, idx, &index, err);
    kao_records_source s = {
        .rec = rec->bytes, .idx = index.bytes, .rec_name = path, .idx_name = idx
    };

    if (!st)
        st = take_records(p, &s, err);
    kao_file_close(&index);
    return st;
}

/* ---- a folder a person ---- */

typedef struct people {
    kao_pack *p;
    const char *path;
    kao_pictures pictures;
    kao_names names;
    kao_name_table persons;
    const char **taken; /* names of the pictures added */
    size_t n_taken;
} people;

/* The number of a picture's folder, a person of this folder. */
static kao_status person_of(people *w, const char *name, uint32_t first,
                            uint32_t *number, kao_error *err)
{
    const char *slash = strrchr(name, '/');
    char person[PATH];

    if (!slash)
        return kao_fail(err, KAO_E_FORMAT,
                        "%s: %s: no folder of a person; wanted person/picture", w->path,
                        name);
    if (snprintf(person, sizeof person, "%.*s", (int)(slash - name), name) >= PATH)
        return kao_fail(err, KAO_E_LIMIT, "%s: %s: the path is too long", w->path,
                        name);
    const size_t before = w->persons.n;

    if (!kao_name_number(&w->persons, person, number) ||
        (w->persons.n > before && !kao_pack_add_person(w->p, person)))
        return no_memory(w->path, err);
    *number += first;
    return KAO_OK;
}

/* A picture's bytes are kept as the file has them. */
static kao_status take_picture(people *w, const char *name, uint32_t first,
                               kao_error *err)
{
    kao_picture picture = { 0 };
    kao_error why = { 0 };
    uint32_t number = 0;
    kao_status st = person_of(w, name, first, &number, err);

    if (st)
        return st;
    st = kao_pictures_read(&w->pictures, name, &picture, &why);
    if (st && st != KAO_E_NOMEM) {
        kao_pack_leave(&w->p->skipped, name, "cannot be read");
        st = KAO_OK;
    } else if (st || !kao_pack_add_encoded(w->p, picture.bytes, number)) {
        st = no_memory(w->path, err);
    } else {
        w->taken[w->n_taken++] = name;
    }
    kao_picture_close(&picture);
    return st;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Whether some picture lies in a folder or below it; names are sorted. */
static bool has_picture(const kao_names *names, const char *folder)
{
    const size_t n = strlen(folder);
    size_t lo = 0, hi = names->n;

    while (lo < hi) { /* the first name that is not before "folder/" */
        const size_t mid = lo + (hi - lo) / 2;
        const int c = strncmp(names->names[mid], folder, n);

        if (c < 0 || (c == 0 && (unsigned char)names->names[mid][n] < '/'))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < names->n && strncmp(names->names[lo], folder, n) == 0 &&
           names->names[lo][n] == '/';
}

/* People whose folder has no picture are named too, in the order of their names. */
static kao_status find_empty(people *w, kao_error *err)
{
    kao_mem *mem = &w->p->ctx->mem;
    kao_name_table found;
    DIR *d = opendir(w->path);
    bool fine = true;

    if (!d)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s", w->path);
    kao_name_table_init(&found, mem);
    for (struct dirent *e = readdir(d); e && fine; e = readdir(d)) {
        char path[PATH];
        struct stat info;
        uint32_t number;

        if (e->d_name[0] != '.' && !has_picture(&w->names, e->d_name) &&
            snprintf(path, sizeof path, "%s/%s", w->path, e->d_name) < PATH &&
            stat(path, &info) == 0 && S_ISDIR(info.st_mode))
            fine = kao_name_number(&found, e->d_name, &number);
    }
    closedir(d);
    const char **sorted = fine ? kao_calloc(mem, found.n, sizeof *sorted) : NULL;

    for (size_t i = 0; sorted && i < found.n; i++)
        sorted[i] = kao_name_at(&found, i);
    if (sorted)
        qsort(sorted, found.n, sizeof *sorted, by_text);
    for (size_t i = 0; sorted && i < found.n; i++)
        kao_pack_leave(&w->p->empty, sorted[i], NULL);
    fine = sorted != NULL;
    kao_free(mem, (void *)sorted);
    kao_name_table_fini(&found);
    return fine ? KAO_OK : no_memory(w->path, err);
}

static const char *taken_name(const void *user, size_t i, char *to, size_t cap)
{
    const people *w = user;

    (void)to;
    (void)cap;
    return w->taken[i];
}

static kao_status take_people(people *w, kao_error *err)
{
    const uint32_t first_person = w->p->n_identities;
    const size_t first = w->p->n;
    kao_status st = find_empty(w, err);

    if (!st && w->names.n == 0)
        st = kao_fail(err, KAO_E_FORMAT, "%s: no pictures in it", w->path);
    if (st)
        return st;
    w->taken = kao_calloc(&w->p->ctx->mem, w->names.n, sizeof *w->taken);
    if (!w->taken)
        return no_memory(w->path, err);
    for (size_t i = 0; !st && i < w->names.n; i++)
        st = take_picture(w, w->names.names[i], first_person, err);
    return st ? st : kao_pack_check(w->p, first, true, taken_name, w, err);
}

kao_status kao_pack_load_people(kao_pack *p, kao_context *ctx, const char *path,
                                kao_error *err)
{
    people w = { .p = p, .path = path };

    p->ctx = ctx;
    kao_name_table_init(&w.persons, &ctx->mem);
    kao_status st = kao_pictures_open(&w.pictures, &ctx->mem, path, err);

    if (!st)
        st = kao_pictures_list(&w.pictures, &w.names, err);
    if (!st)
        st = take_people(&w, err);
    kao_free(&ctx->mem, (void *)w.taken);
    kao_names_free(&w.names);
    kao_name_table_fini(&w.persons);
    kao_pictures_close(&w.pictures);
    return st;
}

/* ---- people with enough pictures ---- */

kao_status kao_pack_keep_people(kao_pack *p, size_t least, kao_pack_left *gone,
                                kao_error *err)
{
    const size_t before = p->n;
    size_t *count = kao_calloc(&p->ctx->mem, p->n_identities, sizeof *count);
    uint32_t kept = 0;

    *gone = (kao_pack_left){ .n = 0 };
    if (!count)
        return kao_fail(err, KAO_E_NOMEM, "%u people: out of memory", p->n_identities);
    for (size_t i = 0; i < p->n; i++)
        if (p->pictures[i].identity != KAO_PACK_NOBODY)
            count[p->pictures[i].identity]++;
    /* from here on count has the new numbers */
    for (uint32_t who = 0; who < p->n_identities; who++) {
        const bool enough = count[who] >= least;

        count[who] = enough ? kept : KAO_PACK_NOBODY;
        if (enough) {
            p->identities[kept++] = p->identities[who];
        } else {
            kao_pack_leave(gone, p->identities[who], NULL);
            kao_free(&p->ctx->mem, p->identities[who]);
        }
    }
    p->n_identities = kept;
    p->n = 0;
    for (size_t i = 0; i < before; i++) {
        kao_pack_picture *x = &p->pictures[i];

        if (x->identity != KAO_PACK_NOBODY)
            x->identity = (uint32_t)count[x->identity];
        if (x->identity == KAO_PACK_NOBODY) {
            p->classes[x->class].n--;
            kao_pack_drop(p, i);
        } else {
            p->pictures[p->n++] = *x;
        }
    }
    gone->n = before - p->n;
    kao_free(&p->ctx->mem, count);
    return KAO_OK;
}
