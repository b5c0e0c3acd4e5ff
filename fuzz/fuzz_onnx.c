/* An ONNX file: parse, plan and run, with bounds that keep one input under a moment. The
 * last byte picks the size of the picture and the passes. */
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "nn/session.h"
#include "target.h"

enum { MOST = 1 << 16 }; /* numbers of one input */

/* Dims that the file leaves open get `side`; false: too large to fill. */
static bool input_of(const kao_onnx_input *in, int64_t side, kao_tensor *t)
{
    int64_t n = 0;

    *t = (kao_tensor){ .dtype = (kao_dtype)in->dtype,
                       .rank = in->rank < 0 ? 4 : in->rank };
    for (int32_t i = 0; i < t->rank; i++) {
        t->dims[i] = in->rank < 0 || in->dims[i] < 0 ? side : in->dims[i];
        if (in->rank < 0 && i < 2)
            t->dims[i] = i == 0 ? 1 : 3;
    }
    kao_tensor_set_dense(t);
    return kao_dims_count(t->dims, t->rank, &n) && n <= MOST;
}

static kao_status run(kao_network *m, kao_session *s, int64_t side, void *data,
                      kao_error *err)
{
    for (uint32_t i = 0; i < m->onnx.n_inputs; i++) {
        kao_tensor t;

        if (!input_of(&m->onnx.inputs[i], side, &t))
            return KAO_OK;
        t.data = data;
        const kao_status st = kao_session_bind(s, i, &t, err);

        if (st)
            return st;
    }
    return kao_session_run(s, err);
}

/* Every byte of the outputs is there. */
static void touch(const kao_session *s, uint32_t n_outputs)
{
    static volatile uint8_t sum;

    for (uint32_t i = 0; i < n_outputs; i++) {
        const kao_tensor *t = kao_session_output(s, i);
        const uint8_t *p = t ? t->data : NULL;
        const size_t n =
            t ? (size_t)kao_tensor_count(t) * kao_dtype_size((int)t->dtype) : 0;

        for (size_t k = 0; k < n; k++)
            sum = (uint8_t)(sum + p[k]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const uint32_t passes[] = { KAO_PASS_ALL, 0, KAO_PASS_CONV, KAO_PASS_VIEW };
    static uint64_t numbers[MOST];
    static kao_context *ctx;
    const kao_context_options options = { .n_threads = 1 };
    const uint8_t last = n ? data[n - 1] : 0;
    kao_network *m = NULL;
    kao_session *s = NULL;
    kao_error err = { 0 };

    if (!ctx) {
        FUZZ_CHECK(kao_context_create(&ctx, &options, NULL) == KAO_OK);
        ctx->max_work = 1 << 24;
        ctx->max_arena = 8 << 20;
    }
    memset(numbers, last & 64 ? 0xff : 0, sizeof numbers);
    for (size_t i = 0; i < MOST && !(last & 128); i++)
        ((float *)(void *)numbers)[i] = (float)(i % 7) - 2;
    const size_t live = atomic_load(&ctx->mem.live);
    kao_status st = kao_network_parse(ctx, &m, (kao_span){ data, n }, "fuzz", &err);

    FUZZ_CHECK((st == KAO_OK) == (m != NULL));
    if (!st)
        st = kao_session_create(
            &s, m, &(kao_session_options){ .passes = passes[last & 3] }, &err);
    for (int64_t i = 0; !st && i < 2; i++) { /* two sizes, two plans */
        st = run(m, s, 4 + 4 * i + (last >> 2 & 7), numbers, &err);
        if (!st)
            touch(s, m->onnx.n_outputs);
    }
    FUZZ_CHECK(!st || (err.code == st && err.msg[0] && !strchr(err.msg, '\n')));
    kao_session_destroy(s);
    kao_network_destroy(m);
    FUZZ_CHECK(atomic_load(&ctx->mem.live) == live);
    return 0;
}
