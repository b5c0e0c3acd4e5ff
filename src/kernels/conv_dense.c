/* Dense and grouped convolutions as tiles of GEMM, without im2col.
 *
 * A tile is up to mr neighbouring pixels of one output row, so that their inputs lie at
 * one distance (lda) and a tap is one offset: the kernel walks taps by two steps, and
 * where a window's row is contiguous (pixel stride = channels, no dilation) it runs
 * over kw*c floats at once, which makes the 3-channel stem as good as any layer. A 1x1
 * convolution of stride 1 is one long row. Tiles whose window leaves the picture (a few
 * at each border) first copy it with its zeros into a patch in scratch:
 *
 *     . . . . . .        patch of the tile at the upper left corner: kh rows of
 *     . a b c d |        (mr-1)*sx + (kw-1)*dx + 1 pixels
 *     . e f g h |
 *
 * With pairs of bfloat16 every tile copies its window: that is where numbers become pairs of
 * neighbouring channels. From there on a pair is treated as a number.
 *
 * A piece is a run of tiles with all panels, or, where tiles are few (late layers, fully
 * connected ones), one tile with some panels. That depends on the layer alone. */
#include "kernels/conv_parts.h"

#include <string.h>

typedef struct dense_job {
    const kao_kernels *k;
    const kao_conv *d;
    const kao_gemm_tiles *tiles;
    bool pairs;
    kao_conv_direct g;
    const float *w, *bias, *slope, *in, *residual;
    float *out, *scratch;
    size_t thread_floats; /* of scratch */
} dense_job;

/* The widest panel that is filled, or the next one where it wastes less than the
 * narrowest panel is wide: 40 = 32 + 8, 24 = 16 + 8, but 10 and 28 take one panel of 16
 * and 32. */
const kao_gemm_slot *kao_conv_panel_tile(const kao_gemm_tiles *tiles, int32_t left)
{
    int32_t s = tiles->n - 1;

    while (s > 0 && left <= tiles->slot[s].nr - tiles->slot[0].nr)
        s--;
    return &tiles->slot[s];
}

static const kao_gemm_tiles *tiles_of(const kao_kernels *k, const kao_conv_plan *p)
{
    return p->algorithm == KAO_CONV_PAIRS ? &k->pairs : &k->gemm;
}

/* A tall tile has a long epilogue, which overlaps with no FMA; a short one reads its
 * weights more often. Zen 4, 14x32 against 7x32: K=16 91 and 105 GFLOP/s, 64 110 and
 * 114, 512 117 both, of 117. Tiles with few columns keep all rows, so as to have enough
 * sums in flight. */
static int32_t tile_rows(const kao_gemm_slot *s, int32_t k)
{
    return s->mr >= 12 && s->nr >= 24 && k < 256 ? s->mr / 2 : s->mr;
}

static kao_conv_direct geometry(const kao_kernels *k, const kao_conv_plan *p)
{
    const kao_conv *d = &p->d;
    kao_conv_direct g = { .c = p->algorithm == KAO_CONV_PAIRS ? d->c / 2
                                                              : d->c / d->groups,
                          .oc = d->oc / d->groups,
                          .pointwise = kao_conv_is_pointwise(d),
                          .n = d->n,
                          .oh = d->oh,
                          .ow = d->ow };
    uint64_t floats = 0;

    g.k = g.c * d->kh * d->kw;
    for (int32_t left = g.oc; left > 0;) {
        const kao_gemm_slot *s = kao_conv_panel_tile(tiles_of(k, p), left);

        if (g.n_panels == 0)
            g.mr = tile_rows(s, g.k);
        g.n_panels++;
        g.n_pad += (size_t)s->nr;
        floats += (uint64_t)g.k * (uint64_t)s->nr + KAO_CONV_PAD - 1;
        floats -= floats % KAO_CONV_PAD;
        left -= s->nr;
    }
    g.floats = floats > SIZE_MAX ? SIZE_MAX : (size_t)floats;
    g.n_pad = kao_round_up(g.n_pad, KAO_CONV_PAD);
    g.ys = kao_inside(d->oh, d->sy, -d->pad_top, (d->kh - 1) * d->dy + 1, d->h);
    g.xs = kao_inside(d->ow, d->sx, -d->pad_left, (d->kw - 1) * d->dx + 1, d->w);
    return g;
}

