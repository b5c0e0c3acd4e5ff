/* Jobs over HTTP: begun, looked at, fetched, ended. Those of albums have more: route_album.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "server/job.h"
#include "server/job_video.h"
#include "server/routes.h"

static const char *const states[] = {
    [JOB_OPEN] = "open", [JOB_WAITING] = "waiting", [JOB_RUNNING] = "running",
    [JOB_DONE] = "done", [JOB_FAILED] = "failed",   [JOB_CANCELLED] = "cancelled",
};

void kao_answer_job(kao_call *c, kao_status st, const kao_error *err,
                    const kao_job_kind *kind, const char *id, kao_job_state state)
{
    if (st == KAO_E_LIMIT) {
        kao_answer_busy(c, 10, err->msg);
        return;
    }
    kao_json *o = kao_json_object();

    kao_json_set(o, "job", kao_json_string(id));
    kao_json_set(o, "kind", kao_json_string(kind->name));
    kao_json_set(o, "state", kao_json_string(states[state]));
    kao_answer(c, st, err, state == JOB_OPEN ? 201 : 202, o);
}

bool kao_job_number(kao_call *c, const char *text, int64_t *number)
{
    char *end = NULL;

    errno = 0;
    const long long n = strtoll(text, &end, 10);

    if (errno || end == text || *end || n < 0) {
        kao_answer_error(c, 404, "not_found", "no such number");
        return false;
    }
    *number = n;
    return true;
}

/* ---- videos ---- */

void kao_route_job_video(kao_worker *w, kao_call *c)
{
    char id[RANDOM_ID_BYTES] = "";
    const char *source = c->spool_name;
    double fpir = w->o->fpir;
    kao_error err = { 0 };
    bool bad = false;

    kao_call_text(c, "source", &source, &bad);
    if (kao_call_number(c, "fpir", &fpir, &bad))
        bad = bad || !(fpir > 0 && fpir < 1);
    if (bad) {
        kao_answer_bad(c, "source, fpir", "a text; a rate between 0 and 1");
        return;
    }
    if (!c->spool || c->spool->n == 0) {
        kao_answer_error(
            c, 400, "invalid_argument",
            "video: no video: a form's file of this name, or the body itself");
        return;
    }
    kao_video_job *v = kao_video_job_create(c->mem, c->spool, source, fpir);

    c->spool = NULL; /* it is the job's */
    const kao_status st = v ? kao_job_add(w->jobs, &kao_job_video, v, false, id, &err)
                            : kao_fail(&err, KAO_E_NOMEM, "out of memory");

    kao_answer_job(c, st, &err, &kao_job_video, id, JOB_WAITING);
}

/* "1,2,7": marks of the plan's tracks. False: it is none such. */
static bool mark_tracks(const kao_video_job *v, const char *list, bool *mark)
{
    while (*list) {
        char *end = NULL;

        errno = 0;
        const long long id = strtoll(list, &end, 10);
        size_t i = 0;

        while (i < v->plan.n && v->plan.tracks[i].id != id)
            i++;
        if (errno || end == list || (*end && *end != ',') || i == v->plan.n)
            return false;
        mark[i] = true;
        list = end + (*end == ',');
    }
    return true;
}

static kao_status choose_hidden(kao_worker *w, const kao_video_job *v, const char *hide,
                                const char *tracks, bool *mark, kao_error *err)
{
    const bool these = strcmp(hide, "these") == 0, others = strcmp(hide, "others") == 0,
               strangers = strcmp(hide, "strangers") == 0;

    if (!these && !others && !strangers && strcmp(hide, "everybody") != 0)
        return kao_fail(err, KAO_E_ARG,
                        "hide: wanted everybody, strangers, these or others");
    if ((these || others) && !mark_tracks(v, tracks, mark))
        return kao_fail(err, KAO_E_ARG,
                        "tracks: wanted numbers of tracks with commas between");
    for (size_t i = 0; i < v->plan.n; i++) {
        kao_named who = { .name = NULL };
        const kao_status st =
            strangers ? kao_person_named(w, v->plan.tracks[i].person, &who, err)
                      : KAO_OK;

        if (st)
            return st;
        if (strangers)
            mark[i] = !who.name;
        else if (!these)
            mark[i] = !mark[i];
        kao_json_free(who.name);
    }
    return KAO_OK;
}

