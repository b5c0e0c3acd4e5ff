/* kao model: info, run, ops, make, card. A workshop command: it reaches into the engine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/npy.h"
#include "base/context.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/model_card.h"
#include "cli/model_make.h"
#include "cli/photo.h"
#include "nn/session.h"

typedef struct model_args {
    cli_photo_options photo; /* threads, cpu, json */
    cli_list inputs;
    const char *output_dir, *passes;
    bool profile, markdown;
    uint32_t seed;
} model_args;

const cli_option cli_model_options[] = {
    { "input", 'i', CLI_LIST, offsetof(model_args, inputs), "NAME=FILE.npy",
      "run: an input tensor (split at the last =)" },
    { "output-dir", 'o', CLI_TEXT, offsetof(model_args, output_dir), "FOLDER",
      "run: where the outputs go, as NAME.npy" },
    { "profile", 0, CLI_FLAG, offsetof(model_args, profile), NULL,
      "run: print the plan with the time of each step" },
    { "passes", 0, CLI_TEXT, offsetof(model_args, passes), "none|all|LIST",
      "run: optimisations, by name with commas [all]" },
    { "markdown", 0, CLI_FLAG, offsetof(model_args, markdown), NULL,
      "ops: as docs/operators.md" },
    { "seed", 0, CLI_COUNT, offsetof(model_args, seed), "N",
      "make: of the weights [1]" },
    { "threads", 't', CLI_COUNT, offsetof(model_args, photo.threads), "N",
      "threads [all CPUs]" },
    { "cpu", 0, CLI_TEXT, offsetof(model_args, photo.cpu), KAO_CPU_CHOICES,
      "widest kernels to use [native; KAO_CPU]" },
    { "json", 0, CLI_FLAG, offsetof(model_args, photo.json), NULL,
      "info: one JSON object a line" },
    { .name = NULL },
};

/* Names in a file are anybody's bytes. */
static const char *printable(const char *s, char *buf, size_t cap)
{
    snprintf(buf, cap, "%s", s);
    return kao_text_clean(buf);
}

/* ---- info ---- */

static const char *const tta_names[] = { "none", "concat", "sum" };

static const char *shape_text(const kao_onnx_input *t, char *buf, size_t cap)
{
    size_t n = (size_t)snprintf(buf, cap, "%s [", kao_dtype_name(t->dtype));

    for (int32_t i = 0; i < t->rank && n < cap; i++) {
        const char *name =
            t->dim_names[i] && t->dim_names[i][0] ? t->dim_names[i] : "?";

        n += (size_t)(t->dims[i] < 0
                          ? snprintf(buf + n, cap - n, "%s%.24s", i ? "," : "", name)
                          : snprintf(buf + n, cap - n, "%s%lld", i ? "," : "",
                                     (long long)t->dims[i]));
    }
    if (n < cap)
        snprintf(buf + n, cap - n, t->rank < 0 ? "shape not stated]" : "]");
    return kao_text_clean(buf);
}

static void print_info(const cli_model *found, const kao_network *m,
                       const kao_model *model, const kao_embedder *e)
{
    const kao_card *card = kao_model_card(model);
    const kao_onnx_model *o = &m->onnx;
    const char *key = NULL, *value = NULL, *source = NULL;
    char text[256], name[2048], version[64];

    printf(
        "%s\n  ONNX IR %lld, opset %lld, %s%s%s, %u nodes, %llu weights, %llu bytes\n",
        found->path, (long long)o->ir_version, (long long)o->opset,
        printable(o->producer[0] ? o->producer : "(no producer)", name, sizeof name),
        o->producer_version[0] ? " " : "",
        printable(o->producer_version, version, sizeof version), o->n_nodes,
        (unsigned long long)kao_model_weights(model), (unsigned long long)o->n_bytes);
    for (uint32_t i = 0; i < o->n_inputs; i++)
        printf("  input  %u \"%s\" %s\n", i,
               printable(o->value_names[o->inputs[i].value], name, sizeof name),
               shape_text(&o->inputs[i], text, sizeof text));
    for (uint32_t i = 0; i < o->n_outputs; i++)
        printf("  output %u \"%s\" %s\n", i,
               printable(o->value_names[o->outputs[i].value], name, sizeof name),
               shape_text(&o->outputs[i], text, sizeof text));
    for (size_t i = 0; kao_card_row(card, i, &key, &value, &source); i++)
        printf("  %-16s = %-44s (%s)\n", key, printable(value, name, sizeof name),
               source);
    if (kao_card_missing(card)[0])
        printf("  missing: %s\n", kao_card_missing(card));
    for (int tta = 0; e && tta <= KAO_TTA_SUM; tta++) {
        char id[KAO_ID_BYTES];

        if (kao_embedder_id(e, (kao_tta)tta, id, NULL) == KAO_OK)
            printf("  id, tta %-8s = %s\n", tta_names[tta], id);
    }
}

