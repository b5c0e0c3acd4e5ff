/* The body of the scan kernels, over an ISA's verbs for integers:
 *
 *   vs                        SCAN_N sums of 32 bits
 *   vs_load, vs_store         from and to int32_t
 *   vs_row, vs_row_at         a group of 4 bytes of a row, for all lanes
 *   vs_dot(sum, row, query)   sum + the products of the group with SCAN_N queries' groups
 *   vs_dot_row                the dot product of a row and a query of width 1, without bias
 *   SCAN_BIAS                 1: the verbs take a row's bytes as they are, 128 too many
 *
 * SCAN_ROWS rows by SCAN_VECS vectors of queries stay in registers while a row's groups run: a
 * group of queries is loaded once for all rows, from the nearest cache, as the packed queries
 * are read again for each tile. With one query nothing is read twice, and memory sets the pace:
 * rows are walked from end to end, and asked for ahead of the loads. */
#ifndef KAO_KERNELS_VEC_SCAN_BODY_H
#define KAO_KERNELS_VEC_SCAN_BODY_H

#include "kernels/vec/inline.h"
#include "kernels/vec/unroll.h"

enum { SCAN_BLOCK = 16, SCAN_AHEAD = 1024, SCAN_TERMS_AHEAD = 64, SCAN_STEP = 4 };

/* The hits among a row's sums with `width` queries. */
KAO_INLINE size_t scan_row_hits(const kao_scan_args *a, size_t row, const int32_t *sums,
                                const size_t width, size_t n_hits)
{
    float value[KAO_SCAN_WIDEST];
    int32_t n = 0;

    for (size_t j = 0; j < width; j++) {
        value[j] = a->scale[row] * a->q_scale[j] * (float)sums[j] +
                   (a->norm[row] * a->q_error[j] + a->residual[row] * a->q_norm[j]) +
                   a->offset[row];
        n += value[j] < a->limit[j] ? 0 : 1;
    }
    for (size_t j = 0; n > 0 && j < width; j++) {
        if (value[j] < a->limit[j])
            continue;
        a->hits[n_hits++] = (kao_scan_hit){ (uint32_t)row, (uint32_t)j, value[j] };
        n--;
    }
    return n_hits;
}

/* The hits among the sums of SCAN_BLOCK rows with one query. */
KAO_INLINE size_t scan_block_hits(const kao_scan_args *a, size_t row,
                                  const int32_t *sums, const size_t n_rows,
                                  size_t n_hits)
{
    const float *scale = a->scale + row, *norm = a->norm + row,
                *residual = a->residual + row, *offset = a->offset + row;
    const float q_scale = a->q_scale[0], q_error = a->q_error[0], q_norm = a->q_norm[0],
                limit = a->limit[0];
    float value[SCAN_BLOCK];
    int32_t n = 0;

    for (size_t i = 0; i < n_rows; i++) {
        value[i] = scale[i] * q_scale * (float)sums[i] +
                   (norm[i] * q_error + residual[i] * q_norm) + offset[i];
        n += value[i] < limit ? 0 : 1;
    }
    for (size_t i = 0; n > 0 && i < n_rows; i++) {
        if (value[i] < limit)
            continue;
        a->hits[n_hits++] = (kao_scan_hit){ (uint32_t)(row + i), 0, value[i] };
        n--;
    }
    return n_hits;
}

KAO_INLINE int32_t scan_dot_row(const kao_scan_args *a, size_t row)
{
    const uint8_t *p = a->rows + row * a->n;
    const uint32_t bias = SCAN_BIAS ? (uint32_t)a->q_bias[0] : 0;

    for (size_t i = 0; i < a->n; i += KAO_SCAN_ALIGN)
        __builtin_prefetch(p + SCAN_AHEAD + i);
    return (int32_t)((uint32_t)vs_dot_row(p, a->queries, a->n) + bias);
}