static bool ask_mode(kao_call *c, kao_hide_mode *mode)
{
    static const char *const words[] = { "blur", "mosaic", "black" };
    const char *word = "blur";
    bool bad = false;

    kao_call_text(c, "mode", &word, &bad);
    for (size_t i = 0; !bad && i < 3; i++)
        if (strcmp(word, words[i]) == 0) {
            *mode = (kao_hide_mode)i;
            return true;
        }
    kao_answer_bad(c, "mode", "blur, mosaic or black");
    return false;
}

/* Of a held video. */
static kao_status make_blur(kao_worker *w, kao_call *c, kao_job *video,
                            kao_hide_mode mode, char id[RANDOM_ID_BYTES],
                            kao_error *err)
{
    const kao_video_job *v = video->data;
    const char *hide = "everybody", *tracks = "";
    bool bad = false;

    kao_call_text(c, "hide", &hide, &bad);
    kao_call_text(c, "tracks", &tracks, &bad);
    if (bad)
        return kao_fail(err, KAO_E_ARG, "hide, tracks: wanted texts");
    kao_blur_job *b = kao_calloc(c->mem, 1, sizeof *b);
    bool *mark = kao_calloc(c->mem, v->plan.n + 1, sizeof *mark);
    kao_spool *out = NULL;
    kao_status st = b && mark ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "out of memory");

    if (!st)
        st = choose_hidden(w, v, hide, tracks, mark, err);
    if (!st)
        st = kao_spool_open(w->spools, v->spool->n, &out, err);
    if (st) {
        kao_free(c->mem, mark);
        kao_free(c->mem, b);
        return st;
    }
    *b = (kao_blur_job){ .mem = c->mem,
                         .all = w->jobs,
                         .video = video,
                         .out = out,
                         .mode = mode,
                         .hide = mark };
    kao_job_share(w->jobs, video);
    return kao_job_add(w->jobs, &kao_job_blur, b, false, id, err);
}

void kao_route_job_blur(kao_worker *w, kao_call *c)
{
    char id[RANDOM_ID_BYTES] = "";
    kao_hide_mode mode = KAO_HIDE_BLUR;
    const char *of = "";
    kao_job *video = NULL;
    kao_error err = { 0 };
    bool bad = false;

    if (!ask_mode(c, &mode))
        return;
    kao_call_text(c, "job", &of, &bad);
    kao_status st = bad ? kao_fail(&err, KAO_E_ARG, "job: wanted a video job's id")
                        : kao_job_hold(w->jobs, of, JOB_DONE, &video, &err);

    if (!st) {
        st = video->kind == &kao_job_video
                 ? make_blur(w, c, video, mode, id, &err)
                 : kao_fail(&err, KAO_E_ARG, "job: wanted a video job's id");
        kao_job_put(w->jobs, video, true);
    }
    if (st == KAO_E_IO && kao_spool_is_full(&err))
        kao_answer_error(c, 507, "no_space", err.msg);
    else
        kao_answer_job(c, st, &err, &kao_job_blur, id, JOB_WAITING);
}

/* ---- any job ---- */

static void set_progress(kao_json *o, const kao_job *j, kao_job_state state)
{
    const uint64_t now = atomic_load(&j->now), all = atomic_load(&j->all);
    const double share = all ? (double)now / (double)all : 0;

    kao_json_set(o, "progress",
                 state == JOB_DONE             ? kao_json_number(1)
                 : state == JOB_RUNNING && all ? kao_json_number(share < 1 ? share : 1)
                                               : kao_json_null());
}

static void set_error(kao_json *o, const kao_job_look *look, const kao_job_kind *kind)
{
    kao_json *e = kao_json_object();

    kao_json_set(e, "code",
                 kao_json_string(look->st == KAO_E_FORMAT ? kind->unreadable
                                                          : kao_answer_code(look->st)));
    kao_json_set(e, "message", kao_json_string(look->err.msg));
    kao_json_set(o, "error", e);
}