static kao_json *tensor_json(const kao_onnx_model *o, const kao_onnx_input *t)
{
    kao_json *j = kao_json_object(),
             *shape = t->rank < 0 ? kao_json_null() : kao_json_array();

    for (int32_t i = 0; i < t->rank; i++)
        kao_json_add(shape,
                     t->dims[i] < 0 ? kao_json_null() : kao_json_integer(t->dims[i]));
    kao_json_set(j, "name", kao_json_string(o->value_names[t->value]));
    kao_json_set(j, "type", kao_json_string(kao_dtype_name(t->dtype)));
    kao_json_set(j, "shape", shape);
    return j;
}

static int print_info_json(const char *path, const kao_network *m,
                           const kao_model *model, const kao_embedder *e)
{
    const kao_card *card = kao_model_card(model);
    const kao_onnx_model *o = &m->onnx;
    kao_json *j = kao_json_object(), *in = kao_json_array(), *out = kao_json_array(),
             *rows = kao_json_object();
    const char *key = NULL, *value = NULL, *source = NULL;

    for (uint32_t i = 0; i < o->n_inputs; i++)
        kao_json_add(in, tensor_json(o, &o->inputs[i]));
    for (uint32_t i = 0; i < o->n_outputs; i++)
        kao_json_add(out, tensor_json(o, &o->outputs[i]));
    for (size_t i = 0; kao_card_row(card, i, &key, &value, &source); i++) {
        kao_json *row = kao_json_object();

        kao_json_set(row, "value", kao_json_string(value));
        kao_json_set(row, "source", kao_json_string(source));
        kao_json_set(rows, key, row);
    }
    kao_json_set(j, "file", kao_json_string(path));
    kao_json_set(j, "opset", kao_json_integer(o->opset));
    kao_json_set(j, "nodes", kao_json_integer(o->n_nodes));
    kao_json_set(j, "weights", kao_json_integer((int64_t)kao_model_weights(model)));
    kao_json_set(j, "inputs", in);
    kao_json_set(j, "outputs", out);
    kao_json_set(j, "card", rows);
    kao_json_set(j, "missing", kao_json_string(kao_card_missing(card)));
    kao_json *ids = kao_json_object();

    for (int tta = 0; e && tta <= KAO_TTA_SUM; tta++) {
        char id[KAO_ID_BYTES];

        if (kao_embedder_id(e, (kao_tta)tta, id, NULL) == KAO_OK)
            kao_json_set(ids, tta_names[tta], kao_json_string(id));
    }
    kao_json_set(j, "id", ids);
    return cli_print_json("model", j);
}

static kao_status load_network(kao_context *ctx, const cli_model *found,
                               kao_network **net, kao_error *err)
{
    const kao_span bytes = { found->bytes, found->n_bytes };

    return found->bytes ? kao_network_parse(ctx, net, bytes, found->path, err)
                        : kao_network_load(ctx, net, found->path, err);
}

/* The network and the model of one file. A pipe can be read once: f has its content. */
static kao_status load_both(kao_context *ctx, const cli_model *found, kao_file *f,
                            kao_network **net, kao_model **model, kao_error *err)
{
    struct stat info;
    const bool is_stream =
        !found->bytes && stat(found->path, &info) == 0 && !S_ISREG(info.st_mode);
    kao_status st = KAO_OK;

    if (!is_stream) {
        st = load_network(ctx, found, net, err);
        return st ? st : cli_open_model(ctx, found, NULL, model, err);
    }
    st = kao_file_open(f, &ctx->mem, found->path, KAO_MAX_FILE, err);
    if (!st)
        st = kao_network_parse(ctx, net, f->bytes, found->path, err);
    return st ? st
              : kao_model_open_bytes(ctx, model, f->bytes.p, f->bytes.n, found->path,
                                     NULL, err);
}

