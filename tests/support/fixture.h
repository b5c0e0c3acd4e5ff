/* What most tests of networks stand on: a context of one thread, a folder of their own,
 * and the two small models in it. */
#ifndef KAO_TESTS_FIXTURE_H
#define KAO_TESTS_FIXTURE_H

#include "base/context.h"
#include "kao/detector.h"
#include "kao/embedder.h"
#include "nn/session.h"
#include "support/models.h"

typedef struct fixture {
    kao_context *ctx;
    kao_error err;
    char dir[256], detector[320], embedder[320], path[640];
} fixture;

/* Group setup and teardown; teardown checks that nothing of the context is left. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Of a model file; f->err tells why not. */
kao_status detector_of(fixture *f, kao_detector **d, const char *path);
kao_status embedder_of(fixture *f, kao_embedder **e, const char *path);
/* Of the two small models. */
kao_detector *open_detector(fixture *f);
kao_embedder *open_embedder(fixture *f);

/* Pictures instead of views; *n: how many faces were found. */
kao_status detect_in(kao_detector *d, const kao_image *image, size_t *n,
                     kao_error *err);
kao_status embed_images(kao_embedder *e, const kao_image *chips, size_t n, kao_tta tta,
                        float *out, kao_error *err);

/* A file in the folder; gives its path (f->path). Empties file. */
const char *fixture_file(fixture *f, const char *name, pb *file);

/* Parse, plan and run a file's bytes with the inputs given; *session and *model are the
 * caller's on success. */
kao_status run_graph(kao_context *ctx, const pb *file, uint32_t passes,
                     const kao_tensor *inputs, uint32_t n_inputs, kao_network **model,
                     kao_session **session, kao_error *err);

/* f32, dims as "1,3,8,8", C order. */
kao_tensor tensor_of(const char *dims, void *data);

#endif