/* All pixels as one row. */
static void set_pixels(kao_conv_direct *g, size_t n_pixels)
{
    g->n = g->oh = 1;
    g->ow = (int32_t)n_pixels;
}

static void count_tiles(kao_conv_direct *g)
{
    g->row_tiles = (g->ow + g->mr - 1) / g->mr;
    g->n_tiles = (size_t)g->n * (size_t)g->oh * (size_t)g->row_tiles;
}

/* Tiles and panels of a piece, by the multiply-adds of the layer (dead lanes take time
 * too). Gives the number of pieces. */
static size_t divide_work(kao_conv_direct *g, int32_t groups)
{
    const uint64_t macs = (uint64_t)g->k * g->n_pad * (uint64_t)groups *
                          (uint64_t)g->n * (uint64_t)g->oh * (uint64_t)g->ow;
    const int32_t panels = g->n_panels * groups;
    const uint64_t pieces = macs / KAO_CONV_PIECE_MACS;
    const size_t want = pieces < 1                     ? 1
                        : pieces > KAO_CONV_MAX_PIECES ? KAO_CONV_MAX_PIECES
                                                       : (size_t)pieces;

    if (g->n_tiles == 0)
        return 0;
    g->panels_piece = panels;
    if (g->n_tiles >= want) {
        g->tiles_piece = (g->n_tiles + want - 1) / want;
    } else {
        const size_t split = (want + g->n_tiles - 1) / g->n_tiles;

        g->tiles_piece = 1;
        if (split >= (size_t)panels)
            g->panels_piece = 1;
        else
            g->panels_piece = (panels + (int32_t)split - 1) / (int32_t)split;
    }
    g->panel_pieces = (panels + g->panels_piece - 1) / g->panels_piece;
    return (g->n_tiles + g->tiles_piece - 1) / g->tiles_piece * (size_t)g->panel_pieces;
}

/* c: of all groups, of pairs half the channels */
static size_t patch_floats(const kao_conv *d, int32_t mr, int32_t c)
{
    const int32_t pixels = (mr - 1) * d->sx + (d->kw - 1) * d->dx + 1;

    return (size_t)d->kh * (size_t)pixels * (size_t)c;
}

void kao_conv_dense_init(kao_conv_plan *p, const kao_kernels *k)
{
    const kao_conv *d = &p->d;
    kao_conv_direct *g = &p->direct;

    *g = geometry(k, p);
    p->packed_bytes =
        kao_conv_bytes(((uint64_t)g->floats + 2 * g->n_pad) * (uint64_t)d->groups);
    if (g->pointwise)
        set_pixels(g, (size_t)d->n * (size_t)d->oh * (size_t)d->ow);
    if (!g->pointwise || p->algorithm == KAO_CONV_PAIRS)
        p->thread_bytes =
            kao_round_up(patch_floats(d, g->mr, g->c * d->groups), KAO_CONV_PAD) *
            sizeof(float);
    count_tiles(g);
    p->n_pieces = divide_work(g, d->groups);
}

/* Weights of the same tap, channels 2i and 2i+1, side by side. */
static void pack_pairs(const kao_kernels *k, const kao_conv *d,
                       const kao_conv_direct *g, const float *w, int32_t cols,
                       int32_t nr, float *to)
{
    const size_t taps = (size_t)d->kh * (size_t)d->kw;

    memset(to, 0, kao_round_up((size_t)g->k * (size_t)nr, KAO_CONV_PAD) * sizeof *to);
    for (size_t t = 0; t < taps; t++)
        for (size_t i = 0; i < (size_t)g->c; i++, to += nr) {
            float rows[2 * KAO_CONV_MAX_NR];

            for (size_t o = 0; o < (size_t)cols; o++) {
                const float *from = w + (o * (size_t)d->c + 2 * i) * taps + t;

                rows[o] = from[0];
                rows[(size_t)cols + o] = from[taps];
            }
            k->zip_pairs(rows, 1, (size_t)cols, to);
        }
}

