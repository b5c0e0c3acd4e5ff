/* A watcher with what it stands on: detector, embedders, maybe a gallery; and the signals that
 * stop it. What watch and blur share. */
#ifndef KAO_CLI_WATCH_USE_H
#define KAO_CLI_WATCH_USE_H

#include <math.h>

#include "cli/gallery_use.h"
#include "cli/odds.h"
#include "kao/watch.h"

typedef struct cli_watch_options {
    cli_gallery_options use;
    float threshold, same; /* NaN: not given */
    float lost;
    double fpir; /* NaN: not given */
    int rule;
    bool no_gallery, remember, fine, unsure, with_ignored;
} cli_watch_options;

#define CLI_WATCH_DEFAULTS                                                             \
 {                                                                                     \
  .threshold = NAN, .same = NAN, .fpir = (double)NAN                                   \
 }

/* clang-format off */
#define CLI_WATCH_GALLERY_OPTIONS(T)                                                        \
    { "gallery", 'g', CLI_TEXT, offsetof(T, w.use.gallery), "FILE",                         \
      "who is known [the usual gallery, where there is one]" },                             \
    { "key-file", 0, CLI_TEXT, offsetof(T, w.use.key_file), "FILE",                         \
      "the key of a gallery that is encrypted [KAO_GALLERY_KEY_FILE]" },                    \
    { "no-gallery", 0, CLI_FLAG, offsetof(T, w.no_gallery), NULL,                           \
      "name nobody: follow people by their number" }
#define CLI_WATCH_LIMIT_OPTIONS(T)                                                          \
    { "threshold", 0, CLI_COSINE, offsetof(T, w.threshold), "X",                            \
      "known from this similarity on, above 0 [by --fpir]" },                                 \
    { "fpir", 0, CLI_RATE, offsetof(T, w.fpir), "X",                                        \
      "so many strangers may be taken for somebody of the gallery [0.01]" },                \
    { "fine", 0, CLI_FLAG, offsetof(T, w.fine), NULL,                                       \
      "of a video: look for small faces too: five times as slow" }
#define CLI_WATCH_NETWORK_OPTIONS(T, SCORE)                                                  \
    { "model", 'm', CLI_LIST, offsetof(T, w.use.models), "MODEL",                           \
      "embedder, without a gallery or of a new one: a path or a name "                      \
      "[" CLI_BUNDLED_EMBEDDER "]" },                                                       \
    { "detector", 'd', CLI_TEXT, offsetof(T, w.use.photo.detector), "MODEL",                \
      "detector: a path or a name [" CLI_BUNDLED_DETECTOR "]" },                            \
    { "min-score", 0, CLI_SCORE, offsetof(T, w.use.photo.min_score), "X",                   \
      "somebody is there from this detector score on [" SCORE "]" },                        \
    { "threads", 't', CLI_COUNT, offsetof(T, w.use.photo.threads), "N",                     \
      "threads [all CPUs]" },                                                               \
    { "cpu", 0, CLI_TEXT, offsetof(T, w.use.photo.cpu), KAO_CPU_CHOICES,                    \
      "widest kernels to use [native; KAO_CPU]" }
/* clang-format on */

typedef struct cli_watch {
    kao_context *ctx;
    cli_worker *worker;
    kao_watcher *watcher;
    const kao_cancel *cancel; /* requested by SIGINT and SIGTERM */
    cli_limit limit;          /* for rates */
    cli_gallery use;          /* with a gallery: use.g */
    cli_crew crew;            /* without one */
    cli_photo_options photo;  /* the crew's, which borrows them */
    char *name;               /* the last one asked for */
} cli_watch;

/* On failure nothing is left open. */
kao_status cli_watch_open(cli_watch *w, const cli_watch_options *o, kao_error *err);
void cli_watch_close(cli_watch *w);
/* Where cancel was requested: give it back and end the program by the signal that came. */
void cli_watch_end(cli_watch *w);
/* The name of a person of the gallery, borrowed until the next call; NULL: none. user: w. */
const char *cli_watch_name(void *user, int64_t person);

/* How far a video is, on stderr, if that is a terminal and standard output is none. */
typedef struct cli_video_progress {
    const char *what;
    double seconds,
        begun_ms; /* of the video, NaN: not told; the clock at its first frame */
    bool wanted, shown;
} cli_video_progress;

cli_video_progress cli_video_progress_begin(const char *what, double seconds);
void cli_video_progress_show(cli_video_progress *p, uint64_t frame, double time);
void cli_video_progress_end(cli_video_progress *p);

#endif
