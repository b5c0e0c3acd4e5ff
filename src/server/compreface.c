/* See compreface.h: what all its routes have in common. */
#include "server/compreface.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/face_json.h"

static const char prefix[] = "/api/v1/";

bool kao_compreface_is(const char *path)
{
    return path && strncmp(path, prefix, sizeof prefix - 1) == 0;
}

/* ---- errors ---- */

void kao_compreface_error(kao_call *c, unsigned status, int code, const char *message)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "message", kao_json_string(message));
    kao_json_set(o, "code", kao_json_integer(code));
    kao_answer_json(c, status, o);
}

/* A key that is not known. Whether there is one, and of the right form, is told first. */
static void refuse_key(kao_call *c)
{
    const bool in_path = c->route && strstr(c->route->pattern, "/{key}/");
    const char *path = c->path + sizeof prefix - 1;
    const char *service = strncmp(path, "detection", 9) == 0       ? "Detection"
                          : strncmp(path, "verification", 12) == 0 ? "Verification"
                                                                   : "Recognition";
    char line[128];

    if (!in_path && !kao_compreface_key(c))
        return;
    snprintf(line, sizeof line, "%s service with API Key %.64s not found", service,
             in_path ? c->vars[0] : kao_call_header(c, "x-api-key"));
    kao_compreface_error(c, 404, CF_NO_SERVICE, line);
}

void kao_compreface_translate(kao_call *c, unsigned status, const char *code,
                              const char *message)
{
    static const struct {
        const char *kao;
        unsigned status;
        int code;
        const char *message; /* NULL: kao's */
    } rows[] = {
        { "no_face", 400, CF_NO_FACE, "No face is found in the given image" },
        { "several_faces", 400, CF_SEVERAL_FACES,
          "More than one face in the source image" },
        { "too_small", 400, CF_NO_FACE, NULL },
        { "bad_embedding", 400, CF_NO_FACE, NULL },
        { "invalid_argument", 400, CF_INVALID, NULL },
        { "invalid_image", 400, CF_BAD_FILE, NULL },
        { "unsupported", 400, CF_BAD_FILE, NULL },
        { "invalid_form", 400, CF_NO_PART, NULL },
        { "invalid_json", 400, CF_UNDEFINED, NULL },
        { "method_not_allowed", 404, CF_UNDEFINED, NULL },
        { "key_needed", 400, CF_NO_KEY, "Missing header: x-api-key" },
    };

    if (strcmp(code, "key_wrong") == 0) {
        refuse_key(c);
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(code, rows[i].kao) == 0) {
            kao_compreface_error(c, rows[i].status, rows[i].code,
                                 rows[i].message ? rows[i].message : message);
            return;
        }
    kao_compreface_error(c, status, CF_UNDEFINED, message);
}

bool kao_cf_failed(kao_call *c, kao_status st, const kao_error *err)
{
    if (st)
        kao_answer_status(c, st, err);
    return st != KAO_OK;
}

void kao_cf_answer_deleted(kao_call *c, int64_t n)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "deleted", kao_json_integer(n));
    kao_answer_json(c, 200, o);
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool is_uuid(const char *s)
{
    for (size_t i = 0; i < 36; i++) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? s[i] != '-' : !s[i] || !strchr("0123456789abcdefABCDEF", s[i]))
            return false;
    }
    return s[36] == '\0';
}

bool kao_compreface_key(kao_call *c)
{
    const char *key = kao_call_header(c, "x-api-key");

    if (!key)
        kao_compreface_error(c, 400, CF_NO_KEY, "Missing header: x-api-key");
    else if (!is_uuid(key))
        kao_compreface_error(c, 400, CF_INVALID, "Service API key should be UUID");
    return c->status == 0;
}

/* ---- what is asked ---- */

/* What is wrong with the parameters: all of it, in one line. */
typedef struct faults {
    char line[320];
    size_t n;
} faults;

