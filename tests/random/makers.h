/* What the makers of random graphs share. A maker adds a few nodes to the graph, or gives
 * false where nothing fits. */
#ifndef KAO_TESTS_RANDOM_MAKERS_H
#define KAO_TESTS_RANDOM_MAKERS_H

#include <float.h>

#include "random/random_graph.h"

enum { MAX_COUNT = 2048, MAX_WORK = 1 << 17, DIMS_TEXT = 96 };
#define ROUNDING ((double)FLT_EPSILON / 2)
#define MAX_M    40.0 /* magnitudes beyond are left alone by what multiplies them */

typedef bool random_maker(random_graph *t);

static inline bool is_unsigned(kao_dtype dtype)
{
    return (kao_type_bit(dtype) & (KAO_T_INT & ~KAO_T_SIGNED)) != 0;
}
kao_dtype draw_type(random_graph *t); /* any but float64 */

uint32_t draw(random_graph *t, uint32_t below); /* 0 .. below - 1 */
bool once_in(random_graph *t, uint32_t n);

const char *fresh_name(random_graph *t);
const char *text_of(const int64_t *dims, int32_t rank, char buf[DIMS_TEXT]);
int64_t product(const int64_t *dims, int32_t rank); /* MAX_COUNT + 1: too many */

/* A value of the graph with one of the types, lo <= rank <= hi; NULL: none found. */
const random_value *pick(random_graph *t, uint32_t types, int32_t lo, int32_t hi);
const random_value *last_value(const random_graph *t);
/* A new value; false from fits: too large, or no room. */
bool fits_graph(const random_graph *t, const int64_t *dims, int32_t rank);
const random_value *push(random_graph *t, kao_dtype dtype, int32_t rank,
                         const int64_t *dims, double m, double e);
const random_value *push_like(random_graph *t, const random_value *x, double m,
                              double e);

/* One node; attributes as in builder.h. */
void emit(random_graph *t, const char *op, const char *in, const char *out,
          const char *attributes);
/* op of up to three inputs. */
void emit3(random_graph *t, const char *op, const char *a, const char *b, const char *c,
           const char *out, const char *attributes);

/* Numbers from lo to hi: an initialiser, a Constant, sometimes an input of the graph. */
const char *constant(random_graph *t, kao_dtype dtype, int32_t rank,
                     const int64_t *dims, double lo, double hi);
/* Small integers that decide shapes: an initialiser or a Constant. */
const char *integers(random_graph *t, const int64_t *v, size_t n);
const char *floats(random_graph *t, const float *v, size_t n);
/* rows x columns weights, sum|w| <= 1 a row; transposed: stored columns x rows. */
const char *weights(random_graph *t, int32_t rank, const int64_t *dims, int64_t rows,
                    bool transposed);

/* What a convolution of c channels a group adds to e, by the unit u*m. By Winograd
 * (kernels/conv.h): along a side, the sum over i of |A^T|[y][i] |G|[i][k] sum_l |B^T|[i][l] is
 * 4 at most by 2 and 29.4 by 4. */
double conv_error(const random_graph *t, int64_t c, const int64_t kernel[2]);

/* 2 e where a sum, a product or a smooth function follows; 0 stays 0. */
static inline double rounded(double e, double m)
{
    return e > 0 ? e + 2 * ROUNDING * m : 0;
}

/* The lists of makers by file, NULL at the end. */
extern random_maker *const element_makers[],
    *const window_makers[], *const shape_makers[],
                                *const block_makers[],
                                    *const function_makers[],
                                        *const axis_makers[],
                                            *const spread_makers[],
                                                *const index_makers[],
                                                    *const sum_makers[];

random_maker make_conv, make_norm, make_activation, make_add, make_matmul;

#endif
