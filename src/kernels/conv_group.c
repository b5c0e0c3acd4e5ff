/* Convolutions as one, in bands of rows: pointwise and depthwise 3x3 in any order.
 *
 * Each map between two stages exists as a ring of rows in each thread's scratch, just high
 * enough for one call of the stage that reads it. Rows are made when they are asked for:
 *
 *     in      ======  ->  ring  r6 r1 r2 r3 r4 r5   ->  out
 *             row 6             (row r in slot (r - base) % 6)   rows 2..5
 *
 * A depthwise stage reads some rows again for its next call. A thread that takes the band
 * below its last one finds them still in its ring; one that jumps makes two rows again,
 * which costs time but changes no bit. A pointwise stage reads each row once. */
#include "kernels/conv_parts.h"

#include <assert.h>
#include <string.h>

enum {
    MIN_BAND_ROWS = 4 * KAO_DW_ROWS,
    LARGE_POINT_MAP = 1 << 20, /* floats of the map between, from which two are good */
    LARGE_DEPTHWISE_MAP = 32 << 10,
};

typedef struct ring { /* rows begin <= r < end of a map, in slot (r - base) % slots */
    int32_t img, base, begin, end;
} ring;

typedef struct group_job {
    const kao_kernels *k;
    const kao_conv_group *g;
    const float *in, *residual, *zeros;
    float *out;
    unsigned char *scratch; /* a thread: its rings, then their rows */
} group_job;

static bool is_point(const kao_conv *d)
{
    return kao_conv_is_pointwise(d) && d->groups == 1;
}

static bool is_dw3(const kao_conv *d)
{
    return kao_conv_is_depthwise(d) && kao_conv_fits_dw3(d) &&
           d->act != KAO_ACT_SIGMOID && d->act != KAO_ACT_SILU;
}

bool kao_conv_group_fits(const kao_conv *const *stages, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        if ((!is_point(stages[i]) && !is_dw3(stages[i])) ||
            (i < n - 1 && stages[i]->residual != KAO_RES_NONE))
            return false;
    return n > 1;
}

/* ---- planning ---- */

/* Rows that a stage reads for its most rows a call. */
static int32_t rows_read(const kao_conv *d)
{
    return is_point(d) ? KAO_DW_ROWS : (KAO_DW_ROWS - 1) * d->sy + 3;
}

/* Rows of a piece. Where rows may be made twice, at the upper edge of a piece, pieces are
 * tall. */
static void divide_work(kao_conv_group *g)
{
    const kao_conv *last = &g->stages[g->n_stages - 1].conv.d;
    uint64_t row_macs = 0;
    bool again = false;

    for (int32_t i = 0; i < g->n_stages; i++) {
        const kao_conv *d = &g->stages[i].conv.d;

        row_macs +=
            (uint64_t)d->ow * (uint64_t)d->oc * (is_point(d) ? (uint64_t)d->c : 9);
        again |= i > 0 && !is_point(d);
    }
    size_t rows = (size_t)(KAO_CONV_PIECE_MACS / row_macs) + 1;

    if (again && rows < MIN_BAND_ROWS)
        rows = MIN_BAND_ROWS;
    if (again && rows < (size_t)last->oh / 8)
        rows = (size_t)last->oh / 8;
    rows = kao_round_up(rows, again ? KAO_DW_ROWS : KAO_DW_ROWS / 2);
    g->rows_piece = rows < (size_t)last->oh ? (int32_t)rows : last->oh;
    g->row_pieces = (last->oh + g->rows_piece - 1) / g->rows_piece;
}