static void add_fault(faults *f, const char *message)
{
    const size_t left = sizeof f->line - f->n;
    const int n = snprintf(f->line + f->n, left, "%s%s", f->n ? "; " : "", message);

    f->n = n > 0 && (size_t)n < left ? f->n + (size_t)n : f->n;
}

static int64_t ask_number(kao_call *c, const char *name, int64_t usual, int64_t least,
                          faults *f)
{
    char message[96];
    bool bad = false;

    kao_call_integer(c, name, &usual, &bad);
    if (bad || usual < least) {
        snprintf(message, sizeof message, "%s should be equal or greater than %lld",
                 name, (long long)least);
        add_fault(f, message);
    }
    return usual;
}

/* A list of names; those that kao has no answer to (age, gender) get none. */
static uint32_t plugins_of(const char *list)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } rows[] = { { "landmarks", CF_LANDMARKS },
                 { "calculator", CF_CALCULATOR },
                 { "mask", CF_MASK },
                 { "pose", CF_POSE } };
    uint32_t bits = 0;

    while (list && *list) {
        const size_t n = strcspn(list, ",");

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
            if (n == strlen(rows[i].name) && strncmp(list, rows[i].name, n) == 0)
                bits |= rows[i].bit;
        list += n;
        list += *list == ',';
    }
    return bits;
}

bool kao_cf_ask(kao_call *c, kao_cf_asked *a)
{
    const char *plugins = NULL;
    bool bad = false, detect = true;
    faults f = { .n = 0 };

    *a = (kao_cf_asked){ .limit = SIZE_MAX };
    const int64_t limit = ask_number(c, "limit", 0, 0, &f);
    const int64_t predictions = ask_number(c, "prediction_count", 1, 1, &f);

    kao_call_number(c, "det_prob_threshold", &a->min_score, &bad);
    if (bad || !(a->min_score >= 0 && a->min_score <= 1))
        add_fault(&f, "det_prob_threshold should be from 0 to 1");
    bad = false;
    kao_call_text(c, "face_plugins", &plugins, &bad);
    kao_call_flag(c, "status", &a->status, &bad);
    kao_call_flag(c, "detect_faces", &detect, &bad);
    if (bad)
        add_fault(
            &f, "face_plugins should be a list, status and detect_faces true or false");
    if (f.n) {
        kao_compreface_error(c, 400, CF_INVALID, f.line);
        return false;
    }
    if (limit > 0)
        a->limit = (size_t)limit;
    a->predictions = predictions < 1000 ? (size_t)predictions : 1000;
    a->plugins = plugins_of(plugins);
    a->whole = !detect;
    return true;
}

/* ---- a picture's faces ---- */

static double ms_since(uint64_t begun)
{
    return (double)(kao_clock_ns() - begun) * 1e-6;
}

static double area_of(const kao_cf_photo *p, size_t i)
{
    const kao_face *f = kao_face_at(&p->photo.faces, i);

    return (double)f->width * (double)f->height;
}

/* Biggest first: there are few, and they mostly stand so. */
static void sort_by_area(kao_cf_photo *p)
{
    for (size_t i = 1; i < p->n; i++) {
        const size_t one = p->order[i];
        size_t k = i;

        for (; k > 0 && area_of(p, p->order[k - 1]) < area_of(p, one); k--)
            p->order[k] = p->order[k - 1];
        p->order[k] = one;
    }
}

static kao_status take(kao_worker *w, kao_call *c, const char *name,
                       const kao_cf_asked *a, bool single, kao_cf_photo *p,
                       kao_error *err)
{
    const uint64_t begun = kao_clock_ns();
    kao_status st = a->whole
                        ? kao_photo_read(w, c, name, KAO_SEARCH_ALL, &p->photo, err)
                        : kao_photo_find(w, c, name, KAO_SEARCH_ALL,
                                         (float)a->min_score, &p->photo, err);

    if (st)
        return st;
    p->n = a->whole ? 1 : p->photo.faces.n;
    p->detector_ms = ms_since(begun);
    p->order = kao_calloc(c->mem, p->n + 1, sizeof *p->order);
    p->vector = kao_calloc(c->mem, kao_worker_dims(w), sizeof *p->vector);
    if (!p->order || !p->vector)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (p->n == 0)
        return kao_fail(err, KAO_E_NO_FACE, "no face");
    if (single && p->n > 1)
        return kao_fail(err, KAO_E_SEVERAL_FACES, "several faces");
    for (size_t i = 0; i < p->n; i++)
        p->order[i] = i;
    if (!a->whole)
        sort_by_area(p);
    p->n = p->n < a->limit ? p->n : a->limit;
    return KAO_OK;
}

