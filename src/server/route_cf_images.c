/* CompreFace's face collection: pictures of subjects, on kao's samples. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/room.h"
#include "server/compreface.h"

static kao_json *image_json(const char *sample, kao_json *subject)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "image_id", kao_json_string(sample));
    kao_json_set(o, "subject", subject);
    return o;
}

static kao_json *subject_image_json(kao_worker *w, const char *sample, int64_t person,
                                    kao_error *err)
{
    kao_named who = { .name = NULL };

    if (kao_person_named(w, person, &who, err))
        return NULL;
    return image_json(sample, who.name ? who.name : kao_subject_json(NULL, person));
}

/* One picture of exactly one face. What speaks against a face is told by /v1, not here: these clients
 * know no such answer. */
void kao_route_cf_add_face(kao_worker *w, kao_call *c)
{
    const char *subject = NULL;
    kao_error err = { 0 };
    kao_cf_asked a;
    kao_cf_photo p;
    int64_t person = 0;
    bool bad = false;

    if (!kao_compreface_key(c) || !kao_cf_ask(c, &a))
        return;
    if (!kao_call_text(c, "subject", &subject, &bad) || !subject[0]) {
        kao_compreface_error(c, 400, CF_NO_PARAMETER,
                             "Required request parameter 'subject' is not present");
        return;
    }
    if (kao_cf_failed(c, kao_subject_number(w, subject, &person, &err), &err))
        return;
    if (kao_cf_take(w, c, "file", &a, true, &p)) {
        const float *list[KAO_GALLERY_MODELS];
        kao_new_sample s = { .size = sizeof s, .vectors = list, .quality = NAN };
        kao_status st = kao_cf_embed(w, &a, &p, 0, SIZE_MAX, &err);

        for (size_t m = 0; m < w->n; m++)
            list[m] = p.vector + kao_worker_offset(w, m);
        if (!st)
            st = kao_gallery_enrol(w->gallery, &person, subject, &s, 1, &err);
        if (!kao_cf_failed(c, st, &err))
            kao_answer_json(c, 201, image_json(s.id, kao_json_string(subject)));
    }
    kao_cf_free(w, c, &p);
}

/* ---- who is there ---- */

typedef struct subject {
    int64_t number;
    uint32_t n_samples;
    char *name; /* NULL: none */
} subject;

typedef struct
    subjects { /* a list that is read is not asked of meanwhile: it is kept first */
    kao_mem *mem;
    int64_t only; /* 0: all */
    subject *p;
    size_t n, cap;
    bool failed;
} subjects;

static int keep_subject(void *user, const kao_person *p)
{
    subjects *s = user;

    if (p->ignored || (s->only && p->number != s->only))
        return 0;
    s->failed = !kao_room(s->mem, &s->p, &s->cap, s->n + 1, sizeof *s->p);
    if (s->failed)
        return 1;
    s->p[s->n] = (subject){ .number = p->number,
                            .n_samples = p->n_samples,
                            .name = p->name ? kao_strdup(s->mem, p->name) : NULL };
    s->failed = p->name && !s->p[s->n].name;
    s->n++;
    return s->failed;
}

static void free_subjects(subjects *s)
{
    for (size_t i = 0; i < s->n; i++)
        kao_free(s->mem, s->p[i].name);
    kao_free(s->mem, s->p);
}

static kao_status list_subjects(kao_worker *w, subjects *s, kao_error *err)
{
    const kao_status st = kao_gallery_people(w->gallery, NULL, keep_subject, s, err);

    return !st && s->failed ? kao_fail(err, KAO_E_NOMEM, "out of memory") : st;
}

/* ---- pages of pictures ---- */

enum { PAGE = 20, PAGE_MOST = 1000 };

typedef struct paging {
    kao_json *list;
    const subject *of;
    uint64_t first, end,
        at; /* of all pictures: those wanted, and how many were passed */
} paging;

static int add_image(void *user, const kao_sample *s)
{
    paging *g = user;

    if (g->at >= g->first && g->at < g->end)
        kao_json_add(g->list,
                     image_json(s->id, kao_subject_json(g->of->name, g->of->number)));
    g->at++;
    return 0;
}

