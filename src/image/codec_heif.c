/* HEIC and AVIF in by libheif, where the machine has it: the library is looked for when such a
 * picture comes (dlopen), so that a program neither needs it nor pays for it at its start. Its
 * functions are declared here as its documentation has them; they are of version 1.3 and later.
 *
 * libheif turns the picture itself (irot, imir); what EXIF says of the orientation is then no
 * more true and is not looked at. Memory inside libheif is not the caller's allocator's.
 *
 * Source: libheif/heif.h (github.com/strukturag/libheif, LGPL); ISO/IEC 23008-12. */
#include "image/codec_table.h"
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

typedef struct heif_error {
    int code, subcode;
    const char *message;
} heif_error;

enum {
    HEIF_OK = 0,
    HEIF_UNSUPPORTED_FILE = 3,
    HEIF_UNSUPPORTED_FEATURE = 4,
    HEIF_MEMORY = 6,
    HEIF_PLUGIN_LOADING = 11,
    HEIF_SECURITY_LIMIT = 1000, /* a subcode, beside that of want of memory */
    HEIF_RGB = 1,               /* heif_colorspace_RGB */
    HEIF_INTERLEAVED_RGB = 10,  /* heif_chroma_interleaved_RGB */
    HEIF_INTERLEAVED_RGBA = 11, /* heif_chroma_interleaved_RGBA */
    HEIF_INTERLEAVED = 10,      /* heif_channel_interleaved */
    SIDE_MOST = 32768           /* of a coded picture */
};

/* Its structures are opaque. */
typedef struct heif {
    void *library;
    void *(*context_alloc)(void);
    void (*context_free)(void *context);
    void (*set_size_limit)(void *context, int side);
    void (*set_threads)(void *context, int n); /* NULL before 1.13 */
    heif_error (*read)(void *context, const void *bytes, size_t n, const void *options);
    heif_error (*primary)(void *context, void **handle);
    int (*width)(const void *handle);
    int (*height)(const void *handle);
    int (*has_alpha)(const void *handle);
    int (*is_multiplied)(const void *handle); /* NULL in old ones */
    heif_error (*decode)(const void *handle, void **image, int colorspace, int chroma,
                         const void *options);
    const uint8_t *(*plane)(const void *image, int channel, int *stride);
    int (*image_width)(const void *image, int channel);
    int (*image_height)(const void *image, int channel);
    void (*image_release)(const void *image);
    void (*handle_release)(const void *handle);
} heif;

static bool open_library(heif *h)
{
    h->library = kao_library_open("libheif.so.1");
    if (!h->library)
        return false;
    void *l = h->library;

    kao_library_find(l, "heif_context_set_max_decoding_threads", &h->set_threads);
    kao_library_find(l, "heif_image_handle_is_premultiplied_alpha", &h->is_multiplied);
    return kao_library_find(l, "heif_context_alloc", &h->context_alloc) &&
           kao_library_find(l, "heif_context_free", &h->context_free) &&
           kao_library_find(l, "heif_context_set_maximum_image_size_limit",
                            &h->set_size_limit) &&
           kao_library_find(l, "heif_context_read_from_memory_without_copy",
                            &h->read) &&
           kao_library_find(l, "heif_context_get_primary_image_handle", &h->primary) &&
           kao_library_find(l, "heif_image_handle_get_width", &h->width) &&
           kao_library_find(l, "heif_image_handle_get_height", &h->height) &&
           kao_library_find(l, "heif_image_handle_has_alpha_channel", &h->has_alpha) &&
           kao_library_find(l, "heif_decode_image", &h->decode) &&
           kao_library_find(l, "heif_image_get_plane_readonly", &h->plane) &&
           kao_library_find(l, "heif_image_get_width", &h->image_width) &&
           kao_library_find(l, "heif_image_get_height", &h->image_height) &&
           kao_library_find(l, "heif_image_release", &h->image_release) &&
           kao_library_find(l, "heif_image_handle_release", &h->handle_release);
}

static kao_status fail_heif(heif_error e, kao_error *err)
{
    const char *why = e.message ? e.message : "no reason given";

    if (e.subcode == HEIF_SECURITY_LIMIT)
        return kao_fail(err, KAO_E_LIMIT, "HEIF: %s", why);
    switch (e.code) {
    case HEIF_MEMORY:
        return kao_fail(err, KAO_E_NOMEM, "HEIF: out of memory");
    case HEIF_UNSUPPORTED_FILE:
    case HEIF_UNSUPPORTED_FEATURE:
    case HEIF_PLUGIN_LOADING:
        return kao_fail(err, KAO_E_UNSUPPORTED, "HEIF: %s", why);
    default:
        return kao_fail(err, KAO_E_FORMAT, "HEIF: %s", why);
    }
}

