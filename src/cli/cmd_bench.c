/* kao bench: networks on this machine, in windows, as numbers to compare. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/bytes.h"
#include "base/context.h"
#include "base/cpu.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/photo.h"
#include "nn/session.h"

typedef struct bench_args {
    const char *cpu;
    uint32_t size, threads;
    float seconds;
    bool csv, json;
} bench_args;

const cli_option cli_bench_options[] = {
    { "size", 's', CLI_COUNT, offsetof(bench_args, size), "N",
      "height and width where the file leaves them free [640]" },
    { "seconds", 0, CLI_SECONDS, offsetof(bench_args, seconds), "S",
      "measure each network for so long [2]" },
    { "threads", 't', CLI_COUNT, offsetof(bench_args, threads), "N", "threads [1]" },
    { "cpu", 0, CLI_TEXT, offsetof(bench_args, cpu), KAO_CPU_CHOICES,
      "widest kernels to use [native; KAO_CPU]" },
    { "csv", 0, CLI_FLAG, offsetof(bench_args, csv), NULL,
      "fields: model, cpu, threads, input, load_ms, first_ms, median_ms, min_ms, "
      "runs" },
    { "json", 0, CLI_FLAG, offsetof(bench_args, json), NULL, "one JSON object a line" },
    { .name = NULL },
};

enum { MAX_RUNS = 100000 };

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Numbers that look like a scaled picture; free dims become 1 (batch) or size. Pictures
 * of three channels come channels last, as the detectors and embedders feed them. */
static kao_status fill_input(kao_session *s, const kao_network *m, uint32_t i,
                             uint32_t size, void **data, kao_error *err)
{
    const kao_onnx_input *in = &m->onnx.inputs[i];
    kao_tensor t = { .dtype = (kao_dtype)in->dtype, .rank = in->rank };
    int64_t n = 0;

    if (in->rank < 0 || t.dtype != KAO_F32)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: input %u is no float32 of known rank", m->name, i);
    for (int32_t d = 0; d < in->rank; d++)
        t.dims[d] = in->dims[d] >= 0                              ? in->dims[d]
                    : d == 0                                      ? 1
                    : d == 1 && in->rank == 4 && in->dims[3] != 3 ? 3
                                                                  : size;
    if (!kao_dims_count(t.dims, t.rank, &n) || n > (int64_t)1 << 28)
        return kao_fail(err, KAO_E_LIMIT, "%s: input %u is too large", m->name, i);
    if (t.rank == 4 && t.dims[1] == 3)
        kao_tensor_set_channels_last(&t);
    else
        kao_tensor_set_dense(&t);
    *data = kao_calloc(&m->ctx->mem, (size_t)n + 1, sizeof(float));
    if (!*data)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", m->name);
    for (int64_t k = 0; k < n; k++)
        ((float *)*data)[k] = (float)(k * 7919 % 255) / 127.5f - 1;
    t.data = *data;
    return kao_session_bind(s, i, &t, err);
}

typedef struct timing {
    double load, first, median, least;
    size_t n;
} timing;

static kao_status measure(kao_session *s, double seconds, timing *t, kao_error *err)
{
    double *ms = calloc(MAX_RUNS, sizeof *ms);
    double begin = cli_now_ms();
    kao_status st =
        ms ? kao_session_run(s, err) : kao_fail(err, KAO_E_NOMEM, "out of memory");

    t->first = cli_now_ms() - begin;
    for (const double end = cli_now_ms() + seconds * 1e3;
         !st && t->n < MAX_RUNS && (t->n < 3 || cli_now_ms() < end); t->n++) {
        begin = cli_now_ms();
        st = kao_session_run(s, err);
        ms[t->n] = cli_now_ms() - begin;
    }
    if (!st) {
        qsort(ms, t->n, sizeof *ms, by_value);
        t->median = ms[t->n / 2];
        t->least = ms[0];
    }
    free(ms);
    return st;
}

static const char *name_of(const char *path)
{
    return strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
}

static int print_json(const kao_context *ctx, const char *name, const kao_plan *p,
                      const timing *t)
{
    kao_json *o = kao_json_object(),
             *shape = p->n_inputs ? kao_json_array() : kao_json_null();

    for (int32_t i = 0; p->n_inputs && i < p->inputs[0].rank; i++)
        kao_json_add(shape, kao_json_integer(p->inputs[0].dims[i]));
    kao_json_set(o, "model", kao_json_string(name));
    kao_json_set(o, "cpu", kao_json_string(kao_context_cpu(ctx)));
    kao_json_set(o, "threads", kao_json_integer(kao_context_threads(ctx)));
    kao_json_set(o, "input", shape);
    kao_json_set(o, "load_ms", kao_json_number(t->load));
    kao_json_set(o, "first_ms", kao_json_number(t->first));
    kao_json_set(o, "median_ms", kao_json_number(t->median));
    kao_json_set(o, "min_ms", kao_json_number(t->least));
    kao_json_set(o, "runs", kao_json_integer((int64_t)t->n));
    kao_json_set(o, "activation_bytes", kao_json_integer((int64_t)p->arena_bytes));
    kao_json_set(o, "weight_bytes", kao_json_integer((int64_t)p->constant_bytes));
    return cli_print_json("bench", o);
}

