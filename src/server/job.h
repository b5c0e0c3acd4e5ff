/* Work that takes longer than a request should: begun by one request, looked at and fetched by
 * others.
 *
 * A thread of its own runs one job after the other, behind the requests (it is nice). A few wait;
 * more are refused. What a job has found stays in memory, until it is deleted, or nobody has asked
 * for it for JOB_KEPT_SECONDS, or newer ones need the place. Nothing of it is kept beyond the
 * server's end.
 *
 * A kind of job is a row of functions (kao_job_kind); its data is its own. Who looks at the data
 * holds the job (kao_job_hold), which waits while it is being worked on by another request, and is
 * refused while it runs. */
#ifndef KAO_SERVER_JOB_H
#define KAO_SERVER_JOB_H

#include "server/random_id.h"
#include "server/worker.h"

enum { JOBS_MOST = 16, JOBS_WAITING_MOST = 4, JOB_KEPT_SECONDS = 3600 };

typedef enum kao_job_state {
    JOB_OPEN = 0, /* what it is about is still coming */
    JOB_WAITING,
    JOB_RUNNING,
    JOB_DONE,
    JOB_FAILED,
    JOB_CANCELLED,
} kao_job_state;

typedef struct kao_jobs kao_jobs;
typedef struct kao_job kao_job;

typedef struct kao_job_kind {
    const char *name;
    const char
        *unreadable; /* the code of KAO_E_FORMAT: what it was given is none such */
    bool bare;       /* run needs no models and no gallery: w has its context alone */
    /* In the jobs' thread, with the job held. w: of this job alone; its runs end when the job is
     * cancelled. */
    kao_status (*run)(kao_job *j, kao_worker *w, kao_error *err);
    /* Its result, of a job that is done, into an object. NULL: it has none of this kind, as that
     * which follows. */
    kao_status (*tell)(kao_job *j, kao_worker *w, kao_call *c, kao_json *to,
                       kao_error *err);
    /* A small picture of it, a JPEG, borrowed. NULL: there is none of that number. */
    const kao_bytes *(*chip)(kao_job *j, int64_t number);
    /* A face that it has found, with those of the same person, becomes somebody's samples. */
    void (*enrol)(kao_job *j, kao_worker *w, kao_call *c, int64_t number);
    void (*close)(kao_job *j); /* its data */
} kao_job_kind;

struct kao_job {
    const kao_job_kind *kind;
    kao_mem *mem;
    kao_cancel *cancel;
    void *data;
    /* How far it is, in any unit; all 0: is not told. */
    atomic_uint_fast64_t now, all;
    struct kao_job_inner *inner; /* job.c's */
};

/* ctx, o: as of the workers. folder: where large files lie. */
kao_status kao_jobs_create(kao_context *ctx, const kao_server_options *o,
                           kao_jobs **out, kao_error *err);
/* What runs is cancelled. No request may be in work any more. NULL is fine. */
void kao_jobs_destroy(kao_jobs *all);

/* A new one, with its data, which it owns from here on, also after a failure. open: it does not
 * wait to be run before kao_job_start. KAO_E_LIMIT: too many are there, or wait. */
kao_status kao_job_add(kao_jobs *all, const kao_job_kind *kind, void *data, bool open,
                       char id[RANDOM_ID_BYTES], kao_error *err);
/* It waits to be run. KAO_E_CONFLICT: it is not open any more; KAO_E_LIMIT. */
kao_status kao_job_start(kao_jobs *all, kao_job *j, kao_error *err);

typedef struct kao_job_look {
    kao_job_state state;
    kao_status st; /* of one that failed */
    kao_error err;
    size_t before; /* how many are run before it */
} kao_job_look;

/* To look at, not at its data; kao_job_put gives it back. KAO_E_NOT_FOUND. look may be NULL. */
kao_status kao_job_take(kao_jobs *all, const char *id, kao_job **j, kao_job_look *look,
                        kao_error *err);
/* The same of one in that state (JOB_OPEN or JOB_DONE), held: its data is this caller's until
 * kao_job_put. KAO_E_CONFLICT: it is in another. */
kao_status kao_job_hold(kao_jobs *all, const char *id, kao_job_state state, kao_job **j,
                        kao_error *err);
void kao_job_put(kao_jobs *all, kao_job *j, bool held);
/* It is cancelled, and gone as soon as nobody has it in hand. KAO_E_NOT_FOUND. */
kao_status kao_job_remove(kao_jobs *all, const char *id, kao_error *err);
/* {"job":..,"kind":..,"state":..} of one that was begun, or why it was not. */
void kao_answer_job(kao_call *c, kao_status st, const kao_error *err,
                    const kao_job_kind *kind, const char *id, kao_job_state state);
/* A number in a path; false: answered 404. */
bool kao_job_number(kao_call *c, const char *text, int64_t *number);
/* Another reason to stay, for a job that needs this one; kao_job_put (not held) ends it. */
void kao_job_share(kao_jobs *all, kao_job *j);

#endif
