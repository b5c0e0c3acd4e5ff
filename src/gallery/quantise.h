/* Vectors of 8 bits, and what a scan of them can promise.
 *
 * A vector x is kept as s*a with integers a of -127..127, so that x = s*a + r with a residual r;
 * a query as y = t*b + e. With X = |x|^2 and Y = |y|^2, of the similarity 1 - |x - y|^2 / 2
 *
 *   1 - X/2 - Y/2 + x.y,  where  x.y = (s*a).(t*b) + (s*a).e + r.y
 *
 * all but the last two products is known, and those are at most |s*a||e| and |r||y| (Cauchy and
 * Schwarz). So the similarity is at least a given one, L, only if
 *
 *   s*t*(a.b) + |s*a||e| + |r||y| - X/2  >=  L - 1 + Y/2
 *
 * The left side is what a scan computes (kao_scan_args in kernels/kernels.h): four numbers of the
 * row and three of the query beside the exact a.b. Rows for which it fails cannot be among the
 * best once L is the least similarity of those found so far, and nothing is lost by leaving
 * them out; all others are compared in full. How good a and b approximate plays no part in this.
 *
 * Rounding. The norms are computed in double, within 1e-9 of their size for 2^17 numbers, and
 * rounded up. The left side in float is off by at most 8*u times the sum of its terms'
 * magnitudes M (u = 2^-24; class bound of the scan), M <= |s*a||t*b| + |s*a||e| + |r||y| + X/2:
 * with SLACK = 16*u, |e| is raised by SLACK*|t*b|, |r||y| and |s*a||e| by SLACK of themselves,
 * and X/2 is lowered by SLACK of itself. kao_similarity rounds its double to float, by u at
 * most, so that L is lowered by 1e-7, and by SLACK of the right side's terms.
 *
 * Similarities end at -1: where L is that or less every row counts. A vector longer than
 * LONGEST, whose terms may leave float's range, is a hit always, and so is all for such a query.
 * A tie is a hit, as the comparison is >=: who of two equals stands first is decided in full. */
#ifndef KAO_GALLERY_QUANTISE_H
#define KAO_GALLERY_QUANTISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a row of dim numbers: with zeros up to what the kernels take. */
size_t kao_quantised_size(size_t dim);

typedef struct kao_quantised { /* see kao_scan_args */
    float scale, norm, residual, offset;
} kao_quantised;

/* A row; false where a number is not finite. to: kao_quantised_size bytes, 128 added. */
bool kao_quantise_row(const float *x, size_t dim, uint8_t *to, kao_quantised *terms);

typedef struct kao_quantised_query {
    float scale, error, norm;
    double half; /* Y / 2 */
    bool is_long;
} kao_quantised_query;

/* A query of finite numbers. to: kao_quantised_size integers. */
void kao_quantise_query(const float *y, size_t dim, int8_t *to, kao_quantised_query *q);

/* What the scan's left side must reach for a similarity of `least`. */
float kao_quantised_limit(const kao_quantised_query *q, float least);

#endif
