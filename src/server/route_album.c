/* Albums over HTTP: pictures in, then what somebody says of the groups. */
#include <math.h>

#include "base/error.h"
#include "base/face_json.h"
#include "server/job_album.h"
#include "server/routes.h"

/* A zip is all of it: then it is begun at once. */
void kao_route_job_album(kao_worker *w, kao_call *c)
{
    const bool zip = c->spool && c->spool->n > 0;
    char id[RANDOM_ID_BYTES] = "";
    kao_error err = { 0 };
    kao_album *a = kao_album_create(c->mem);

    if (a && zip) {
        a->zip = c->spool;
        a->japanese = kao_call_is_japanese(c);
        c->spool = NULL; /* it is the album's */
    }
    const kao_status st = a ? kao_job_add(w->jobs, &kao_job_album, a, !zip, id, &err)
                            : kao_fail(&err, KAO_E_NOMEM, "out of memory");

    kao_answer_job(c, st, &err, &kao_job_album, id, zip ? JOB_WAITING : JOB_OPEN);
}

/* ---- pictures ---- */

/* The picture's line in the answer; one that cannot be read does not end the others. */
static kao_status take_picture(kao_worker *w, kao_call *c, const char *name,
                               const void *bytes, size_t n, kao_json *list,
                               kao_error *err)
{
    kao_json *o = kao_json_object();
    kao_error own = { 0 };
    kao_job *j = NULL;
    kao_album_found f = { .n = 0 };
    kao_status st = kao_album_look(w, name, bytes, n, &f, &own);

    kao_json_add(list, o);
    kao_json_set(o, "file", kao_json_string(name));
    kao_json_set(o, "faces", kao_json_integer((int64_t)f.n));
    if (kao_is_of_picture(st)) {
        kao_json *e = kao_json_object();

        kao_json_set(e, "code", kao_json_string(kao_answer_code(st)));
        kao_json_set(e, "message", kao_json_string(own.msg));
        kao_json_set(o, "error", e);
        kao_album_found_free(c->mem, &f);
        return KAO_OK;
    }
    if (st)
        *err = own;
    else
        st = kao_job_hold(w->jobs, c->vars[0], JOB_OPEN, &j, err);
    if (!st) {
        st = j->kind == &kao_job_album
                 ? kao_album_add(j->data, name, &f, err)
                 : kao_fail(err, KAO_E_CONFLICT, "this job takes no pictures");
        kao_job_put(w->jobs, j, true);
    }
    kao_album_found_free(c->mem, &f);
    return st;
}

void kao_route_job_pictures(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object(), *list = kao_json_array();
    const char *source = "picture";
    kao_error err = { 0 };
    kao_job_look look;
    kao_job *j = NULL;
    bool bad = false;
    size_t n = 0;
    kao_status st = kao_job_take(w->jobs, c->vars[0], &j, &look, &err);

    kao_json_set(o, "pictures", list);
    kao_call_text(c, "source", &source, &bad);
    if (!st) {
        if (look.state != JOB_OPEN) /* before the work */
            st = kao_fail(&err, KAO_E_CONFLICT, "the job was begun already");
        kao_job_put(w->jobs, j, false);
    }
    for (size_t i = 0; !st && i < c->n_parts; i++) {
        const kao_part *p = &c->parts[i];

        if (!p->file)
            continue;
        st = take_picture(w, c, p->file, p->bytes.p, p->bytes.n, list, &err);
        n++;
    }
    if (!st && c->n_parts == 0 && c->body.n) {
        st = take_picture(w, c, source, c->body.p, c->body.n, list, &err);
        n++;
    }
    if (!st && n == 0)
        st = kao_fail(&err, KAO_E_ARG,
                      "image: no picture: a form's files, or the body itself");
    kao_answer(c, st, &err, 200, o);
}

void kao_route_job_start(kao_worker *w, kao_call *c)
{
    kao_job *j = NULL;
    kao_error err = { 0 };
    double threshold = (double)NAN;
    bool bad = false;

    if (kao_call_number(c, "threshold", &threshold, &bad))
        bad = !(threshold >= -1 && threshold <= 1);
    if (bad) {
        kao_answer_bad(c, "threshold", "a similarity from -1 to 1");
        return;
    }
    kao_status st = kao_job_hold(w->jobs, c->vars[0], JOB_OPEN, &j, &err);

    if (!st) { /* only albums are ever open */
        ((kao_album *)j->data)->threshold = (float)threshold;
        st = kao_job_start(w->jobs, j, &err);
        kao_job_put(w->jobs, j, true);
    }
    kao_answer_job(c, st, &err, &kao_job_album, c->vars[0], JOB_WAITING);
}

/* ---- what somebody says ---- */

/* The album, held; NULL: answered. */
static kao_job *hold_album(kao_worker *w, kao_call *c)
{
    kao_job *j = NULL;
    kao_error err = { 0 };
    const kao_status st = kao_job_hold(w->jobs, c->vars[0], JOB_DONE, &j, &err);

    if (st) {
        kao_answer_status(c, st, &err);
    } else if (j->kind != &kao_job_album) {
        kao_job_put(w->jobs, j, true);
        kao_answer_error(c, 409, "conflict", "this job is no album");
        return NULL;
    }
    return j;
}

static void answer_said(kao_worker *w, kao_call *c, kao_job *j, kao_status st,
                        const kao_error *err)
{
    kao_json *o = kao_json_object();

    kao_job_put(w->jobs, j, true);
    kao_json_set(o, "done", kao_json_bool(true));
    kao_answer(c, st, err, 200, o);
}

static bool ask_groups(kao_call *c, int64_t *group, int64_t *other)
{
    bool bad = false;

    *group = *other = -1;
    kao_call_integer(c, "group", group, &bad);
    kao_call_integer(c, "other", other, &bad);
    if (bad || *group < 0 || *other < 0) {
        kao_answer_bad(c, "group, other", "two groups' numbers");
        return false;
    }
    return true;
}

void kao_route_job_merge(kao_worker *w, kao_call *c)
{
    int64_t group, other;
    kao_error err = { 0 };
    kao_job *j = ask_groups(c, &group, &other) ? hold_album(w, c) : NULL;

    if (j)
        answer_said(w, c, j, kao_album_merge(j->data, group, other, &err), &err);
}

void kao_route_job_apart(kao_worker *w, kao_call *c)
{
    int64_t group, other;
    kao_error err = { 0 };
    kao_job *j = ask_groups(c, &group, &other) ? hold_album(w, c) : NULL;

    if (j)
        answer_said(w, c, j, kao_album_apart(j->data, w, group, other, &err), &err);
}

void kao_route_job_out(kao_worker *w, kao_call *c)
{
    int64_t face = -1;
    kao_error err = { 0 };
    bool bad = false;

    kao_call_integer(c, "face", &face, &bad);
    if (bad || face < 0) {
        kao_answer_bad(c, "face", "a face's number");
        return;
    }
    kao_job *j = hold_album(w, c);

    if (j)
        answer_said(w, c, j, kao_album_out(j->data, w, face, &err), &err);
}
