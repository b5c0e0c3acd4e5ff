/* The ONNX project's operator tests, through the loader and a session.
 *
 * Every test of INDEX.tsv gets one verdict: it passes; it is refused by name (an operator or
 * type that kao does not have: fine, if what it uses is not on kao's list); it is left out
 * (flagged in the index, or on the list below with a reason); or it fails. A test of kao's
 * own operators and types that is refused is a failure: the suite must not shrink unseen.
 *
 * usage: test_conformance [--passes none|all] [--graphs] [-v] [FOLDER/NAME]
 * --graphs: the small graphs of data/onnx-graphs instead. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/half.h"
#include "nn/session.h"
#include "support/shared.h"

enum { MAX_FIELDS = 9, MAX_TENSORS = 64 };

static const struct {
    const char *name, *reason;
} left_out[] = {
    { "test_resize_downsample_scales_linear_align_corners",
      "output size and grid are disputed (README of the pack)" },
    { "test_resize_downsample_scales_cubic_align_corners",
      "output size and grid are disputed (README of the pack)" },
};

typedef struct counts {
    int passed, refused, left_out, failed;
} counts;

typedef struct settings {
    kao_context *ctx;
    const char *dir, *only;
    uint32_t passes;
    bool verbose, graphs;
    double absolute; /* tolerance beside 1e-3 relative */
} settings;

/* ---- what the index says ---- */

static const char *const types[] = { "FLOAT",  "INT64",  "INT32",  "UINT8",
                                     "INT8",   "BOOL",   "DOUBLE", "FLOAT16",
                                     "UINT16", "UINT32", "UINT64", "INT16" };

static bool all_in(const char *list, bool (*is)(const char *word))
{
    char copy[512], *save = NULL;

    snprintf(copy, sizeof copy, "%s", list);
    for (char *w = strtok_r(copy, ", ", &save); w; w = strtok_r(NULL, ", ", &save))
        if (!is(w))
            return false;
    return true;
}

static bool is_our_type(const char *w)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i], w) == 0)
            return true;
    return false;
}

static bool is_our_operator(const char *w)
{
    bool known = false;

    kao_op_find(w, 1, &known);
    return known;
}

static const char *reason_left_out(const char *test)
{
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
        if (strcmp(left_out[i].name, test) == 0)
            return left_out[i].reason;
    return NULL;
}

/* ---- tensors ---- */

typedef struct tensors {
    kao_mem *mem;
    kao_arena arena;
    kao_onnx_tensor t[MAX_TENSORS];
    uint32_t n;
} tensors;

/* Networks of float16 take and give float32. */
static void widen(tensors *x, kao_onnx_tensor *t)
{
    const uint16_t *from = t->data;
    float *to = kao_arena_calloc(&x->arena, (size_t)t->n + 1, sizeof *to);

    for (int64_t i = 0; i < t->n; i++)
        to[i] = kao_half_to_float(from[i]);
    t->dtype = KAO_F32;
    t->data = to;
}

static kao_status read_tensors(tensors *x, const char *dir, const char *kind,
                               kao_error *err)
{
    char path[1024];

    for (x->n = 0; x->n < MAX_TENSORS; x->n++) {
        kao_file f = { 0 };
        kao_error own = { 0 };

        snprintf(path, sizeof path, "%s/test_data_set_0/%s_%u.pb", dir, kind, x->n);
        if (kao_file_open(&f, x->mem, path, KAO_MAX_FILE, &own))
            return KAO_OK; /* that was the last */
        void *copy =
            kao_arena_alloc(&x->arena, f.bytes.n + 1); /* tensors borrow from it */

        memcpy(copy, f.bytes.p, f.bytes.n);
        const kao_status st = kao_onnx_tensor_parse(
            &x->t[x->n], (kao_span){ copy, f.bytes.n }, &x->arena, NULL, err);

        kao_file_close(&f);
        if (st)
            return st;
        if (x->t[x->n].dtype == KAO_F16)
            widen(x, &x->t[x->n]);
    }
    return KAO_OK;
}

