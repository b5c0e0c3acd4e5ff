/* Training steps of an architecture: forward, backward, AdamW, on noise. Median of the steps,
 * each timed by itself after one that is not counted: images a second, multiply-adds a second
 * and their share of this machine's FMA peak, measured in the same run, and peak memory.
 *
 *   bench_train ARCH BATCH STEPS [THREADS [bfloat16]]
 *
 * Multiply-adds are those of convolutions and matrices, three times: forward, by weights, by
 * inputs. bench/peers/train_torch.py does the same steps in PyTorch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/random.h"
#include "measure.h"
#include "nn/op.h"
#include "train/arch.h"
#include "train/optimizer.h"

enum { MAX_STEPS = 1000, MAX_BATCH = 4096, MAX_THREADS = 256 };
enum { ANY_SIDE = 416 }; /* of an input of any size: YOLOv3's own */

typedef struct parts { /* seconds of a step, by part */
    double forward, backward, optimizer;
} parts;

typedef struct trained {
    kao_context *ctx;
    uint8_t *bytes;
    kao_network *net;
    kao_tape *t;
    kao_optimizer o;
} trained;

static void fill(float *to, size_t n, uint32_t stream)
{
    kao_random r = kao_random_stream(1, 0, stream);

    for (size_t i = 0; i < n; i++)
        to[i] = kao_random_float(&r, -1, 1);
}

static kao_status make(trained *x, const char *arch, int64_t batch, uint32_t threads,
                       bool bf16, kao_error *err)
{
    const kao_context_options o = { .n_threads = threads };
    kao_tensor in = { .dtype = KAO_F32, .rank = 4 };
    size_t n = 0;
    kao_status st = kao_context_create(&x->ctx, &o, err);

    if (!st)
        st = kao_arch_make(&x->ctx->mem, arch, 1, &x->bytes, &n, err);
    if (!st)
        st = kao_network_parse(x->ctx, &x->net, (kao_span){ x->bytes, n }, arch, err);
    if (st)
        return st;
    in.dims[0] = batch;
    for (int i = 1; i < 4; i++) {
        const int64_t side = x->net->onnx.inputs[0].dims[i];

        in.dims[i] = side > 0 ? side : ANY_SIDE;
    }
    x->net->bf16 = bf16;
    st = kao_tape_create(&x->t, x->net, &in, err);
    if (!st)
        st = kao_optimizer_init(&x->o, x->t, false, err);
    if (!st)
        fill(kao_tape_input(x->t), (size_t)kao_tensor_count(&in), 0);
    return st;
}

static parts step(trained *x, const float *const *noise)
{
    const double t0 = now_s();

    kao_tape_forward(x->t, true);
    const double t1 = now_s();

    for (uint32_t i = 0; i < x->net->onnx.n_outputs; i++) {
        const size_t n = (size_t)kao_tensor_count(kao_tape_output(x->t, i));

        memcpy(kao_tape_output_grad(x->t, i), noise[i], n * sizeof(float));
    }
    kao_tape_backward(x->t);
    const double t2 = now_s();

    kao_optimizer_step(&x->o, 1e-3f);
    return (parts){ t1 - t0, t2 - t1, now_s() - t2 };
}

/* Of one forward run. */
static double multiply_adds(const kao_tape *t)
{
    double sum = 0;

    for (uint32_t i = 0; i < t->n_steps; i++) {
        const kao_op_kind kind = t->steps[i].s->op->kind;

        if (kind == KAO_OP_CONV || kind == KAO_OP_GEMM)
            sum += (double)kao_step_work(&t->g, t->steps[i].s);
    }
    return sum;
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_value);
    return v[n / 2];
}

static void report(trained *x, int64_t batch, int steps, const float *const *noise)
{
    double all[MAX_STEPS], forward[MAX_STEPS], backward[MAX_STEPS],
        optimizer[MAX_STEPS];
    const double peak = peak_flops(&x->net->kernels, &x->ctx->mem) / 2 *
                        (double)kao_pool_threads(x->ctx->pool);
    struct rusage use = { 0 };

    step(x, noise);
    for (int i = 0; i < steps; i++) {
        const parts p = step(x, noise);

        forward[i] = p.forward;
        backward[i] = p.backward;
        optimizer[i] = p.optimizer;
        all[i] = p.forward + p.backward + p.optimizer;
    }
    const double s = median(all, steps), macs = 3 * multiply_adds(x->t);

    getrusage(RUSAGE_SELF, &use);
    printf("%s, batch %lld, %u threads, median of %d steps (fastest %.3f s, slowest "
           "%.3f s)\n",
           x->net->name, (long long)batch, kao_pool_threads(x->ctx->pool), steps,
           all[0], all[steps - 1]);
    printf("  %.2f images/s   %.3f s: forward %.3f, backward %.3f, AdamW %.3f\n",
           (double)batch / s, s, median(forward, steps), median(backward, steps),
           median(optimizer, steps));
    printf("  %.1f G multiply-adds/s, %.1f %% of the peak of %.1f   memory %.0f MiB at "
           "most\n",
           macs / s * 1e-9, 100 * macs / s / peak, peak * 1e-9,
           (double)use.ru_maxrss / 1024);
}

static kao_status bench(trained *x, int64_t batch, int steps, kao_error *err)
{
    const uint32_t n_out = x->net->onnx.n_outputs;
    float **noise = kao_calloc(&x->ctx->mem, n_out, sizeof *noise);
    bool ok = noise != NULL;

    for (uint32_t i = 0; ok && i < n_out; i++) {
        const size_t n = (size_t)kao_tensor_count(kao_tape_output(x->t, i));

        noise[i] = kao_calloc(&x->ctx->mem, n, sizeof(float));
        ok = noise[i] != NULL;
        if (ok)
            fill(noise[i], n, i + 1);
    }
    if (ok)
        report(x, batch, steps, (const float *const *)noise);
    for (uint32_t i = 0; noise && i < n_out; i++)
        kao_free(&x->ctx->mem, noise[i]);
    kao_free(&x->ctx->mem, noise);
    return ok ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "out of memory");
}

int main(int argc, char **argv)
{
    const int batch = argc > 2 ? atoi(argv[2]) : 0,
              steps = argc > 3 ? atoi(argv[3]) : 0;
    const int threads = argc > 4 ? atoi(argv[4]) : 1;
    trained x = { 0 };
    kao_error err = { 0 };

    const bool bf16 = argc == 6 && strcmp(argv[5], "bfloat16") == 0;

    if (argc < 4 || argc > 6 || (argc == 6 && !bf16) || batch < 1 ||
        batch > MAX_BATCH || steps < 1 || steps > MAX_STEPS || threads < 1 ||
        threads > MAX_THREADS) {
        fprintf(stderr, "usage: bench_train ARCH BATCH STEPS [THREADS [bfloat16]]\n");
        return 2;
    }
    kao_status st = make(&x, argv[1], batch, (uint32_t)threads, bf16, &err);

    if (!st)
        st = bench(&x, batch, steps, &err);
    if (st)
        fprintf(stderr, "bench_train: %s\n", err.msg);
    if (x.o.mem)
        kao_optimizer_fini(&x.o);
    kao_tape_destroy(x.t);
    kao_network_destroy(x.net);
    if (x.ctx)
        kao_free(&x.ctx->mem, x.bytes);
    kao_context_destroy(x.ctx);
    return st ? 1 : 0;
}