static void pack_panel(const kao_conv *d, const kao_conv_direct *g, const float *w,
                       int32_t cols, int32_t nr, float *to)
{
    const int32_t taps = d->kh * d->kw;

    memset(to, 0, kao_round_up((size_t)g->k * (size_t)nr, KAO_CONV_PAD) * sizeof *to);
    for (int32_t t = 0; t < taps; t++)
        for (int32_t i = 0; i < g->c; i++)
            for (int32_t o = 0; o < cols; o++)
                to[((size_t)t * (size_t)g->c + (size_t)i) * (size_t)nr + (size_t)o] =
                    w[((size_t)o * (size_t)g->c + (size_t)i) * (size_t)taps +
                      (size_t)t];
}

void kao_conv_dense_pack(const kao_kernels *k, const kao_conv_plan *p, const float *w,
                         const float *bias, const float *slope, float *packed)
{
    const kao_conv *d = &p->d;
    const kao_conv_direct g = p->direct;
    const size_t n_pad = g.n_pad * (size_t)d->groups;
    float *to_bias = packed + g.floats * (size_t)d->groups, *to_slope = to_bias + n_pad;

    memset(to_bias, 0, 2 * n_pad * sizeof *to_bias);
    for (int32_t i = 0; i < d->groups; i++) {
        int32_t o = i * g.oc;

        if (bias)
            memcpy(to_bias + (size_t)i * g.n_pad, bias + o,
                   (size_t)g.oc * sizeof *bias);
        if (d->act == KAO_ACT_SLOPE)
            memcpy(to_slope + (size_t)i * g.n_pad, slope + o,
                   (size_t)g.oc * sizeof *slope);
        for (int32_t left = g.oc; left > 0;) {
            const int32_t nr = kao_conv_panel_tile(tiles_of(k, p), left)->nr;
            const int32_t cols = left < nr ? left : nr;

            if (p->algorithm == KAO_CONV_PAIRS)
                pack_pairs(k, d, &g, w + (size_t)o * 2 * (size_t)g.k, cols, nr, packed);
            else
                pack_panel(d, &g, w + (size_t)o * (size_t)g.k, cols, nr, packed);
            packed += kao_round_up((size_t)g.k * (size_t)nr, KAO_CONV_PAD);
            o += cols;
            left -= cols;
        }
    }
}

typedef struct dense_tile {
    int32_t img, y, x, rows;
    size_t pixel; /* of the first output, over the whole batch */
} dense_tile;

static dense_tile tile_at(const dense_job *j, size_t index)
{
    const size_t row = index / (size_t)j->g.row_tiles;
    const int64_t xt = (int64_t)(index % (size_t)j->g.row_tiles);
    dense_tile t;

    t.img = (int32_t)(row / (size_t)j->g.oh);
    t.y = (int32_t)(row % (size_t)j->g.oh);
    t.x = (int32_t)(xt * j->g.ow / j->g.row_tiles);
    t.rows = (int32_t)((xt + 1) * j->g.ow / j->g.row_tiles) - t.x;
    t.pixel = row * (size_t)j->g.ow + (size_t)t.x;
    return t;
}

/* n pixels of the picture, into a patch. */
static void copy_pixels(const dense_job *j, const float *from, int32_t n, float *to)
{
    const kao_conv *d = j->d;
    const size_t c = (size_t)d->c;
    /* pixels that lie side by side are copied as one */
    const size_t at_once = d->in_stride == d->c ? (size_t)n : 1;

    for (size_t i = 0; i < (size_t)n; i += at_once, from += d->in_stride)
        if (j->pairs)
            j->k->to_pairs(from, at_once * c, to + i * (c / 2));
        else
            memcpy(to + i * c, from, at_once * c * sizeof *to);
}

