/* Which model a name on the command line means. In this order:
 *   1. a path: a name with a slash in it, or of a file in the current folder;
 *   2. NAME or NAME.onnx in the folders of KAO_MODELS, in the install data folder, in
 *      models/ beside the program;
 *   3. a model inside the program.
 * Without a name: the one inside the program, whatever the folders hold; where this build has
 * none, another by name. */
#ifndef KAO_CLI_MODELS_H
#define KAO_CLI_MODELS_H

#include <stdbool.h>

#include "kao/model.h"

#define CLI_BUNDLED_DETECTOR "kao-detect"
#define CLI_BUNDLED_EMBEDDER "kao-face"
#define CLI_OTHER_DETECTOR   "yunet_n_dynamic"
#define CLI_OTHER_EMBEDDER   "mobilefacenet_192"

typedef struct cli_model {
    char path[4096];   /* or the name of one inside the program */
    const void *bytes; /* of one inside; NULL: a file */
    size_t n_bytes;
} cli_model;

typedef enum cli_role { CLI_DETECTOR, CLI_EMBEDDER } cli_role;

kao_status cli_find_model(const char *name, cli_model *m, kao_error *err);
kao_status cli_find_default(cli_role role, cli_model *m, kao_error *err);
/* Folder i of the search, or false. */
bool cli_model_folder(size_t i, char *path, size_t cap);

/* card: lines that come before what is known of the model, or NULL. */
kao_status cli_open_model(kao_context *ctx, const cli_model *m, const char *card,
                          kao_model **out, kao_error *err);

#endif