static kao_tensor view(const kao_onnx_tensor *o)
{
    kao_tensor t = { .dtype = o->dtype, .rank = o->rank };

    memcpy(t.dims, o->dims, sizeof t.dims);
    kao_tensor_set_dense(&t);
    t.data = (void *)(uintptr_t)o->data;
    return t;
}

static bool equal(const kao_tensor *got, const kao_tensor *want, double absolute,
                  char *why, size_t cap)
{
    const int64_t n = kao_tensor_count(want);
    char a[96], b[96];

    if (got->dtype != want->dtype || !kao_tensor_same_dims(got, want)) {
        snprintf(why, cap, "got %s %s, wanted %s %s", kao_dtype_name((int)got->dtype),
                 kao_dims_text(got->dims, got->rank, a, sizeof a),
                 kao_dtype_name((int)want->dtype),
                 kao_dims_text(want->dims, want->rank, b, sizeof b));
        return false;
    }
    if (!kao_tensor_is_real(got)) {
        snprintf(why, cap, "elements differ");
        return n == 0 || memcmp(got->data, want->data,
                                (size_t)n * kao_dtype_size((int)got->dtype)) == 0;
    }
    for (int64_t i = 0; i < n; i++) {
        const double g = kao_tensor_number_at(got, i),
                     w = kao_tensor_number_at(want, i);

        if (!(g == w || (g != g && w != w) ||
              fabs(g - w) <= 1e-3 * fabs(w) + absolute)) {
            snprintf(why, cap, "element %lld is %.7g, wanted %.7g", (long long)i, g, w);
            return false;
        }
    }
    return true;
}

/* ---- one test ---- */

static kao_status run_model(kao_session *s, tensors *in, kao_error *err)
{
    kao_status st = KAO_OK;

    for (uint32_t i = 0; !st && i < in->n; i++) {
        const kao_tensor t = view(&in->t[i]);

        st = kao_session_bind(s, i, &t, err);
    }
    return st ? st : kao_session_run(s, err);
}

/* KAO_OK: right; KAO_E_UNSUPPORTED: refused, err says why; else wrong. */
static kao_status run_test(const settings *s, const char *dir, kao_error *err)
{
    char path[1024], why[256] = "";
    kao_network *m = NULL;
    kao_session *session = NULL;
    tensors in = { .mem = &s->ctx->mem }, want = { .mem = &s->ctx->mem };

    kao_arena_init(&in.arena, &s->ctx->mem, (size_t)1 << 30);
    kao_arena_init(&want.arena, &s->ctx->mem, (size_t)1 << 30);
    kao_status st = kao_network_load(
        s->ctx, &m, path_of(path, sizeof path, dir, "model.onnx"), err);

    if (!st)
        st = read_tensors(&in, dir, "input", err);
    if (!st)
        st = read_tensors(&want, dir, "output", err);
    if (!st)
        st = kao_session_create(&session, m,
                                &(kao_session_options){ .passes = s->passes }, err);
    if (!st)
        st = run_model(session, &in, err);
    if (!st && want.n != m->onnx.n_outputs)
        st = kao_fail(err, KAO_E_FORMAT, "%u outputs stored, %u in the graph", want.n,
                      m->onnx.n_outputs);
    for (uint32_t i = 0; !st && i < want.n; i++) {
        const kao_tensor w = view(&want.t[i]);

        if (!equal(kao_session_output(session, i), &w, s->absolute, why, sizeof why))
            st = kao_fail(err, KAO_E_FORMAT, "output %u: %s", i, why);
    }
    kao_session_destroy(session);
    kao_network_destroy(m);
    kao_arena_fini(&in.arena);
    kao_arena_fini(&want.arena);
    return st;
}

/* ---- all tests ---- */

static int split(char *line, char **field)
{
    int n = 0;

    line[strcspn(line, "\r\n")] = '\0';
    for (char *p = line; p && n < MAX_FIELDS; n++) {
        field[n] = p;
        p = strchr(p, '\t');
        if (p)
            *p++ = '\0';
    }
    return n;
}