/* The pictures of a subject that are all on other pages are only counted. */
static kao_status add_page(kao_worker *w, const subjects *s, paging *g, kao_error *err)
{
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && i < s->n; i++) {
        g->of = &s->p[i];
        if (g->at + g->of->n_samples <= g->first || g->at >= g->end)
            g->at += g->of->n_samples;
        else
            st = kao_gallery_samples(w->gallery, g->of->number, add_image, g, err);
    }
    return st;
}

static bool ask_page(kao_call *c, int64_t *page, int64_t *size)
{
    bool bad = false;

    *page = 0;
    *size = PAGE;
    kao_call_integer(c, "page", page, &bad);
    kao_call_integer(c, "size", size, &bad);
    *size = *size < PAGE_MOST ? *size : PAGE_MOST;
    if (!bad && *page >= 0 && *page <= INT32_MAX && *size >= 1)
        return true;
    kao_compreface_error(c, 400, CF_INVALID,
                         "page should be 0 or greater, size 1 or greater");
    return false;
}

/* Of one subject, or of all: a page of each one's pictures, oldest first. */
void kao_route_cf_faces(kao_worker *w, kao_call *c)
{
    const char *name = kao_call_query(c, "subject");
    subjects s = { .mem = c->mem };
    int64_t page, size;
    kao_error err = { 0 };
    kao_status st = KAO_OK;

    if (!kao_compreface_key(c) || !ask_page(c, &page, &size))
        return;
    const bool of_one = name && name[0];
    paging g = { .list = kao_json_array(),
                 .first = (uint64_t)page * (uint64_t)size,
                 .end = (uint64_t)(page + 1) * (uint64_t)size };

    if (of_one)
        st = kao_subject_number(w, name, &s.only, &err);
    if (!st && (!of_one || s.only)) /* a name that nobody has: no pictures */
        st = list_subjects(w, &s, &err);
    if (!st)
        st = add_page(w, &s, &g, &err);
    kao_json *o = kao_json_object();

    kao_json_set(o, "faces", g.list);
    kao_json_set(o, "page_number", kao_json_integer(page));
    kao_json_set(o, "page_size", kao_json_integer(size));
    kao_json_set(
        o, "total_pages",
        kao_json_integer((int64_t)((g.at + (uint64_t)size - 1) / (uint64_t)size)));
    kao_json_set(o, "total_elements", kao_json_integer((int64_t)g.at));
    free_subjects(&s);
    kao_answer(c, st, &err, 200, o);
}

/* ---- removing pictures ---- */

static int take_person(void *user, const kao_sample *s)
{
    *(int64_t *)user = s->person;
    return 0;
}

/* Whose a sample is; KAO_E_NOT_FOUND. */
static kao_status person_of(kao_worker *w, const char *sample, int64_t *person,
                            kao_error *err)
{
    return kao_gallery_sample(w->gallery, sample, take_person, person, err);
}

static void answer_no_image(kao_call *c)
{
    kao_compreface_error(c, 404, CF_NO_IMAGE, "Image ID not found");
}

/* *removed: what was there; NULL and KAO_E_NOT_FOUND: nothing. */
static kao_status remove_image(kao_worker *w, const char *sample, kao_json **removed,
                               kao_error *err)
{
    int64_t person = 0;
    kao_status st = person_of(w, sample, &person, err);

    *removed = NULL;
    if (st)
        return st;
    *removed = subject_image_json(w, sample, person, err);
    st = *removed ? kao_gallery_remove_sample(w->gallery, sample, err) : err->code;
    if (st) {
        kao_json_free(*removed);
        *removed = NULL;
    }
    return st;
}

void kao_route_cf_remove_face(kao_worker *w, kao_call *c)
{
    kao_json *o = NULL;
    kao_error err = { 0 };

    if (!kao_compreface_key(c))
        return;
    const kao_status st = remove_image(w, c->vars[0], &o, &err);

    if (st == KAO_E_NOT_FOUND)
        answer_no_image(c);
    else
        kao_answer(c, st, &err, 200, o);
}