/* shape is changed. */
static int print_csv(const kao_context *ctx, const char *name, char *shape,
                     const timing *t)
{
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    kao_bytes field = { .mem = &mem, .max = (size_t)1 << 16 };

    if (!kao_bytes_add_csv(&field, name)) {
        kao_bytes_free(&field);
        return CLI_FAULT;
    }
    for (char *c = shape; *c; c++)
        *c = *c == ',' ? 'x' : *c;
    printf("%.*s,%s,%u,%s,%.2f,%.2f,%.4f,%.4f,%zu\n", (int)field.n,
           (const char *)field.p, kao_context_cpu(ctx), kao_context_threads(ctx), shape,
           t->load, t->first, t->median, t->least, t->n);
    kao_bytes_free(&field);
    return CLI_YES;
}

static int print(const bench_args *a, const kao_context *ctx, const char *path,
                 const kao_session *s, const timing *t)
{
    const char *name = name_of(path);
    const kao_plan *p = kao_session_plan(s);
    char shape[96] = "no input";

    if (a->json)
        return print_json(ctx, name, p, t);
    if (p->n_inputs)
        kao_dims_text(p->inputs[0].dims, p->inputs[0].rank, shape, sizeof shape);
    if (a->csv)
        return print_csv(ctx, name, shape, t);
    printf("%-32s %-18s %s, %u thread%s: %8.3f ms median, %8.3f least of %zu; "
           "load %.1f ms, activations %.1f MiB, packed weights %.1f MiB\n",
           name, shape, kao_context_cpu(ctx), kao_context_threads(ctx),
           kao_context_threads(ctx) == 1 ? "" : "s", t->median, t->least, t->n, t->load,
           (double)p->arena_bytes / 1048576, (double)p->constant_bytes / 1048576);
    return CLI_YES;
}

/* *printed: the exit status of what is printed. */
static kao_status bench_one(kao_context *ctx, const bench_args *a,
                            const cli_model *found, int *printed, kao_error *err)
{
    const kao_span bytes = { found->bytes, found->n_bytes };
    kao_network *m = NULL;
    kao_session *s = NULL;
    void *data[16] = { NULL };
    timing t = { .n = 0 };
    const double begin = cli_now_ms();
    kao_status st = found->bytes ? kao_network_parse(ctx, &m, bytes, found->path, err)
                                 : kao_network_load(ctx, &m, found->path, err);

    if (!st)
        st = kao_session_create(&s, m, NULL, err);
    t.load = cli_now_ms() - begin;
    if (!st && m->onnx.n_inputs > 16)
        st = kao_fail(err, KAO_E_UNSUPPORTED, "%s: more than 16 inputs", found->path);
    for (uint32_t i = 0; !st && i < m->onnx.n_inputs; i++)
        st = fill_input(s, m, i, a->size, &data[i], err);
    if (!st)
        st = measure(s, (double)a->seconds, &t, err);
    if (!st)
        *printed = print(a, ctx, found->path, s, &t);
    kao_session_destroy(s);
    kao_network_destroy(m);
    for (int i = 0; i < 16; i++)
        kao_free(&ctx->mem, data[i]);
    return st;
}

int cli_bench_run(int argc, char **argv)
{
    bench_args args = { .size = 640, .threads = 1, .seconds = 2 };
    cli_operands rest;
    kao_context *ctx = NULL;
    kao_error err = { 0 };
    struct rusage use;
    int status = CLI_BAD;

    if (!cli_begin("bench", argc, argv, &args, &rest, &status))
        return status;
    kao_status st = cli_context(&ctx, args.threads, args.cpu, &err);

    if (st)
        return cli_report("bench", st, &err);
    status = CLI_YES;
    for (int i = 0; i < (rest.n ? rest.n : 2); i++) {
        cli_model found;
        int s = CLI_YES;

        st = rest.n ? cli_find_model(rest.items[i], &found, &err)
                    : cli_find_default((cli_role)i, &found, &err);
        const char *path = !st      ? found.path
                           : rest.n ? rest.items[i]
                           : i      ? CLI_BUNDLED_EMBEDDER
                                    : CLI_BUNDLED_DETECTOR;

        if (!st)
            st = bench_one(ctx, &args, &found, &s, &err);
        if (st)
            s = cli_report_object("bench", "model", name_of(path), args.json, st, &err);
        status = s > status ? s : status;
        fflush(stdout);
    }
    if (!args.csv && !args.json && getrusage(RUSAGE_SELF, &use) == 0)
        printf("memory of the process: %.1f MiB at most\n",
               (double)use.ru_maxrss / 1024);
    kao_context_destroy(ctx);
    return cli_finish("bench", status);
}