static int info_one(kao_context *ctx, const model_args *args, const char *name)
{
    cli_model found;
    kao_file f = { 0 };
    kao_error err = { 0 };
    kao_network *net = NULL;
    kao_model *model = NULL;
    kao_embedder *e = NULL;
    int status = CLI_YES;
    kao_status st = cli_find_model(name, &found, &err);
    const char *path = st ? name : found.path;

    if (!st)
        st = load_both(ctx, &found, &f, &net, &model, &err);
    /* not every model is an embedder: e may stay NULL */
    if (!st && kao_embedder_create(model, &e, NULL, &err) == KAO_E_NOMEM)
        st = KAO_E_NOMEM;
    if (st)
        status = cli_report_object("model", "file", path, args->photo.json, st, &err);
    else if (args->photo.json)
        status = print_info_json(path, net, model, e);
    else
        print_info(&found, net, model, e);
    kao_embedder_destroy(e);
    kao_model_release(model);
    kao_network_destroy(net);
    kao_file_close(&f);
    return status;
}

/* ---- run ---- */

static const struct {
    kao_dtype dtype;
    const char *descr;
} npy_types[] = {
    { KAO_F32, "<f4" }, { KAO_F64, "<f8" }, { KAO_F16, "<f2" }, { KAO_I64, "<i8" },
    { KAO_I32, "<i4" }, { KAO_I16, "<i2" }, { KAO_I8, "|i1" },  { KAO_U64, "<u8" },
    { KAO_U32, "<u4" }, { KAO_U16, "<u2" }, { KAO_U8, "|u1" },  { KAO_BOOL, "|b1" },
};

static kao_status parse_passes(const char *s, uint32_t *to, kao_error *err)
{
    *to = KAO_PASS_ALL;
    if (!s || strcmp(s, "all") == 0)
        return KAO_OK;
    *to = 0;
    if (strcmp(s, "none") == 0)
        return KAO_OK;
    for (const char *p = s; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
        const size_t n = strcspn(p, ",");
        int bit = 0;

        while (kao_pass_name(bit) && (strlen(kao_pass_name(bit)) != n ||
                                      strncmp(kao_pass_name(bit), p, n) != 0))
            bit++;
        if (!kao_pass_name(bit))
            return kao_fail(err, KAO_E_ARG, "--passes: unknown pass \"%.*s\"", (int)n,
                            p);
        *to |= 1u << bit;
    }
    return KAO_OK;
}

typedef struct run_state {
    kao_context *ctx;
    const model_args *args;
    kao_network *model;
    kao_session *session;
    void *data[CLI_LIST_MAX]; /* of inputs; from kao_alloc */
} run_state;

static kao_status input_number(const kao_network *m, const char *name, size_t n,
                               uint32_t *number, kao_error *err)
{
    for (uint32_t i = 0; i < m->onnx.n_inputs; i++) {
        const char *have = m->onnx.value_names[m->onnx.inputs[i].value];

        if (strlen(have) == n && strncmp(have, name, n) == 0) {
            *number = i;
            return KAO_OK;
        }
    }
    return kao_fail(err, KAO_E_ARG, "%s: no input is called \"%.*s\"", m->name, (int)n,
                    name);
}

static kao_status to_tensor(run_state *r, const kao_npy *npy, size_t slot,
                            kao_tensor *t, kao_error *err)
{
    int64_t n = 0;

    *t = (kao_tensor){ .rank = npy->rank };
    for (size_t i = 0; i < sizeof npy_types / sizeof npy_types[0]; i++)
        if (strcmp(npy_types[i].descr, npy->descr) == 0)
            t->dtype = npy_types[i].dtype;
    if (!kao_tensor_given(t))
        return kao_fail(err, KAO_E_UNSUPPORTED, "element type %s", npy->descr);
    if (!kao_dims_count(npy->dims, npy->rank, &n))
        return kao_fail(err, KAO_E_LIMIT, "more than %lld elements",
                        (long long)KAO_MAX_ELEMENTS);
    memcpy(t->dims, npy->dims, sizeof t->dims);
    kao_tensor_set_dense(t);
    r->data[slot] = kao_alloc(&r->ctx->mem, npy->data.n);
    if (!r->data[slot])
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (npy->data.n)
        memcpy(r->data[slot], npy->data.p, npy->data.n);
    t->data = r->data[slot];
    return KAO_OK;
}

