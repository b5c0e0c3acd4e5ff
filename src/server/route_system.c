/* How the server is: health, models, figures, and the API's own description. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/database.h"
#include "server/routes.h"
#include "server/stats.h"

void kao_route_health(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object();

    (void)w;
    kao_json_set(o, "status", kao_json_string("ok"));
    kao_json_set(o, "version", kao_json_string(kao_version()));
    kao_answer_json(c, 200, o);
}

void kao_route_ready(kao_worker *w, kao_call *c)
{
    kao_gallery_stats s = { .size = sizeof s };
    kao_json *o = kao_json_object();
    kao_error err = { 0 };
    const kao_status st = kao_gallery_stats_of(w->gallery, &s, &err);

    if (st) {
        kao_json_free(o);
        kao_answer_error(c, 503, "not_ready", err.msg);
        return;
    }
    kao_json_set(o, "status", kao_json_string("ready"));
    kao_json_set(o, "people", kao_json_integer((int64_t)s.n_people));
    kao_json_set(o, "samples", kao_json_integer((int64_t)s.n_samples));
    kao_answer_json(c, 200, o);
}

/* ---- models ---- */

/* Which similarity has which rate, for sliders and plots. */
static kao_json *curve_json(const kao_worker *w, size_t m)
{
    kao_json *list = kao_json_array();

    for (int i = -20; i <= 100; i += 2) {
        const float s = (float)i / 100;
        kao_json *o = kao_json_object();

        kao_json_set(o, "similarity", kao_json_float(s));
        kao_worker_rates(w, m, s, 0, o);
        kao_json_add(list, o);
    }
    return list;
}

static kao_json *thresholds_json(const kao_worker *w, size_t m)
{
    const kao_calibration *c = kao_embedder_calibration(w->embedders[m]);
    kao_json *list = kao_json_array();

    for (int i = 1; i <= 7; i++) {
        kao_rate rate = { .size = sizeof rate };
        const double far = pow(10, -i);
        kao_json *o;

        if (!kao_calibration_threshold(c, w->ttas[m], far, NULL, &rate))
            continue;
        o = kao_json_object();
        kao_json_set(o, "far", kao_json_number(far));
        kao_json_set(o, "similarity", kao_json_float(rate.similarity));
        kao_json_set(o, "extrapolated", kao_json_bool(rate.extrapolated));
        kao_json_add(list, o);
    }
    return list;
}

/* How alike the same person's pictures are; null: the card does not tell. */
static kao_json *same_json(const kao_worker *w, size_t m)
{
    const kao_calibration *c = kao_embedder_calibration(w->embedders[m]);
    const uint64_t n = kao_calibration_same_pairs(c, w->ttas[m]);
    kao_json *o = n ? kao_json_object() : kao_json_null(), *list;
    float similarity = 0;
    double below = 0;

    if (!n)
        return o;
    list = kao_json_array();
    for (size_t i = 0;
         kao_calibration_same_point(c, w->ttas[m], i, &similarity, &below); i++) {
        kao_json *p = kao_json_object();

        kao_json_set(p, "similarity", kao_json_float(similarity));
        kao_json_set(p, "below", kao_json_number(below));
        kao_json_add(list, p);
    }
    kao_json_set(o, "pairs", kao_json_integer((int64_t)n));
    kao_json_set(o, "quantiles", list);
    return o;
}

void kao_route_models(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object(), *list = kao_json_array();
    kao_error err = { 0 };
    kao_status st = KAO_OK;

    for (size_t m = 0; !st && m < w->n; m++) {
        const char *source = kao_calibration_source(
            kao_embedder_calibration(w->embedders[m]), w->ttas[m]);
        kao_json *one = kao_json_object();
        char id[KAO_ID_BYTES] = "";

        st = kao_embedder_id(w->embedders[m], w->ttas[m], id, &err);
        kao_json_set(one, "name", kao_json_string(kao_worker_model_name(w, m)));
        kao_json_set(one, "id", kao_json_string(id));
        kao_json_set(
            one, "dim",
            kao_json_integer((int64_t)kao_embedder_dim(w->embedders[m], w->ttas[m])));
        kao_json_set(one, "calibrated_on", kao_json_string(source));
        kao_json_set(one, "thresholds", thresholds_json(w, m));
        kao_json_set(one, "curve", curve_json(w, m));
        kao_json_set(one, "same", same_json(w, m));
        kao_json_add(list, one);
    }
    kao_json_set(o, "models", list);
    kao_json_set(o, "detector",
                 kao_json_string(kao_model_name(kao_detector_model(w->detector))));
    kao_json_set(o, "fpir", kao_json_number(w->o->fpir));
    kao_answer(c, st, &err, 200, o);
}

/* Of a file without its folders, of an address the database and what stands behind it. */
static const char *short_name(const char *gallery, char shown[KAO_DATABASE_SHOWN])
{
    kao_database_show(gallery, shown);
    const char *host = kao_database_is_address(gallery) ? strstr(shown, "://") : NULL,
               *slash = host ? strchr(host + 3, '/') : strrchr(shown, '/');

    return slash ? slash + 1 : shown;
}

