/* A gallery as a file of another form.
 *
 *   .jsonl  all of it: a line about the models, then a line a person with samples and vectors,
 *           then a line a fact (kao_fact)
 *   .csv    a line a sample: person, name, sample, time, source, quality
 *   .npy    the first model's vectors, in the order of the .csv */
#ifndef KAO_CLI_GALLERY_FILES_H
#define KAO_CLI_GALLERY_FILES_H

#include "cli/gallery_use.h"

enum { CLI_GALLERY_FORM = 2, CLI_GALLERY_FILE_MOST = 1 << 30 };

/* The gallery's models; gives how many. */
size_t cli_gallery_models(cli_gallery *u, kao_gallery_model m[KAO_GALLERY_MODELS]);

typedef struct cli_moved {         /* what an import came to */
    size_t people, samples, known; /* new ones; samples that were there already */
} cli_moved;

/* The form follows the name's end. KAO_E_ARG: it has none of these. */
kao_status cli_gallery_export(cli_gallery *u, const char *path, kao_error *err);
/* A .jsonl of a gallery of the same models. A sample whose vector is there already is left out, and
 * the rest of its person's go to whose it is; other people are new ones. Whole people at a time: on a failure
 * those before it stay. KAO_E_FORMAT names the line; KAO_E_CONFLICT: other models. */
kao_status cli_gallery_import(cli_gallery *u, const char *path, cli_moved *moved,
                              kao_error *err);

#endif
