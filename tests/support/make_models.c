/* make_models DIR: write DIR/tiny_detector.onnx, DIR/tiny_embedder.onnx, DIR/flat.onnx and what looks at
 * faces (DIR/tiny_landmarks.onnx ..), the models of tests that start the program. */
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
    pb detector = tiny_detector(), embedder = tiny_embedder(),
       flat = flat_model("2,1,128,128");

    write_file(path_of(path, sizeof path, argv[1], "tiny_detector.onnx"), detector.p,
               detector.n);
    write_file(path_of(path, sizeof path, argv[1], "tiny_embedder.onnx"), embedder.p,
               embedder.n);
    for (int i = 0; i < TINY_ANALYSERS; i++) {
        pb file = tiny_analyser(i);
        char name[64];

        snprintf(name, sizeof name, "tiny_%s.onnx", tiny_analyser_name(i));
        write_file(path_of(path, sizeof path, argv[1], name), file.p, file.n);
        pb_free(&file);
    }
    write_file(path_of(path, sizeof path, argv[1], "flat.onnx"), flat.p, flat.n);
    pb_free(&flat);
    pb_free(&detector);
    pb_free(&embedder);
    return 0;
}
