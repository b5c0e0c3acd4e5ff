/* The gradient of convolution by its weights, on the GEMM tiles of inference.
 *
 * The output pixels of the whole batch are taken in blocks of up to BLOCK;
 * a block multiplies
 *
 *     g' (oc x pixels, transposed)  *  taps (pixels x K)  ->  dw (oc x K), added up
 *
 * K = taps * channels, so that a column block of `taps` is a packed panel: copied from the
 * input where the tap lies inside, zeros elsewhere. With pairs of bfloat16 two neighbouring
 * pixels make a pair. A piece is a range of blocks, or some pictures, with sums
 * of its own; they are added in the order of the pieces. Depthwise layers have no such
 * product: their kernel walks a row with a sum for each channel, tap by tap, and a piece is
 * a range of rows. */
#include "kernels/conv_grad.h"

#include <string.h>

#include "kernels/conv_parts.h"

enum { BLOCK = 256, MAX_PIECES = 16 }; /* BLOCK: even, for pairs */

typedef struct weights_job {
    const kao_kernels *k;
    const kao_conv *d;
    const float *in, *g;
    float *sums;         /* of piece p: oc rows of n_k, then oc sums for the bias */
    size_t piece_floats; /* of sums */
    float *room;         /* of worker w: transposed g, one panel */
    size_t room_floats;
    int32_t c, oc;                 /* of a group */
    size_t n_k;                    /* columns: taps * c */
    size_t n_pixels, pixels_piece; /* a piece has whole rows (depthwise) or blocks */
    bool want_bias, pairs;
} weights_job;

static size_t columns_of(const kao_conv *d)
{
    return (size_t)(d->c / d->groups) * (size_t)d->kh * (size_t)d->kw;
}

static size_t pixels_of(const kao_conv *d)
{
    return (size_t)d->n * (size_t)d->oh * (size_t)d->ow;
}

size_t kao_conv_grad_sums(const kao_conv *d)
{
    return kao_round_up((columns_of(d) + 1) * (size_t)d->oc, KAO_CONV_PAD);
}

size_t kao_conv_grad_room(const kao_conv *d)
{
    if (kao_conv_is_depthwise(d))
        return 0;
    return (size_t)BLOCK * ((size_t)(d->oc / d->groups) + KAO_CONV_MAX_NR);
}

/* What a piece is made of. */
static size_t unit_of(const kao_conv *d)
{
    return kao_conv_is_depthwise(d) ? (size_t)d->ow : BLOCK;
}

static size_t pieces_at_most(const kao_conv *d)
{
    const size_t units = (pixels_of(d) + unit_of(d) - 1) / unit_of(d);

    return units < MAX_PIECES ? units : MAX_PIECES;
}

size_t kao_conv_grad_weights_scratch(const kao_kernels *k, const kao_conv *d,
                                     uint32_t n_threads)
{
    (void)k;
    return (kao_conv_grad_sums(d) * pieces_at_most(d) +
            kao_conv_grad_room(d) * n_threads) *
           sizeof(float);
}

typedef struct place { /* of an output pixel */
    int32_t image, y, x;
} place;

static place place_of(const kao_conv *d, size_t pixel)
{
    const size_t row = pixel / (size_t)d->ow;

    return (place){ (int32_t)(row / (size_t)d->oh), (int32_t)(row % (size_t)d->oh),
                    (int32_t)(pixel % (size_t)d->ow) };
}

/* The input row of tap row ky for an output row; NULL outside. */
static const float *input_row(const kao_conv *d, const float *in, const place *at,
                              int32_t ky)
{
    const int32_t v = at->y * d->sy + ky * d->dy - d->pad_top;

    if (v < 0 || v >= d->h)
        return NULL;
    return in +
           ((size_t)at->image * (size_t)d->h + (size_t)v) * (size_t)d->w * (size_t)d->c;
}

/* n channels, from `channel` on, of one tap for n_pixels output pixels of a row. */
static void fill_tap(const weights_job *j, const place *at, int32_t n_pixels,
                     int32_t tap, int32_t channel, int32_t n, int32_t nr, float *to)
{
    const kao_conv *d = j->d;
    const float *row = input_row(d, j->in, at, tap / d->kw);
    const int32_t u0 = tap % d->kw * d->dx - d->pad_left;

    for (int32_t p = 0; p < n_pixels; p++, to += nr) {
        const int32_t u = (at->x + p) * d->sx + u0;

        if (row && u >= 0 && u < d->w)
            memcpy(to, row + (size_t)u * (size_t)d->c + channel,
                   (size_t)n * sizeof *to);
        else
            memset(to, 0, (size_t)n * sizeof *to);
    }
}

/* Columns [first, first + cols) of `taps` for n pixels from `pixel` on, as a panel of nr.
 * channel: the group's first. */
