/* What the pages of evaluations share; for report.c and report_identify.c. */
#ifndef KAO_EVAL_REPORT_PARTS_H
#define KAO_EVAL_REPORT_PARTS_H

#include "eval/report.h"

/* The head, the rows, and the beginning of the table of figures. */
bool kao_report_begin(kao_bytes *b, const char *title, const kao_report_row *rows,
                      size_t n_rows);
bool kao_report_row_put(kao_bytes *b, const char *name, const char *value);

#endif
