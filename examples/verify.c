/* Are these the same person? The whole walk through libkao:
 *
 *     verify [DETECTOR.onnx EMBEDDER.onnx] A.jpg B.jpg
 *
 * Without model files it takes those inside the library.
 *
 * Build against an installed kao:  cc verify.c $(pkg-config --cflags --libs kao) */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <kao/detector.h>
#include <kao/embedder.h>

int main(int argc, char **argv)
{
    static const char *const bundled[] = { "kao-detect", "kao-face" };
    kao_error err = { .msg = "usage: verify [DETECTOR EMBEDDER] A B" };
    kao_context *ctx = NULL;
    kao_model *model[2] = { NULL, NULL };
    kao_detector *detector = NULL;
    kao_embedder *embedder = NULL;
    float *vector[2] = { NULL, NULL };
    const bool own = argc == 5;
    kao_status st = own || argc == 3 ? kao_context_create(&ctx, NULL, &err) : KAO_E_ARG;

    for (int i = 0; !st && i < 2; i++)
        st = own ? kao_model_open(ctx, &model[i], argv[1 + i], &err)
                 : kao_model_open_bundled(ctx, &model[i], bundled[i], &err);
    if (!st)
        st = kao_detector_create(model[0], &detector, NULL, &err);
    if (!st)
        st = kao_embedder_create(model[1], &embedder, NULL, &err);
    for (int i = 0; !st && i < 2; i++) {
        kao_image photo = { 0 }, chip = { 0 };
        kao_faces faces = KAO_FACES_INIT;
        kao_view view = { 0 };
        size_t which = 0;

        vector[i] = calloc(kao_embedder_dim(embedder, KAO_TTA_NONE), sizeof(float));
        if (!vector[i])
            err = (kao_error){ .msg = "out of memory" };
        st = vector[i] ? kao_image_load(ctx, argv[argc - 2 + i], NULL, &photo, &err)
                       : KAO_E_NOMEM;
        view = kao_image_view(&photo);
        if (!st)
            st = kao_detect(detector, &view, NULL, &faces, &err);
        if (!st)
            st = kao_face_choose(&faces, KAO_CHOOSE_LARGEST, photo.width, photo.height,
                                 &which, &err);
        if (!st)
            st = kao_align(ctx, &view, kao_face_at(&faces, which),
                           kao_embedder_template(embedder), &chip, &err);
        view = kao_image_view(&chip);
        if (!st)
            st = kao_embed(embedder, &view, 1, KAO_TTA_NONE, vector[i], &err);
        kao_image_free(ctx, &chip);
        kao_image_free(ctx, &photo);
    }
    if (st) {
        fprintf(stderr, "verify: %s\n", err.msg);
    } else {
        const float s = kao_similarity(vector[0], vector[1],
                                       kao_embedder_dim(embedder, KAO_TTA_NONE));

        /* what one pair of strangers in 10,000 reaches; else the card's plain threshold */
        kao_rate limit = { .size = sizeof limit };

        printf("similarity %.3f", (double)s);
        if (kao_calibration_threshold(kao_embedder_calibration(embedder), KAO_TTA_NONE,
                                      1e-4, NULL, &limit) ||
            kao_embedder_threshold(embedder, &limit.similarity))
            printf(": %s person", s >= limit.similarity ? "the same" : "not the same");
        printf("\n");
    }
    free(vector[0]);
    free(vector[1]);
    kao_embedder_destroy(embedder);
    kao_detector_destroy(detector);
    kao_model_release(model[0]);
    kao_model_release(model[1]);
    kao_context_destroy(ctx);
    return st ? 2 : 0;
}
