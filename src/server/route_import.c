/* People in and out, all at once: a file that is fetched, a file that a job takes in. */
#include <string.h>

#include "base/error.h"
#include "server/job_import.h"
#include "server/routes.h"

void kao_route_job_import(kao_worker *w, kao_call *c)
{
    char id[RANDOM_ID_BYTES] = "";
    kao_error err = { 0 };
    bool force = false, bad = false;

    kao_call_flag(c, "force", &force, &bad);
    if (bad) {
        kao_answer_bad(c, "force", "true or false");
        return;
    }
    if (!c->spool || c->spool->n == 0) {
        kao_answer_error(
            c, 400, "invalid_argument",
            "people: no file: a form's file of this name, or the body itself");
        return;
    }
    kao_import *m = kao_import_create(c->mem, c->spool);

    c->spool = NULL; /* it is the job's */
    if (m) {
        m->japanese = kao_call_is_japanese(c);
        m->force = force;
    }
    const kao_status st = m ? kao_job_add(w->jobs, &kao_job_import, m, false, id, &err)
                            : kao_fail(&err, KAO_E_NOMEM, "out of memory");

    kao_answer_job(c, st, &err, &kao_job_import, id, JOB_WAITING);
}

static bool ask_form(kao_call *c, kao_gallery_form *form)
{
    const char *word = "jsonl";
    bool bad = false;

    kao_call_text(c, "form", &word, &bad);
    for (int f = KAO_FORM_LINES; !bad && f <= KAO_FORM_VECTORS; f++) {
        *form = (kao_gallery_form)f;
        if (strcmp(word, kao_form_end(*form) + 1) == 0)
            return true;
    }
    kao_answer_bad(c, "form", "jsonl, csv or npy");
    return false;
}

void kao_route_export(kao_worker *w, kao_call *c)
{
    static const char *const types[] = { "application/x-ndjson",
                                         "text/csv; charset=utf-8",
                                         "application/octet-stream" };
    kao_gallery_form form;
    kao_error err = { 0 };

    if (!ask_form(c, &form))
        return;
    c->out.max = KAO_FORM_MOST; /* as much as an import takes */
    const kao_status st = kao_form_write(w->gallery, form, &c->out, &err);

    if (st) {
        kao_bytes_free(&c->out);
        kao_answer_status(c, st, &err);
        return;
    }
    c->status = 200;
    c->type = types[form];
    c->attached = true;
}
