/* What the pages of evaluations share; for report.c and report_identify.c. */
#ifndef KAO_EVAL_REPORT_PARTS_H
#define KAO_EVAL_REPORT_PARTS_H

#include "eval/report.h"

/* The head, the rows, and the beginning of the table of figures. */
bool kao_report_begin(kao_bytes *b, const char *title, const kao_report_row *rows,
                      size_t n_rows);
bool kao_report_row_put(kao_bytes *b, const char *name, const char *value);

enum { KAO_CURVE_POINTS = 240 };

typedef struct kao_report_curve {
    double far[KAO_CURVE_POINTS], tar[KAO_CURVE_POINTS], frr[KAO_CURVE_POINTS];
    double
        low; /* the least rate that is shown: one false accept, in whole powers of ten */
} kao_report_curve;

/* Needs both kinds of pairs. */
void kao_report_trace(const kao_scores *s, kao_report_curve *c);
/* What is missed against what is accepted wrongly. equal: with the line where both are. */
bool kao_report_det(kao_bytes *b, const kao_scores *s, const kao_report_curve *c,
                    const char *far_label, const char *frr_label, bool equal);

enum { KAO_REPORT_BINS = 100 };

/* How many of each kind of pairs, as shares of theirs, lie in each of equal parts of -1..1; the axes
 * show all of it. threshold: a line there; NaN: none. */
bool kao_report_histogram(kao_bytes *b, const double same[KAO_REPORT_BINS],
                          const double different[KAO_REPORT_BINS], double threshold);

#endif
