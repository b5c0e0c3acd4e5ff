/* make_models DIR: write DIR/tiny_detector.onnx and DIR/tiny_embedder.onnx, the models
 * of tests that start the program. */
#include <stdio.h>

#include "support/models.h"
#include "support/shared.h"

int main(int argc, char **argv)
{
    char path[4096];

    if (argc != 2) {
        fprintf(stderr, "usage: make_models DIR\n");
        return 3;
    }
    pb detector = tiny_detector(), embedder = tiny_embedder();

    write_file(path_of(path, sizeof path, argv[1], "tiny_detector.onnx"), detector.p,
               detector.n);
    write_file(path_of(path, sizeof path, argv[1], "tiny_embedder.onnx"), embedder.p,
               embedder.n);
    pb_free(&detector);
    pb_free(&embedder);
    return 0;
}
