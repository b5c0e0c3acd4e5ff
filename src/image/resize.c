/* Resize: exact area mean where an axis shrinks, linear between centres where it grows.
 *
 * Both are separable: each output row is a weighted sum of source rows (down), each
 * output pixel a weighted sum of that row's pixels (across). Weights are integers that
 * sum to 2^15 exactly, so that flat areas stay flat:
 *
 *     down:    u8 * w15, summed in 32 bits, >> 7   -> 8.8 fixed point, 65280 at most
 *     across:  u16 * w15, summed in 32 bits, >> 23 -> u8, rounded; 65280 * 2^15 < 2^31
 *
 * The area weights of output i are the parts of [i*s, (i+1)*s) that fall to the source
 * pixels [j*d, (j+1)*d), in units of 1/d of a pixel: all integers. Their running sum is
 * rounded, not each alone, which keeps the total.
 *
 * Down comes first: it reads whole rows, which compilers turn into vector code.
 *
 * Where both sides shrink by whole numbers (1280 -> 640, 1920x1080 -> 640x360) all
 * weights are equal: samples are added in 16 bits and divided once, which is exact.
 *
 * Rows of another format than RGB are brought to RGB as they are needed. */
#include "image/resize.h"

#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
# pragma GCC optimize("O3") /* the two inner loops are worth it in every build type */
#endif

enum {
    MEAN_MAX = 16, /* whole ratios up to here are plain sums: 255 * 16 * 16 < 2^16 */
    ONE = 1 << 15, /* the sum of weights */
    BLOCK = 64,    /* samples whose sums stay in registers and L1 */
    GRAIN = 16,    /* output rows a piece; never derived from the number of threads */
    ALONE_BELOW = 1 << 18, /* source pixels from which on threads are worth waking */
};

typedef kao_resize_axis axis;

typedef struct resize_job {
    const kao_resizer *r;
    const kao_view *src;
    const kao_image *dst;
} resize_job;

/* s = n * d for a small whole n, or 0. */
static uint32_t whole_ratio(uint32_t s, uint32_t d)
{
    return s % d == 0 && s / d <= MEAN_MAX ? s / d : 0;
}

static uint32_t max_taps(uint32_t s, uint32_t d)
{
    return s > d ? (s + d - 1) / d + 1 : 2;
}

static void area_weights(axis *a, uint32_t s, uint32_t d)
{
    for (uint32_t i = 0; i < d; i++) {
        const uint64_t begin = (uint64_t)i * s, end = begin + s;
        const uint64_t first = begin / d, last = (end - 1) / d;
        uint16_t *w = a->weight + (size_t)i * a->max_n;
        uint64_t before = 0;

        a->first[i] = (uint32_t)first;
        a->n[i] = (uint32_t)(last - first + 1);
        for (uint64_t j = first; j <= last; j++) {
            const uint64_t covered = ((j + 1) * d < end ? (j + 1) * d : end) - begin;
            const uint64_t sum = (covered * ONE + s / 2) / s;

            w[j - first] = (uint16_t)(sum - before);
            before = sum;
        }
    }
}

static void linear_weights(axis *a, uint32_t s, uint32_t d)
{
    for (uint32_t i = 0; i < d; i++) {
        /* (i + .5) * s / d - .5, in units of 1 / 2d */
        const int64_t at = (int64_t)(2 * (uint64_t)i + 1) * s - d;
        const uint64_t pos = at > 0 ? (uint64_t)at : 0;
        const uint64_t first = pos / (2 * (uint64_t)d), part = pos % (2 * (uint64_t)d);
        const uint32_t w1 = (uint32_t)((part * ONE + d) / (2 * (uint64_t)d));
        uint16_t *w = a->weight + (size_t)i * a->max_n;
        const bool single = w1 == 0 || first + 1 >= s;

        a->first[i] = (uint32_t)first;
        a->n[i] = single ? 1 : 2;
        w[0] = (uint16_t)(single ? ONE : ONE - w1);
        w[1] = (uint16_t)(single ? 0 : w1);
    }
}

/* Give every pixel the same number of weights: zeros are added behind, or before where
 * the source ends. */
static void pad_weights(axis *a, uint32_t s, uint32_t d)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < d; i++)
        most = a->n[i] > most ? a->n[i] : most;
    for (uint32_t i = 0; i < d; i++) {
        const uint16_t *from = a->weight + (size_t)i * a->max_n;
        uint16_t *w = a->weight + (size_t)i * most; /* not after from */
        const uint32_t room = s - a->first[i];
        const uint32_t before = room < most ? most - room : 0;

        memmove(w + before, from, a->n[i] * sizeof *w);
        memset(w, 0, before * sizeof *w);
        memset(w + before + a->n[i], 0, (most - before - a->n[i]) * sizeof *w);
        a->first[i] -= before;
        a->n[i] += before;
    }
    a->max_n = most;
}