/* A server has one; several are several servers. A list all the same: who has more of them may be told so later. */
void kao_route_galleries(kao_worker *w, kao_call *c)
{
    char shown[KAO_DATABASE_SHOWN];
    kao_json *o = kao_json_object(), *list = kao_json_array(), *one = kao_json_object(),
             *models = kao_json_array();
    kao_gallery_stats s = { .size = sizeof s };
    kao_error err = { 0 };
    const kao_status st = kao_gallery_stats_of(w->gallery, &s, &err);

    for (size_t m = 0; m < w->n; m++)
        kao_json_add(models, kao_json_string(kao_worker_model_name(w, m)));
    kao_json_set(one, "name", kao_json_string(short_name(w->o->gallery, shown)));
    kao_json_set(one, "people", kao_json_integer((int64_t)s.n_people));
    kao_json_set(one, "named", kao_json_integer((int64_t)s.n_named));
    kao_json_set(one, "samples", kao_json_integer((int64_t)s.n_samples));
    kao_json_set(one, "changes", kao_json_integer((int64_t)s.n_changes));
    kao_json_set(one, "bytes", kao_json_integer((int64_t)s.n_bytes));
    kao_json_set(one, "encrypted", kao_json_bool(s.encrypted != 0));
    kao_json_set(one, "models", models);
    kao_json_add(list, one);
    kao_json_set(o, "galleries", list);
    kao_answer(c, st, &err, 200, o);
}

/* ---- the API's description (OpenAPI 3.1) ---- */

/* Whether a parameter is a file of a form. */
static bool is_file(const char *what, size_t n)
{
    return (n == 7 && strncmp(what, "picture", 7) == 0) ||
           (n == 5 && strncmp(what, "video", 5) == 0);
}

static void add_parameter(const kao_route *r, const char *name, size_t n_name,
                          const char *what, size_t n_what, kao_json *list,
                          kao_json *form)
{
    char key[32], text[128];
    const bool picture = is_file(what, n_what);
    kao_json *o = kao_json_object(), *schema = kao_json_object();

    snprintf(key, sizeof key, "%.*s", (int)n_name, name);
    snprintf(text, sizeof text, "%.*s", (int)n_what, what);
    kao_json_set(schema, "type", kao_json_string("string"));
    if (picture)
        kao_json_set(schema, "format", kao_json_string("binary"));
    if (picture || strcmp(r->method, "PATCH") == 0) {
        kao_json_set(schema, "description", kao_json_string(text));
        kao_json_set(form, key, schema);
        kao_json_free(o);
        return;
    }
    kao_json_set(o, "name", kao_json_string(key));
    kao_json_set(o, "in", kao_json_string("query"));
    kao_json_set(o, "description", kao_json_string(text));
    kao_json_set(o, "schema", schema);
    kao_json_add(list, o);
}

/* Of "{person}" in the path. */
static void add_variables(const char *pattern, kao_json *list)
{
    for (const char *p = strchr(pattern, '{'); p; p = strchr(p + 1, '{')) {
        kao_json *o = kao_json_object(), *schema = kao_json_object();
        char key[32];

        snprintf(key, sizeof key, "%.*s", (int)strcspn(p + 1, "}"), p + 1);
        kao_json_set(schema, "type", kao_json_string("string"));
        kao_json_set(o, "name", kao_json_string(key));
        kao_json_set(o, "in", kao_json_string("path"));
        kao_json_set(o, "required", kao_json_bool(true));
        kao_json_set(o, "schema", schema);
        kao_json_add(list, o);
    }
}

static kao_json *body_json(kao_json *form)
{
    kao_json *schema = kao_json_object(), *media = kao_json_object(),
             *content = kao_json_object(), *o = kao_json_object();

    kao_json_set(schema, "type", kao_json_string("object"));
    kao_json_set(schema, "properties", form);
    kao_json_set(media, "schema", schema);
    kao_json_set(content, "multipart/form-data", media);
    kao_json_set(o, "content", content);
    return o;
}

static kao_json *operation_json(const kao_route *r)
{
    kao_json *o = kao_json_object(), *list = kao_json_array(),
             *form = kao_json_object(), *answers = kao_json_object();
    bool has_form = false;

    add_variables(r->pattern, list);
    for (const char *p = r->takes; *p;) {
        const size_t n_name = strcspn(p, ":"), n = strcspn(p, ";");
        const char *what = p + n_name + (p[n_name] ? 2 : 0);

        has_form |=
            is_file(what, n - (size_t)(what - p)) || strcmp(r->method, "PATCH") == 0;
        add_parameter(r, p, n_name, what, n - (size_t)(what - p), list, form);
        p += n;
        p += strspn(p, "; ");
    }
    const char *const statuses[][2] = {
        { "200", "done" }, { "default", "an error: {\"error\":{\"code\",\"message\"}}" }
    };

    for (size_t i = 0; i < 2; i++) {
        kao_json *one = kao_json_object();

        kao_json_set(one, "description", kao_json_string(statuses[i][1]));
        kao_json_set(answers, statuses[i][0], one);
    }
    kao_json_set(o, "summary", kao_json_string(r->summary));
    kao_json_set(o, "parameters", list);
    if (has_form)
        kao_json_set(o, "requestBody", body_json(form));
    else
        kao_json_free(form);
    kao_json_set(o, "responses", answers);
    return o;
}