bool kao_cf_take(kao_worker *w, kao_call *c, const char *name, const kao_cf_asked *a,
                 bool single, kao_cf_photo *p)
{
    kao_error err = { 0 };

    *p = (kao_cf_photo){ .order = NULL };
    if ((c->n_parts || c->json) && !kao_call_part(c, name) &&
        !kao_json_get(c->json, name)) {
        char line[96];

        snprintf(line, sizeof line, "Required part '%s' is not present", name);
        kao_compreface_error(c, 400, CF_NO_PART, line);
        return false;
    }
    const kao_status st = take(w, c, name, a, single, p, &err);

    if (st == KAO_E_ARG) /* no base64, or nothing at all */
        kao_compreface_error(c, 400, CF_BAD_FILE, err.msg);
    else if (st)
        kao_answer_status(c, st, &err);
    return st == KAO_OK;
}

void kao_cf_free(kao_worker *w, kao_call *c, kao_cf_photo *p)
{
    kao_photo_free(w, &p->photo);
    kao_free(c->mem, p->order);
    kao_free(c->mem, p->vector);
}

/* The whole picture instead of an aligned face. */
static kao_status embed_whole(kao_worker *w, kao_cf_photo *p, size_t only,
                              kao_error *err)
{
    const kao_view view = kao_image_view(&p->photo.image);
    kao_status st = KAO_OK;

    for (size_t m = 0; !st && m < w->n; m++)
        if (only == SIZE_MAX || m == only)
            st = kao_embed(w->embedders[m], &view, 1, w->ttas[m],
                           p->vector + (only == SIZE_MAX ? kao_worker_offset(w, m) : 0),
                           err);
    return st;
}

kao_status kao_cf_embed(kao_worker *w, const kao_cf_asked *a, kao_cf_photo *p, size_t i,
                        size_t only, kao_error *err)
{
    const uint64_t begun = kao_clock_ns();
    const kao_status st = a->whole ? embed_whole(w, p, only, err)
                                   : kao_photo_embed(w, &p->photo, p->order[i], only,
                                                     p->vector, NULL, err);

    p->calculator_ms = ms_since(begun);
    return st;
}

/* ---- a face ---- */

static double five_decimals(double v)
{
    return floor(v * 1e5 + .5) / 1e5; /* halves go up, as such clients know it */
}

static kao_json *box_json(const kao_face *f)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "probability", kao_json_number(five_decimals((double)f->score)));
    kao_json_set(o, "x_max", kao_json_integer(lroundf(f->x + f->width)));
    kao_json_set(o, "y_max", kao_json_integer(lroundf(f->y + f->height)));
    kao_json_set(o, "x_min", kao_json_integer(lroundf(f->x)));
    kao_json_set(o, "y_min", kao_json_integer(lroundf(f->y)));
    return o;
}

static kao_json *points_json(const kao_face *f)
{
    kao_json *list = kao_json_array();

    for (size_t i = 0; i < f->n_points; i++) {
        kao_json *one = kao_json_array();

        kao_json_add(one, kao_json_integer(lroundf(f->points[i].x)));
        kao_json_add(one, kao_json_integer(lroundf(f->points[i].y)));
        kao_json_add(list, one);
    }
    return list;
}