static void fill_panel(const weights_job *j, size_t pixel, int32_t n, int32_t channel,
                       size_t first, int32_t cols, int32_t nr, float *panel)
{
    const kao_conv *d = j->d;

    if (cols < nr)
        memset(panel, 0, (size_t)n * (size_t)nr * sizeof *panel);
    for (int32_t done = 0; done < n;) { /* the part of one row */
        const place at = place_of(d, pixel + (size_t)done);
        const int32_t here = d->ow - at.x < n - done ? d->ow - at.x : n - done;

        for (int32_t col = 0; col < cols;) { /* the part of one tap */
            const size_t k = first + (size_t)col;
            const int32_t i = (int32_t)(k % (size_t)j->c);
            const int32_t n_c = j->c - i < cols - col ? j->c - i : cols - col;

            fill_tap(j, &at, here, (int32_t)(k / (size_t)j->c), channel + i, n_c, nr,
                     panel + (size_t)done * (size_t)nr + col);
            col += n_c;
        }
        done += here;
    }
}

/* Two neighbouring pixels of `across` as a pair (the panel's: add_block); gives the number of
 * pairs. */
static int32_t pair_pixels(const weights_job *j, int32_t n, float *across)
{
    const int32_t even = n + n % 2;

    for (int32_t o = 0; o < j->oc; o++) {
        float *row = across + (size_t)o * BLOCK;

        if (n < even)
            row[n] = 0;
        j->k->to_pairs(row, (size_t)even, row);
    }
    return even / 2;
}

static void add_block(const weights_job *j, size_t pixel, int32_t n, float *sums,
                      float *room)
{
    static const float zeros[KAO_CONV_MAX_NR] = { 0 };
    const kao_conv *d = j->d;
    const kao_gemm_tiles *tiles = j->pairs ? &j->k->pairs : &j->k->gemm;
    float *across = room, *panel = room + (size_t)BLOCK * (size_t)j->oc;

    for (int32_t group = 0; group < d->groups; group++) {
        const float *g = j->g + pixel * (size_t)d->oc + (size_t)(group * j->oc);
        float *to = sums + (size_t)(group * j->oc) * j->n_k;

        j->k->to_planes(g, (size_t)d->oc, (size_t)n, (size_t)j->oc, across, BLOCK);
        const int32_t len = j->pairs ? pair_pixels(j, n, across) : n;

        for (size_t first = 0; first < j->n_k;) {
            const size_t left = j->n_k - first;
            const kao_gemm_slot *s = kao_conv_panel_tile(
                tiles, left < INT32_MAX ? (int32_t)left : INT32_MAX);
            const int32_t cols = left < (size_t)s->nr ? (int32_t)left : s->nr;
            kao_gemm_args a = { .lda = BLOCK,
                                .n_ty = 1,
                                .n_tx = 1,
                                .len = len,
                                .w = panel,
                                .bias = zeros,
                                .ldo = (ptrdiff_t)j->n_k,
                                .cols = cols,
                                .e = { .residual = KAO_RES_BEFORE_ACT,
                                       .ldr = (ptrdiff_t)j->n_k,
                                       .slope = zeros } };

            fill_panel(j, pixel, n, group * j->c, first, cols, s->nr, panel);
            if (j->pairs) {
                memset(panel + (size_t)n * (size_t)s->nr, 0,
                       (size_t)(2 * len - n) * (size_t)s->nr * sizeof *panel);
                j->k->zip_pairs(panel, (size_t)len, (size_t)s->nr, panel);
            }
            for (int32_t r = 0; r < j->oc; r += s->mr) {
                a.a = across + (size_t)r * BLOCK;
                a.out = to + (size_t)r * j->n_k + first;
                a.e.res = a.out;
                s->run(&a, j->oc - r < s->mr ? j->oc - r : s->mr);
            }
            first += (size_t)s->nr;
        }
    }
}

/* A row of a depthwise layer, tap by tap over the pixels that have it. */
static void add_dw_row(const weights_job *j, size_t pixel, float *sums)
{
    const kao_conv *d = j->d;
    const place at = place_of(d, pixel);
    const float *g = j->g + pixel * (size_t)d->c;

    for (int32_t ky = 0; ky < d->kh; ky++) {
        const float *row = input_row(d, j->in, &at, ky);

        for (int32_t kx = 0; row && kx < d->kw; kx++) {
            const int32_t u0 = kx * d->dx - d->pad_left;
            const kao_range xs = kao_inside(d->ow, d->sx, u0, 1, d->w);

            if (xs.begin < xs.end)
                j->k->dot_rows(row + (ptrdiff_t)(xs.begin * d->sx + u0) * d->c,
                               (ptrdiff_t)d->sx * d->c,
                               g + (size_t)xs.begin * (size_t)d->c, d->c,
                               (size_t)(xs.end - xs.begin), (size_t)d->c,
                               sums + (size_t)(ky * d->kw + kx) * (size_t)d->c);
        }
    }
}

