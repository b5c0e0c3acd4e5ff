/* An evaluation of verification as one HTML page that needs nothing beside it: a table, ROC,
 * DET and the similarities of both kinds of pairs, readable on a dark and a light screen. */
#ifndef KAO_EVAL_REPORT_H
#define KAO_EVAL_REPORT_H

#include "base/bytes.h"
#include "eval/figures.h"

typedef struct kao_report_row {
    const char *name, *value; /* plain text */
} kao_report_row;

typedef struct kao_report {
    const char *title;
    const kao_report_row *rows; /* what was evaluated */
    size_t n_rows;
    const kao_scores *scores;
    const kao_figures *figures;
} kao_report;

/* Adds the page to b. False: out of memory, or b's limit. */
bool kao_report_write(kao_bytes *b, const kao_report *r);

#endif
