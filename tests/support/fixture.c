/* See fixture.h. */
#include "support/fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/shared.h"

#define MUST(condition)                                                                \
 do {                                                                                  \
  if (!(condition)) {                                                                  \
   fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                     \
   abort();                                                                            \
  }                                                                                    \
 } while (0)

int fixture_setup(void **state)
{
    static const kao_context_options options = { .n_threads = 1 };
    fixture *f = calloc(1, sizeof *f);
    pb detector = tiny_detector(), embedder = tiny_embedder();

    MUST(f);
    MUST(kao_context_create(&f->ctx, &options, NULL) == KAO_OK);
    temp_folder(f->dir, sizeof f->dir);
    path_of(f->detector, sizeof f->detector, f->dir, "tiny_detector.onnx");
    path_of(f->embedder, sizeof f->embedder, f->dir, "tiny_embedder.onnx");
    write_file(f->detector, detector.p, detector.n);
    write_file(f->embedder, embedder.p, embedder.n);
    pb_free(&detector);
    pb_free(&embedder);
    *state = f;
    return 0;
}

static void remove_folder(const char *dir)
{
    DIR *d = opendir(dir);

    MUST(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        char path[600];

        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlink(path_of(path, sizeof path, dir, e->d_name));
    }
    closedir(d);
    rmdir(dir);
}

int fixture_teardown(void **state)
{
    fixture *f = *state;
    const size_t live = atomic_load(&f->ctx->mem.live);
    static const kao_context_options options = { .n_threads = 1 };
    kao_context *fresh = NULL;

    MUST(kao_context_create(&fresh, &options, NULL) == KAO_OK);
    const size_t baseline = atomic_load(&fresh->mem.live);

    kao_context_destroy(fresh);
    kao_context_destroy(f->ctx);
    remove_folder(f->dir);
    free(f);
    if (live != baseline)
        fprintf(stderr, "%zu blocks are left, %zu when the tests began\n", live,
                baseline);
    return live != baseline;
}

kao_status detector_of(fixture *f, kao_detector **d, const char *path)
{
    kao_model *m = NULL;
    kao_status st = kao_model_open(f->ctx, &m, path, &f->err);

    *d = NULL;
    if (!st)
        st = kao_detector_create(m, d, NULL, &f->err);
    kao_model_release(m);
    return st;
}

kao_status embedder_of(fixture *f, kao_embedder **e, const char *path)
{
    kao_model *m = NULL;
    kao_status st = kao_model_open(f->ctx, &m, path, &f->err);

    *e = NULL;
    if (!st)
        st = kao_embedder_create(m, e, NULL, &f->err);
    kao_model_release(m);
    return st;
}

kao_detector *open_detector(fixture *f)
{
    kao_detector *d = NULL;

    MUST(detector_of(f, &d, f->detector) == KAO_OK);
    return d;
}

kao_embedder *open_embedder(fixture *f)
{
    kao_embedder *e = NULL;

    MUST(embedder_of(f, &e, f->embedder) == KAO_OK);
    return e;
}

kao_status detect_in(kao_detector *d, const kao_image *image, size_t *n, kao_error *err)
{
    const kao_view view = kao_image_view(image);
    kao_faces faces = KAO_FACES_INIT;
    const kao_status st = kao_detect(d, &view, NULL, &faces, err);

    *n = faces.n;
    return st;
}

kao_status embed_images(kao_embedder *e, const kao_image *chips, size_t n, kao_tta tta,
                        float *out, kao_error *err)
{
    kao_view views[32];

    MUST(n <= 32 || !chips);
    for (size_t i = 0; chips && i < n; i++)
        views[i] = kao_image_view(&chips[i]);
    return kao_embed(e, chips ? views : NULL, n, tta, out, err);
}

const char *fixture_file(fixture *f, const char *name, pb *file)
{
    path_of(f->path, sizeof f->path, f->dir, name);
    write_file(f->path, file->p, file->n);
    pb_free(file);
    return f->path;
}

kao_status run_graph(kao_context *ctx, const pb *file, uint32_t passes,
                     const kao_tensor *inputs, uint32_t n_inputs, kao_network **model,
                     kao_session **session, kao_error *err)
{
    kao_network *m = NULL;
    kao_session *s = NULL;
    kao_status st =
        kao_network_parse(ctx, &m, (kao_span){ file->p, file->n }, "built graph", err);

    if (!st)
        st = kao_session_create(&s, m, &(kao_session_options){ .passes = passes }, err);
    for (uint32_t i = 0; !st && i < n_inputs; i++)
        st = kao_session_bind(s, i, &inputs[i], err);
    if (!st)
        st = kao_session_run(s, err);
    *model = st ? NULL : m;
    *session = st ? NULL : s;
    if (st) {
        kao_session_destroy(s);
        kao_network_destroy(m);
    }
    return st;
}

kao_tensor tensor_of(const char *dims, void *data)
{
    kao_tensor t = { .dtype = KAO_F32, .data = data };

    t.rank = dims_of(dims, t.dims);
    kao_tensor_set_dense(&t);
    return t;
}