void kao_conv_group_init(kao_conv_group *g, const kao_kernels *k,
                         kao_conv_stage *stages, int32_t n)
{
    uint64_t at = kao_round_up((size_t)(n - 1) * sizeof(ring), KAO_ALIGN);

    *g = (kao_conv_group){ .stages = stages, .n_stages = n };
    for (int32_t i = 0; i < n; i++) {
        kao_conv d = stages[i].conv.d;

        if (i > 0)
            d.in_stride = d.c;
        if (i < n - 1)
            d.out_stride = d.oc;
        kao_conv_plan_init(&stages[i].conv, k, &d);
    }
    if (n == 1) {
        g->thread_bytes = stages[0].conv.thread_bytes;
        return;
    }
    for (int32_t i = 0; i < n; i++) {
        const kao_conv *d = &stages[i].conv.d;
        const size_t zeros = is_point(d) ? 0 : stages[i].conv.depthwise.c_pad;

        if (zeros * sizeof(float) > g->zeros_bytes)
            g->zeros_bytes = zeros * sizeof(float);
        stages[i].most_rows = is_point(d) && i == 0 ? INT32_MAX : KAO_DW_ROWS;
        if (i == n - 1)
            break;
        stages[i].slots = rows_read(&stages[i + 1].conv.d);
        stages[i].ring = (size_t)at;
        at += (uint64_t)stages[i].slots * (uint64_t)d->ow * (uint64_t)d->oc *
                  sizeof(float) +
              KAO_ALIGN;
        at -= at % KAO_ALIGN;
    }
    g->patch = at > SIZE_MAX ? SIZE_MAX : (size_t)at;
    for (int32_t i = 0; i < n; i++)
        if (is_point(&stages[i].conv.d) &&
            g->thread_bytes < stages[i].conv.thread_bytes)
            g->thread_bytes = stages[i].conv.thread_bytes;
    g->thread_bytes = kao_round_up(g->thread_bytes, KAO_ALIGN);
    g->thread_bytes =
        g->patch > SIZE_MAX - g->thread_bytes ? SIZE_MAX : g->patch + g->thread_bytes;
    divide_work(g);
}

size_t kao_conv_group_scratch_bytes(const kao_conv_group *g, uint32_t n_threads)
{
    const uint64_t n = g->zeros_bytes + (uint64_t)g->thread_bytes * n_threads;

    return n > SIZE_MAX ? SIZE_MAX : (size_t)n;
}

/* ---- running ---- */

static size_t pixel_of(int32_t h, int32_t w, int32_t img, int32_t y)
{
    return ((size_t)img * (size_t)h + (size_t)y) * (size_t)w;
}

static ring *ring_of(unsigned char *own, int32_t stage)
{
    return (ring *)(void *)own + stage;
}

/* Where row y of a stage's map lies in its ring. */
static float *ring_row(const kao_conv_stage *s, unsigned char *own, const ring *r,
                       int32_t y)
{
    const size_t slot = (size_t)((y - r->base) % s->slots);

    return (float *)(void *)(own + s->ring) +
           slot * (size_t)s->conv.d.ow * (size_t)s->conv.d.oc;
}

static void make_rows(const group_job *j, unsigned char *own, int32_t stage,
                      int32_t img, int32_t y, int32_t n, const float *residual,
                      float *out);

/* Make a stage's ring hold rows [begin, end) of its map, at most as many as it has slots. */
static const ring *fill_ring(const group_job *j, unsigned char *own, int32_t stage,
                             int32_t img, int32_t begin, int32_t end)
{
    const kao_conv_stage *s = &j->g->stages[stage];
    ring *r = ring_of(own, stage);

    if (r->img != img || begin < r->begin || begin >= r->end)
        *r = (ring){ img, begin, begin, begin };
    while (r->end < end) { /* up to the ring's seam at once */
        const int32_t room = s->slots - (r->end - r->base) % s->slots;
        int32_t n = end - r->end < room ? end - r->end : room;

        n = n < s->most_rows ? n : s->most_rows;
        make_rows(j, own, stage, img, r->end, n, NULL, ring_row(s, own, r, r->end));
        r->end += n;
    }
    r->begin = r->end - s->slots > begin ? r->end - s->slots : begin;
    return r;
}

static void make_point_rows(const group_job *j, unsigned char *own, int32_t stage,
                            int32_t img, int32_t y, int32_t n, const float *residual,
                            float *out)
{
    const kao_conv_stage *s = &j->g->stages[stage];
    const kao_conv *d = &s->conv.d;
    const ring *r = stage ? fill_ring(j, own, stage - 1, img, y, y + n) : NULL;

    while (n > 0) { /* rows that lie one after the other */
        const float *in =
            j->in + (r ? 0 : pixel_of(d->h, d->w, img, y) * (size_t)d->in_stride);
        int32_t m = n;

        if (r) {
            const kao_conv_stage *from = s - 1;
            const int32_t room = from->slots - (y - r->base) % from->slots;

            in = ring_row(from, own, r, y);
            m = n < room ? n : room;
        }
        const size_t pixels = (size_t)m * (size_t)d->ow;

        kao_conv_point_pixels(j->k, &s->conv, s->packed, in, residual, out, pixels,
                              (float *)(void *)(own + j->g->patch));
        out += pixels * (size_t)d->out_stride;
        if (residual)
            residual += pixels * (size_t)d->res_stride;
        y += m;
        n -= m;
    }
}

