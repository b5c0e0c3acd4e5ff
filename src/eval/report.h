/* Evaluations as one HTML page that needs nothing beside it, readable on a dark and a light
 * screen. Of verification: a table, ROC, DET and the similarities of both kinds of pairs; of
 * identification: a table, the hits by rank (CMC) and misses against false alarms (DET). */
#ifndef KAO_EVAL_REPORT_H
#define KAO_EVAL_REPORT_H

#include "base/bytes.h"
#include "eval/figures.h"
#include "eval/identify.h"

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

typedef struct kao_identify_report {
    const kao_report_row *rows;
    size_t n_rows;
    const kao_identification *found;
    const kao_identify_figures *figures;
} kao_identify_report;

bool kao_report_write_identification(kao_bytes *b, const kao_identify_report *r);

#endif