/* The three arrays of an axis lie in one block, which is kept while it is large enough. */
static bool axis_fit(axis *a, kao_mem *mem, uint32_t s, uint32_t d)
{
    const size_t n = d, taps = max_taps(s, d);
    const size_t bytes = n * 2 * sizeof *a->first + n * taps * sizeof *a->weight;

    if (bytes > a->bytes) {
        kao_free(mem, a->first);
        a->first = kao_alloc(mem, bytes);
        a->bytes = a->first ? bytes : 0;
        if (!a->first)
            return false;
    }
    a->max_n = (uint32_t)taps;
    a->n = a->first + n;
    a->weight = (uint16_t *)(a->n + n);
    if (s > d)
        area_weights(a, s, d);
    else
        linear_weights(a, s, d);
    pad_weights(a, s, d);
    return true;
}

static void sum_block(uint16_t *restrict out, const uint8_t *restrict src,
                      ptrdiff_t row_bytes, const uint16_t *restrict w, uint32_t n)
{
    uint32_t sum[BLOCK];

    for (int i = 0; i < BLOCK; i++)
        sum[i] = 64; /* one half, for the shift by 7 */
    for (uint32_t k = 0; k < n; k++, src += row_bytes) {
        const uint16_t wk = w[k];

        for (int i = 0; i < BLOCK; i++)
            sum[i] += (uint32_t)((uint16_t)src[i]) * wk;
    }
    for (int i = 0; i < BLOCK; i++)
        out[i] = (uint16_t)(sum[i] >> 7);
}

/* One output row before its pixels are summed: n_samples of n source rows. */
static void sum_rows(uint16_t *restrict out, const uint8_t *restrict src,
                     ptrdiff_t row_bytes, const uint16_t *restrict w, uint32_t n,
                     size_t n_samples)
{
    size_t x = 0;

    for (; x + BLOCK <= n_samples; x += BLOCK)
        sum_block(out + x, src + x, row_bytes, w, n);
    for (; x < n_samples; x++) {
        uint32_t sum = 64;

        for (uint32_t k = 0; k < n; k++)
            sum += (uint32_t)src[(ptrdiff_t)x + (ptrdiff_t)k * row_bytes] * w[k];
        out[x] = (uint16_t)(sum >> 7);
    }
}

/* Pixels from begin on, each of n source pixels: a loop of constant length where the
 * caller gives a constant. */
static inline void sum_n(uint8_t *restrict out, const uint16_t *restrict row,
                         const axis *a, uint32_t width, uint32_t n)
{
    for (uint32_t i = 0; i < width; i++, out += KAO_RGB) {
        const uint16_t *p = row + (size_t)a->first[i] * KAO_RGB;
        const uint16_t *w = a->weight + (size_t)i * a->max_n;
        uint32_t r = 1u << 22, g = r, b = r; /* one half, for the shift by 23 */

        for (uint32_t k = 0; k < n; k++, p += KAO_RGB) {
            r += (uint32_t)p[0] * w[k];
            g += (uint32_t)p[1] * w[k];
            b += (uint32_t)p[2] * w[k];
        }
        out[0] = (uint8_t)(r >> 23);
        out[1] = (uint8_t)(g >> 23);
        out[2] = (uint8_t)(b >> 23);
    }
}

static void sum_pixels(uint8_t *out, const uint16_t *row, const axis *a, uint32_t width)
{
    switch (a->max_n) { /* the usual ratios */
    case 2:
        sum_n(out, row, a, width, 2);
        break;
    case 3:
        sum_n(out, row, a, width, 3);
        break;
    case 4:
        sum_n(out, row, a, width, 4);
        break;
    case 5:
        sum_n(out, row, a, width, 5);
        break;
    default:
        sum_n(out, row, a, width, a->max_n);
        break;
    }
}

/* Whole ratios, down: plain sums of n rows. */
static void add_rows(uint16_t *restrict out, const uint8_t *restrict src,
                     ptrdiff_t row_bytes, uint32_t n, size_t n_samples)
{
    for (size_t x = 0; x < n_samples; x += BLOCK) {
        const size_t left = n_samples - x < BLOCK ? n_samples - x : BLOCK;
        const uint8_t *p = src + x;
        uint16_t sum[BLOCK] = { 0 };

        for (uint32_t k = 0; k < n; k++, p += row_bytes)
            if (left == BLOCK)
                for (size_t i = 0; i < BLOCK; i++)
                    sum[i] = (uint16_t)(sum[i] + p[i]);
            else
                for (size_t i = 0; i < left; i++)
                    sum[i] = (uint16_t)(sum[i] + p[i]);
        memcpy(out + x, sum, left * sizeof *out);
    }
}

