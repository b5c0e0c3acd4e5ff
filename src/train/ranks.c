/* See ranks.h. Open MPI; the only file that sees it.
 *
 * MPI itself does not tell that a process on this machine is gone: its neighbours wait on
 * shared memory for ever, and mpirun ends them a second or more later, by SIGKILL. So each rank
 * knows the process numbers of those in its own process namespace and looks now and then
 * whether they are there (a killed process is collected by mpirun's daemon at once). */
#include <errno.h>
#include <mpi.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "train/ranks.h"

enum {
    MOST = 512,      /* calls under way; more wait for those before them */
    LOOK_EVERY = 16, /* polls */
    GRACE = 60,      /* seconds, once a stop was requested, for ranks out of sight */
    PIECE = 1 << 28  /* of a call: MPI counts in int */
};

typedef struct place {
    char host[64];
    uint64_t space; /* of process numbers */
    int64_t pid;
} place;

struct kao_ranks {
    kao_mem *mem;
    const kao_cancel *cancel;
    int index, count;
    place *places;
    MPI_Request under_way[MOST];
    int n_under_way;
    bool failed; /* between the ranks; why tells it */
    bool agreed; /* a failure that all know of */
    kao_error why;
};

/* ---- who is there ---- */

static bool is_near(const kao_ranks *r, int i)
{
    const place *a = &r->places[i], *mine = &r->places[r->index];

    return mine->space && a->space == mine->space && strcmp(a->host, mine->host) == 0;
}

static bool is_gone(const kao_ranks *r, int i)
{
    return i != r->index && is_near(r, i) && kill((pid_t)r->places[i].pid, 0) != 0 &&
           errno == ESRCH;
}

static void look(kao_ranks *r)
{
    for (int i = 0; i < r->count && !r->failed; i++)
        if (is_gone(r, i)) {
            r->failed = true;
            kao_fail(&r->why, KAO_E_IO, "rank %d of %d (process %lld) is gone", i,
                     r->count, (long long)r->places[i].pid);
        }
}

static kao_status find_places(kao_ranks *r, kao_error *err)
{
    place mine = { .pid = (int64_t)getpid() };
    struct stat s;

    if (gethostname(mine.host, sizeof mine.host - 1) == 0 &&
        stat("/proc/self/ns/pid", &s) == 0)
        mine.space = (uint64_t)s.st_ino;
    if (MPI_Allgather(&mine, (int)sizeof mine, MPI_BYTE, r->places, (int)sizeof mine,
                      MPI_BYTE, MPI_COMM_WORLD) != MPI_SUCCESS)
        return kao_fail(err, KAO_E_IO, "the ranks do not reach each other");
    return KAO_OK;
}

/* ---- beginning and end ---- */

kao_status kao_ranks_begin(kao_ranks **out, kao_mem *mem, const kao_cancel *cancel,
                           kao_error *err)
{
    const char *size = getenv("OMPI_COMM_WORLD_SIZE"); /* mpirun sets it */
    int given = 0;
    kao_status st = KAO_OK;

    *out = NULL;
    if (!size || strtol(size, NULL, 10) < 2)
        return KAO_OK;
    kao_ranks *r = kao_calloc(mem, 1, sizeof *r);

    if (!r)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    r->mem = mem;
    r->cancel = cancel;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given) != MPI_SUCCESS ||
        given < MPI_THREAD_FUNNELED)
        st = kao_fail(err, KAO_E_IO, "MPI does not start");
    if (!st) {
        MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
        MPI_Comm_rank(MPI_COMM_WORLD, &r->index);
        MPI_Comm_size(MPI_COMM_WORLD, &r->count);
        r->places = kao_calloc(mem, (size_t)r->count, sizeof *r->places);
        st = r->places ? find_places(r, err)
                       : kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    if (st)
        kao_ranks_end(r, st);
    else
        *out = r;
    return st;
}

void kao_ranks_end(kao_ranks *r, kao_status st)
{
    if (!r)
        return;
    if (!r->failed && (!st || r->agreed))
        MPI_Finalize(); /* waits for all */
    kao_free(r->mem, r->places);
    kao_free(r->mem, r);
}

uint32_t kao_ranks_count(const kao_ranks *r)
{
    return r ? (uint32_t)r->count : 1;
}

uint32_t kao_ranks_index(const kao_ranks *r)
{
    return r ? (uint32_t)r->index : 0;
}

bool kao_ranks_leads(const kao_ranks *r)
{
    int first = 0;

    while (r && r->failed && first < r->index && is_gone(r, first))
        first++;
    return !r || first == r->index;
}

