/* Pictures of an evaluation to vectors: what kao eval's forms share. */
#ifndef KAO_CLI_EVAL_EMBED_H
#define KAO_CLI_EVAL_EMBED_H

#include "cli/photo.h"
#include "base/bytes.h"
#include "eval/pictures.h"

typedef enum eval_unusable { EVAL_REFUSE, EVAL_DROP, EVAL_REJECT } eval_unusable;

/* Of a picture, for --discard: the score by its pixels, the vector's length, the score by both. */
enum { EVAL_BY_PICTURE, EVAL_BY_NORM, EVAL_BY_SCORE, EVAL_QUALITIES };

typedef enum eval_masked { EVAL_BARE, EVAL_SECOND, EVAL_BOTH } eval_masked;

typedef struct eval_args {
    const char *command;     /* for messages: "eval", "calibrate" */
    cli_photo_options photo; /* no_detect: the pictures are crops */
    const char *note, *report, *scores, *by, *n_false, *discard;
    const char *pairs, *groups, *labels, *doubles, *card; /* calibrate's */
    uint32_t threads, times, seed, enroll, n_listed;
    int unusable; /* eval_unusable */
    int masked;   /* eval_masked */
    float threshold, overlap, iou, min_size, strangers;
    bool photos, dbscan;
} eval_args;

typedef struct eval_vectors {
    const eval_args *args;
    const kao_pictures *pictures;
    const char *const *names;
    size_t n, dim;
    bool masked;    /* a mask is drawn on each; crops alone. The caller's to set */
    float *vectors; /* n times dim */
    bool *usable;   /* n */
    float (*quality)[EVAL_QUALITIES]; /* n, with --discard; else NULL */
    size_t n_unusable;
    float threshold;         /* --threshold, else the card's; NaN: none */
    cli_photo_options photo; /* as the crew has them */
    cli_crew crew;
} eval_vectors;

/* "kao COMMAND: LINE" on stderr, for the first 20. already: how many came before. */
void eval_say(const eval_args *args, size_t already, const char *line);
/* False, after a line, where options choose among faces and no face is looked for, or want all of
 * them. finds: whether faces are looked for without --photos. */
bool eval_may_choose(const eval_args *args, bool finds);
/* False, after a line for each missing picture (the first 20) and their number, where some are
 * missing and --unusable does not say to go on: before anything is computed. */
bool eval_may_begin(const eval_args *args, const kao_pictures *pictures,
                    const char *const *names, size_t n);

/* Embed all pictures, on all threads. Aligned crops of the embedder's size, or 8 pixels larger
 * on each side, of which the middle is taken; for a network by points of another size also crops
 * of 112 pixels, for one of whole pictures any; or with --photos photographs. What cannot be
 * used has a line on stderr (the first 20). Gives an exit status: CLI_YES, also with unusable
 * ones where --unusable says to go on. */
int eval_embed(eval_vectors *v, const eval_args *args, const kao_pictures *pictures,
               const char *const *names, size_t n);
void eval_vectors_free(eval_vectors *v); /* {0} is fine */

/* Write b to a file and free it; fine: it is whole. Gives an exit status, after a line on stderr
 * where it failed. */
int eval_write(const eval_args *args, kao_bytes *b, const char *path, bool fine);

/* The word of --tta; what was evaluated, as the beginning of a JSON object. */
const char *eval_mirror(const eval_vectors *v);
kao_json *eval_setting_json(const eval_vectors *v);

int eval_verify(const eval_args *args, char **files, int n);
int eval_cluster(const eval_args *args, char **files, int n);
int eval_identify(const eval_args *args, char **files, int n);
int eval_detect(const eval_args *args, char **files, int n);
int eval_groups(const eval_args *args, char **files, int n);
int eval_track(const eval_args *args, char **files, int n);

#endif
