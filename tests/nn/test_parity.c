/* Every model file against the numbers that ONNX Runtime gave, element by element:
 *   |got - expected| <= k * (1e-4 * max(1, M) + 1e-3 * |expected|)
 * M: the largest magnitude in the element's own column of the last axis (so a dead column
 * cannot hide behind a large one); k: 10 for the raw box maps of BlazeFace and YOLOv8, else 1.
 *
 * usage: test_parity [--cpu NAME] [--passes none|all|BITS] [--threads N] [MODEL-PREFIX]
 * Prints a line a file: worst excess as a share of the bound. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/session.h"
#include "support/shared.h"

typedef struct settings {
    const char *dir, *only;
    uint32_t passes;
    kao_context *ctx;
} settings;

typedef struct row { /* of manifest.tsv */
    char model[80], input[80], shape[64], layout[8], transform[80], index[8],
        output[80], out_shape[64], min[32], max[32], mean[32], file[80];
} row;

static bool read_row(FILE *f, row *r)
{
    char line[1024];

    if (!fgets(line, sizeof line, f))
        return false;
    memset(r, 0, sizeof *r);
    return sscanf(line,
                  "%79[^\t]\t%79[^\t]\t%63[^\t]\t%7[^\t]\t%79[^\t]\t%7[^\t]\t%79[^\t]"
                  "\t%63["
                  "^\t]\t%31[^\t]\t%31[^\t]\t%31[^\t]\t%79[^\t\n]",
                  r->model, r->input, r->shape, r->layout, r->transform, r->index,
                  r->output, r->out_shape, r->min, r->max, r->mean, r->file) == 12;
}

static void parse_shape(const char *text, kao_tensor *t)
{
    char *end = NULL;

    *t = (kao_tensor){ .dtype = KAO_F32 };
    for (const char *p = text; *p; p = *end == 'x' ? end + 1 : end)
        t->dims[t->rank++] = strtoll(p, &end, 10);
    kao_tensor_set_dense(t);
}

static float *read_floats(const char *dir, const char *file, size_t n)
{
    char path[512];
    float *data = calloc(n, sizeof *data);
    FILE *f = fopen(path_of(path, sizeof path, dir, file), "rb");

    if (!f || fread(data, sizeof *data, n, f) != n) {
        printf("FAIL %s: cannot be read\n", path);
        free(data);
        data = NULL;
    }
    if (f)
        fclose(f);
    return data;
}

static double compare(const kao_tensor *got, const float *want, double k)
{
    const int64_t n = kao_tensor_count(got),
                  cols = got->rank ? got->dims[got->rank - 1] : 1;
    double worst = 0;

    for (int64_t c = 0; c < cols; c++) {
        double top = 1;

        for (int64_t i = c; i < n; i += cols)
            top = fmax(top, fabs((double)want[i]));
        for (int64_t i = c; i < n; i += cols) {
            const double g = (double)((const float *)got->data)[i], w = (double)want[i];
            const double share = fabs(g - w) / (k * (1e-4 * top + 1e-3 * fabs(w)));

            worst = share > worst || share != share ? share : worst;
            if (share != share)
                return HUGE_VAL;
        }
    }
    return worst;
}

static double slack(const row *r, const kao_tensor *t)
{
    const bool boxes = t->rank > 0 && t->dims[t->rank - 1] > 1;

    return (strncmp(r->model, "blazeface", 9) == 0 && boxes) ||
                   strncmp(r->model, "yolov8", 6) == 0
               ? 10
               : 1;
}

typedef struct loaded {
    char name[80];
    kao_network *model;
    kao_session *session;
    float *data;
} loaded;

static void unload(loaded *l)
{
    kao_session_destroy(l->session);
    kao_network_destroy(l->model);
    free(l->data);
    *l = (loaded){ .name = "" };
}

