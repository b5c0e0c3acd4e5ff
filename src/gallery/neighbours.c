/* See neighbours.h. Means go through the GEMM kernels in blocks:
 *
 *                 COLUMNS packed once
 *     ROWS a piece  [ products ]  -> what is alike enough goes into the row's list
 *
 * A list's order is total (similarity, then number), so that it does not depend on the order in
 * which pairs come, nor on threads. */
#include "gallery/neighbours.h"

#include <string.h>

#include "kernels/products.h"

enum { ROWS = 64, COLUMNS = 512 };

/* Lanes that the compiler may put into vectors: their order is fixed, and so are the bits. */
static float product(const float *restrict a, const float *restrict b, size_t n)
{
    enum { LANES = 16 };
    float lane[LANES] = { 0 }, sum = 0;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        sum += a[i] * b[i];
    for (size_t k = 0; k < LANES; k++)
        sum += lane[k];
    return sum;
}

/* The mean of 1 - d * d / 2 over all pairs: d * d is what the squares of both lengths come to, less
 * twice the product, and the products of all pairs are the product of the sums. */
float kao_sums_similarity(const kao_sums *s, uint32_t a, uint32_t b)
{
    const float sum = product(s->sums + a * s->dim, s->sums + b * s->dim, s->dim);
    const double pairs = (double)s->size[a] * (double)s->size[b];

    return (float)(1 - ((double)s->half[a] + (double)s->half[b]) + (double)sum / pairs);
}

typedef struct search {
    const kao_sums *s;
    const kao_near_wanted *w;
    kao_kernels kernels;
    float *rows, *packed, *products; /* rows, products: a share for each thread */
    size_t column, n_columns;        /* of the block at hand */
    kao_near *near;
    uint32_t *count;
} search;

/* Means of n groups from `first` on. */
static void gather(const search *x, size_t first, size_t n, float *to)
{
    const size_t dim = x->s->dim;

    for (size_t i = 0; i < n; i++) {
        const uint32_t group = x->w->groups[first + i];
        const float *sum = x->s->sums + group * dim;
        const float scale = 1 / (float)x->s->size[group];

        for (size_t k = 0; k < dim; k++)
            to[i * dim + k] = sum[k] * scale;
    }
}

static bool before(const kao_near *a, const kao_near *b)
{
    return a->similarity > b->similarity ||
           (a->similarity == b->similarity && a->group < b->group);
}

/* One that is not before the last of a full list falls out at its end. */
static void offer(kao_near *list, uint32_t *n, uint32_t k, kao_near one)
{
    uint32_t i = *n;

    if (i == k) {
        if (!before(&one, &list[k - 1]))
            return;
        i = k - 1;
    } else {
        ++*n;
    }
    for (; i > 0 && before(&one, &list[i - 1]); i--)
        list[i] = list[i - 1];
    list[i] = one;
}

static void look_at_row(const search *x, size_t row, const float *products)
{
    const kao_near_wanted *w = x->w;
    const uint32_t group = w->groups[row];
    kao_near *list = x->near + row * w->k;
    uint32_t *n = &x->count[row];
    const float base = 1 - x->s->half[group];

    for (size_t i = 0; i < x->n_columns; i++) {
        const uint32_t other = w->groups[x->column + i];
        const kao_near one = { base - x->s->half[other] + products[i], other };

        if (one.similarity < w->least || other == group)
            continue;
        if (*n == w->k && !before(&one, &list[w->k - 1]))
            continue;
        if (w->may(w->user, group, other))
            offer(list, n, w->k, one);
    }
}

static void look_at_rows(void *arg, size_t piece, uint32_t worker)
{
    const search *x = arg;
    const size_t dim = x->s->dim, first = piece * ROWS,
                 n = x->w->n - first < ROWS ? x->w->n - first : ROWS;
    float *rows = x->rows + worker * ROWS * dim,
          *products = x->products + (size_t)worker * ROWS * COLUMNS;

    gather(x, first, n, rows);
    kao_products(&x->kernels, rows, n, x->packed, x->n_columns, dim, products);
    for (size_t i = 0; i < n; i++)
        look_at_row(x, first + i, products + i * x->n_columns);
}

kao_status kao_near_find(kao_context *ctx, const kao_sums *s, const kao_near_wanted *w,
                         kao_near *near, uint32_t *count, kao_error *err)
{
    const size_t dim = s->dim, n_threads = kao_pool_threads(ctx->pool);
    search x = { .s = s, .w = w, .near = near, .count = count };
    kao_status st = KAO_OK;

    kao_kernels_init(&x.kernels, ctx->cpu);
    x.rows = kao_calloc(&ctx->mem, n_threads * ROWS * dim, sizeof *x.rows);
    x.products = kao_calloc(&ctx->mem, n_threads * ROWS * COLUMNS, sizeof *x.products);
    x.packed = kao_calloc(&ctx->mem, kao_products_floats(&x.kernels, COLUMNS, dim),
                          sizeof *x.packed);
    /* the block of columns before it is packed */
    float *columns = kao_calloc(&ctx->mem, COLUMNS * dim, sizeof *columns);

    if (!x.rows || !x.products || !x.packed || !columns)
        st = kao_fail(err, KAO_E_NOMEM, "cluster: out of memory");
    memset(count, 0, w->n * sizeof *count);
    for (; !st && x.column < w->n; x.column += x.n_columns) {
        x.n_columns = w->n - x.column < COLUMNS ? w->n - x.column : COLUMNS;
        gather(&x, x.column, x.n_columns, columns);
        kao_products_pack(&x.kernels, columns, x.n_columns, dim, x.packed);
        kao_pool_run(ctx->pool, look_at_rows, &x, (w->n + ROWS - 1) / ROWS);
    }
    kao_free(&ctx->mem, columns);
    kao_free(&ctx->mem, x.packed);
    kao_free(&ctx->mem, x.products);
    kao_free(&ctx->mem, x.rows);
    return st;
}
