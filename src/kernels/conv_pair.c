/* Pointwise and depthwise 3x3 in one pass, by bands of rows.
 *
 * Pointwise first: each thread keeps a ring of rows of the middle map, just high enough
 * for one call of the depthwise kernel, and extends it as it goes down the picture:
 *
 *     in      ======  ->  ring  r6 r1 r2 r3 r4 r5   ->  out
 *             row 6             (row r in slot r % 6)   rows 2..5
 *
 * A thread that takes the band below its last one finds the shared rows still in its
 * ring; one that jumps computes two rows again, which costs time but changes no bit.
 *
 * Depthwise first: a band of a few rows goes to scratch and through the pointwise at
 * once; nothing is computed twice. */
#include "kernels/conv_parts.h"

#include <assert.h>
#include <string.h>

enum {
    MIN_BAND_ROWS = 4 * KAO_DW_ROWS,
    LARGE_POINT_MAP = 1 << 20, /* floats of the middle map from which a pair is good */
    LARGE_DEEP_MAP = 32 << 10,
};

typedef struct ring_state {  /* at the start of a thread's scratch */
    int32_t img, begin, end; /* rows of the middle map that the ring holds */
} ring_state;

enum { STATE_FLOATS = KAO_CONV_PAD };
static_assert(sizeof(ring_state) <= STATE_FLOATS * sizeof(float),
              "state fits its place");

typedef struct pair_job {
    const kao_kernels *k;
    kao_conv first, second; /* with the strides of the middle map */
    const float *packed_first, *packed_second, *in, *residual;
    float *out, *scratch;
    size_t scratch_floats; /* a thread: state, zeros, rows */
    size_t zeros_floats;
    int32_t slots, rows_piece, row_pieces;
} pair_job;

static bool is_point(const kao_conv *d)
{
    return kao_conv_is_pointwise(d) && d->groups == 1;
}

static bool is_deep(const kao_conv *d)
{
    return kao_conv_is_depthwise(d) && kao_conv_fits_dw3(d) &&
           d->act != KAO_ACT_SIGMOID && d->act != KAO_ACT_SILU;
}

bool kao_conv_pair_fits(const kao_conv *first, const kao_conv *second)
{
    return first->residual == KAO_RES_NONE && ((is_point(first) && is_deep(second)) ||
                                               (is_deep(first) && is_point(second)));
}

/* Rows that one depthwise call reads (pointwise first) or writes (depthwise first). */
static int32_t ring_rows(const kao_conv *first, const kao_conv *second)
{
    return is_point(first) ? (KAO_DW_ROWS - 1) * second->sy + 3 : KAO_DW_ROWS;
}

static size_t zeros_of(const kao_conv *d)
{
    return kao_round_up((size_t)d->c, KAO_CONV_PAD);
}

static size_t thread_floats(const kao_conv *first, const kao_conv *second)
{
    const size_t row = (size_t)second->w * (size_t)second->c;
    const kao_conv *deep = is_point(first) ? second : first;

    return STATE_FLOATS + zeros_of(deep) +
           kao_round_up((size_t)ring_rows(first, second) * row, KAO_CONV_PAD);
}

size_t kao_conv_pair_scratch_bytes(const kao_kernels *k, const kao_conv *first,
                                   const kao_conv *second, uint32_t n_threads)
{
    (void)k; /* the ring's height is the same for all tables */
    return thread_floats(first, second) * sizeof(float) * n_threads;
}

static const float *image_row(const float *in, const kao_conv *d, int32_t img,
                              int32_t y)
{
    return in + ((size_t)img * (size_t)d->h + (size_t)y) * (size_t)d->w *
                    (size_t)d->in_stride;
}

static size_t out_pixel(const pair_job *j, int32_t img, int32_t y)
{
    return ((size_t)img * (size_t)j->second.oh + (size_t)y) * (size_t)j->second.ow;
}

/* Make the ring hold rows [begin, end) of the middle map. */
static void extend_ring(const pair_job *j, ring_state *s, float *ring, int32_t img,
                        int32_t begin, int32_t end)
{
    const kao_conv *d = &j->first;

    if (s->img != img || begin < s->begin || begin > s->end)
        *s = (ring_state){ img, begin, begin };
    while (s->end < end) { /* up to the ring's seam at once */
        const int32_t slot = s->end % j->slots;
        const int32_t seam = j->slots - slot;
        const int32_t n = end - s->end < seam ? end - s->end : seam;

        kao_conv_point_pixels(j->k, d, j->packed_first,
                              image_row(j->in, d, img, s->end), NULL,
                              ring + (size_t)slot * (size_t)d->w * (size_t)d->oc,
                              (size_t)n * (size_t)d->w);
        s->end += n;
    }
    s->begin = s->end - j->slots > begin ? s->end - j->slots : begin;
}

static void point_deep_band(const pair_job *j, ring_state *s, const kao_rows *rows,
                            float *ring, int32_t img, int32_t y, int32_t n)
{
    const kao_conv *d = &j->second;
    const int32_t top = y * d->sy - d->pad_top, low = top + (n - 1) * d->sy + 3;
    const size_t px = out_pixel(j, img, y);

    extend_ring(j, s, ring, img, top < 0 ? 0 : top, low < d->h ? low : d->h);
    kao_conv_dw3_rows(j->k, d, j->packed_second, rows, y, n,
                      j->residual ? j->residual + px * (size_t)d->res_stride : NULL,
                      j->out + px * (size_t)d->out_stride);
}

