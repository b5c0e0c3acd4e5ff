/* Who was there, when and how long, out of the lines that kao watch --json prints. */
#ifndef KAO_CLI_REPORT_H
#define KAO_CLI_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kao/status.h"

typedef struct cli_visit {
    double begin,
        end; /* seconds: since 1970 where the log says so, else of the video */
} cli_visit;

typedef struct cli_presence { /* of somebody */
    int64_t person; /* of a gallery; 0: a stranger, who is a track of one log */
    int64_t track;
    char *name;      /* or NULL */
    const char *log; /* of a stranger; borrowed */
    cli_visit *visits;
    size_t n, cap;
} cli_presence;

typedef struct cli_presences {
    cli_presence *rows;
    size_t n, cap;
    bool timed; /* there is an event, whose time says what wall is */
    bool wall;  /* times are since 1970 */
    bool mixed; /* of some logs they are, of others not */
} cli_presences;

void cli_presences_free(cli_presences *p); /* {0} is fine */
/* Add a log, or several one behind the other, as where kao watch went on with a file: its frames count
 * from the beginning again. path stays borrowed, "-" is standard input. KAO_E_FORMAT names the line. */
kao_status cli_presences_read(cli_presences *p, const char *path, kao_error *err);
/* After the last log: rows by who was there first, visits in order. Where times are since 1970, visits
 * at once, as before two cameras, are one. KAO_E_NOMEM. */
kao_status cli_presences_sort(cli_presences *p, kao_error *err);
double cli_presence_seconds(const cli_presence *p);
double cli_presence_last(const cli_presence *p); /* until when */
/* "Ana", "#7" or "track 3", into to. */
const char *cli_presence_title(const cli_presence *p, char *to, size_t cap);
/* "2026-11-29 10:15:02" (UTC) or "0:00:12.3", into to. */
const char *cli_presence_time(const cli_presences *p, double seconds, char to[40]);

/* A page with a bar for each visit. */
kao_status cli_report_page(const cli_presences *p, const char *path, kao_error *err);

#endif
