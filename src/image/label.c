/* Labels in any script, by Pango and Cairo where the machine has them: looked for when a label is
 * drawn, as libheif is when a HEIC comes (codec_heif.c). Pango chooses fonts, joins letters and
 * orders them; Cairo gives the cover of each pixel, which is blended here.
 *
 * Each label has a font map of its own: the one that Pango keeps for a thread would grow with every
 * size drawn, and may be the calling program's. Fonts are found and read by fontconfig.
 *
 * Source: docs.gtk.org/Pango, docs.gtk.org/PangoCairo, cairographics.org/manual. */
#include "image/image.h"
#include "base/library.h"

#include <dlfcn.h>
#include <math.h>
#include <string.h>

#include "base/text.h"

enum {
    CAIRO_A8 = 2,      /* CAIRO_FORMAT_A8 */
    PANGO_UNIT = 1024, /* PANGO_SCALE */
    ELLIPSIS_AT_END = 3,
    MAX_TEXT = 1024, /* bytes */
    PX_LEAST = 4,
    PX_MOST = 1024,
    BY_SIZE = 40,      /* of the longer side */
    SIDE_MOST = 32767, /* on more Cairo draws nothing, and says nothing */
    WIDE_MOST = 32000, /* of a text, whose ink may stand out of it */
};

typedef struct pango_rectangle {
    int x, y, width, height;
} pango_rectangle;

/* Its structures are opaque. */
typedef struct pango {
    void *library;
    void *(*surface_new)(uint8_t *p, int format, int width, int height, int stride);
    void (*surface_flush)(void *surface);
    void (*surface_free)(void *surface);
    void *(*cairo_new)(void *surface);
    void (*cairo_free)(void *cairo);
    void (*move_to)(void *cairo, double x, double y);
    void *(*map_new)(void);
    void *(*context_new)(void *map);
    void *(*layout_new)(void *context);
    void (*show)(void *cairo, void *layout);
    void (*set_text)(void *layout, const char *text, int n);
    void (*set_font)(void *layout, const void *font);
    void (*set_single)(void *layout, int yes);
    void (*set_width)(void *layout, int width);
    void (*set_ellipsize)(void *layout, int where);
    int (*unknown)(void *layout);
    void (*extents)(void *layout, pango_rectangle *ink, pango_rectangle *logical);
    void *(*font_new)(const char *name);
    void (*font_free)(void *font);
    void (*font_size)(void *font, double size);
    void (*unref)(void *object);
} pango;

static bool open_library(pango *p)
{
    p->library = kao_library_open("libpangocairo-1.0.so.0");
    if (!p->library)
        return false;
    void *l = p->library; /* and what it needs: Pango, Cairo, GObject */

    return kao_library_find(l, "cairo_image_surface_create_for_data",
                            &p->surface_new) &&
           kao_library_find(l, "cairo_surface_flush", &p->surface_flush) &&
           kao_library_find(l, "cairo_surface_destroy", &p->surface_free) &&
           kao_library_find(l, "cairo_create", &p->cairo_new) &&
           kao_library_find(l, "cairo_destroy", &p->cairo_free) &&
           kao_library_find(l, "cairo_move_to", &p->move_to) &&
           kao_library_find(l, "pango_cairo_font_map_new", &p->map_new) &&
           kao_library_find(l, "pango_font_map_create_context", &p->context_new) &&
           kao_library_find(l, "pango_layout_new", &p->layout_new) &&
           kao_library_find(l, "pango_cairo_show_layout", &p->show) &&
           kao_library_find(l, "pango_layout_set_text", &p->set_text) &&
           kao_library_find(l, "pango_layout_set_font_description", &p->set_font) &&
           kao_library_find(l, "pango_layout_set_single_paragraph_mode",
                            &p->set_single) &&
           kao_library_find(l, "pango_layout_set_width", &p->set_width) &&
           kao_library_find(l, "pango_layout_set_ellipsize", &p->set_ellipsize) &&
           kao_library_find(l, "pango_layout_get_unknown_glyphs_count", &p->unknown) &&
           kao_library_find(l, "pango_layout_get_pixel_extents", &p->extents) &&
           kao_library_find(l, "pango_font_description_from_string", &p->font_new) &&
           kao_library_find(l, "pango_font_description_free", &p->font_free) &&
           kao_library_find(l, "pango_font_description_set_absolute_size",
                            &p->font_size) &&
           kao_library_find(l, "g_object_unref", &p->unref);
}

/* Where a span of n pixels from at begins, so that it lies in the most it can. */
static uint32_t inside(float at, uint32_t n, uint32_t most)
{
    const float last = n < most ? (float)(most - n) : 0;

    return (uint32_t)fmaxf(0, fminf(roundf(at), last));
}

static uint8_t blend(uint8_t ground, uint8_t ink, uint32_t cover)
{
    return (uint8_t)((ink * cover + ground * (255 - cover) + 127) / 255);
}

/* cover: of the label's pixels, stride apart. */
static void lay(const kao_image *image, const kao_label *at, const uint8_t *cover,
                size_t stride, kao_color ink, kao_color ground)
{
    for (uint32_t y = 0; y < at->height && at->y + y < image->height; y++) {
        uint8_t *to = kao_image_row(image, at->y + y) + (size_t)at->x * KAO_RGB;
        const uint8_t *c = cover + y * stride;

        for (uint32_t x = 0; x < at->width && at->x + x < image->width;
             x++, to += KAO_RGB) {
            to[0] = blend(ground.r, ink.r, c[x]);
            to[1] = blend(ground.g, ink.g, c[x]);
            to[2] = blend(ground.b, ink.b, c[x]);
        }
    }
}

