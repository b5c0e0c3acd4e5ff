/* Plans of one random graph side by side: contexts, runs, and the comparison of their outputs. */
#include "random/differ.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "nn/session.h"

bool differ_open(differ *d)
{
    *d = (differ){ .n_ctx = 0 };
    for (size_t i = 0; kao_cpu_level_at(i) && d->n_ctx < DIFFER_LEVELS; i++) {
        const kao_context_options o = { .n_threads = 1,
                                        .cpu = kao_cpu_level_at(i)->name };

        if (kao_context_create(&d->ctx[d->n_ctx], &o, NULL) == KAO_OK)
            d->n_ctx++;
    }
    return d->n_ctx > 0;
}

void differ_close(differ *d)
{
    for (int i = 0; i < d->n_ctx; i++)
        kao_context_destroy(d->ctx[i]);
}

static kao_status run(kao_network *net, const random_graph *t, uint32_t passes,
                      kao_session **s, kao_error *err)
{
    const kao_session_options o = { .passes = passes };
    kao_status st = kao_session_create(s, net, &o, err);

    for (uint32_t i = 0; !st && i < t->n_in; i++)
        st = kao_session_bind(*s, i, &t->in[i], err);
    return st ? st : kao_session_run(*s, err);
}

/* The first element that differs by more than its bound; -1: none. */
static int64_t first_wrong(differ *d, const kao_tensor *got, const kao_tensor *want,
                           double e)
{
    const int64_t n = kao_tensor_count(want);
    const size_t size = kao_dtype_size((int)want->dtype);
    const float *a = got->data, *b = want->data;

    for (int64_t i = 0; i < n; i++) {
        if (want->dtype != KAO_F32) {
            if (memcmp((const char *)got->data + (size_t)i * size,
                       (const char *)want->data + (size_t)i * size, size) != 0)
                return i;
            continue;
        }
        if (a[i] == b[i] || (isnan(a[i]) && isnan(b[i])))
            continue;
        const double share = fabs((double)a[i] - (double)b[i]) / (e + 1e-37);

        if (!(share <= 1) || isinf(a[i]) || isinf(b[i]))
            return i;
        d->worst = share > d->worst ? share : d->worst;
    }
    return -1;
}

static bool compare(differ *d, const random_graph *t, const kao_session *got,
                    const kao_session *want, char *why, size_t cap)
{
    for (uint32_t i = 0; i < t->n_out; i++) {
        const random_value *v = &t->v[t->out[i]];
        const kao_tensor *a = kao_session_output(got, i),
                         *b = kao_session_output(want, i);
        char text[96];

        if (b->dtype != v->dtype || b->rank != v->rank ||
            memcmp(b->dims, v->dims, (size_t)v->rank * sizeof *v->dims) != 0) {
            snprintf(why, cap, "output %u %s is %s, which the maker expected otherwise",
                     i, v->name, kao_dims_text(b->dims, b->rank, text, sizeof text));
            return false;
        }
        if (a->dtype != b->dtype || !kao_tensor_same_dims(a, b)) {
            snprintf(why, cap, "output %u %s has another shape", i, v->name);
            return false;
        }
        const int64_t k = first_wrong(d, a, b, v->e);

        if (k >= 0) {
            snprintf(why, cap, "output %u %s %s, element %lld: %.9g, wanted %.9g +- %g",
                     i, v->name, kao_dims_text(b->dims, b->rank, text, sizeof text),
                     (long long)k, kao_tensor_number_at(a, k),
                     kao_tensor_number_at(b, k), v->e);
            return false;
        }
    }
    return true;
}

static bool check_plan(differ *d, const random_graph *t, kao_network *net,
                       const kao_session *want, uint32_t passes, char *why, size_t cap)
{
    kao_session *s = NULL;
    kao_error err = { 0 };
    char rest[256];
    bool ok = false;

    if (run(net, t, passes, &s, &err))
        snprintf(rest, sizeof rest, "%s", err.msg);
    else
        ok = compare(d, t, s, want, rest, sizeof rest);
    if (!ok)
        snprintf(why, cap, "%s, passes %u: %s", kao_context_cpu(net->ctx), passes,
                 rest);
    kao_session_destroy(s);
    return ok;
}

/* Sets of passes after the whole one: each pass left out, then each with conv alone. */
static uint32_t pass_set(int i)
{
    return i < DIFFER_PASSES ? KAO_PASS_ALL & ~(1u << i)
                             : KAO_PASS_CONV | 1u << (i - DIFFER_PASSES);
}

bool differ_check(differ *d, const random_graph *t, const pb *file, int pass_sets,
                  char *why, size_t cap)
{
    const kao_span bytes = { file->p, file->n };
    kao_network *net[DIFFER_LEVELS] = { NULL };
    kao_session *want = NULL;
    kao_error err = { 0 };
    bool ok = true;

    for (int i = 0; ok && i < d->n_ctx; i++) {
        ok = kao_network_parse(d->ctx[i], &net[i], bytes, "random", &err) == KAO_OK;
        if (ok)
            net[i]->winograd = t->winograd;
    }
    if (!ok || run(net[0], t, 0, &want, &err)) {
        snprintf(why, cap, "%s", err.msg);
        ok = false;
    }
    for (int i = 0; ok && i < d->n_ctx; i++)
        ok = check_plan(d, t, net[i], want, KAO_PASS_ALL, why, cap);
    for (int i = 0; ok && i < pass_sets; i++)
        ok = check_plan(d, t, net[(i + pass_sets) % d->n_ctx], want, pass_set(i), why,
                        cap);
    kao_session_destroy(want);
    for (int i = 0; i < d->n_ctx; i++)
        kao_network_destroy(net[i]);
    return ok;
}
