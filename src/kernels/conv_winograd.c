/* 3x3 convolutions of stride 1 by Winograd's minimal filtering (winograd.h).
 *
 * The output is cut into squares of m x m pixels. A piece takes a block of squares and some
 * panels of channels:
 *
 *     pixels ── B^T d B ──> V: e*e positions of squares x c
 *     for each panel:
 *       for each position: V of it times the panel's weights of it, by the GEMM tiles
 *                             ──> S: e*e positions of squares x nr
 *       S ── A^T s A, bias, epilogue ──> pixels
 *
 * A block is as large as lets V and S stay in the second-level cache; a weight is read once a
 * block. Where blocks are few (late layers), pieces share a block's panels, and each makes V
 * for itself. Squares at the right and lower border are computed whole, and what lies outside is
 * not stored.
 *
 * Packed: for each panel its e*e positions of c rows of nr floats, G g G^T made in double
 * precision; then bias and slopes, padded as whole panels. */
#include "kernels/conv_parts.h"

#include <string.h>

#include "kernels/winograd.h"

enum {
    CACHED_FLOATS =
        256 << 10, /* of weights: they stay in the cache from block to block */
    BLOCK_FLOATS = 96 << 10,  /* of V and S, where they do, and where they do not; */
    LARGE_FLOATS = 256 << 10, /* a block has MIN_SQUARES at least */
    MIN_SQUARES = 16,
    MAX_SQUARES = 56,
    LEAST_SQUARES = 7, /* of cached weights, for the sake of more pieces */
    PIECE_MACS = 1 << 20,
    MAX_PIECES = 64,
    SHARED_PIECES = 8,   /* where few blocks become more pieces by sharing panels */
    SHARE_CHANNELS = 64, /* with fewer, making V takes long beside its products */
    STEP_PAD = 16, /* floats between positions, so that they fall into different sets */
};

typedef struct wino_job {
    const kao_kernels *k;
    const kao_conv *d;
    const kao_conv_winograd *g;
    kao_wino_in_fn *to_positions;
    kao_wino_out_fn *to_pixels;
    const float *w, *bias, *slope, *in, *residual;
    float *out, *scratch;
    size_t thread_floats;
} wino_job;

/* What a thread has in scratch, one behind the other. */
static size_t
zero_floats(const kao_conv *d) /* a pixel outside; the first bias of a sum */
{
    return kao_round_up((size_t)(d->c > KAO_CONV_MAX_NR ? d->c : KAO_CONV_MAX_NR),
                        KAO_CONV_PAD);
}

static size_t v_step(const kao_conv *d, const kao_conv_winograd *g)
{
    return kao_round_up((size_t)g->squares_piece * (size_t)d->c, KAO_CONV_PAD) +
           STEP_PAD;
}

static size_t s_step(const kao_conv_winograd *g)
{
    return (size_t)g->squares_piece * KAO_CONV_MAX_NR + STEP_PAD;
}

/* What a layer costs, in multiply-adds of its products: transforms move more than they compute,
 * and each weight comes from the cache, or from memory. Fitted to 60 layers by the AVX-512 and
 * AVX2 tables, and to whole networks. m = 0: the direct form. Batches are not counted, as bits
 * may not depend on them. */
static double cost(const kao_conv *d, int32_t m)
{
    enum { IN_2 = 160, OUT_2 = 120, IN_4 = 450, OUT_4 = 400, NEAR = 6, FAR = 16 };
    const double c = d->c, oc = (d->oc + 7) / 8 * 8;
    const int32_t e = m ? m + 2 : 3;
    const double weights = e * e * c * oc;
    const double load = weights * (weights > CACHED_FLOATS ? FAR : NEAR);

    if (m == 0)
        return weights * d->oh * d->ow + load;
    const double squares = (double)((d->oh + m - 1) / m) * ((d->ow + m - 1) / m);
    const double moves = m == 2 ? IN_2 * c + OUT_2 * oc : IN_4 * c + OUT_4 * oc;

    return (weights + moves) * squares + load;
}