static void deep_point_band(const pair_job *j, const kao_rows *rows, float *band,
                            int32_t img, int32_t y, int32_t n)
{
    const kao_conv *d = &j->second;
    const size_t px = out_pixel(j, img, y);

    kao_conv_dw3_rows(j->k, &j->first, j->packed_first, rows, y, n, NULL, band);
    kao_conv_point_pixels(j->k, d, j->packed_second, band,
                          j->residual ? j->residual + px * (size_t)d->res_stride : NULL,
                          j->out + px * (size_t)d->out_stride,
                          (size_t)n * (size_t)d->ow);
}

static void run_piece(void *arg, size_t piece, uint32_t worker)
{
    const pair_job *j = arg;
    const int32_t img = (int32_t)(piece / (size_t)j->row_pieces);
    const int32_t y0 = (int32_t)(piece % (size_t)j->row_pieces) * j->rows_piece;
    const int32_t oh = j->second.oh;
    const int32_t y1 = oh - y0 < j->rows_piece ? oh : y0 + j->rows_piece;
    float *const own = j->scratch + worker * j->scratch_floats;
    ring_state *const state = (ring_state *)(void *)own;
    float *const zeros = own + STATE_FLOATS, *const mid = zeros + j->zeros_floats;
    const bool point_first = is_point(&j->first);
    const kao_rows rows = point_first
                              ? (kao_rows){ mid, j->slots, j->second.c, zeros }
                              : (kao_rows){ image_row(j->in, &j->first, img, 0),
                                            j->first.h, j->first.in_stride, zeros };

    for (int32_t y = y0; y < y1; y += KAO_DW_ROWS) {
        const int32_t n = y1 - y < KAO_DW_ROWS ? y1 - y : KAO_DW_ROWS;

        if (point_first)
            point_deep_band(j, state, &rows, mid, img, y, n);
        else
            deep_point_band(j, &rows, mid, img, y, n);
    }
}

void kao_conv_pair_run(const kao_kernels *k, const kao_pool *pool,
                       const kao_conv *first, const void *packed_first,
                       const kao_conv *second, const void *packed_second,
                       const float *in, const float *residual, float *out,
                       void *scratch)
{
    const uint32_t n_threads = kao_pool_threads(pool);
    const bool point_first = is_point(first);
    const size_t row_macs =
        (size_t)second->ow * (size_t)second->oc *
            (point_first ? 9 : (size_t)second->c) +
        (size_t)first->ow * (size_t)first->oc * (point_first ? (size_t)first->c : 9);
    pair_job j = {
        .k = k,
        .first = *first,
        .second = *second,
        .packed_first = packed_first,
        .packed_second = packed_second,
        .in = in,
        .residual = second->residual == KAO_RES_NONE ? NULL : residual,
        .out = out,
        .scratch = scratch,
        .scratch_floats = thread_floats(first, second),
        .zeros_floats = zeros_of(point_first ? second : first),
        .slots = ring_rows(first, second),
    };
    size_t rows = KAO_CONV_PIECE_MACS / row_macs + 1;

    j.first.out_stride = j.second.in_stride = second->c;
    if (point_first &&
        rows < MIN_BAND_ROWS) /* tall bands, as two rows may be made twice */
        rows = MIN_BAND_ROWS;
    if (point_first && rows < (size_t)second->oh / 8)
        rows = (size_t)second->oh / 8;
    rows = kao_round_up(rows, point_first ? KAO_DW_ROWS : KAO_DW_ROWS / 2);
    j.rows_piece = rows < (size_t)second->oh ? (int32_t)rows : second->oh;
    j.row_pieces = (second->oh + j.rows_piece - 1) / j.rows_piece;
    for (uint32_t i = 0; i < n_threads; i++) {
        float *own = j.scratch + i * j.scratch_floats;

        *(ring_state *)(void *)own = (ring_state){ -1, 0, 0 };
        memset(own + STATE_FLOATS, 0, j.zeros_floats * sizeof *own);
    }
    kao_pool_run(pool, run_piece, &j, (size_t)second->n * (size_t)j.row_pieces);
}

/* Depthwise first costs nothing, and saves a round of the pool; a pointwise that widens is
 * left for the depthwise after it, whose pair keeps the larger map in the cache. Pointwise
 * first pays for rows made twice when threads share the picture (two in MIN_BAND_ROWS or
 * more), so it is for maps that would go to memory and back. */
bool kao_conv_pair_good(const kao_kernels *k, const kao_conv *first,
                        const kao_conv *second)
{
    const size_t middle = (size_t)second->h * (size_t)second->w * (size_t)second->c;

    (void)k;
    if (!kao_conv_pair_fits(first, second))
        return false;
    if (is_point(first))
        return middle >= LARGE_POINT_MAP;
    return middle >= LARGE_DEEP_MAP && second->oc <= second->c;
}
