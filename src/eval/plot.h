/* Plots as SVG text, to stand inside an HTML page that defines the colours: CSS variables
 * --ink, --soft (grid), and --a, --b .. by the class of a curve (a, b, mark). */
#ifndef KAO_EVAL_PLOT_H
#define KAO_EVAL_PLOT_H

#include "base/bytes.h"

/* printf into b; one call adds 1,023 bytes at most. False where it does not fit. */
bool kao_put(kao_bytes *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Text from outside, with what HTML gives a meaning escaped; no UTF-8 becomes U+FFFD. */
bool kao_put_text(kao_bytes *b, const char *s);

typedef struct kao_axis {
    const char *label;
    double low, high; /* low < high; log: above 0 */
    bool log;         /* in powers of ten; else tics at every `tic` */
    double tic;
    int places; /* decimal, of the tics */
} kao_axis;

typedef struct kao_plot {
    kao_bytes *b;
    kao_axis x, y;
    bool fine; /* false: something did not fit into b */
} kao_plot;

void kao_plot_begin(kao_plot *p, const char *title);
/* Points outside the axes are moved to their border. filled: down to the x axis. */
void kao_plot_curve(kao_plot *p, const char *curve_class, const double *x,
                    const double *y, size_t n, bool filled);
/* A vertical line with its name. */
void kao_plot_mark(kao_plot *p, double x, const char *name);
/* Entry i of the legend, from the top left corner (right: from the top right one). */
void kao_plot_legend(kao_plot *p, size_t i, bool right, const char *curve_class,
                     const char *name);
bool kao_plot_end(kao_plot *p);

#endif