static kao_status set_result(kao_worker *w, kao_call *c, kao_json *o, kao_error *err)
{
    kao_json *result = kao_json_object();
    kao_job *j = NULL;
    kao_status st = kao_job_hold(w->jobs, c->vars[0], JOB_DONE, &j, err);

    kao_json_set(o, "result", result);
    if (st)
        return st;
    st = j->kind->tell(j, w, c, result, err);
    kao_job_put(w->jobs, j, true);
    return st;
}

void kao_route_job(kao_worker *w, kao_call *c)
{
    kao_job_look look;
    kao_job *j = NULL;
    kao_error err = { 0 };
    kao_status st = kao_job_take(w->jobs, c->vars[0], &j, &look, &err);

    if (st) {
        kao_answer_status(c, st, &err);
        return;
    }
    kao_json *o = kao_json_object();

    kao_json_set(o, "job", kao_json_string(c->vars[0]));
    kao_json_set(o, "kind", kao_json_string(j->kind->name));
    kao_json_set(o, "state", kao_json_string(states[look.state]));
    set_progress(o, j, look.state);
    if (look.state == JOB_WAITING)
        kao_json_set(o, "before", kao_json_integer((int64_t)look.before));
    if (look.state == JOB_FAILED)
        set_error(o, &look, j->kind);
    kao_job_put(w->jobs, j, false);
    if (look.state == JOB_DONE)
        st = set_result(w, c, o, &err);
    kao_answer(c, st, &err, 200, o);
}

/* The job of the path, which is done, and the number behind it; NULL: answered. */
static kao_job *hold_numbered(kao_worker *w, kao_call *c, int64_t *number)
{
    kao_job *j = NULL;
    kao_error err = { 0 };

    if (!kao_job_number(c, c->vars[1], number))
        return NULL;
    const kao_status st = kao_job_hold(w->jobs, c->vars[0], JOB_DONE, &j, &err);

    if (st)
        kao_answer_status(c, st, &err);
    return st ? NULL : j;
}

void kao_route_job_chip(kao_worker *w, kao_call *c)
{
    int64_t number = 0;
    kao_job *j = hold_numbered(w, c, &number);

    if (!j)
        return;
    const kao_bytes *chip = j->kind->chip ? j->kind->chip(j, number) : NULL;

    if (!chip) {
        kao_answer_error(c, 404, "not_found", "no such face");
    } else if (!kao_bytes_add(&c->out, chip->p, chip->n)) {
        kao_answer_error(c, 503, "out_of_memory", "out of memory");
    } else {
        c->status = 200;
        c->type = "image/jpeg";
    }
    kao_job_put(w->jobs, j, true);
}

void kao_route_job_file(kao_worker *w, kao_call *c)
{
    kao_job *j = NULL;
    kao_error err = { 0 };
    kao_status st = kao_job_hold(w->jobs, c->vars[0], JOB_DONE, &j, &err);

    if (st) {
        kao_answer_status(c, st, &err);
        return;
    }
    if (j->kind != &kao_job_blur) {
        kao_answer_error(c, 404, "not_found", "this job makes no file");
    } else {
        const kao_spool *out = ((const kao_blur_job *)j->data)->out;

        c->file = open(out->path, O_RDONLY | O_CLOEXEC); /* at its beginning */
        c->has_file = c->file >= 0;
        c->n_file = out->n;
        c->type = "video/mp4";
        c->attached = true;
        c->status = 200;
        if (!c->has_file)
            kao_answer_error(c, 500, "io", "the file could not be opened");
    }
    kao_job_put(w->jobs, j, true);
}

void kao_route_job_enrol(kao_worker *w, kao_call *c)
{
    int64_t number = 0;
    kao_job *j = hold_numbered(w, c, &number);

    if (!j)
        return;
    if (j->kind->enrol)
        j->kind->enrol(j, w, c, number);
    else
        kao_answer_error(c, 404, "not_found", "this job has found nobody");
    kao_job_put(w->jobs, j, true);
}

void kao_route_job_remove(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object();
    kao_error err = { 0 };
    const kao_status st = kao_job_remove(w->jobs, c->vars[0], &err);

    kao_json_set(o, "done", kao_json_bool(true));
    kao_answer(c, st, &err, 200, o);
}