/* Whole ratios, across: n sums and one division, as a product with its reciprocal. The
 * sum is below 2^16, so the reciprocal's error, below 2^-32, cannot show, and halves go
 * up. */
static inline void mean_n(uint8_t *restrict out, const uint16_t *restrict row,
                          uint32_t width, uint32_t n, uint32_t n_rows)
{
    const uint32_t count = n * n_rows;
    const uint64_t per = ((UINT64_C(1) << 32) + count - 1) / count; /* rounded up */

    for (uint32_t i = 0; i < width; i++, row += n * KAO_RGB, out += KAO_RGB) {
        uint32_t r = count / 2, g = r, b = r;

        for (uint32_t k = 0; k < n; k++) {
            r += row[KAO_RGB * k];
            g += row[KAO_RGB * k + 1];
            b += row[KAO_RGB * k + 2];
        }
        out[0] = (uint8_t)(r * per >> 32);
        out[1] = (uint8_t)(g * per >> 32);
        out[2] = (uint8_t)(b * per >> 32);
    }
}

static void mean_pixels(uint8_t *out, const uint16_t *row, uint32_t width, uint32_t n,
                        uint32_t n_rows)
{
    switch (n) {
    case 2:
        mean_n(out, row, width, 2, n_rows);
        break;
    case 3:
        mean_n(out, row, width, 3, n_rows);
        break;
    case 4:
        mean_n(out, row, width, 4, n_rows);
        break;
    default:
        mean_n(out, row, width, n, n_rows);
        break;
    }
}

/* n source rows from `first` on: where they stand, or brought to RGB in `room`. */
static const uint8_t *source_rows(const kao_view *src, uint32_t first, uint32_t n,
                                  uint8_t *room, ptrdiff_t *row_bytes)
{
    const size_t bytes = (size_t)src->width * KAO_RGB;

    if (src->format == KAO_PIXELS_RGB) {
        *row_bytes = src->stride[0];
        return kao_view_rgb(src, 0, first);
    }
    for (uint32_t k = 0; k < n; k++)
        kao_view_row(src, 0, first + k, src->width, room + k * bytes);
    *row_bytes = (ptrdiff_t)bytes;
    return room;
}

static void run_piece(void *arg, size_t piece, uint32_t worker)
{
    const resize_job *j = arg;
    const kao_resizer *r = j->r;
    const axis *d = &r->down;
    const size_t n_samples = (size_t)j->src->width * KAO_RGB;
    const uint32_t begin = (uint32_t)piece * GRAIN;
    const uint32_t left = j->dst->height - begin;
    uint16_t *row = r->row ? r->row + worker * r->row_cap : NULL;
    uint8_t *room = r->room ? r->room + worker * r->room_cap : NULL;

    for (uint32_t y = begin; y < begin + (left < GRAIN ? left : GRAIN); y++) {
        uint8_t *out = kao_image_row(j->dst, y);
        ptrdiff_t stride = 0;

        if (r->same) {
            kao_view_row(j->src, 0, y, j->src->width, out);
        } else if (r->mean_x) {
            const uint8_t *p =
                source_rows(j->src, y * r->mean_y, r->mean_y, room, &stride);

            add_rows(row, p, stride, r->mean_y, n_samples);
            mean_pixels(out, row, j->dst->width, r->mean_x, r->mean_y);
        } else {
            const uint8_t *p = source_rows(j->src, d->first[y], d->n[y], room, &stride);

            sum_rows(row, p, stride, d->weight + (size_t)y * d->max_n, d->n[y],
                     n_samples);
            sum_pixels(out, row, &r->across, j->dst->width);
        }
    }
}

static bool grow(kao_mem *mem, void **p, size_t *have, size_t want)
{
    if (want <= *have)
        return true;
    kao_free(mem, *p);
    *p = kao_alloc(mem, want);
    *have = *p ? want : 0;
    return *p != NULL;
}

/* Room for the sums of a row, and for source rows of another format, for each worker.
 * Workers must not share a cache line: 64 bytes. */
static bool fit_rows(kao_resizer *r, kao_mem *mem, uint32_t n_threads)
{
    const size_t bytes = kao_round_up((size_t)r->src_width * KAO_RGB, 64);
    const size_t n_rows = r->format == KAO_PIXELS_RGB ? 0
                          : r->mean_x                 ? r->mean_y
                                                      : r->down.max_n;
    void *row = r->row, *room = r->room;
    size_t all = 0;

    r->row_cap = bytes;
    const bool ok =
        grow(mem, &row, &r->row_bytes, r->row_cap * n_threads * sizeof *r->row) &&
        kao_mul(bytes, n_rows, &r->room_cap) && kao_mul(r->room_cap, n_threads, &all) &&
        grow(mem, &room, &r->room_bytes, all);

    r->row = row;
    r->room = room;
    return ok;
}

