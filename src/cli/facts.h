/* What is told of a face beside its place: by networks that look at it (--with, --liveness), and
 * by its pixels (--quality, and the warnings of verify and embed). */
#ifndef KAO_CLI_FACTS_H
#define KAO_CLI_FACTS_H

#include <stdbool.h>

#include "base/json.h"
#include "cli/options.h"
#include "kao/analyser.h"
#include "kao/image.h"
#include "kao/quality.h"

enum { CLI_ANALYSERS = 4 }; /* one of each kao_analysis_kind */

/* Facts of one face. */
typedef struct cli_facts {
    unsigned asked, told; /* bits 1 << kind */
    float quality, live, yaw, pitch, roll;
    kao_point *points; /* in pixels of the file */
    size_t n_points;
    kao_quality picture; /* size 0: not measured */
    bool show_picture;   /* in the face's JSON or line */
} cli_facts;

/* The models of "KIND=MODEL" texts by their kind; liveness: one more model, or NULL. On
 * failure what was opened stays, for the caller to release. */
kao_status cli_facts_open(kao_context *ctx, const cli_list *with, const char *liveness,
                          kao_model *models[CLI_ANALYSERS], kao_error *err);

/* Ask the analysers that are there about a face of the picture. A face that cannot be looked
 * at leaves its fact untold. */
kao_status cli_facts_add(kao_analyser *const analysers[CLI_ANALYSERS],
                         const kao_image *image, const kao_face *face, cli_facts *facts,
                         kao_error *err);
/* Measure its pixels; of a face that cannot be aligned nothing is told. */
kao_status cli_facts_measure(kao_context *ctx, const kao_image *image,
                             const kao_face *face, cli_facts *facts, kao_error *err);
/* A line on stderr for each outcome: what is wrong, what to do. model: the embedder in use. */
void cli_facts_warn(const char *command, const char *path, const char *model,
                    const cli_facts *facts);
void cli_facts_free(cli_facts *facts, size_t n);

/* Keys of a face's JSON: null where a fact was asked for and could not be told. */
void cli_facts_set(kao_json *face, const cli_facts *facts);
/* ", quality 0.83, yaw 12 ..." */
void cli_facts_print(const cli_facts *facts);
/* The landmarks, on the picture. */
void cli_facts_draw(const kao_image *image, const cli_facts *facts, float radius_px);

#endif