typedef enum alpha { NO_ALPHA, ALPHA, MULTIPLIED /* colours by it, already */ } alpha;

/* Rows of RGB or RGBA into out; transparent pixels over white. */
static void copy_rows(const kao_image *out, const uint8_t *from, int stride, alpha has)
{
    for (uint32_t y = 0; y < out->height; y++) {
        const uint8_t *row = from + (ptrdiff_t)y * stride;
        uint8_t *to = kao_image_row(out, y);

        if (!has)
            memcpy(to, row, (size_t)out->width * KAO_RGB);
        for (uint32_t x = 0; has && x < out->width; x++)
            for (uint32_t c = 0; c < KAO_RGB; c++)
                to[x * KAO_RGB + c] =
                    (has == MULTIPLIED ? kao_add_white : kao_over_white)(
                        row[x * 4 + c], row[x * 4 + 3]);
    }
}

/* The decoded picture, which may have another size than the file said at first. */
static kao_status take_image(const heif *h, kao_mem *mem, const void *image, alpha has,
                             kao_image *out, kao_error *err)
{
    const int width = h->image_width(image, HEIF_INTERLEAVED),
              height = h->image_height(image, HEIF_INTERLEAVED);
    int stride = 0;
    const uint8_t *pixels = h->plane(image, HEIF_INTERLEAVED, &stride);

    if (!pixels || width < 1 || height < 1 ||
        (int64_t)stride < (int64_t)width * (has ? 4 : 3))
        return kao_fail(err, KAO_E_FORMAT, "HEIF: it gave no picture");
    kao_status st = kao_image_check_size((uint64_t)width, (uint64_t)height, err);

    if (st)
        return kao_error_prefix(err, st, "HEIF");
    st = kao_image_alloc(mem, (uint32_t)width, (uint32_t)height, out, err);
    if (!st)
        copy_rows(out, pixels, stride, has);
    return st;
}

static kao_status decode_primary(const heif *h, kao_mem *mem, void *context,
                                 kao_image *out, kao_error *err)
{
    void *handle = NULL, *image = NULL;
    heif_error e = h->primary(context, &handle);

    if (e.code != HEIF_OK)
        return fail_heif(e, err);
    const int width = h->width(handle), height = h->height(handle);
    const alpha has = !h->has_alpha(handle)                          ? NO_ALPHA
                      : h->is_multiplied && h->is_multiplied(handle) ? MULTIPLIED
                                                                     : ALPHA;
    kao_status st = width < 1 || height < 1
                        ? kao_fail(err, KAO_E_FORMAT, "a picture without a size")
                        : kao_image_check_size((uint64_t)width, (uint64_t)height, err);

    if (st)
        kao_error_prefix(err, st, "HEIF");
    if (!st) {
        e = h->decode(handle, &image, HEIF_RGB,
                      has ? HEIF_INTERLEAVED_RGBA : HEIF_INTERLEAVED_RGB, NULL);
        st = e.code == HEIF_OK ? take_image(h, mem, image, has, out, err)
                               : fail_heif(e, err);
    }
    if (image)
        h->image_release(image);
    h->handle_release(handle);
    return st;
}

static kao_status decode_by(const heif *h, kao_mem *mem, kao_span bytes, kao_image *out,
                            kao_error *err)
{
    void *context = h->context_alloc();

    if (!context)
        return kao_fail(err, KAO_E_NOMEM, "HEIF: out of memory");
    h->set_size_limit(context, SIDE_MOST);
    if (h->set_threads)
        h->set_threads(context, 0); /* in this one */
    const heif_error e = h->read(context, bytes.p, bytes.n, NULL);
    const kao_status st = e.code == HEIF_OK ? decode_primary(h, mem, context, out, err)
                                            : fail_heif(e, err);

    h->context_free(context);
    return st;
}

kao_status kao_heif_decode(kao_mem *mem, kao_span bytes,
                           const kao_image_options *options, kao_image *out,
                           uint8_t *orientation, kao_error *err)
{
    heif h = { .library = NULL };

    (void)options; /* at full size */
    *orientation = 1;
    const kao_status st =
        open_library(&h)
            ? decode_by(&h, mem, bytes, out, err)
            : kao_fail(err, KAO_E_UNSUPPORTED,
                       "HEIC and AVIF are read by libheif (Debian: libheif1), which is "
                       "not on this machine");

    if (h.library)
        dlclose(h.library);
    if (st)
        kao_image_drop(mem, out);
    return st;
}
