/* What kao watch says: events as lines, tracks as a MOT file. */
#ifndef KAO_CLI_WATCH_TELL_H
#define KAO_CLI_WATCH_TELL_H

#include "base/mem.h"
#include "cli/odds.h"
#include "kao/watch.h"

/* A line of an event, on stdout; wall: seconds since 1970 of a live source, NaN of a file. */
int cli_watch_event(const kao_track_event *e, uint64_t frame, double wall,
                    const char *name, const cli_limit *limit, bool json);

/* Boxes are kept and written at the end: only then it is known which tracks were one person. */
typedef struct cli_mot cli_mot;

cli_mot *cli_mot_open(void);
void cli_mot_close(cli_mot *m); /* NULL is fine */
bool cli_mot_add(cli_mot *m, uint64_t frame, const kao_track *t);
/* The track `was` is the track id. */
bool cli_mot_rename(cli_mot *m, int64_t was, int64_t id);
kao_status cli_mot_write(const cli_mot *m, const char *path, kao_error *err);

#endif