static kao_status bind_input(run_state *r, size_t slot, kao_error *err)
{
    const char *text = r->args->inputs.items[slot], *equals = strrchr(text, '=');
    kao_file f = { 0 };
    kao_npy npy;
    kao_tensor t;
    uint32_t number = 0;

    if (!equals)
        return kao_fail(err, KAO_E_ARG, "--input %s: wanted NAME=FILE.npy", text);
    kao_status st = input_number(r->model, text, (size_t)(equals - text), &number, err);

    if (!st)
        st = kao_file_open(&f, &r->ctx->mem, equals + 1, KAO_MAX_FILE, err);
    if (st)
        return st;
    st = kao_npy_parse(&npy, f.bytes, err);
    if (!st)
        st = to_tensor(r, &npy, slot, &t, err);
    if (!st)
        st = kao_session_bind(r->session, number, &t, err);
    if (st)
        kao_error_prefix(err, st, "%s", equals + 1);
    kao_file_close(&f);
    return st;
}

enum { NAME_BYTES = 100, NAME_CAP = 128 };

static bool is_taken(char (*names)[NAME_CAP], uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* The file name of output n, without .npy, into names[n]: bytes outside [A-Za-z0-9._-]
 * become _, NAME_BYTES at most; one that an output before it has gets .2, .3 .. */
static void name_output(const kao_network *m, uint32_t n, char (*names)[NAME_CAP])
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const char *s = m->onnx.value_names[m->onnx.outputs[n].value];
    char *to = names[n];
    size_t k = 0;

    for (; s[k] && k < NAME_BYTES; k++)
        to[k] = strchr(plain, s[k]) ? s[k] : '_';
    to[k] = '\0';
    for (uint32_t i = 2; is_taken(names, n, to); i++)
        snprintf(to + k, NAME_CAP - k, ".%u", i);
}

static kao_status write_output(const run_state *r, uint32_t i, const char *name,
                               kao_error *err)
{
    const kao_tensor *t = kao_session_output(r->session, i);
    const char *descr = "";
    char path[4096], label[200], shape[96];
    uint8_t *bytes = NULL;
    size_t n = 0;

    for (size_t k = 0; k < sizeof npy_types / sizeof npy_types[0]; k++)
        if (npy_types[k].dtype == t->dtype)
            descr = npy_types[k].descr;
    if ((size_t)snprintf(path, sizeof path, "%s/%s.npy", r->args->output_dir, name) >=
        sizeof path)
        return kao_fail(err, KAO_E_ARG, "--output-dir: the path is too long");
    kao_status st =
        kao_npy_format(&r->ctx->mem, descr, t->dims, t->rank, t->data, &bytes, &n, err);

    if (!st)
        st = kao_file_write(&r->ctx->mem, path, bytes, n, err);
    kao_free(&r->ctx->mem, bytes);
    if (!st)
        printf("%u\t%s\t%s\t%s\t%s\n", i,
               printable(r->model->onnx.value_names[r->model->onnx.outputs[i].value],
                         label, sizeof label),
               kao_dtype_name((int)t->dtype),
               kao_dims_text(t->dims, t->rank, shape, sizeof shape), path);
    return st;
}

static kao_status write_outputs(const run_state *r, kao_error *err)
{
    const uint32_t n = r->model->onnx.n_outputs;
    char(*names)[NAME_CAP] = calloc(n + 1u, sizeof *names);
    kao_status st = names ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "out of memory");

    mkdir(r->args->output_dir, 0777); /* writing says what is wrong with it */
    for (uint32_t i = 0; !st && i < n; i++) {
        name_output(r->model, i, names);
        st = write_output(r, i, names[i], err);
    }
    free(names);
    return st;
}

