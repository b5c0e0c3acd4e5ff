/* kao_pyramid: one picture at several sizes.
 *
 * A large photograph is read once: it is reduced to 1280 pixels, that to 640, and every
 * smaller level comes from the smallest of these two that is at least twice as large. The
 * choice depends on sizes alone, so that a level has the same bits whichever passes ask.
 *
 *     photograph ──> 1280 ──> 640 ──> 160, 320 ..
 *              └──> 1000                            (nothing between: from the photograph)
 *
 * A slot keeps its pixels' block and its resize tables from picture to picture. */
#include "image/pyramid.h"

#include <string.h>

enum { N_SLOTS = 12 };

static const uint32_t steps[] = { 640, 1280 }; /* the longer sides of the chain */

typedef struct slot {
    kao_resizer resizer;
    kao_image lying; /* as the source lies; upright already where it has no rotation */
    kao_image upright;                 /* turned; {0} where that is not needed */
    size_t lying_bytes, upright_bytes; /* of the blocks */
    uint32_t width, height;            /* upright; 0: the slot is free */
    uint64_t picture;                  /* whose pixels it has */
    uint64_t used;
} slot;

struct kao_pyramid {
    kao_context *ctx;
    kao_pool pool; /* the context's, limited */
    kao_view view;
    uint64_t picture; /* counts pictures */
    uint64_t clock;
    slot slots[N_SLOTS];
    slot part; /* the last one that was made */
};

kao_status kao_pyramid_create(kao_context *ctx, kao_pyramid **out, kao_error *err)
{
    if (!ctx || !out)
        return kao_fail(err, KAO_E_ARG, "pyramid: no context or place for the result");
    *out = kao_calloc(&ctx->mem, 1, sizeof **out);
    if (!*out)
        return kao_fail(err, KAO_E_NOMEM, "pyramid: out of memory");
    (*out)->ctx = ctx;
    kao_pyramid_set_threads(*out, 0);
    return KAO_OK;
}

void kao_pyramid_set_threads(kao_pyramid *p, uint32_t n)
{
    p->pool = kao_pool_limited(p->ctx->pool, n);
}

static void free_slot(kao_pyramid *p, slot *s)
{
    kao_resizer_fini(&s->resizer, &p->ctx->mem);
    kao_free(&p->ctx->mem, s->lying.owned);
    kao_free(&p->ctx->mem, s->upright.owned);
    *s = (slot){ .width = 0 };
}

void kao_pyramid_destroy(kao_pyramid *p)
{
    if (!p)
        return;
    for (int i = 0; i < N_SLOTS; i++)
        free_slot(p, &p->slots[i]);
    free_slot(p, &p->part);
    kao_free(&p->ctx->mem, p);
}

kao_status kao_pyramid_set(kao_pyramid *p, const kao_view *view, kao_error *err)
{
    if (!p)
        return kao_fail(err, KAO_E_ARG, "pyramid: none");
    const kao_status st = kao_view_check(view, "picture", err);

    if (st)
        return st;
    p->view = *view;
    p->picture++;
    return KAO_OK;
}

bool kao_pyramid_shows(const kao_pyramid *p, const kao_view *v)
{
    const kao_view *w = &p->view;
    bool same = p->picture > 0 && v->format == w->format && v->yuv == w->yuv &&
                v->width == w->width && v->height == w->height &&
                v->rotation == w->rotation;

    for (int i = 0; i < 3; i++)
        same &= v->plane[i] == w->plane[i] && v->stride[i] == w->stride[i];
    return same;
}

void kao_pyramid_size(const kao_pyramid *p, uint32_t *width, uint32_t *height)
{
    kao_view_upright_size(&p->view, width, height);
}

/* ---- levels ---- */

/* The block grows; the picture in it has the size wanted. */
static kao_status fit_image(kao_mem *mem, kao_image *image, size_t *have,
                            uint32_t width, uint32_t height, kao_error *err)
{
    const size_t want = (size_t)width * height * KAO_RGB;
    void *block = image->owned;

    if (want > *have) {
        kao_free(mem, block);
        block = kao_alloc(mem, want);
        *have = block ? want : 0;
    }
    *image = (kao_image){ .rgb = block,
                          .width = width,
                          .height = height,
                          .row_bytes = (size_t)width * KAO_RGB,
                          .owned = block };
    return block ? KAO_OK
                 : kao_fail(err, KAO_E_NOMEM, "picture of %u x %u: out of memory",
                            width, height);
}