/* ---- collective calls ---- */

static void broke(kao_ranks *r)
{
    r->failed = true;
    kao_fail(&r->why, KAO_E_IO, "rank %d of %d: a connection to another broke",
             r->index, r->count);
}

void kao_ranks_poll(kao_ranks *r)
{
    int done = 0;

    if (r && !r->failed && r->n_under_way &&
        MPI_Testall(r->n_under_way, r->under_way, &done, MPI_STATUSES_IGNORE) !=
            MPI_SUCCESS)
        broke(r);
    if (done)
        r->n_under_way = 0;
}

void kao_ranks_wait(kao_ranks *r)
{
    double since = 0; /* the stop was requested */

    for (unsigned i = 1; r && !r->failed && r->n_under_way; i++) {
        kao_ranks_poll(r);
        if (!r->n_under_way)
            break;
        if (i % LOOK_EVERY == 0) {
            look(r);
            since =
                since <= 0 && kao_cancelled(r->cancel) ? kao_clock_seconds() : since;
        }
        if (!r->failed && since > 0 && kao_clock_seconds() - since > GRACE) {
            r->failed = true;
            kao_fail(&r->why, KAO_E_IO,
                     "rank %d of %d: stopped, and the others do not answer", r->index,
                     r->count);
        }
        sched_yield(); /* there may be more ranks than CPUs */
    }
}

/* Where the next call's request goes; NULL: there is nothing to call. */
static MPI_Request *next(kao_ranks *r)
{
    if (!r || r->failed)
        return NULL;
    if (r->n_under_way == MOST)
        kao_ranks_wait(r);
    return r->failed ? NULL : &r->under_way[r->n_under_way];
}

static void began(kao_ranks *r, int code)
{
    if (code != MPI_SUCCESS)
        broke(r);
    else
        r->n_under_way++;
}

static void reduce_begin(kao_ranks *r, void *x, size_t n, MPI_Datatype type,
                         size_t each, MPI_Op op)
{
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t some = n - i < PIECE ? n - i : PIECE;
        MPI_Request *to = next(r);

        if (to)
            began(r, MPI_Iallreduce(MPI_IN_PLACE, (char *)x + i * each, (int)some, type,
                                    op, MPI_COMM_WORLD, to));
    }
}

void kao_ranks_sum_begin(kao_ranks *r, float *x, size_t n)
{
    reduce_begin(r, x, n, MPI_FLOAT, sizeof *x, MPI_SUM);
}

void kao_ranks_share_begin(kao_ranks *r, void *p, size_t bytes, uint32_t from)
{
    for (size_t i = 0; i < bytes; i += PIECE) {
        const size_t some = bytes - i < PIECE ? bytes - i : PIECE;
        MPI_Request *to = next(r);

        if (to)
            began(r, MPI_Ibcast((char *)p + i, (int)some, MPI_BYTE, (int)from,
                                MPI_COMM_WORLD, to));
    }
}

void kao_ranks_sum(kao_ranks *r, double *x, size_t n)
{
    reduce_begin(r, x, n, MPI_DOUBLE, sizeof *x, MPI_SUM);
    kao_ranks_wait(r);
}

void kao_ranks_max(kao_ranks *r, double *x, size_t n)
{
    reduce_begin(r, x, n, MPI_DOUBLE, sizeof *x, MPI_MAX);
    kao_ranks_wait(r);
}

void kao_ranks_gather(kao_ranks *r, void *p, size_t bytes)
{
    for (uint32_t k = 0; k < kao_ranks_count(r); k++)
        kao_ranks_share_begin(r, (char *)p + k * bytes, bytes, k);
    kao_ranks_wait(r);
}

/* ---- failure ---- */

kao_status kao_ranks_check(const kao_ranks *r, kao_error *err)
{
    if (!r || !r->failed)
        return KAO_OK;
    if (err)
        *err = r->why;
    return r->why.code;
}

kao_status kao_ranks_agree(kao_ranks *r, kao_status st, kao_error *err)
{
    kao_error one = { .code = st };
    double first = st ? -(double)kao_ranks_index(r) : -(double)kao_ranks_count(r);

    if (!r)
        return st;
    kao_ranks_max(r, &first, 1);
    if (!r->failed && -first >= r->count)
        return KAO_OK;
    if (st && err)
        one = *err;
    kao_ranks_share_begin(r, &one, sizeof one, (uint32_t)-first);
    kao_ranks_wait(r);
    if (r->failed)
        return st ? st : kao_ranks_check(r, err);
    r->agreed = true;
    if (err)
        *err = one;
    return one.code;
}