/* The plan with times: the median of some runs, step by step. */
static kao_status print_profile(run_state *r, kao_error *err)
{
    enum { RUNS = 9 };
    uint64_t total = 0;
    kao_status st = KAO_OK;
    char text[160];

    kao_session_profile(r->session, true);
    const uint32_t n = kao_session_profile_rows(r->session);
    uint64_t(*ns)[RUNS] = calloc(n + 1u, sizeof *ns);

    if (!ns)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (int k = 0; !st && k < RUNS; k++) {
        st = kao_session_run(r->session, err);
        for (uint32_t i = 0; !st && i < n; i++) {
            const uint64_t v = kao_session_profile_row(r->session, i).ns;
            int at = k;

            for (; at > 0 && ns[i][at - 1] > v; at--)
                ns[i][at] = ns[i][at - 1];
            ns[i][at] = v;
        }
    }
    for (uint32_t i = 0; !st && i < n; i++) {
        const kao_profile_row row = kao_session_profile_row(r->session, i);

        kao_network_node_text(r->model, row.node, text, sizeof text);
        total += ns[i][RUNS / 2];
        fprintf(stderr, "%4u %-8s %9.1f us  %-20s %s\n", i, row.kernel,
                (double)ns[i][RUNS / 2] / 1e3, row.shape, kao_text_clean(text));
    }
    const kao_plan *p = kao_session_plan(r->session);

    if (!st && p)
        fprintf(stderr,
                "%u steps, %.3f ms; activations %.1f MiB, packed weights %.1f MiB\n", n,
                (double)total / 1e6, (double)p->arena_bytes / 1048576,
                (double)p->constant_bytes / 1048576);
    free(ns);
    return st;
}

static kao_status run_model(run_state *r, const char *name, bool *wrote, kao_error *err)
{
    cli_model found;
    uint32_t passes = 0;
    kao_status st = parse_passes(r->args->passes, &passes, err);

    if (!st)
        st = cli_find_model(name, &found, err);
    if (!st)
        st = load_network(r->ctx, &found, &r->model, err);
    if (!st)
        st = kao_session_create(&r->session, r->model,
                                &(kao_session_options){ .passes = passes }, err);
    for (size_t i = 0; !st && i < r->args->inputs.n; i++)
        st = bind_input(r, i, err);
    if (!st)
        st = kao_session_run(r->session, err);
    if (!st && r->args->profile)
        st = print_profile(r, err);
    if (st || !r->args->output_dir)
        return st;
    *wrote = true;
    return write_outputs(r, err);
}

static int run_command(kao_context *ctx, const model_args *args, char **files, int n)
{
    run_state r = { .ctx = ctx, .args = args };
    kao_error err = { 0 };
    bool wrote = false;
    int status = CLI_YES;

    if (n != 1 || (!args->output_dir && !args->profile)) {
        fprintf(stderr,
                "kao model run: wanted one FILE and --output-dir or --profile\n");
        return CLI_BAD;
    }
    const kao_status st = run_model(&r, files[0], &wrote, &err);

    if (st)
        status = wrote ? cli_report_unwritten("model", st, &err)
                       : cli_report("model", st, &err);
    kao_session_destroy(r.session);
    kao_network_destroy(r.model);
    for (size_t i = 0; i < CLI_LIST_MAX; i++)
        kao_free(&ctx->mem, r.data[i]);
    return status;
}

/* ---- ops ---- */

static void print_types(uint32_t types, const char *gap)
{
    static const struct {
        uint32_t bit;
        kao_dtype dtype;
    } all[] = {
        { KAO_T_F32, KAO_F32 }, { KAO_T_F64, KAO_F64 }, { KAO_T_F16, KAO_F16 },
        { KAO_T_I64, KAO_I64 }, { KAO_T_I32, KAO_I32 }, { KAO_T_I16, KAO_I16 },
        { KAO_T_I8, KAO_I8 },   { KAO_T_U64, KAO_U64 }, { KAO_T_U32, KAO_U32 },
        { KAO_T_U16, KAO_U16 }, { KAO_T_U8, KAO_U8 },   { KAO_T_BOOL, KAO_BOOL },
    };
    const bool any = (types & KAO_T_INT) == KAO_T_INT;
    bool first = true;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (types & (any ? all[i].bit & ~(uint32_t)KAO_T_INT : all[i].bit)) {
            printf("%s%s", first ? "" : gap, kao_dtype_name((int)all[i].dtype));
            first = false;
        }
    if (any)
        printf("%sintegers", first ? "" : gap);
}

static void print_names(const char *const *names)
{
    printf(" |");
    for (; names && *names; names++)
        printf(" %s", *names);
    printf(" |");
}