static void make_rows(const group_job *j, unsigned char *own, int32_t stage,
                      int32_t img, int32_t y, int32_t n, const float *residual,
                      float *out)
{
    const kao_conv_stage *s = &j->g->stages[stage];
    const kao_conv *d = &s->conv.d;
    kao_rows rows = { .slots = d->h, .stride = d->in_stride, .zeros = j->zeros };

    if (s->conv.algorithm != KAO_CONV_DEPTHWISE) {
        make_point_rows(j, own, stage, img, y, n, residual, out);
        return;
    }
    if (stage == 0) {
        rows.at = j->in + pixel_of(d->h, d->w, img, 0) * (size_t)d->in_stride;
    } else {
        const int32_t top = y * d->sy - d->pad_top, low = top + (n - 1) * d->sy + 3;

        rows.at = (const float *)(const void *)(own + s[-1].ring);
        rows.slots = s[-1].slots;
        rows.base = fill_ring(j, own, stage - 1, img, top < 0 ? 0 : top,
                              low < d->h ? low : d->h)
                        ->base;
    }
    kao_conv_dw3_rows(j->k, &s->conv, s->packed, &rows, y, n, residual, out);
}

static void run_piece(void *arg, size_t piece, uint32_t worker)
{
    const group_job *j = arg;
    const kao_conv_group *g = j->g;
    const kao_conv *d = &g->stages[g->n_stages - 1].conv.d;
    const int32_t img = (int32_t)(piece / (size_t)g->row_pieces);
    const int32_t y0 = (int32_t)(piece % (size_t)g->row_pieces) * g->rows_piece;
    const int32_t y1 = d->oh - y0 < g->rows_piece ? d->oh : y0 + g->rows_piece;
    unsigned char *own = j->scratch + worker * g->thread_bytes;

    for (int32_t y = y0; y < y1; y += KAO_DW_ROWS) {
        const size_t px = pixel_of(d->oh, d->ow, img, y);

        make_rows(j, own, g->n_stages - 1, img, y,
                  y1 - y < KAO_DW_ROWS ? y1 - y : KAO_DW_ROWS,
                  j->residual ? j->residual + px * (size_t)d->res_stride : NULL,
                  j->out + px * (size_t)d->out_stride);
    }
}

void kao_conv_group_run(const kao_kernels *k, const kao_pool *pool,
                        const kao_conv_group *g, const float *in, const float *residual,
                        float *out, void *scratch)
{
    const kao_conv_stage *last = &g->stages[g->n_stages - 1];
    const group_job j = {
        .k = k,
        .g = g,
        .in = in,
        .residual = last->conv.d.residual == KAO_RES_NONE ? NULL : residual,
        .zeros = scratch,
        .out = out,
        .scratch = (unsigned char *)scratch + g->zeros_bytes,
    };

    if (g->n_stages == 1) {
        kao_conv_run(k, pool, &last->conv, last->packed, in, residual, out, scratch);
        return;
    }
    if (g->zeros_bytes)
        memset(scratch, 0, g->zeros_bytes);
    for (uint32_t t = 0; t < kao_pool_threads(pool); t++)
        for (int32_t i = 0; i < g->n_stages - 1; i++)
            *ring_of(j.scratch + t * g->thread_bytes, i) = (ring){ .img = -1 };
    kao_pool_run(pool, run_piece, (void *)(uintptr_t)&j,
                 (size_t)last->conv.d.n * (size_t)g->row_pieces);
}

/* Depthwise first costs nothing, and saves a round of the pool; a pointwise that widens is
 * left for the depthwise after it, whose group keeps the larger map in the cache. Pointwise
 * first pays for rows made twice when threads share the picture (two in MIN_BAND_ROWS or
 * more), so it is for maps that would go to memory and back. */
bool kao_conv_group_good(const kao_conv *const *stages, int32_t n)
{
    const kao_conv *first = stages[0], *last = stages[n - 1];
    const size_t middle = (size_t)last->h * (size_t)last->w * (size_t)last->c;

    if (n != 2 || !kao_conv_group_fits(stages, n))
        return false;
    if (is_point(first))
        return is_dw3(last) && middle >= LARGE_POINT_MAP;
    return is_point(last) && middle >= LARGE_DEPTHWISE_MAP && last->oc <= last->c;
}
