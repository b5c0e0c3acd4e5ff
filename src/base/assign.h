/* Optimal one-to-one assignment of rows to columns: boxes to tracks, identities to people. */
#ifndef KAO_BASE_ASSIGN_H
#define KAO_BASE_ASSIGN_H

#include "base/error.h"
#include "base/mem.h"

/* Pairs of a row and a column, each in one pair at most, so that the sum of (cost - most) over
 * the pairs is as small as it can be. What is left alone counts 0, so that each pair must be
 * worth more than what it keeps its row and its column from: `most` is the price of leaving a
 * row and a column alone, not a wish for many pairs. (Where as many pairs as possible are
 * wanted: costs from 0 up, NaN for what is forbidden, and a `most` above the sum of any
 * pairs' costs.)
 *
 * cost        row r, column c at cost[r * stride + c]; only read.
 * most        finite. Pairs whose cost is not below it are not taken, nor those whose cost is
 *             NaN or infinite.
 * col_of_row  out, a number a row: its column, or -1.
 *
 * The same costs give the same pairs; of two rows with equal costs the first has the better
 * column. The sums are in double precision. Time: rows * min(rows, cols) * cols; memory: 25
 * bytes a column and 8 a row.
 * Errors: KAO_E_ARG (most, or stride below cols), KAO_E_LIMIT (2^31 rows or columns),
 * KAO_E_NOMEM; then all of col_of_row are -1. */
kao_status kao_assign(kao_mem *mem, const float *cost, size_t rows, size_t cols,
                      size_t stride, float most, int32_t *col_of_row, kao_error *err);

#endif