/* A layout of the text, no wider than the picture and what Cairo draws; NULL: no memory. */
static void *set_out(const pango *p, void *context, const kao_image *image,
                     const char *text, float px)
{
    void *layout = p->layout_new(context), *font = p->font_new("Sans");
    pango_rectangle ink = { 0, 0, 0, 0 }, logical = ink;

    if (layout && font) {
        p->font_size(font, (double)roundf(px * PANGO_UNIT));
        p->set_font(layout, font);
        p->set_single(layout, 1);
        p->set_text(layout, text, -1);
        p->extents(layout, &ink, &logical);
        const int most = image->width < WIDE_MOST ? (int)image->width : WIDE_MOST;
        const int room = most - (int)px / 2;

        if (logical.width > room) {
            p->set_ellipsize(layout, ELLIPSIS_AT_END);
            p->set_width(layout, (room > 1 ? room : 1) * PANGO_UNIT);
        }
    }
    if (font)
        p->font_free(font);
    return layout;
}

/* Draw the layout's cover into memory of our own, and that into the picture. */
static kao_status draw_layout(const pango *p, kao_mem *mem, void *layout,
                              const kao_image *image, const float place[3],
                              const kao_color colors[2], kao_label *at, kao_error *err)
{
    const uint32_t margin = (uint32_t)(place[2] / 4);
    pango_rectangle inked = { 0, 0, 0, 0 }, logical = inked;

    p->extents(layout, &inked, &logical);
    /* both: italics and marks stand out of the line's box */
    const int left = inked.x < logical.x ? inked.x : logical.x;
    const int top = inked.y < logical.y ? inked.y : logical.y;
    const int right = inked.x + inked.width > logical.x + logical.width
                          ? inked.x + inked.width
                          : logical.x + logical.width;
    const int low = inked.y + inked.height > logical.y + logical.height
                        ? inked.y + inked.height
                        : logical.y + logical.height;

    if (right <= left || low <= top || right - left > SIDE_MOST - 2 * (int)margin ||
        low - top > 16 * PX_MOST)
        return kao_fail(err, KAO_E_UNSUPPORTED, "label: no font for it");
    at->width = (uint32_t)(right - left) + 2 * margin;
    at->height = (uint32_t)(low - top);
    const size_t stride = kao_round_up(at->width, 4);
    uint8_t *cover = kao_calloc(mem, stride, at->height);
    void *surface = cover ? p->surface_new(cover, CAIRO_A8, (int)at->width,
                                           (int)at->height, (int)stride)
                          : NULL;
    void *cairo = surface ? p->cairo_new(surface) : NULL;

    if (cairo) {
        p->move_to(cairo, (double)((int)margin - left), (double)-top);
        p->show(cairo, layout);
        p->cairo_free(cairo);
        p->surface_flush(surface);
        at->n_missing = (uint32_t)p->unknown(layout);
    }
    if (surface)
        p->surface_free(surface);
    at->x = inside(place[0], at->width, image->width);
    at->y = inside(place[1] - (float)at->height, at->height, image->height);
    if (cairo)
        lay(image, at, cover, stride, colors[0], colors[1]);
    kao_free(mem, cover);
    return cairo ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "label: out of memory");
}

static kao_status draw_by(const pango *p, kao_mem *mem, const kao_image *image,
                          const char *text, const float place[3],
                          const kao_color colors[2], kao_label *at, kao_error *err)
{
    void *map = p->map_new();
    void *context = map ? p->context_new(map) : NULL;
    void *layout = context ? set_out(p, context, image, text, place[2]) : NULL;
    const kao_status st =
        layout ? draw_layout(p, mem, layout, image, place, colors, at, err)
               : kao_fail(err, KAO_E_NOMEM, "label: out of memory");

    if (layout)
        p->unref(layout);
    if (context)
        p->unref(context);
    if (map)
        p->unref(map);
    return st;
}

static kao_status check_text(const char *text, kao_error *err)
{
    size_t n = 0;

    for (size_t step = 0; text[n]; n += step) {
        step = kao_utf8_length((const unsigned char *)text + n);
        if (step == 0)
            return kao_fail(err, KAO_E_ARG, "label: no UTF-8 at byte %zu", n);
        if (n + step > MAX_TEXT)
            return kao_fail(err, KAO_E_LIMIT, "label: more than %d bytes", MAX_TEXT);
    }
    return n ? KAO_OK : kao_fail(err, KAO_E_ARG, "label: no text");
}

kao_status kao_image_draw_label(kao_context *ctx, const kao_image *image, float x,
                                float y, const char *text, float px, kao_color ink,
                                kao_color ground, kao_label *out, kao_error *err)
{
    const kao_color colors[] = { ink, ground };
    kao_label at = { 0 };
    pango p = { .library = NULL };

    if (out)
        *out = at;
    if (!ctx || !text || !isfinite(x) || !isfinite(y) || !isfinite(px))
        return kao_fail(err, KAO_E_ARG, "label: no context, text or place");
    kao_status st = kao_image_check(image, "image", err);

    if (!st)
        st = check_text(text, err);
    if (st)
        return st;
    const uint32_t longer = image->width > image->height ? image->width : image->height;
    const float size = px > 0 ? px : fmaxf(12, (float)longer / BY_SIZE);
    const float place[] = { x, y, fmaxf(PX_LEAST, fminf(size, PX_MOST)) };

    st = open_library(&p)
             ? draw_by(&p, &ctx->mem, image, text, place, colors, &at, err)
             : kao_fail(err, KAO_E_UNSUPPORTED,
                        "labels are drawn by Pango (Debian: "
                        "libpangocairo-1.0-0), which is not on this machine");
    if (p.library)
        dlclose(p.library);
    if (!st && out)
        *out = at;
    return st;
}
