/* ranks.h in a build without MPI: a process is alone, and refuses to be one of several, which
 * would write over each other's checkpoints. */
#include <stdlib.h>

#include "train/ranks.h"

kao_status kao_ranks_begin(kao_ranks **out, kao_mem *mem, const kao_cancel *cancel,
                           kao_error *err)
{
    const char *size = getenv("OMPI_COMM_WORLD_SIZE"); /* mpirun sets it */

    (void)mem;
    (void)cancel;
    *out = NULL;
    if (size && strtol(size, NULL, 10) > 1)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "one of %.20s processes of mpirun, in a build without MPI "
                        "(meson setup -Dmpi=enabled)",
                        size);
    return KAO_OK;
}

void kao_ranks_end(kao_ranks *r, kao_status st)
{
    (void)r;
    (void)st;
}

uint32_t kao_ranks_count(const kao_ranks *r)
{
    (void)r;
    return 1;
}

uint32_t kao_ranks_index(const kao_ranks *r)
{
    (void)r;
    return 0;
}

bool kao_ranks_leads(const kao_ranks *r)
{
    (void)r;
    return true;
}

void kao_ranks_sum_begin(kao_ranks *r, float *x, size_t n)
{
    (void)r;
    (void)x;
    (void)n;
}

void kao_ranks_share_begin(kao_ranks *r, void *p, size_t bytes, uint32_t from)
{
    (void)r;
    (void)p;
    (void)bytes;
    (void)from;
}

void kao_ranks_poll(kao_ranks *r)
{
    (void)r;
}

void kao_ranks_wait(kao_ranks *r)
{
    (void)r;
}

void kao_ranks_sum(kao_ranks *r, double *x, size_t n)
{
    (void)r;
    (void)x;
    (void)n;
}

void kao_ranks_max(kao_ranks *r, double *x, size_t n)
{
    (void)r;
    (void)x;
    (void)n;
}

void kao_ranks_gather(kao_ranks *r, void *p, size_t bytes)
{
    (void)r;
    (void)p;
    (void)bytes;
}

kao_status kao_ranks_check(const kao_ranks *r, kao_error *err)
{
    (void)r;
    (void)err;
    return KAO_OK;
}

kao_status kao_ranks_agree(kao_ranks *r, kao_status st, kao_error *err)
{
    (void)r;
    (void)err;
    return st;
}