int32_t kao_conv_winograd_m(const kao_conv *d)
{
    if (d->winograd == KAO_WINOGRAD_NEVER || d->bf16 || d->groups != 1 || d->kh != 3 ||
        d->kw != 3 || d->sy != 1 || d->sx != 1 || d->dy != 1 || d->dx != 1)
        return 0;
    if (d->winograd != KAO_WINOGRAD_WHERE_FASTER)
        return d->winograd == KAO_WINOGRAD_BY_2 ? 2 : 4;
    const double direct = cost(d, 0), by2 = cost(d, 2), by4 = cost(d, 4);

    return by4 < by2 && by4 < direct ? 4 : by2 < direct ? 2 : 0;
}

static size_t divided_up(size_t n, size_t by)
{
    return (n + by - 1) / by;
}

/* Squares and panels of a piece. Gives the number of pieces. */
static size_t divide_work(const kao_conv *d, kao_conv_winograd *g)
{
    const size_t positions = (size_t)(g->m + 2) * (size_t)(g->m + 2);
    const uint64_t macs = (uint64_t)g->floats * g->n_squares;
    const size_t want =
        macs / PIECE_MACS < MAX_PIECES ? (size_t)(macs / PIECE_MACS) + 1 : MAX_PIECES;
    const bool cached = g->floats <= CACHED_FLOATS;
    size_t most = (cached ? BLOCK_FLOATS : LARGE_FLOATS) /
                  (positions * (size_t)(d->c + KAO_CONV_MAX_NR));

    if (g->n_squares == 0)
        return 0;
    most = most < MIN_SQUARES ? MIN_SQUARES : most > MAX_SQUARES ? MAX_SQUARES : most;
    size_t blocks = divided_up(g->n_squares, most);

    if (blocks < want && cached) {
        const size_t small = divided_up(g->n_squares, LEAST_SQUARES);

        blocks = want < small ? want : small;
    }
    g->squares_piece = divided_up(g->n_squares, blocks); /* all of nearly one size */
    blocks = divided_up(g->n_squares, g->squares_piece);

    const size_t most_shares = g->n_pad / SHARE_CHANNELS;
    size_t shares = divided_up(want < SHARED_PIECES ? want : SHARED_PIECES, blocks);

    shares = shares > most_shares ? most_shares : shares;
    g->panels_piece = (int32_t)divided_up((size_t)g->n_panels, shares ? shares : 1);
    g->panel_pieces = (g->n_panels + g->panels_piece - 1) / g->panels_piece;
    return blocks * (size_t)g->panel_pieces;
}

void kao_conv_wino_init(kao_conv_plan *p, const kao_kernels *k)
{
    const kao_conv *d = &p->d;
    const int32_t m = p->algorithm == KAO_CONV_WINOGRAD_2 ? 2 : 4, e = m + 2;
    kao_conv_winograd g = { .m = m,
                            .squares_y = (d->oh + m - 1) / m,
                            .squares_x = (d->ow + m - 1) / m };
    uint64_t floats = 0;

    for (int32_t left = d->oc; left > 0; g.n_panels++) {
        const kao_gemm_slot *s = kao_conv_panel_tile(&k->gemm, left);

        floats += (uint64_t)(e * e) * (uint64_t)d->c * (uint64_t)s->nr;
        g.n_pad += (size_t)s->nr;
        left -= s->nr;
    }
    g.floats = floats > SIZE_MAX ? SIZE_MAX : (size_t)floats;
    g.n_pad = kao_round_up(g.n_pad, KAO_CONV_PAD);
    g.n_squares = (size_t)d->n * (size_t)g.squares_y * (size_t)g.squares_x;
    p->packed_bytes = kao_conv_bytes((uint64_t)g.floats + 2 * g.n_pad);
    p->n_pieces = divide_work(d, &g);
    p->thread_bytes =
        (zero_floats(d) + (size_t)(e * e) * (v_step(d, &g) + s_step(&g))) *
        sizeof(float);
    p->winograd = g;
}

/* G g G^T of one kernel. */
static void transform_kernel(const kao_winograd *f, const float *g, double *u)
{
    double t[KAO_WINO_SIDE][3];

    for (int32_t i = 0; i < f->e; i++)
        for (int32_t j = 0; j < 3; j++)
            t[i][j] = f->g[i][0] * (double)g[j] + f->g[i][1] * (double)g[3 + j] +
                      f->g[i][2] * (double)g[6 + j];
    for (int32_t i = 0; i < f->e; i++)
        for (int32_t j = 0; j < f->e; j++)
            u[i * f->e + j] =
                t[i][0] * f->g[j][0] + t[i][1] * f->g[j][1] + t[i][2] * f->g[j][2];
}