static kao_status load(const settings *s, const row *r, loaded *l, kao_error *err)
{
    char path[512], models[512];
    kao_tensor t;
    kao_status st = kao_network_load(
        s->ctx, &l->model,
        path_of(path, sizeof path, path_of(models, sizeof models, s->dir, "models"),
                r->model),
        err);

    snprintf(l->name, sizeof l->name, "%s", r->model);
    if (!st)
        st = kao_session_create(&l->session, l->model,
                                &(kao_session_options){ .passes = s->passes }, err);
    if (st)
        return st;
    parse_shape(r->shape, &t);
    l->data = calloc((size_t)kao_tensor_count(&t), sizeof *l->data);
    t.data = l->data;
    if (!pattern_fill(&t, strcmp(r->layout, "NHWC") == 0, r->transform))
        return kao_fail(err, KAO_E_ARG, "transform %s", r->transform);
    st = kao_session_bind(l->session, 0, &t, err);
    return st ? st : kao_session_run(l->session, err);
}

static bool check_row(const settings *s, const row *r, const loaded *l, double *worst)
{
    char dir[512];
    const kao_tensor *got = kao_session_output(l->session, (uint32_t)atoi(r->index));
    kao_tensor want;

    parse_shape(r->out_shape, &want);
    if (!got || !kao_tensor_same_dims(got, &want)) {
        printf("FAIL %s: output %s has another shape\n", r->model, r->output);
        return false;
    }
    float *data = read_floats(path_of(dir, sizeof dir, s->dir, "models/expected"),
                              r->file, (size_t)kao_tensor_count(&want));
    const double share = data ? compare(got, data, slack(r, got)) : HUGE_VAL;

    free(data);
    *worst = share > *worst ? share : *worst;
    if (share <= 1)
        return true;
    printf("FAIL %s: output %s (%s) is off by %.3g of the bound\n", r->model, r->index,
           r->output, share);
    return false;
}

static int run_all(const settings *s)
{
    char path[512];
    kao_error err = { 0 };
    row r;
    loaded l = { .name = "" };
    int failed = 0, files = 0;
    double worst = 0;
    FILE *f =
        fopen(path_of(path, sizeof path, s->dir, "models/expected/manifest.tsv"), "r");

    if (!f || !read_row(f, &r)) { /* the head line */
        printf("FAIL %s: cannot be read\n", path);
        return 1;
    }
    while (read_row(f, &r)) {
        if (s->only && strncmp(r.model, s->only, strlen(s->only)) != 0)
            continue;
        if (strcmp(l.name, r.model) != 0) {
            if (l.name[0])
                printf("%-36s %.4f of the bound\n", l.name, worst);
            unload(&l);
            worst = 0;
            files++;
            if (load(s, &r, &l, &err)) {
                printf("FAIL %s\n", err.msg);
                failed++;
                continue;
            }
        }
        if (l.data && kao_session_output(l.session, 0))
            failed += !check_row(s, &r, &l, &worst);
    }
    if (l.name[0])
        printf("%-36s %.4f of the bound\n", l.name, worst);
    unload(&l);
    if (!feof(f)) { /* the rows behind it are missing, too */
        printf("FAIL %s: a row cannot be read\n", path);
        failed++;
    }
    fclose(f);
    printf("%d files, %d outputs off\n", files, failed);
    return failed || files == 0;
}

int main(int argc, char **argv)
{
    settings s = { .passes = KAO_PASS_ALL };
    kao_context_options o = { .n_threads = 1 };
    kao_error err = { 0 };

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--cpu") == 0 && i + 1 < argc)
            o.cpu = argv[++i];
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            o.n_threads = (uint32_t)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--passes") == 0 && i + 1 < argc) {
            const char *p = argv[++i];

            s.passes = strcmp(p, "none") == 0  ? 0
                       : strcmp(p, "all") == 0 ? KAO_PASS_ALL
                                               : (uint32_t)strtoul(p, NULL, 0);
        } else
            s.only = argv[i];
    }
    s.dir = shared_dir("parity of the model files");
    if (!s.dir)
        return SKIPPED;
    if (kao_context_create(&s.ctx, &o, &err)) {
        printf("SKIP: %s\n", err.msg);
        return err.code == KAO_E_UNSUPPORTED ? SKIPPED : 1;
    }
    const int rc = run_all(&s);

    kao_context_destroy(s.ctx);
    return rc;
}