/* What the operator tests of the ONNX project ask for beyond the table. */
static const char refused[] =
    "\n## What is refused\n\n"
    "Of the ONNX project's operator tests those of its main types pass, but for two in "
    "files of opset 1:\nopsets 6 and later are read. Beyond them is refused, each with "
    "a "
    "line that names it:\n\n"
    "* bfloat16, float8, float4, 4-bit and 2-bit integers, complex numbers and "
    "strings: "
    "no network for\n  faces at hand has them;\n"
    "* windows of three axes (3-D convolution and pooling);\n"
    "* the training forms of BatchNormalization and Dropout: kao trains by its own "
    "tape;\n"
    "* sequences, optionals and control flow (If, Loop, Scan), recurrent cells, and "
    "what "
    "makes random\n  numbers: a plan knows each shape before it runs;\n"
    "* NonZero and NonMaxSuppression of more than 4,096 numbers, for that reason too: "
    "their shape depends\n  on values, so they run while planning. A detector's own "
    "suppression is kao's, after the network;\n"
    "* Resize linear and cubic of integers, whose rounding ONNX leaves open;\n"
    "* operators of other domains (com.microsoft and the like).\n";

static int print_ops(bool markdown)
{
    size_t n = 0;
    const kao_op *rows = kao_op_rows(&n);

    if (markdown)
        printf(
            "# Operators\n\nMade by `kao model ops --markdown` from the operator table "
            "(src/nn/op_table.c); a test\nkeeps it true. Types are those of the first "
            "input: \"integers\" are all eight, int8 to uint64, and\nfloat16 is "
            "computed "
            "as float32. What is not listed is refused by name when a file is loaded. "
            "Those\nthat are trained have a gradient, for float32 "
            "(src/nn/ops/train_*.c "
            "say what of them is refused).\n\n"
            "| operator | opsets | types | trained | attributes |\n"
            "|---|---|---|---|---|\n");
    for (size_t i = 0; i < n; i++) {
        char until[16] = "";

        if (rows[i].until)
            snprintf(until, sizeof until, "%u", rows[i].until);
        printf(markdown ? "| %s | %u-%s | " : "%-20s %2u-%-3s ", rows[i].name,
               rows[i].since, until);
        print_types(rows[i].types, markdown ? ", " : ",");
        if (markdown) {
            printf(rows[i].train ? " | yes" : " |");
            print_names(rows[i].attrs);
        }
        printf("\n");
    }
    if (markdown)
        printf("%s", refused);
    return CLI_YES;
}

/* ---- the command ---- */

int cli_model_run(int argc, char **argv)
{
    model_args args = { .seed = 1 };
    cli_operands rest;
    kao_context *ctx = NULL;
    kao_error err = { 0 };
    int status = CLI_BAD;

    if (!cli_begin("model", argc, argv, &args, &rest, &status))
        return status;
    const char *what = rest.n ? rest.items[0] : "";

    if (strcmp(what, "ops") == 0 && rest.n == 1)
        return cli_finish("model", print_ops(args.markdown));
    if ((strcmp(what, "info") != 0 && strcmp(what, "run") != 0 &&
         strcmp(what, "make") != 0 && strcmp(what, "card") != 0) ||
        rest.n < 2) {
        fprintf(
            stderr,
            "kao model: wanted info FILE.., run FILE, make NAME FILE, card FILE CARD "
            "OUT or ops (see kao model --help)\n");
        return CLI_BAD;
    }
    const kao_status st = cli_context(&ctx, args.photo.threads, args.photo.cpu, &err);

    if (st)
        return cli_report("model", st, &err);
    status = CLI_YES;
    if (what[0] == 'm')
        status = cli_model_make(ctx, rest.items + 1, rest.n - 1, args.seed);
    else if (what[0] == 'c')
        status = cli_model_card(ctx, rest.items + 1, rest.n - 1);
    else if (what[0] == 'r')
        status = run_command(ctx, &args, rest.items + 1, rest.n - 1);
    else
        for (int i = 1; i < rest.n; i++) {
            const int s = info_one(ctx, &args, rest.items[i]);

            status = s > status ? s : status;
        }
    kao_context_destroy(ctx);
    return cli_finish("model", status);
}
