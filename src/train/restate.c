/* See restate.h. */
#include "train/restate.h"

#include <string.h>

#include "base/error.h"

/* All statistics to kept, or back from it. */
static size_t copy(const kao_tape *t, float *kept, bool back)
{
    size_t n = 0;

    for (uint32_t i = 0; i < t->n_params; i++) {
        const kao_param *p = &t->params[i];

        if (p->kind != KAO_PARAM_STATISTIC)
            continue;
        if (kept && back)
            memcpy(p->data, kept + n, p->n * sizeof *kept);
        else if (kept)
            memcpy(kept + n, p->data, p->n * sizeof *kept);
        n += p->n;
    }
    return n;
}

kao_status kao_restate_begin(kao_restate *r, kao_tape *t, kao_mem *mem,
                             const kao_task_kind *kind, kao_task *task, uint64_t n,
                             uint64_t batch, kao_error *err)
{
    const float momentum = t->norm_momentum;

    *r = (kao_restate){ .mem = mem, .tape = t, .runs = t->runs };
    if (n == 0 || !kind->plain)
        return KAO_OK;
    r->kept = kao_calloc(mem, copy(t, NULL, false) + 1, sizeof *r->kept);
    if (!r->kept)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    copy(t, r->kept, false);
    kao_status st = KAO_OK;

    for (uint64_t k = 0; !st && k < n; k++) {
        st = kind->plain(task, t, k * batch);
        t->norm_momentum = 1 / (float)(k + 1); /* the mean of all so far */
        kao_tape_forward(t, true);
    }
    t->norm_momentum = momentum;
    if (st)
        kao_restate_end(r);
    return st ? kao_fail(err, st, "plain pictures: %s", kao_status_name(st)) : KAO_OK;
}

void kao_restate_end(kao_restate *r)
{
    if (!r->kept)
        return;
    copy(r->tape, r->kept, true);
    r->tape->runs = r->runs;
    kao_free(r->mem, r->kept);
    *r = (kao_restate){ .mem = NULL };
}
