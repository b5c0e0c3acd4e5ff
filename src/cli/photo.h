/* A picture file on its way to faces and vectors: what verify, detect, embed and align
 * share. Of the engine it uses the public API alone. */
#ifndef KAO_CLI_PHOTO_H
#define KAO_CLI_PHOTO_H

#include "base/cpu.h"
#include "base/face_json.h"
#include "cli/command.h"
#include "cli/facts.h"
#include "cli/jobs.h"
#include "cli/models.h"
#include "kao/detector.h"
#include "kao/embedder.h"

/* Options that these commands have in common. */
typedef struct cli_photo_options {
    const char *detector, *model, *cpu; /* names or paths; NULL: the defaults */
    cli_faces faces;
    int tta;    /* 0: the card's; else kao_tta + 1 */
    int preset; /* 0: none; else a word of CLI_PRESETS */
    float min_score;
    cli_list with; /* KIND=MODEL: looks at every face */
    const char
        *liveness; /* a model that looks at the chosen ones, and may refuse them */
    float live_threshold;   /* 0: the card's */
    uint32_t threads, jobs; /* 0: not given */
    bool quality;           /* tell what every face's pixels say */
    bool no_detect, upright, json;
} cli_photo_options;

/* clang-format off */
#define CLI_EMBEDDER_CHOICE "[" CLI_BUNDLED_EMBEDDER "; where the build has none: " CLI_OTHER_EMBEDDER "]"
#define CLI_DETECTOR_OPTIONS(T)                                                             \
    { "detector", 'd', CLI_TEXT, offsetof(T, photo.detector), "MODEL",                      \
      "detector: a path or a name [" CLI_BUNDLED_DETECTOR "]" },                            \
    { "min-score", 0, CLI_SCORE, offsetof(T, photo.min_score), "X",                          \
      "drop faces with a detector score below X [the card's]" },                            \
    { "upright", 0, CLI_FLAG, offsetof(T, photo.upright), NULL,                             \
      "the pictures are upright: do not try them turned" }
#define CLI_EMBEDDER_OPTIONS(T)                                                             \
    { "model", 'm', CLI_TEXT, offsetof(T, photo.model), "MODEL",                            \
      "embedder: a path or a name " CLI_EMBEDDER_CHOICE },                            \
    { "tta", 0, CLI_WORD, offsetof(T, photo.tta), "card|none|concat|sum",                   \
      "join the mirrored picture's features [as the model's card says; else none]" }
#define CLI_PRESETS "none|ailia-arcface|ailia-arcface-eq"
#define CLI_PRESET_OPTION(T)                                                                \
    { "preset", 0, CLI_WORD, offsetof(T, photo.preset), CLI_PRESETS,                        \
      "for a --model without a card: what another program's author says of it [none]" }
#define CLI_QUALITY_OPTION(T)                                                              \
    { "quality", 0, CLI_FLAG, offsetof(T, photo.quality), NULL,                             \
      "tell how good the picture of each face is: size, blur, light, pose, mask, a score" }
#define CLI_FACES_OPTION(T, WHICH)                                                          \
    { "faces", 'f', CLI_FACES, offsetof(T, photo.faces), "largest|center|best|all|error|N", \
      WHICH }
#define CLI_MACHINE_OPTIONS(T)                                                              \
    { "threads", 't', CLI_COUNT, offsetof(T, photo.threads), "N",                           \
      "threads for a file [all CPUs, shared among -j]" },                                   \
    { "cpu", 0, CLI_TEXT, offsetof(T, photo.cpu), KAO_CPU_CHOICES,                 \
      "widest kernels to use [native; KAO_CPU]" },                                          \
    { "jobs", 'j', CLI_COUNT, offsetof(T, photo.jobs), "N", "files at once [1]" },          \
    { "json", 0, CLI_FLAG, offsetof(T, photo.json), NULL, "one JSON object a line" }
/* clang-format on */

/* Whether --faces means others than the largest. */
static inline bool cli_faces_given(const cli_faces *f)
{
    return f->all || f->nth || f->choice != KAO_CHOOSE_LARGEST;
}

/* How to look for them: all of them, so that a face has the number that detect gives it, unless
 * the largest alone matters. */
static inline kao_search cli_search_for(const cli_faces *f)
{
    return cli_faces_given(f) ? KAO_SEARCH_ALL : KAO_SEARCH_LARGEST;
}

/* What one thread needs to work on files: sessions of its own on shared models. */
typedef struct cli_worker {
    kao_context *ctx;
    kao_detector *detector; /* NULL with no_detect, or for whole pictures */
    kao_embedder *embedder; /* NULL where none is wanted */
    kao_tta tta;
    kao_analyser *analysers[CLI_ANALYSERS]; /* by kind; NULL where none is wanted */
    const cli_photo_options *options;
} cli_worker;