void kao_conv_wino_pack(const kao_kernels *k, const kao_conv_plan *p, const float *w,
                        const float *bias, const float *slope, float *packed)
{
    const kao_conv *d = &p->d;
    const kao_winograd *f = kao_winograd_of(p->winograd.m);
    const size_t c = (size_t)d->c, positions = (size_t)(f->e * f->e);
    float *to_bias = packed + p->winograd.floats,
          *to_slope = to_bias + p->winograd.n_pad;

    memset(packed, 0, p->packed_bytes);
    if (bias)
        memcpy(to_bias, bias, (size_t)d->oc * sizeof *bias);
    if (d->act == KAO_ACT_SLOPE)
        memcpy(to_slope, slope, (size_t)d->oc * sizeof *slope);
    for (int32_t left = d->oc; left > 0;) {
        const size_t nr = (size_t)kao_conv_panel_tile(&k->gemm, left)->nr;
        const size_t cols = (size_t)left < nr ? (size_t)left : nr;

        for (size_t o = 0; o < cols; o++)
            for (size_t i = 0; i < c; i++, w += 9) {
                double u[KAO_WINO_SIDE * KAO_WINO_SIDE];

                transform_kernel(f, w, u);
                for (size_t at = 0; at < positions; at++)
                    packed[(at * c + i) * nr + o] = (float)u[at];
            }
        packed += positions * c * nr;
        left -= (int32_t)cols;
    }
}

typedef struct square {
    int32_t img, y, x; /* the first output */
} square;

static square square_at(const wino_job *j, size_t index)
{
    const size_t row = index / (size_t)j->g->squares_x;

    return (square){ (int32_t)(row / (size_t)j->g->squares_y),
                     (int32_t)(row % (size_t)j->g->squares_y) * j->g->m,
                     (int32_t)(index % (size_t)j->g->squares_x) * j->g->m };
}

/* The e*e pixels that a square needs; outside of the picture: zeros. */
static void set_pixels(const wino_job *j, square s, const float *zeros,
                       kao_wino_in_args *a)
{
    const kao_conv *d = j->d;
    const int32_t e = j->g->m + 2, y0 = s.y - d->pad_top, x0 = s.x - d->pad_left;
    const float **to = a->pixel;

    for (int32_t y = y0; y < y0 + e; y++)
        for (int32_t x = x0; x < x0 + e; x++)
            *to++ =
                y < 0 || y >= d->h || x < 0 || x >= d->w
                    ? zeros
                    : j->in + (((ptrdiff_t)s.img * d->h + y) * d->w + x) * d->in_stride;
}

static void make_v(const wino_job *j, size_t begin, size_t n, const float *zeros,
                   float *v)
{
    kao_wino_in_args a = { .c = j->d->c, .step = (ptrdiff_t)v_step(j->d, j->g) };

    for (size_t i = 0; i < n; i++) {
        set_pixels(j, square_at(j, begin + i), zeros, &a);
        a.out = v + i * (size_t)j->d->c;
        j->to_positions(&a);
    }
}

/* One panel: every position's product. Weights that do not stay in the cache come from far away,
 * and the calls of a position share them: each asks for its part of the next position's. (iResNet-50
 * on a Xeon, one thread: some 70 ms without that, 58 with it.) */
static void make_s(const wino_job *j, const kao_gemm_slot *slot, size_t n,
                   const float *zeros, const float *v, const float *w, float *s)
{
    const int32_t e = j->g->m + 2, c = j->d->c;
    const size_t calls = divided_up(n, (size_t)slot->mr);
    const size_t floats = (size_t)c * (size_t)slot->nr; /* of a position */
    const bool far = j->g->floats > CACHED_FLOATS;
    kao_gemm_args g = { .lda = c,
                        .n_ty = 1,
                        .n_tx = 1,
                        .len = c,
                        .w = w,
                        .bias = zeros,
                        .ldo = slot->nr,
                        .cols = slot->nr };

    for (int32_t at = 0; at < e * e; at++) {
        for (size_t i = 0; i < calls; i++) {
            const size_t row = i * n / calls, rows = (i + 1) * n / calls - row;

            g.ahead = far && at + 1 < e * e ? g.w + floats + i * floats / calls : NULL;
            g.ahead_step = slot->nr / (ptrdiff_t)calls;
            g.a = v + row * (size_t)c;
            g.out = s + row * (size_t)slot->nr;
            slot->run(&g, (int32_t)rows);
        }
        g.w += floats;
        v += v_step(j->d, j->g);
        s += s_step(j->g);
    }
}