/* A list of ids; those that are not there are left out of the answer. */
void kao_route_cf_remove_faces(kao_worker *w, kao_call *c)
{
    const size_t n = kao_json_length(c->json);
    kao_json *list = kao_json_array();
    kao_error err = { 0 };
    kao_status st = KAO_OK;

    if (!kao_compreface_key(c)) {
        kao_json_free(list);
        return;
    }
    for (size_t i = 0; !st && i < n; i++) {
        const char *id = NULL;
        kao_json *one = NULL;

        if (!kao_json_as_text(kao_json_at(c->json, i), &id))
            continue;
        st = remove_image(w, id, &one, &err);
        if (!st)
            kao_json_add(list, one);
        st = st == KAO_E_NOT_FOUND ? KAO_OK : st;
    }
    kao_answer(c, st, &err, 200, list);
}

typedef struct ids { /* of samples that are to go */
    char (*id)[KAO_UUID_BYTES];
    size_t n, cap;
} ids;

static int keep_id(void *user, const kao_sample *s)
{
    ids *k = user;

    if (k->n == k->cap)
        return 1;
    memcpy(k->id[k->n++], s->id, KAO_UUID_BYTES);
    return 0;
}

static kao_status empty(kao_worker *w, kao_mem *mem, const subject *of,
                        int64_t *deleted, kao_error *err)
{
    ids k = { .cap = of->n_samples };

    k.id = kao_calloc(mem, k.cap + 1, sizeof *k.id);
    kao_status st = k.id ? kao_gallery_samples(w->gallery, of->number, keep_id, &k, err)
                         : kao_fail(err, KAO_E_NOMEM, "out of memory");

    for (size_t i = 0; !st && i < k.n; i++) {
        st = kao_gallery_remove_sample(w->gallery, k.id[i], err);
        *deleted += !st;
        st = st == KAO_E_NOT_FOUND ? KAO_OK : st; /* another request was faster */
    }
    kao_free(mem, k.id);
    return st;
}

/* All pictures of one subject, or of all; the subjects stay. */
void kao_route_cf_empty(kao_worker *w, kao_call *c)
{
    const char *name = kao_call_query(c, "subject");
    subjects s = { .mem = c->mem };
    kao_error err = { 0 };
    int64_t deleted = 0;

    if (!kao_compreface_key(c) || (name && !kao_subject_find(w, c, name, &s.only)))
        return;
    kao_status st = list_subjects(w, &s, &err);

    for (size_t i = 0; !st && i < s.n; i++)
        st = empty(w, c->mem, &s.p[i], &deleted, &err);
    free_subjects(&s);
    if (!kao_cf_failed(c, st, &err))
        kao_cf_answer_deleted(c, deleted);
}

/* ---- what is kept of a picture ---- */

typedef struct chip_to {
    kao_call *c;
    bool full;
} chip_to;

static void take_chip(void *user, const void *chip, size_t n, const char *form)
{
    chip_to *to = user;

    (void)form;
    to->full = !kao_bytes_add(&to->c->out, chip, n);
}

static const char *type_of(const kao_bytes *b)
{
    return b->n > 8 && memcmp(b->p, "\x89PNG", 4) == 0 ? "image/png" : "image/jpeg";
}

static void answer_image(kao_worker *w, kao_call *c, const char *sample)
{
    chip_to to = { .c = c };
    kao_error err = { 0 };
    const kao_status st = kao_gallery_chip(w->gallery, sample, take_chip, &to, &err);

    if (st == KAO_E_NOT_FOUND) {
        answer_no_image(c);
    } else if (!kao_cf_failed(c, st, &err)) {
        c->type = type_of(&c->out);
        c->status = 200;
        if (to.full)
            kao_answer_error(c, 503, "out_of_memory", "out of memory");
    }
}

/* The aligned face, where the gallery keeps such (enroll --keep-chips); else an empty answer. */
void kao_route_cf_image(kao_worker *w, kao_call *c)
{
    if (kao_compreface_key(c))
        answer_image(w, c, c->vars[0]);
}

/* The same for pages, whose pictures cannot send a header: the key stands in the path. */
void kao_route_cf_static(kao_worker *w, kao_call *c)
{
    answer_image(w, c, c->vars[1]);
}

bool kao_subject_vector(kao_worker *w, kao_call *c, const char *sample, float *vector)
{
    kao_error err = { 0 };
    int64_t person = 0;
    kao_status st = person_of(w, sample, &person, &err);

    if (!st)
        st = kao_gallery_vector(w->gallery, sample, 0, vector, &err);
    if (st == KAO_E_NOT_FOUND)
        answer_no_image(c);
    else
        kao_cf_failed(c, st, &err);
    return st == KAO_OK;
}