static void lower(const char *from, char to[8])
{
    size_t i = 0;

    for (; from[i] && i < 7; i++)
        to[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] + 32 : from[i]);
    to[i] = '\0';
}

void kao_route_openapi(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object(), *info = kao_json_object(),
             *paths = kao_json_object();

    (void)w;
    kao_json_set(info, "title", kao_json_string("kao"));
    kao_json_set(info, "version", kao_json_string(kao_version()));
    kao_json_set(o, "openapi", kao_json_string("3.1.0"));
    kao_json_set(o, "info", info);
    for (size_t i = 0; kao_route_at(i); i++) {
        const char *pattern = kao_route_at(i)->pattern;
        bool told = false; /* with the first of its path */

        for (size_t k = 0; k < i && !told; k++)
            told = strcmp(kao_route_at(k)->pattern, pattern) == 0;
        if (told)
            continue;
        kao_json *path = kao_json_object();

        for (size_t k = i; kao_route_at(k); k++) {
            char method[8];

            lower(kao_route_at(k)->method, method);
            if (strcmp(kao_route_at(k)->pattern, pattern) == 0)
                kao_json_set(path, method, operation_json(kao_route_at(k)));
        }
        kao_json_set(paths, pattern, path);
    }
    kao_json_set(o, "paths", paths);
    kao_answer_json(c, 200, o);
}

/* ---- figures (Prometheus text form 0.0.4) ---- */

static bool put(kao_call *c, const char *name, const char *labels, double v)
{
    char line[160];
    const int n = snprintf(line, sizeof line, "%s%s %.12g\n", name, labels, v);

    return n > 0 && (size_t)n < sizeof line && kao_bytes_add(&c->out, line, (size_t)n);
}

static bool put_text(kao_call *c, const char *text)
{
    return kao_bytes_add(&c->out, text, strlen(text));
}

static bool put_requests(kao_call *c, const kao_stats *s)
{
    bool fine = put_text(c, "# HELP kao_requests_total Requests answered.\n# TYPE "
                            "kao_requests_total counter\n");
    char labels[32];

    for (unsigned i = 2; i < 6; i++) {
        snprintf(labels, sizeof labels, "{status=\"%uxx\"}", i);
        fine &=
            put(c, "kao_requests_total", labels, (double)atomic_load(&s->answered[i]));
    }
    fine &= put_text(c, "# HELP kao_request_seconds Time from a request's head to its "
                        "answer, of the API.\n# TYPE kao_request_seconds histogram\n");
    for (size_t i = 0; i < STATS_BUCKETS; i++) {
        snprintf(labels, sizeof labels, "{le=\"%g\"}", kao_stats_ends[i]);
        fine &= put(c, "kao_request_seconds_bucket", labels,
                    (double)atomic_load(&s->within[i]));
    }
    fine &= put(c, "kao_request_seconds_bucket", "{le=\"+Inf\"}",
                (double)atomic_load(&s->all));
    fine &= put(c, "kao_request_seconds_sum", "",
                (double)atomic_load(&s->microseconds) * 1e-6);
    return put(c, "kao_request_seconds_count", "", (double)atomic_load(&s->all)) &&
           fine;
}

void kao_route_metrics(kao_worker *w, kao_call *c)
{
    kao_gallery_stats g = { .size = sizeof g };
    kao_error err = { 0 };
    const kao_status st = kao_gallery_stats_of(w->gallery, &g, &err);
    const kao_stats *s = w->stats;

    if (st) {
        kao_answer_status(c, st, &err);
        return;
    }
    bool fine = put_requests(c, s);

    fine &= put_text(c, "# TYPE kao_requests_waiting gauge\n");
    fine &= put(c, "kao_requests_waiting", "", (double)atomic_load(&s->waiting));
    fine &= put_text(c, "# TYPE kao_requests_working gauge\n");
    fine &= put(c, "kao_requests_working", "", (double)atomic_load(&s->working));
    fine &= put_text(c, "# TYPE kao_gallery_people gauge\n");
    fine &= put(c, "kao_gallery_people", "", (double)g.n_people);
    fine &= put_text(c, "# TYPE kao_gallery_samples gauge\n");
    fine &= put(c, "kao_gallery_samples", "", (double)g.n_samples);
    if (!fine) {
        kao_answer_error(c, 503, "out_of_memory", "out of memory");
        return;
    }
    c->status = 200;
    c->type = "text/plain; version=0.0.4; charset=utf-8";
}
