/* Element-wise drivers: rows without gaps become one long row, then pieces. */
#include "kernels/elementwise.h"

enum { PIECE_FLOATS = 16 << 10 };

typedef struct rows_job {
    const kao_kernels *k;
    kao_binary_rows b;
    kao_unary_args u;
    size_t n_rows, c, rows_piece, row_part; /* row_part: floats of a part */
    size_t parts;
} rows_job;

/* Rows of at most PIECE_FLOATS, several a piece; a longer row in parts. */
static size_t divide_work(rows_job *j)
{
    j->row_part = j->c < PIECE_FLOATS ? j->c : PIECE_FLOATS;
    if (j->n_rows == 0 || j->c == 0)
        return 0;
    j->parts = (j->c + j->row_part - 1) / j->row_part;
    j->rows_piece = j->parts > 1 ? 1 : PIECE_FLOATS / j->c;
    return (j->n_rows + j->rows_piece - 1) / j->rows_piece * j->parts;
}

typedef struct piece_range {
    size_t row, n_rows, at, n;
} piece_range;

static piece_range range_of(const rows_job *j, size_t piece)
{
    piece_range p = { .row = piece / j->parts * j->rows_piece,
                      .at = piece % j->parts * j->row_part };

    p.n_rows = j->n_rows - p.row < j->rows_piece ? j->n_rows - p.row : j->rows_piece;
    p.n = j->c - p.at < j->row_part ? j->c - p.at : j->row_part;
    return p;
}

static void binary_piece(void *arg, size_t piece, uint32_t worker)
{
    const rows_job *j = arg;
    const kao_binary_rows *b = &j->b;
    const piece_range p = range_of(j, piece);
    kao_binary_args a = { .op = b->op,
                          .b_step = b->kind != KAO_OPERAND_SCALAR,
                          .lo = b->lo,
                          .hi = b->hi,
                          .n = p.n };

    (void)worker;
    for (size_t r = p.row; r < p.row + p.n_rows; r++) {
        a.a = b->a + r * b->a_stride + p.at;
        a.b = b->b;
        if (b->kind == KAO_OPERAND_FULL)
            a.b += r * b->b_stride + p.at;
        else if (b->kind == KAO_OPERAND_CHANNEL)
            a.b += p.at;
        a.out = b->out + r * b->out_stride + p.at;
        j->k->binary(&a);
    }
}

void kao_binary_run(const kao_kernels *k, const kao_pool *pool,
                    const kao_binary_rows *b)
{
    rows_job j = { .k = k, .b = *b, .n_rows = b->n_rows, .c = b->c };

    if (b->kind != KAO_OPERAND_CHANNEL && b->a_stride == b->c &&
        b->out_stride == b->c &&
        (b->kind == KAO_OPERAND_SCALAR || b->b_stride == b->c)) {
        j.c = b->n_rows * b->c;
        j.n_rows = 1;
    }
    kao_pool_run(pool, binary_piece, &j, divide_work(&j));
}

static void unary_piece(void *arg, size_t piece, uint32_t worker)
{
    const rows_job *j = arg;
    const piece_range p = range_of(j, piece);
    kao_unary_args u = j->u;

    (void)worker;
    u.in += (ptrdiff_t)p.row * u.in_stride + (ptrdiff_t)p.at;
    u.out += (ptrdiff_t)p.row * u.out_stride + (ptrdiff_t)p.at;
    if (u.act == KAO_ACT_SLOPE)
        u.slope += p.at;
    u.n_rows = p.n_rows;
    u.c = p.n;
    j->k->unary(&u);
}

void kao_unary_run(const kao_kernels *k, const kao_pool *pool, const kao_unary_args *u)
{
    rows_job j = { .k = k, .u = *u, .n_rows = u->n_rows, .c = u->c };

    if (u->act != KAO_ACT_SLOPE && u->in_stride == (ptrdiff_t)u->c &&
        u->out_stride == (ptrdiff_t)u->c) {
        j.c = u->n_rows * u->c;
        j.n_rows = 1;
    }
    kao_pool_run(pool, unary_piece, &j, divide_work(&j));
}

static void exp_piece(void *arg, size_t piece, uint32_t worker)
{
    const rows_job *j = arg;
    const piece_range p = range_of(j, piece);

    (void)worker;
    j->k->exp(j->u.in + p.at, j->u.out + p.at, p.n);
}

void kao_exp_run(const kao_kernels *k, const kao_pool *pool, const float *in,
                 float *out, size_t n)
{
    rows_job j = { .k = k, .u = { .in = in, .out = out }, .n_rows = 1, .c = n };

    kao_pool_run(pool, exp_piece, &j, divide_work(&j));
}