/* The window of a tile with its zeros: kh rows of `pixels` pixels of c floats, or pairs. */
static void fill_patch(const dense_job *j, const dense_tile *t, int32_t pixels,
                       float *patch)
{
    const kao_conv *d = j->d;
    const int32_t x0 = t->x * d->sx - d->pad_left;
    const int32_t begin = x0 < 0 ? (-x0 < pixels ? -x0 : pixels) : 0;
    const int32_t end = x0 + pixels > d->w ? (d->w > x0 ? d->w - x0 : 0) : pixels;
    const size_t c = (size_t)(j->g.c * d->groups), px = c * sizeof(float);

    for (int32_t ky = 0; ky < d->kh; ky++, patch += (size_t)pixels * c) {
        const int32_t y = t->y * d->sy + ky * d->dy - d->pad_top;

        if (y < 0 || y >= d->h || begin >= end) {
            memset(patch, 0, (size_t)pixels * px);
            continue;
        }
        const float *from =
            j->in + (((size_t)t->img * (size_t)d->h + (size_t)y) * (size_t)d->w +
                     (size_t)(x0 + begin)) *
                        (size_t)d->in_stride;
        memset(patch, 0, (size_t)begin * px);
        copy_pixels(j, from, end - begin, patch + (size_t)begin * c);
        memset(patch + (size_t)end * c, 0, (size_t)(pixels - end) * px);
    }
}

/* Where the tile's input lies: in the picture, or in a patch made now. */
static void set_input(const dense_job *j, const dense_tile *t, float *patch,
                      kao_gemm_args *g)
{
    const kao_conv *d = j->d;
    ptrdiff_t stride = d->in_stride;

    g->n_ty = d->kh;
    if (!j->pairs && t->y >= j->g.ys.begin && t->y < j->g.ys.end &&
        t->x >= j->g.xs.begin && t->x + t->rows <= j->g.xs.end) {
        const size_t row =
            (size_t)t->img * (size_t)d->h + (size_t)(t->y * d->sy - d->pad_top);

        g->a = j->in + (row * (size_t)d->w + (size_t)(t->x * d->sx - d->pad_left)) *
                           (size_t)d->in_stride;
        g->step_y = (ptrdiff_t)d->dy * d->w * stride;
    } else {
        const int32_t pixels = (t->rows - 1) * d->sx + (d->kw - 1) * d->dx + 1;

        fill_patch(j, t, pixels, patch);
        stride = j->g.c * d->groups;
        g->a = patch;
        g->step_y = pixels * stride;
    }
    g->lda = d->sx * stride;
    g->step_x = d->dx * stride;
    g->n_tx = d->kw;
    g->len = j->g.c;
    if (d->groups == 1 && d->dx == 1 && stride == j->g.c) {
        g->len *= g->n_tx;
        g->n_tx = 1;
    }
}

/* The same where pixels need no neighbours. */
static void set_pixels_input(const dense_job *j, const dense_tile *t, float *patch,
                             kao_gemm_args *g)
{
    g->a = j->in + t->pixel * (size_t)j->d->in_stride;
    g->lda = j->d->in_stride;
    g->n_ty = g->n_tx = 1;
    g->len = j->g.c;
    if (j->pairs) {
        copy_pixels(j, g->a, t->rows, patch);
        g->a = patch;
        g->lda = j->g.c;
    }
}

/* All panels [first, last) of one tile, counted through the groups. */
static void run_panels(const dense_job *j, const dense_tile *t, kao_gemm_args *g,
                       int32_t first, int32_t last)
{
    const kao_conv *d = j->d;
    const float *a = g->a;
    float *const out = j->out + t->pixel * (size_t)d->out_stride;
    const float *const res =
        j->residual ? j->residual + t->pixel * (size_t)d->res_stride : NULL;

    for (int32_t i = first / j->g.n_panels; i * j->g.n_panels < last; i++) {
        int32_t p = i * j->g.n_panels, col = 0;
        const float *w = j->w + (size_t)i * j->g.floats;

        for (int32_t left = j->g.oc; left > 0 && p < last; p++) {
            const kao_gemm_slot *s = kao_conv_panel_tile(j->tiles, left);
            const ptrdiff_t o = (ptrdiff_t)i * j->g.oc + col;

            g->w = w;
            g->bias = j->bias + (size_t)i * j->g.n_pad + col;
            g->e.slope = j->slope + (size_t)i * j->g.n_pad + col;
            g->cols = left < s->nr ? left : s->nr;
            for (int32_t r = 0; p >= first && r < t->rows; r += s->mr) {
                g->a = a + (ptrdiff_t)i * j->g.c + r * g->lda;
                g->out = out + r * g->ldo + o;
                g->e.res = res ? res + r * g->e.ldr + o : NULL;
                s->run(g, t->rows - r < s->mr ? t->rows - r : s->mr);
            }
            w += kao_round_up((size_t)j->g.k * (size_t)s->nr, KAO_CONV_PAD);
            col += s->nr;
            left -= s->nr;
        }
    }
}

