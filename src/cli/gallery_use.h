/* A gallery with the detector and the embedders that fill it: what enroll, identify and their kin
 * share.
 *
 * Which one: --gallery, a file or the address of a PostgreSQL database, else KAO_GALLERY, else
 * kao/people.kao in the user's data folder (XDG_DATA_HOME, or .local/share in HOME). Which models: those that the gallery is pinned to,
 * found by their names; of a new one those of --model, else the two inside the program. Its key, where it is
 * encrypted: --key-file, else KAO_GALLERY_KEY_FILE. */
#ifndef KAO_CLI_GALLERY_USE_H
#define KAO_CLI_GALLERY_USE_H

#include "base/database.h"
#include "cli/odds.h"
#include "cli/photo.h"
#include "kao/gallery.h"

typedef struct cli_gallery_options {
    cli_photo_options photo; /* model is not looked at: */
    cli_list models;
    const char *gallery, *key_file;
    bool make_key;    /* of a new gallery: the key file, too, where it is not there */
    bool without_key; /* in the clear: the key file is for something else */
} cli_gallery_options;

/* clang-format off */
#define CLI_GALLERY_OPTION(T)                                                               \
    { "gallery", 'g', CLI_TEXT, offsetof(T, use.gallery), "FILE",                           \
      "the gallery, or postgresql://... for one on a server [KAO_GALLERY; else "            \
      "kao/people.kao in the user's data folder]" }
#define CLI_GALLERY_KEY_OPTION(T)                                                           \
    { "key-file", 0, CLI_TEXT, offsetof(T, use.key_file), "FILE",                           \
      "the key of a gallery that is encrypted [KAO_GALLERY_KEY_FILE]" }
#define CLI_GALLERY_MODEL_OPTIONS(T)                                                        \
    { "model", 'm', CLI_LIST, offsetof(T, use.models), "MODEL",                             \
      "of a new gallery: an embedder that it is for; several times: for all of them "       \
      "[kao-face, kao-face-mask]" },                                                        \
    { "detector", 'd', CLI_TEXT, offsetof(T, use.photo.detector), "MODEL",                  \
      "detector: a path or a name [" CLI_BUNDLED_DETECTOR "]" }
#define CLI_GALLERY_MACHINE_OPTIONS(T)                                                      \
    { "threads", 't', CLI_COUNT, offsetof(T, use.photo.threads), "N",                       \
      "threads [all CPUs]" },                                                               \
    { "cpu", 0, CLI_TEXT, offsetof(T, use.photo.cpu), KAO_CPU_CHOICES,                      \
      "widest kernels to use [native; KAO_CPU]" }
#define CLI_GALLERY_NETWORK_OPTIONS(T)                                                      \
    CLI_GALLERY_MODEL_OPTIONS(T),                                                           \
    { "min-score", 0, CLI_SCORE, offsetof(T, use.photo.min_score), "X",                     \
      "drop faces with a detector score below X [the card's]" },                            \
    { "upright", 0, CLI_FLAG, offsetof(T, use.photo.upright), NULL,                         \
      "the pictures are upright: do not try them turned" },                                 \
    CLI_GALLERY_MACHINE_OPTIONS(T)
/* clang-format on */

typedef enum cli_gallery_for {
    CLI_GALLERY_READ, /* it has to be there */
    CLI_GALLERY_WRITE,
    CLI_GALLERY_CREATE, /* made where there is none */
} cli_gallery_for;

typedef struct cli_gallery {
    char path[KAO_DATABASE_SHOWN];
    char shown
        [KAO_DATABASE_SHOWN]; /* the same as people are told it: without a password */
    kao_gallery *g;
    cli_crew crew; /* of one worker; without networks: its context alone */
    kao_model *models[KAO_GALLERY_MODELS];
    kao_embedder *embedders[KAO_GALLERY_MODELS];
    kao_tta ttas[KAO_GALLERY_MODELS];
    size_t n; /* models */
    uint8_t key[KAO_GALLERY_KEY];
    bool has_key;
} cli_gallery;

/* networks: detector and embedders are opened, too. On failure nothing is left open. */
kao_status cli_gallery_open(cli_gallery *u, const cli_gallery_options *o,
                            cli_gallery_for what, bool networks, kao_error *err);
void cli_gallery_close(cli_gallery *u);

/* The key file that is meant; NULL: none. */
const char *cli_key_file(const cli_gallery_options *o);
/* A key from its file, which is made if that is not there and `make`. What is to be said of it stands on stderr. */
kao_status cli_key_read(const char *path, bool make, uint8_t key[KAO_GALLERY_KEY],
                        kao_error *err);

/* The file of its access keys (server/keys.h): GALLERY.keys, also where the gallery is named by a link; of one
 * on a server a file of this machine's in the user's data folder. */
kao_status cli_keys_path(const cli_gallery_options *o, char *path, size_t cap,
                         kao_error *err);
/* The folders above a file, made where they are missing, for their owner alone. */
kao_status cli_gallery_folder(const char *path, kao_error *err);

/* Whether the gallery that is meant is there. */
bool cli_gallery_exists(const cli_gallery_options *o);

/* Vectors of face i of a photo, one for each model: *vectors is a block of them, in a row, to be
 * freed with free(). norm: the first one's length before it was brought to 1; or NULL. */
kao_status cli_gallery_embed(cli_gallery *u, const cli_photo *photo, size_t i,
                             float **vectors, float *norm, kao_error *err);
/* Where model m's begins. */
const float *cli_gallery_vector(const cli_gallery *u, const float *vectors, size_t m);

/* KAO_E_ARG where both are given (not NaN). */
kao_status cli_check_one_limit(float threshold, double fpir, kao_error *err);
/* From which similarity on somebody is known: by threshold, or (NaN) by fpir (NaN: .01) for a
 * gallery of this size; *templates: its samples. */
kao_status cli_gallery_limit(cli_gallery *u, float threshold, double fpir,
                             cli_limit *limit, uint64_t *templates, kao_error *err);
/* The same of a group of it (NULL: all). */
kao_status cli_gallery_limit_in(cli_gallery *u, const char *group, float threshold,
                                double fpir, cli_limit *limit, uint64_t *templates,
                                kao_error *err);

/* "#7", or a name that one person has. */
kao_status cli_person_of(cli_gallery *u, const char *word, int64_t *person,
                         kao_error *err);
/* A copy of the name, to be freed; *name is NULL where there is none. */
kao_status cli_person_name(cli_gallery *u, int64_t person, char **name, kao_error *err);

#endif
