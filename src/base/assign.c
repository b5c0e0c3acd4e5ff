/* The assignment problem by shortest augmenting paths (Jonker and Volgenant: A shortest
 * augmenting path algorithm for dense and sparse linear assignment problems; Computing 38,
 * 1987), for rectangular matrices whose rows may stay alone.
 *
 * Rows come one by one. A new row r0 either takes a free column, or takes one from another row,
 * which then looks for another column in the same way, or some row of this chain is left alone:
 *
 *     r0 --c1-- r1 --c2-- r2 --c3 (free)        or        r0 --c1-- r1 (alone)
 *
 * Of all chains the cheapest is found as Dijkstra finds a shortest path: the prices of rows and
 * columns make all steps but those of r0 at least 0 (an offset of r0 alone is in every chain).
 * Being alone is a column of its own for each row, which costs nothing; no other row wants it,
 * so that its price stays 0 and it needs no place. A column once taken stays taken. */
#include "base/assign.h"

#include <math.h>

#include "base/reader.h"

typedef struct solver {
    const float *cost;
    size_t cols, stride;
    double most;
    double *row_price, *col_price;
    double *dist;             /* of each column from the new row */
    int32_t *row_of, *col_of; /* each other's pair; -1: none */
    int32_t *from;            /* the row that a column was reached from */
    bool *done;               /* columns whose distance is final */
} solver;

typedef struct end { /* of the cheapest chain */
    double dist;
    int32_t col; /* free; -1: */
    int32_t row; /* this row is left alone */
} end;

/* Look at the columns from a row at this distance; gives the nearest that is not done, or -1. */
static int32_t reach(solver *s, int32_t row, double at)
{
    const float *cost = s->cost + (size_t)row * s->stride;
    int32_t nearest = -1;

    for (size_t c = 0; c < s->cols; c++) {
        if (s->done[c])
            continue;
        const double step = (double)cost[c] - s->most;

        if (step < 0 && isfinite(step)) { /* false for NaN */
            const double d = at + (step - s->row_price[row] - s->col_price[c]);

            if (d < s->dist[c]) {
                s->dist[c] = d;
                s->from[c] = row;
            }
        }
        if (s->dist[c] < (nearest < 0 ? (double)INFINITY : s->dist[nearest]))
            nearest = (int32_t)c;
    }
    return nearest;
}

static end cheapest_chain(solver *s, int32_t new_row)
{
    end alone = { .dist = (double)INFINITY, .col = -1, .row = new_row };
    double at = 0;

    for (size_t c = 0; c < s->cols; c++) {
        s->dist[c] = (double)INFINITY;
        s->done[c] = false;
    }
    for (int32_t row = new_row;;) {
        if (at - s->row_price[row] < alone.dist) {
            alone.dist = at - s->row_price[row];
            alone.row = row;
        }
        const int32_t c = reach(s, row, at);

        if (c < 0 || alone.dist <= s->dist[c])
            return alone;
        if (s->row_of[c] < 0)
            return (end){ .dist = s->dist[c], .col = c };
        s->done[c] = true;
        at = s->dist[c];
        row = s->row_of[c];
    }
}

/* New prices, by which all steps of the chain cost 0. */
static void set_prices(solver *s, int32_t new_row, double dist)
{
    for (size_t c = 0; c < s->cols; c++)
        if (s->done[c]) {
            s->col_price[c] -= dist - s->dist[c];
            s->row_price[s->row_of[c]] += dist - s->dist[c];
        }
    s->row_price[new_row] += dist;
}

/* Each row of the chain takes the column that it was the way to. */
static void follow(solver *s, int32_t new_row, const end *e)
{
    int32_t col = e->col;

    if (col < 0) {
        col = s->col_of[e->row];
        s->col_of[e->row] = -1;
        if (e->row == new_row)
            return;
    }
    for (int32_t row = -1; row != new_row;) {
        row = s->from[col];
        const int32_t next = s->col_of[row];

        s->col_of[row] = col;
        s->row_of[col] = row;
        col = next;
    }
}

kao_status kao_assign(kao_mem *mem, const float *cost, size_t rows, size_t cols,
                      size_t stride, float most, int32_t *col_of_row, kao_error *err)
{
    solver s = { .cost = cost, .cols = cols, .stride = stride, .most = (double)most };

    for (size_t r = 0; r < rows; r++)
        col_of_row[r] = -1;
    if (rows > INT32_MAX || cols > INT32_MAX)
        return kao_fail(err, KAO_E_LIMIT, "assignment of %zu to %zu: at most %d", rows,
                        cols, INT32_MAX);
    if (!isfinite(most) || (rows > 1 && stride < cols))
        return kao_fail(err, KAO_E_ARG,
                        "assignment: a limit of %g, rows %zu apart of %zu columns",
                        (double)most, stride, cols);
    s.col_of = col_of_row;
    s.row_price = kao_calloc(mem, rows, sizeof *s.row_price);
    s.col_price = kao_calloc(mem, cols, sizeof *s.col_price);
    s.dist = kao_calloc(mem, cols, sizeof *s.dist);
    s.row_of = kao_calloc(mem, cols, sizeof *s.row_of);
    s.from = kao_calloc(mem, cols, sizeof *s.from);
    s.done = kao_calloc(mem, cols, sizeof *s.done);
    const bool room =
        s.row_price && s.col_price && s.dist && s.row_of && s.from && s.done;

    for (size_t c = 0; room && c < cols; c++)
        s.row_of[c] = -1;
    for (size_t r = 0; room && cols > 0 && r < rows; r++) {
        const end e = cheapest_chain(&s, (int32_t)r);

        set_prices(&s, (int32_t)r, e.dist);
        follow(&s, (int32_t)r, &e);
    }
    kao_free(mem, s.row_price);
    kao_free(mem, s.col_price);
    kao_free(mem, s.dist);
    kao_free(mem, s.row_of);
    kao_free(mem, s.from);
    kao_free(mem, s.done);
    return room ? KAO_OK
                : kao_fail(err, KAO_E_NOMEM, "assignment: %zu rows, %zu columns", rows,
                           cols);
}
