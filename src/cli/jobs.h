/* Files at once (-j): items worked on by several threads, results given out in order. */
#ifndef KAO_CLI_JOBS_H
#define KAO_CLI_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Items for each worker that are begun before the first of them is given out: whoever reads slowly,
 * or one file that takes long, makes the others wait, not their results pile up. */
enum { CLI_JOBS_AHEAD = 16 };

/* Work on item i; the result goes to emit. Runs in any thread. */
typedef void *cli_work(void *worker, void *user, size_t i);
/* Take the result of item i; in order, in the calling thread. Gives its exit status. */
typedef int cli_emit(void *user, size_t i, void *result);

typedef struct cli_jobs {
    size_t n_items;
    uint32_t n_workers; /* 1: in the calling thread */
    void *workers;      /* what each worker owns, one after the other */
    size_t worker_bytes;
    void *user;
    cli_work *work;
    cli_emit *emit;
    size_t n_counted; /* what the count on stderr goes up to; 0: n_items */
    bool silent;      /* emit prints nothing: the count shows beside a terminal too */
} cli_jobs;

/* The highest exit status; CLI_FAULT where no thread could be started. A count of items
 * shows on stderr after a second (or KAO_PROGRESS_MS milliseconds), if that is a terminal
 * and standard output is none. */
int cli_jobs_run(const cli_jobs *jobs, const char *name);

#endif