static void judge(const settings *s, char **field, counts *c)
{
    char dir[512], name[256], packs[512];
    kao_error err = { 0 };
    const bool ours =
        all_in(field[2], is_our_operator) && all_in(field[5], is_our_type) &&
        strtol(field[3], NULL, 10) >= 6; /* older files are refused as a whole */
    const char *reason = reason_left_out(field[1]);

    snprintf(name, sizeof name, "%s/%s", field[0], field[1]);
    if (s->only && strcmp(s->only, name) != 0)
        return;
    if (reason) {
        printf("left out %s: %s\n", name, reason);
        c->left_out++;
        return;
    }
    path_of(packs, sizeof packs, s->dir, "data/onnx-node-tests");
    const kao_status st = run_test(s, path_of(dir, sizeof dir, packs, name), &err);

    if (st == KAO_OK) {
        c->passed++;
    } else if (field[7][0] && st == KAO_E_UNSUPPORTED) {
        if (ours || s->verbose)
            printf("left out %s (flag %s): %s\n", name, field[7], err.msg);
        c->left_out++;
    } else if (st == KAO_E_UNSUPPORTED && !ours) {
        if (s->verbose || ours)
            printf("refused %s: %s\n", name, err.msg);
        c->refused++;
    } else {
        printf("FAIL %s: %s\n", name, err.msg);
        c->failed++;
    }
}

static const char *const graphs[] = {
    "float16_weights_cast_opset12",     "iresnet_mxnet_opset8",
    "iresnet_mxnet_spatial0_slope1d",   "iresnet_pytorch_opset11",
    "iresnet_pytorch_opset14_external", "keras_nhwc_embedder_opset12",
    "quantised_qdq_qlinear_opset13",    "resnet_face18_se_grey",
    "yolo_tiny_resize_linear_opset13",  "yolo_tiny_resize_sizes_opset11",
    "yolo_tiny_resize_sizes_opset13",
};

static void judge_graphs(const settings *s, counts *c)
{
    char dir[512], packs[512];

    path_of(packs, sizeof packs, s->dir, "data/onnx-graphs");
    for (size_t i = 0; i < sizeof graphs / sizeof graphs[0]; i++) {
        kao_error err = { 0 };
        const kao_status st =
            run_test(s, path_of(dir, sizeof dir, packs, graphs[i]), &err);

        printf("%s %s%s%s\n", st ? "FAIL" : "pass", graphs[i], st ? ": " : "",
               st ? err.msg : "");
        st ? c->failed++ : c->passed++;
    }
}

int main(int argc, char **argv)
{
    settings s = { .passes = KAO_PASS_ALL, .absolute = 1e-5 };
    const kao_context_options o = { .n_threads = 1 };
    counts c = { 0 };
    char path[512], line[2048], *field[MAX_FIELDS];
    kao_error err = { 0 };

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--passes") == 0 && i + 1 < argc)
            s.passes = strcmp(argv[++i], "none") == 0 ? 0 : KAO_PASS_ALL;
        else if (strcmp(argv[i], "--graphs") == 0)
            s.graphs = true;
        else if (strcmp(argv[i], "-v") == 0)
            s.verbose = true;
        else
            s.only = argv[i];
    }
    s.dir = shared_dir("the ONNX operator tests");
    if (!s.dir)
        return SKIPPED;
    FILE *f =
        fopen(path_of(path, sizeof path, s.dir, "data/onnx-node-tests/INDEX.tsv"), "r");

    if (!f || kao_context_create(&s.ctx, &o, &err)) {
        printf("FAIL %s: %s\n", path, err.msg);
        return 1;
    }
    if (s.graphs) {
        s.absolute = 1e-4;
        judge_graphs(&s, &c);
    }
    while (!s.graphs && fgets(line, sizeof line, f))
        if (split(line, field) == MAX_FIELDS && strncmp(field[1], "test_", 5) == 0)
            judge(&s, field, &c);
    fclose(f);
    kao_context_destroy(s.ctx);
    printf("%d pass, %d refused by name, %d left out, %d fail\n", c.passed, c.refused,
           c.left_out, c.failed);
    return c.failed > 0 || c.passed == 0;
}