static void make_out(const wino_job *j, size_t begin, size_t n, int32_t col, int32_t nr,
                     int32_t cols, const float *s)
{
    const kao_conv *d = j->d;
    kao_wino_out_args a = { .step = (ptrdiff_t)s_step(j->g),
                            .bias = j->bias + col,
                            .cols = cols,
                            .ldo = d->out_stride,
                            .out_row = (ptrdiff_t)d->ow * d->out_stride,
                            .res_row = (ptrdiff_t)d->ow * d->res_stride,
                            .e = { .act = d->act,
                                   .residual = d->residual,
                                   .lo = d->lo,
                                   .hi = d->hi,
                                   .slope = j->slope + col,
                                   .ldr = d->res_stride } };

    for (size_t i = 0; i < n; i++, s += nr) {
        const square q = square_at(j, begin + i);
        const size_t pixel =
            ((size_t)q.img * (size_t)d->oh + (size_t)q.y) * (size_t)d->ow + (size_t)q.x;

        a.sums = s;
        a.n_y = d->oh - q.y < j->g->m ? d->oh - q.y : j->g->m;
        a.n_x = d->ow - q.x < j->g->m ? d->ow - q.x : j->g->m;
        a.out = j->out + pixel * (size_t)d->out_stride + col;
        a.e.res =
            j->residual ? j->residual + pixel * (size_t)d->res_stride + col : NULL;
        j->to_pixels(&a);
    }
}

static void run_piece(void *arg, size_t piece, uint32_t worker)
{
    const wino_job *j = arg;
    const kao_conv_winograd *g = j->g;
    const int32_t e = g->m + 2;
    const size_t begin = piece / (size_t)g->panel_pieces * g->squares_piece;
    const size_t n = g->n_squares - begin < g->squares_piece ? g->n_squares - begin
                                                             : g->squares_piece;
    const int32_t first = (int32_t)(piece % (size_t)g->panel_pieces) * g->panels_piece;
    float *zeros = j->scratch + worker * j->thread_floats;
    float *v = zeros + zero_floats(j->d);
    float *s = v + (size_t)(e * e) * v_step(j->d, g);
    const float *w = j->w;
    int32_t col = 0;

    memset(zeros, 0, zero_floats(j->d) * sizeof *zeros);
    make_v(j, begin, n, zeros, v);
    for (int32_t i = 0, left = j->d->oc; left > 0 && i < first + g->panels_piece; i++) {
        const kao_gemm_slot *slot = kao_conv_panel_tile(&j->k->gemm, left);

        if (i >= first) {
            make_s(j, slot, n, zeros, v, w, s);
            make_out(j, begin, n, col, slot->nr, left < slot->nr ? left : slot->nr, s);
        }
        w += (size_t)(e * e) * (size_t)j->d->c * (size_t)slot->nr;
        col += slot->nr;
        left -= slot->nr;
    }
}

void kao_conv_wino_run(const kao_kernels *k, const kao_pool *pool,
                       const kao_conv_plan *p, const float *packed, const float *in,
                       const float *residual, float *out, float *scratch)
{
    const kao_conv_winograd *g = &p->winograd;
    wino_job j = { .k = k,
                   .d = &p->d,
                   .g = g,
                   .to_positions = g->m == 2 ? k->wino_in2 : k->wino_in4,
                   .to_pixels = g->m == 2 ? k->wino_out2 : k->wino_out4,
                   .w = packed,
                   .bias = packed + g->floats,
                   .slope = packed + g->floats + g->n_pad,
                   .in = in,
                   .residual = p->d.residual == KAO_RES_NONE ? NULL : residual,
                   .out = out,
                   .scratch = scratch,
                   .thread_floats = p->thread_bytes / sizeof(float) };

    if (p->n_pieces)
        kao_pool_run(pool, run_piece, &j, p->n_pieces);
}