/* The workers of a command (-j, no more than items), and what they share. */
typedef struct cli_crew {
    kao_context *ctx;
    kao_model *detector, *embedder,
        *analysers[CLI_ANALYSERS]; /* NULL where none is wanted */
    cli_model found[2];            /* by cli_role: where they came from */
    uint32_t n;
    cli_worker *workers;
} cli_crew;

/* On failure nothing is left open. */
kao_status cli_crew_open(cli_crew *c, const cli_photo_options *o, size_t n_items,
                         bool embedder, kao_error *err);
void cli_crew_close(cli_crew *c);
/* KAO_E_ARG where pictures are taken as they are. wish: what needs faces, to end the line with:
 * "--quality could tell of". */
kao_status cli_check_faces(const cli_crew *c, const char *wish, kao_error *err);
/* The same for --faces, --quality and --min-score, where they are given. */
kao_status cli_check_wishes(const cli_crew *c, kao_error *err);
/* Run the items (see jobs.h; work gets a cli_worker) and finish the command's output. */
int cli_crew_run(const cli_crew *c, const char *command, size_t n_items, void *user,
                 cli_work *work, cli_emit *emit);

typedef struct cli_photo {
    kao_image image; /* maybe reduced: see kao_image */
    kao_face *faces; /* in pixels of image, best first */
    size_t n_faces;
    cli_facts *facts; /* of each; NULL where none are asked for */
    uint32_t turned;  /* see kao_faces */
    size_t *chosen;   /* indices of those meant */
    size_t n_chosen;
    float *vectors; /* n_chosen of dim floats */
    float *norms;   /* n_chosen: lengths before they were brought to 1 */
    size_t dim;
    kao_face *in_file; /* the chosen ones in pixels of the file */
    double ms;
} cli_photo;

/* Read a picture and find its faces. A large JPEG is read reduced; whole: once more at its
 * size after that, with the same faces. */
kao_status cli_photo_detect(cli_worker *w, const char *path, kao_search search,
                            bool whole, cli_photo *p, kao_error *err);
/* After cli_photo_detect: choose by --faces. KAO_E_NO_FACE and the like name the path. */
kao_status cli_photo_choose(cli_worker *w, const char *path, cli_photo *p,
                            kao_error *err);
/* Read, detect (or take the picture as a chip), choose, align, embed. */
kao_status cli_photo_embed(cli_worker *w, const char *path, kao_search search,
                           cli_photo *p, kao_error *err);
/* The same for a photograph in memory (no_detect does not count); name: for messages. */
kao_status cli_photo_detect_bytes(cli_worker *w, const char *name, kao_span bytes,
                                  cli_photo *p, kao_error *err);
kao_status cli_photo_embed_bytes(cli_worker *w, const char *name, kao_span bytes,
                                 kao_search search, cli_photo *p, kao_error *err);
void cli_photo_free(cli_worker *w, cli_photo *p);
/* Drop the pixels, keep faces and vectors. */
void cli_photo_drop_image(cli_worker *w, cli_photo *p);

/* A picture's name without folder and ending; *n: its bytes. */
const char *cli_stem(const char *path, size_t *n);
/* FOLDER/NAME, to be freed, with one slash between however many FOLDER ends in: the gallery knows a file
 * by its path again. NULL: out of memory. */
char *cli_path_in(const char *folder, const char *name);
/* Whether each picture's results can go into one folder: CLI_YES, or after a line on stderr
 * CLI_BAD, where two different pictures have the same stem, or CLI_FAULT. */
int cli_check_stems(const char *command, char **paths, size_t n);

/* Whether it is standard input, a pipe or a device: what is read of it is gone, and reading it again
 * might never end. */
bool cli_is_stream(const char *path);
/* Whether a file that was met in a folder is left out, as its content (what reading it gave) and its
 * name both say that it is no picture. */
bool cli_is_no_picture(const char *path, kao_status read);

/* {"code":..,"message":..} */
kao_json *cli_error_json(const kao_error *err);
/* What failed about a file or model: the line on stderr and, with --json, {KEY:NAME,"error":..}.
 * Gives the exit status. */
int cli_report_object(const char *command, const char *key, const char *name, bool json,
                      kao_status st, const kao_error *err);
/* The face in the picture at so many times its width and height. */
kao_face cli_face_scaled(const kao_face *face, float across, float down);
/* Box and points, for --draw. */
void cli_draw_face(const kao_image *image, const kao_face *face, kao_color color);
/* A line of text at its box; nothing where the machine cannot draw any. */
kao_status cli_label_face(kao_context *ctx, const kao_image *image,
                          const kao_face *face, const char *text, kao_color color,
                          kao_error *err);
/* Print a line of JSON; CLI_FAULT where memory ran out. */
int cli_print_json(const char *name, kao_json *json);

#endif