static bool fits(const kao_resizer *r, const kao_view *src, uint32_t width,
                 uint32_t height, uint32_t n_threads)
{
    return r->n_threads >= n_threads && r->format == src->format &&
           r->src_width == src->width && r->src_height == src->height &&
           r->width == width && r->height == height;
}

kao_status kao_resizer_fit(kao_resizer *r, kao_mem *mem, uint32_t n_threads,
                           const kao_view *src, uint32_t width, uint32_t height,
                           kao_error *err)
{
    if (fits(r, src, width, height, n_threads))
        return KAO_OK;
    r->n_threads = 0; /* fits nothing until all is there */
    r->format = src->format;
    r->src_width = src->width;
    r->src_height = src->height;
    r->width = width;
    r->height = height;
    r->same = width == src->width && height == src->height;
    r->mean_x = whole_ratio(src->width, width);
    r->mean_y = whole_ratio(src->height, height);
    if (!r->mean_x || !r->mean_y)
        r->mean_x = r->mean_y = 0;
    if (!r->same && ((!r->mean_x && (!axis_fit(&r->down, mem, src->height, height) ||
                                     !axis_fit(&r->across, mem, src->width, width))) ||
                     !fit_rows(r, mem, n_threads)))
        return kao_fail(err, KAO_E_NOMEM, "resize to %u x %u: out of memory", width,
                        height);
    r->n_threads = n_threads;
    return KAO_OK;
}

void kao_resizer_fini(kao_resizer *r, kao_mem *mem)
{
    kao_free(mem, r->down.first);
    kao_free(mem, r->across.first);
    kao_free(mem, r->row);
    kao_free(mem, r->room);
    *r = (kao_resizer){ .n_threads = 0 };
}

void kao_resizer_run(const kao_resizer *r, kao_pool *pool, const kao_view *src,
                     const kao_image *dst)
{
    resize_job j = { .r = r, .src = src, .dst = dst };
    const bool alone = (size_t)src->width * src->height < ALONE_BELOW;

    kao_pool_run(alone ? NULL : pool, run_piece, &j, (dst->height + GRAIN - 1) / GRAIN);
}

kao_status kao_resize(kao_mem *mem, kao_pool *pool, const kao_view *src,
                      const kao_image *dst, kao_error *err)
{
    kao_resizer r = { .n_threads = 0 };
    const kao_status st = kao_resizer_fit(&r, mem, kao_pool_threads(pool), src,
                                          dst->width, dst->height, err);

    if (!st)
        kao_resizer_run(&r, pool, src, dst);
    kao_resizer_fini(&r, mem);
    return st;
}

kao_status kao_resize_upright(kao_mem *mem, kao_pool *pool, const kao_view *src,
                              const kao_image *dst, kao_error *err)
{
    kao_image lying = { 0 };
    kao_status st = kao_view_check(src, "src", err);

    if (!st)
        st = kao_image_check(dst, "dst", err);
    if (st || src->rotation == 0)
        return st ? st : kao_resize(mem, pool, src, dst, err);
    const bool swap = src->rotation != 180;

    st = kao_image_alloc(mem, swap ? dst->height : dst->width,
                         swap ? dst->width : dst->height, &lying, err);
    if (!st)
        st = kao_resize(mem, pool, src, &lying, err);
    if (!st)
        kao_image_turn(dst, &lying, src->rotation);
    kao_image_drop(mem, &lying);
    return st;
}

kao_status kao_image_resize(kao_context *ctx, const kao_view *src, const kao_image *dst,
                            kao_error *err)
{
    return ctx ? kao_resize_upright(&ctx->mem, ctx->pool, src, dst, err)
               : kao_fail(err, KAO_E_ARG, "resize: no context");
}

kao_place kao_letterbox_place(uint32_t src_width, uint32_t src_height, uint32_t width,
                              uint32_t height, kao_letterbox_at at)
{
    const uint64_t w_by_height = (uint64_t)src_width * height / src_height;
    kao_place p = { 0, 0, width, height };

    if ((uint64_t)src_width * height > (uint64_t)width * src_height)
        p.height = (uint32_t)((uint64_t)src_height * width / src_width);
    else
        p.width = (uint32_t)w_by_height;
    p.width = p.width ? p.width : 1;
    p.height = p.height ? p.height : 1;
    if (at == KAO_LETTERBOX_CENTRE) {
        p.x = (width - p.width) / 2;
        p.y = (height - p.height) / 2;
    }
    return p;
}