static void add_bias(const weights_job *j, size_t begin, size_t end, float *bias)
{
    const size_t n = (size_t)j->d->oc;

    for (const float *g = j->g + begin * n; g < j->g + end * n; g += n)
        for (size_t o = 0; o < n; o++)
            bias[o] += g[o];
}

/* Output pixels begin .. end - 1, of which a depthwise layer has whole rows, in blocks of
 * `unit` at most. */
static void add_pixels(const weights_job *j, size_t begin, size_t end, size_t unit,
                       float *sums, float *room)
{
    for (size_t p = begin; p < end; p += unit)
        if (kao_conv_is_depthwise(j->d))
            add_dw_row(j, p, sums);
        else
            add_block(j, p, (int32_t)(end - p < unit ? end - p : unit), sums, room);
    if (j->want_bias)
        add_bias(j, begin, end, sums + j->n_k * (size_t)j->d->oc);
}

static void weights_piece(void *arg, size_t piece, uint32_t worker)
{
    const weights_job *j = arg;
    const size_t begin = piece * j->pixels_piece;
    const size_t end =
        begin + j->pixels_piece < j->n_pixels ? begin + j->pixels_piece : j->n_pixels;
    float *sums = j->sums + piece * j->piece_floats;

    memset(sums, 0, j->piece_floats * sizeof *sums);
    add_pixels(j, begin, end, unit_of(j->d), sums, j->room + worker * j->room_floats);
}

void kao_conv_grad_gather(const kao_conv *d, const float *sums, size_t n_pieces,
                          float *dw, float *db)
{
    const size_t taps = (size_t)d->kh * (size_t)d->kw, c = (size_t)(d->c / d->groups);
    const size_t n_k = columns_of(d), each = kao_conv_grad_sums(d);

    for (size_t o = 0; o < (size_t)d->oc; o++)
        for (size_t t = 0; t < taps; t++)
            for (size_t i = 0; i < c; i++) {
                /* depthwise sums lie tap by tap, channels innermost */
                const size_t at = kao_conv_is_depthwise(d) ? t * (size_t)d->oc + o
                                                           : o * n_k + t * c + i;
                float sum = 0;

                for (size_t p = 0; p < n_pieces; p++)
                    sum += sums[p * each + at];
                dw[(o * c + i) * taps + t] = sum;
            }
    for (size_t o = 0; db && o < (size_t)d->oc; o++) {
        db[o] = 0;
        for (size_t p = 0; p < n_pieces; p++)
            db[o] += sums[p * each + n_k * (size_t)d->oc + o];
    }
}

static weights_job job_of(const kao_kernels *k, const kao_conv *d, const float *in,
                          const float *g, bool want_bias)
{
    return (weights_job){ .k = k,
                          .d = d,
                          .in = in,
                          .g = g,
                          .piece_floats = kao_conv_grad_sums(d),
                          .room_floats = kao_conv_grad_room(d),
                          .c = d->c / d->groups,
                          .oc = d->oc / d->groups,
                          .n_k = columns_of(d),
                          .n_pixels = pixels_of(d),
                          .want_bias = want_bias,
                          .pairs = d->bf16 && !kao_conv_is_depthwise(d) };
}

/* Blocks of one size: no short one at the end. */
void kao_conv_grad_add(const kao_kernels *k, const kao_conv *d, const float *in,
                       const float *g, bool want_bias, float *sums, float *room)
{
    const weights_job j = job_of(k, d, in, g, want_bias);
    const size_t blocks = (j.n_pixels + BLOCK - 1) / BLOCK;
    const size_t unit =
        kao_conv_is_depthwise(d)
            ? unit_of(d)
            : kao_round_up((j.n_pixels + blocks - 1) / (blocks ? blocks : 1), 2);

    add_pixels(&j, 0, j.n_pixels, unit, sums, room);
}

void kao_conv_grad_weights(const kao_kernels *k, const kao_pool *pool,
                           const kao_conv *d, const float *in, const float *g,
                           float *dw, float *db, void *scratch)
{
    weights_job j = job_of(k, d, in, g, db != NULL);
    const size_t most = pieces_at_most(d), unit = unit_of(d);

    j.sums = scratch;
    j.room = j.sums + j.piece_floats * most;
    j.pixels_piece = ((j.n_pixels + unit - 1) / unit + most - 1) / most * unit;
    const size_t pieces = (j.n_pixels + j.pixels_piece - 1) / j.pixels_piece;

    kao_pool_run(pool, weights_piece, &j, pieces);
    kao_conv_grad_gather(d, j.sums, pieces, dw, db);
}