static void set_looks(kao_worker *w, const kao_cf_asked *a, const kao_photo *photo,
                      size_t i, kao_json *face)
{
    const kao_view view = kao_image_view(&photo->image);
    kao_quality q = KAO_QUALITY_INIT;

    if (!(a->plugins & (CF_MASK | CF_POSE)) ||
        kao_quality_of(w->ctx, &view, kao_face_at(&photo->faces, i), &q, NULL))
        return;
    if (a->plugins & CF_MASK && isfinite(q.masked)) {
        const bool masked = q.masked > .5f;
        kao_json *o = kao_json_object();

        kao_json_set(
            o, "probability",
            kao_json_number(five_decimals((double)(masked ? q.masked : 1 - q.masked))));
        kao_json_set(o, "value",
                     kao_json_string(masked ? "with_mask" : "without_mask"));
        kao_json_set(face, "mask", o);
    }
    if (a->plugins & CF_POSE) {
        kao_json *o = kao_json_object();

        kao_json_set(o, "pitch", kao_json_float(q.pitch));
        kao_json_set(o, "roll", kao_json_float(q.roll));
        kao_json_set(o, "yaw", kao_json_float(q.yaw));
        kao_json_set(face, "pose", o);
    }
}

/* A picture that is a face as a whole. */
static kao_face whole_face(const kao_photo *photo)
{
    return (kao_face){ .width = (float)photo->image.full_width,
                       .height = (float)photo->image.full_height,
                       .score = 1 };
}

kao_json *kao_cf_face_json(kao_worker *w, const kao_cf_asked *a, const kao_cf_photo *p,
                           size_t i)
{
    kao_json *o = kao_json_object();
    const size_t at = p->order[i];
    const kao_face f =
        a->whole ? whole_face(&p->photo) : kao_photo_in_file(&p->photo, at);

    kao_json_set(o, "box", box_json(&f));
    if (a->plugins & CF_LANDMARKS && f.n_points)
        kao_json_set(o, "landmarks", points_json(&f));
    if (a->plugins & CF_CALCULATOR) {
        kao_json *list = kao_json_array();

        for (size_t k = 0; k < kao_embedder_dim(w->embedders[0], w->ttas[0]); k++)
            kao_json_add(list, kao_json_float(p->vector[k]));
        kao_json_set(o, "embedding", list);
    }
    if (!a->whole)
        set_looks(w, a, &p->photo, at, o);
    return o;
}

void kao_cf_set_time(const kao_cf_asked *a, const kao_cf_photo *p, kao_json *face)
{
    kao_json *o;

    if (!a->status)
        return;
    o = kao_json_object();
    kao_json_set(o, "detector", kao_json_number(five_decimals(p->detector_ms)));
    if (p->calculator_ms > 0)
        kao_json_set(o, "calculator", kao_json_number(five_decimals(p->calculator_ms)));
    kao_json_set(face, "execution_time", o);
}

void kao_cf_answer(kao_worker *w, kao_call *c, const kao_cf_asked *a, kao_json *result)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "result", result);
    if (a->status) {
        kao_json *versions = kao_json_object();

        kao_json_set(versions, "detector",
                     kao_json_string(kao_model_name(kao_detector_model(w->detector))));
        kao_json_set(versions, "calculator",
                     kao_json_string(kao_worker_model_name(w, 0)));
        kao_json_set(o, "plugins_versions", versions);
    }
    kao_answer_json(c, 200, o);
}

/* ---- similarities ---- */

static double similarity_of(float cosine, float threshold)
{
    const double s = (double)cosine, t = (double)threshold;
    const double v =
        s < t ? .5 * (s + 1) / (t + 1) : .5 + (t < 1 ? .5 * (s - t) / (1 - t) : 0);

    return five_decimals(v < 0 ? 0 : v > 1 ? 1 : v);
}

void kao_cf_set_similarity(const kao_worker *w, float cosine, float threshold,
                           kao_json *to)
{
    kao_json_set(to, "similarity", kao_json_number(similarity_of(cosine, threshold)));
    kao_json_set(to, "cosine", kao_json_float(cosine));
    kao_worker_rates(w, 0, cosine, 0, to);
}