/* The slot of this size, or the one used longest ago. */
static slot *find_slot(kao_pyramid *p, uint32_t width, uint32_t height)
{
    slot *oldest = &p->slots[0];

    for (int i = 0; i < N_SLOTS; i++) {
        slot *s = &p->slots[i];

        if (s->width == width && s->height == height)
            return s;
        if (s->used < oldest->used)
            oldest = s;
    }
    if (oldest->width)
        free_slot(p, oldest);
    oldest->width = width;
    oldest->height = height;
    return oldest;
}

/* The size of the chain's step that a level of this size comes from; false: none. */
static bool find_step(const kao_pyramid *p, uint32_t width, uint32_t height,
                      kao_place *place)
{
    uint32_t w = 0, h = 0;

    kao_pyramid_size(p, &w, &h);
    const uint32_t side = w > h ? w : h;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && steps[i] < side; i++) {
        *place = kao_letterbox_place(w, h, steps[i], steps[i], KAO_LETTERBOX_TOP_LEFT);
        if (place->width >= 2 * width && place->height >= 2 * height)
            return true;
    }
    return false;
}

/* src at the slot's size, turned by src's rotation. */
static kao_status fill(kao_pyramid *p, slot *s, const kao_view *src, kao_error *err)
{
    kao_mem *mem = &p->ctx->mem;
    const bool swap = src->rotation % 180 != 0;
    const uint32_t w = swap ? s->height : s->width, h = swap ? s->width : s->height;
    kao_status st = fit_image(mem, &s->lying, &s->lying_bytes, w, h, err);

    if (!st)
        st = kao_resizer_fit(&s->resizer, mem, kao_pool_threads(&p->pool), src, w, h,
                             err);
    if (!st && src->rotation)
        st = fit_image(mem, &s->upright, &s->upright_bytes, s->width, s->height, err);
    if (st)
        return st;
    kao_resizer_run(&s->resizer, &p->pool, src, &s->lying);
    if (src->rotation)
        kao_image_turn(&s->upright, &s->lying, src->rotation);
    return KAO_OK;
}

kao_status kao_pyramid_level(kao_pyramid *p, uint32_t width, uint32_t height,
                             kao_view *level, kao_error *err)
{
    kao_view src = p->view;
    kao_place place;
    kao_status st = KAO_OK;

    if (width == src.width && height == src.height && src.rotation == 0 &&
        src.format == KAO_PIXELS_RGB) {
        *level = src;
        return KAO_OK;
    }
    if (find_step(p, width, height, &place))
        st = kao_pyramid_level(p, place.width, place.height, &src, err);
    if (st)
        return st;
    slot *s = find_slot(p, width, height);

    s->used = ++p->clock;
    if (s->picture != p->picture) {
        s->picture = 0; /* until it is whole */
        st = fill(p, s, &src, err);
        if (st)
            return st;
        s->picture = p->picture;
    }
    *level = kao_image_view(src.rotation ? &s->upright : &s->lying);
    return KAO_OK;
}

/* ---- parts ---- */

/* A place in the upright picture of width x height pixels, as it lies before a clockwise turn
 * by `rotation`. */
static kao_place lay_down(kao_place at, uint32_t rotation, uint32_t width,
                          uint32_t height)
{
    const uint32_t right = width - at.x - at.width, below = height - at.y - at.height;

    switch (rotation) {
    case 90:
        return (kao_place){ at.y, right, at.height, at.width };
    case 180:
        return (kao_place){ right, below, at.width, at.height };
    case 270:
        return (kao_place){ below, at.x, at.height, at.width };
    default:
        return at;
    }
}

kao_status kao_pyramid_part(kao_pyramid *p, kao_place *at, uint32_t width,
                            uint32_t height, kao_view *part, kao_error *err)
{
    const kao_view *v = &p->view;
    uint32_t w = 0, h = 0;

    kao_pyramid_size(p, &w, &h);
    kao_place lying = lay_down(*at, v->rotation, w, h);

    lying.x &= ~1u;
    lying.y &= ~1u;
    *at = lay_down(lying, (360 - v->rotation) % 360, v->width, v->height);
    const kao_view src = kao_view_part(v, lying.x, lying.y, lying.width, lying.height);

    if (width == at->width && height == at->height && v->rotation == 0 &&
        v->format == KAO_PIXELS_RGB) {
        *part = src;
        return KAO_OK;
    }
    p->part.width = width;
    p->part.height = height;
    const kao_status st = fill(p, &p->part, &src, err);

    if (!st)
        *part = kao_image_view(v->rotation ? &p->part.upright : &p->part.lying);
    return st;
}
