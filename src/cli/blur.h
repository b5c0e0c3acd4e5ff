/* kao blur: whose faces, and how; what pictures and videos share. */
#ifndef KAO_CLI_BLUR_H
#define KAO_CLI_BLUR_H

#include "media/hide.h"
#include "cli/watch_use.h"

typedef struct cli_blur_args {
    cli_watch_options w;
    cli_list only, except;
    const char *output, *plan, *from;
    int mode; /* a kao_hide_mode */
    bool strangers, json;
} cli_blur_args;

typedef struct cli_blur {
    const cli_blur_args *args;
    cli_watch w;
    int64_t people[CLI_LIST_MAX]; /* of --only or --except */
    size_t n;
    bool writes; /* what fails now is a file that is written */
} cli_blur;

/* Whether somebody is to be hidden; person 0: nobody known. name: NULL: has none. */
bool cli_blur_hides(const cli_blur *b, int64_t person, const char *name);

/* A video, from b->w or, with --from, without any network. *n_tracks, *n_hidden: people. */
kao_status cli_blur_video(cli_blur *b, const char *source, size_t *n_tracks,
                          size_t *n_hidden, kao_error *err);

#endif
