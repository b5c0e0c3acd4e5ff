/* Are these the same person? The whole walk through libkao:
 *
 *     verify DETECTOR.onnx EMBEDDER.onnx A.jpg B.jpg
 *
 * Build against an installed kao:  cc verify.c $(pkg-config --cflags --libs kao) */
#include <stdio.h>
#include <stdlib.h>

#include <kao/context.h>
#include <kao/detector.h>
#include <kao/embedder.h>

int main(int argc, char **argv)
{
    kao_error err = { 0 };
    kao_context *ctx = NULL;
    kao_detector *detector = NULL;
    kao_embedder *embedder = NULL;
    float *vector[2] = { NULL, NULL }, threshold = 0;
    size_t dim = 0;
    kao_status st = argc == 5 ? kao_context_create(&ctx, NULL, &err) : KAO_E_ARG;

    if (!st)
        st = kao_detector_open(ctx, &detector, argv[1], &err);
    if (!st)
        st = kao_embedder_open(ctx, &embedder, argv[2], &err);
    if (!st)
        dim = kao_embedder_dim(embedder, KAO_TTA_NONE);
    for (int i = 0; !st && i < 2; i++) {
        kao_image photo = { 0 }, chip = { 0 };
        kao_face faces[16];
        size_t n = 0, which = 0;

        vector[i] = calloc(dim, sizeof(float));
        st = vector[i] ? kao_image_load(ctx, argv[3 + i], NULL, &photo, &err)
                       : KAO_E_NOMEM;
        if (!st)
            st = kao_detect(detector, &photo, NULL, faces, 16, &n, &err);
        if (!st)
            st = kao_face_choose(faces, n < 16 ? n : 16, KAO_CHOOSE_LARGEST,
                                 photo.width, photo.height, &which, &err);
        if (!st)
            st = kao_embedder_align(embedder, &photo, &faces[which], &chip, &err);
        if (!st)
            st = kao_embed(embedder, &chip, 1, KAO_TTA_NONE, vector[i], &err);
        kao_image_free(ctx, &chip);
        kao_image_free(ctx, &photo);
    }
    if (st) {
        fprintf(stderr, "verify: %s\n",
                err.msg[0] ? err.msg : "usage: verify DETECTOR EMBEDDER A B");
    } else {
        const float s = kao_similarity(vector[0], vector[1], dim);

        printf("similarity %.3f", (double)s);
        if (kao_embedder_threshold(embedder, &threshold))
            printf(": %s person", s >= threshold ? "the same" : "not the same");
        printf("\n");
    }
    free(vector[0]);
    free(vector[1]);
    kao_embedder_destroy(embedder);
    kao_detector_destroy(detector);
    kao_context_destroy(ctx);
    return st ? 2 : 0;
}