KAO_INLINE size_t scan_one(const kao_scan_args *a)
{
    int32_t sums[SCAN_BLOCK];
    size_t n_hits = 0, row = 0;

    for (; row + SCAN_BLOCK <= a->n_rows; row += SCAN_BLOCK) {
        __builtin_prefetch(a->scale + row + SCAN_TERMS_AHEAD);
        __builtin_prefetch(a->norm + row + SCAN_TERMS_AHEAD);
        __builtin_prefetch(a->residual + row + SCAN_TERMS_AHEAD);
        __builtin_prefetch(a->offset + row + SCAN_TERMS_AHEAD);
        for (size_t i = 0; i < SCAN_BLOCK; i++)
            sums[i] = scan_dot_row(a, row + i);
        n_hits = scan_block_hits(a, row, sums, SCAN_BLOCK, n_hits);
    }
    for (; row < a->n_rows; row++) {
        sums[0] = scan_dot_row(a, row);
        n_hits = scan_block_hits(a, row, sums, 1, n_hits);
    }
    return n_hits;
}

/* n_rows rows with nv vectors of queries. */
KAO_INLINE void scan_tile(const kao_scan_args *a, size_t row, const int n_rows,
                          const int nv, int32_t *sums)
{
    const uint8_t *p = a->rows + row * a->n, *q = a->queries;
    vs sum[SCAN_ROWS][SCAN_VECS];

    KAO_UNROLL(SCAN_VECS)
    for (int v = 0; v < nv; v++) {
        const int32_t none[SCAN_N] = { 0 };
        const vs first = vs_load(SCAN_BIAS ? a->q_bias + SCAN_N * v : none);
        KAO_UNROLL(SCAN_ROWS)
        for (int i = 0; i < n_rows; i++)
            sum[i][v] = first;
    }
    for (size_t k = 0; k < a->n; k += SCAN_STEP) {
        /* of the next tile as many bytes as this step takes of its rows */
        __builtin_prefetch(p + (size_t)n_rows * (a->n + k));
        KAO_UNROLL(SCAN_ROWS)
        for (int i = 0; i < n_rows; i++) {
            const vs_row r = vs_row_at(p + (size_t)i * a->n + k);
            KAO_UNROLL(SCAN_VECS)
            for (int v = 0; v < nv; v++)
                sum[i][v] = vs_dot(sum[i][v], r, q + v * SCAN_BYTES);
        }
        q += nv * SCAN_BYTES;
    }
    KAO_UNROLL(SCAN_ROWS)
    for (int i = 0; i < n_rows; i++) {
        KAO_UNROLL(SCAN_VECS)
        for (int v = 0; v < nv; v++)
            vs_store(sums + SCAN_N * (i * nv + v), sum[i][v]);
    }
}

KAO_INLINE size_t scan_many(const kao_scan_args *a, const int nv)
{
    const size_t width = (size_t)(SCAN_N * nv);
    int32_t sums[SCAN_ROWS * SCAN_VECS * SCAN_N];
    size_t n_hits = 0, row = 0;

    for (; row + SCAN_ROWS <= a->n_rows; row += SCAN_ROWS) {
        scan_tile(a, row, SCAN_ROWS, nv, sums);
        for (size_t i = 0; i < SCAN_ROWS; i++)
            n_hits = scan_row_hits(a, row + i, sums + i * width, width, n_hits);
    }
    for (; row < a->n_rows; row++) {
        scan_tile(a, row, 1, nv, sums);
        n_hits = scan_row_hits(a, row, sums, width, n_hits);
    }
    return n_hits;
}

#define KAO_SCAN_ONE(name)                                                             \
 size_t name(const kao_scan_args *a)                                                   \
 {                                                                                     \
  return scan_one(a);                                                                  \
 }
#define KAO_SCAN_MANY(name, nv)                                                        \
 size_t name(const kao_scan_args *a)                                                   \
 {                                                                                     \
  return scan_many(a, nv);                                                             \
 }

#endif