static void run_piece(void *arg, size_t piece, uint32_t worker)
{
    const dense_job *j = arg;
    const kao_conv *d = j->d;
    /* runs of the same panels one after the other: their weights stay in the cache */
    const size_t n_runs = (j->g.n_tiles + j->g.tiles_piece - 1) / j->g.tiles_piece;
    const size_t run = piece % n_runs;
    const int32_t first = (int32_t)(piece / n_runs) * j->g.panels_piece;
    const int32_t all = j->g.n_panels * d->groups;
    const int32_t last =
        all - first < j->g.panels_piece ? all : first + j->g.panels_piece;
    const size_t begin = run * j->g.tiles_piece;
    const size_t end = j->g.n_tiles - begin < j->g.tiles_piece
                           ? j->g.n_tiles
                           : begin + j->g.tiles_piece;
    float *patch = j->thread_floats ? j->scratch + worker * j->thread_floats : NULL;
    kao_gemm_args g = { .ldo = d->out_stride,
                        .e = { .act = d->act,
                               .residual = d->residual,
                               .lo = d->lo,
                               .hi = d->hi,
                               .ldr = d->res_stride } };

    for (size_t i = begin; i < end; i++) {
        const dense_tile t = tile_at(j, i);

        if (j->g.pointwise)
            set_pixels_input(j, &t, patch, &g);
        else
            set_input(j, &t, patch, &g);
        run_panels(j, &t, &g, first, last);
    }
}

static dense_job make_job(const kao_kernels *k, const kao_conv_plan *p,
                          const float *packed, const float *in, const float *residual,
                          float *out)
{
    const size_t groups = (size_t)p->d.groups;

    return (dense_job){
        .k = k,
        .d = &p->d,
        .tiles = tiles_of(k, p),
        .pairs = p->algorithm == KAO_CONV_PAIRS,
        .g = p->direct,
        .w = packed,
        .bias = packed + p->direct.floats * groups,
        .slope = packed + (p->direct.floats + p->direct.n_pad) * groups,
        .in = in,
        .residual = p->d.residual == KAO_RES_NONE ? NULL : residual,
        .out = out,
    };
}

void kao_conv_dense_run(const kao_kernels *k, const kao_pool *pool,
                        const kao_conv_plan *p, const float *packed, const float *in,
                        const float *residual, float *out, float *scratch)
{
    dense_job j = make_job(k, p, packed, in, residual, out);

    j.scratch = scratch;
    j.thread_floats = p->thread_bytes / sizeof(float);
    if (p->n_pieces)
        kao_pool_run(pool, run_piece, &j, p->n_pieces);
}

void kao_conv_point_pixels(const kao_kernels *k, const kao_conv_plan *p,
                           const float *packed, const float *in, const float *residual,
                           float *out, size_t n, float *scratch)
{
    dense_job j = make_job(k, p, packed, in, residual, out);

    j.scratch = scratch;
    j.thread_floats = p->thread_bytes / sizeof(float);
    set_pixels(&j.g, n);
    count_tiles(&j.g);
    j.g.tiles_piece = j.g.n_tiles;
    j.g.panels_piece = j.g.n_panels;
    j.g.panel_pieces = 1;
    run_piece(&j, 0, 0);
}
