/* GIF, BMP, TIFF and ICO in by gdk-pixbuf, where the machine has it: looked for when such a
 * picture comes, as libheif is (codec_heif.c). Its functions take and give plain pointers, so
 * that GObject needs no more than that; all are of version 2.32 and later.
 *
 * Each file goes to the loader of its own format, never to one that the library would choose. Its
 * loaders leave pixels that are missing as they lie in memory and take sizes from files before
 * anything proves them, so what can be known is known before:
 *
 *     GIF   the first frame, proved whole (gif.c), with nothing else of the file
 *     ICO   the largest icon, as a file of one; one that is a PNG is read as PNG
 *     BMP   lines are counted as they come ("area-updated")
 *     TIFF  libtiff ends at the first error; raw files of cameras are refused, as their first
 *           picture, which alone would be read, is a small copy, and so is what it reads wrongly
 *
 * and the size is looked at before pixels are allocated ("size-prepared").
 *
 * libtiff turns orientations 1 to 4 itself; for the others the loader says by its option what is
 * left to do. Memory inside the library is not the caller's allocator's.
 *
 * Source: docs.gtk.org/gdk-pixbuf, docs.gtk.org/gobject; TIFF 6.0, sections 2 and 18. */
#include "image/codec_table.h"
#include "image/exif.h"
#include "image/gif.h"
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

enum {
    NO_MEMORY = 1, /* GdkPixbufError */
    UNKNOWN_TYPE = 3,
    UNSUPPORTED = 4,
    MAX_PARTS = 4,
    ICO_HEAD = 6,
    ICO_ENTRY = 16,
    ICO_INFO = 16, /* bytes of an icon's own head, up to its depth */
    BMP_HEAD = 14,
    BMP_PIXELS = 10,  /* where its head tells where they begin */
    BMP_COLOURS = 32, /* where its second head, icons' only one, counts a table's */
    OS2_INFO = 12,    /* bytes of the second head that OS/2 gives one, and its size */
    MAX_COLOURS = 1 << 16, /* more than any depth has a table for */
};

typedef struct g_error {
    uint32_t domain;
    int code;
    char *message;
} g_error;

/* Its structures are opaque. */
typedef struct pixbuf_library {
    void *library;
    void *(*loader_new)(const char *type, g_error **e);
    void (*set_size)(void *loader, int width, int height);
    int (*write)(void *loader, const uint8_t *p, size_t n, g_error **e);
    int (*close)(void *loader, g_error **e);
    void *(*get_pixbuf)(void *loader);
    int (*width)(const void *pixbuf);
    int (*height)(const void *pixbuf);
    int (*n_channels)(const void *pixbuf);
    int (*row_bytes)(const void *pixbuf);
    const uint8_t *(*pixels)(const void *pixbuf);
    const char *(*option)(void *pixbuf, const char *key);
    uint32_t (*error_domain)(void);
    unsigned long (*connect)(void *object, const char *signal, void (*call)(void),
                             void *user, void *destroy, int flags);
    void (*unref)(void *object);
    void (*error_free)(g_error *e);
} pixbuf_library;

typedef struct job {
    const pixbuf_library *lib;
    const char *name; /* of the format */
    kao_span parts[MAX_PARTS];
    uint64_t want, got; /* lines */
    bool associated;    /* colours come multiplied by alpha */
    bool opaque;        /* what comes as alpha is none */
    kao_status status;  /* of a size */
    kao_error *err;
} job;

static bool open_library(pixbuf_library *g)
{
    g->library = kao_library_open("libgdk_pixbuf-2.0.so.0");
    if (!g->library)
        return false;
    void *l = g->library; /* and what it needs: libgobject, libglib */

    return kao_library_find(l, "gdk_pixbuf_loader_new_with_type", &g->loader_new) &&
           kao_library_find(l, "gdk_pixbuf_loader_set_size", &g->set_size) &&
           kao_library_find(l, "gdk_pixbuf_loader_write", &g->write) &&
           kao_library_find(l, "gdk_pixbuf_loader_close", &g->close) &&
           kao_library_find(l, "gdk_pixbuf_loader_get_pixbuf", &g->get_pixbuf) &&
           kao_library_find(l, "gdk_pixbuf_get_width", &g->width) &&
           kao_library_find(l, "gdk_pixbuf_get_height", &g->height) &&
           kao_library_find(l, "gdk_pixbuf_get_n_channels", &g->n_channels) &&
           kao_library_find(l, "gdk_pixbuf_get_rowstride", &g->row_bytes) &&
           kao_library_find(l, "gdk_pixbuf_read_pixels", &g->pixels) &&
           kao_library_find(l, "gdk_pixbuf_get_option", &g->option) &&
           kao_library_find(l, "gdk_pixbuf_error_quark", &g->error_domain) &&
           kao_library_find(l, "g_signal_connect_data", &g->connect) &&
           kao_library_find(l, "g_object_unref", &g->unref) &&
           kao_library_find(l, "g_error_free", &g->error_free);
}

/* Takes e, which may be NULL. */
static kao_status fail_pixbuf(const job *j, g_error *e)
{
    const bool own = e && e->domain == j->lib->error_domain();
    const kao_status st = own && e->code == NO_MEMORY ? KAO_E_NOMEM
                          : own && (e->code == UNKNOWN_TYPE || e->code == UNSUPPORTED)
                              ? KAO_E_UNSUPPORTED
                              : KAO_E_FORMAT;

    kao_fail(j->err, st, "%s: %s", j->name, e ? e->message : "no reason given");
    if (e)
        j->lib->error_free(e);
    return st;
}

/* "size-prepared": a size of 0 means that no pixels are wanted. */
static void on_size(void *loader, int width, int height, void *user)
{
    job *j = user;

    j->status = width < 1 || height < 1
                    ? kao_fail(j->err, KAO_E_FORMAT, "a picture without a size")
                    : kao_image_check_size((uint64_t)width, (uint64_t)height, j->err);
    if (!j->status)
        return;
    kao_error_prefix(j->err, j->status, "%s", j->name);
    j->lib->set_size(loader, 0, 0);
}

/* "area-updated" */
static void on_lines(void *loader, int x, int y, int width, int height, void *user)
{
    job *j = user;

    (void)loader;
    (void)x;
    (void)y;
    (void)width;
    j->got += height > 0 ? (uint64_t)height : 0;
}

static void copy_rows(const job *j, const kao_image *out, const uint8_t *from,
                      size_t row_bytes, uint32_t channels)
{
    for (uint32_t y = 0; y < out->height; y++) {
        const uint8_t *p = from + y * row_bytes;
        uint8_t *to = kao_image_row(out, y);

        for (uint32_t x = 0; x < out->width; x++, p += channels, to += KAO_RGB)
            for (uint32_t c = 0; c < KAO_RGB; c++) {
                const uint32_t a = channels == 4 && !j->opaque ? p[3] : 255;

                to[c] =
                    j->associated ? kao_add_white(p[c], a) : kao_over_white(p[c], a);
            }
    }
}

static kao_status take_pixbuf(job *j, kao_mem *mem, void *loader, kao_image *out,
                              uint8_t *orientation)
{
    const pixbuf_library *g = j->lib;
    void *pixbuf = g->get_pixbuf(loader);
    const int width = pixbuf ? g->width(pixbuf) : 0,
              height = pixbuf ? g->height(pixbuf) : 0,
              channels = pixbuf ? g->n_channels(pixbuf) : 0,
              row_bytes = pixbuf ? g->row_bytes(pixbuf) : 0;

    if (width < 1 || height < 1 || (channels != 3 && channels != 4) ||
        row_bytes / channels < width)
        return kao_fail(j->err, KAO_E_FORMAT, "%s: it gave no picture", j->name);
    if (j->got < j->want * (uint64_t)height)
        return kao_fail(j->err, KAO_E_FORMAT, "%s: the file ends early", j->name);
    kao_status st = kao_image_check_size((uint64_t)width, (uint64_t)height, j->err);

    if (st)
        return kao_error_prefix(j->err, st, "%s", j->name);
    st = kao_image_alloc(mem, (uint32_t)width, (uint32_t)height, out, j->err);
    if (st)
        return st;
    copy_rows(j, out, g->pixels(pixbuf), (size_t)row_bytes, (uint32_t)channels);
    const char *turn = g->option(pixbuf, "orientation");

    if (turn && turn[0] >= '1' && turn[0] <= '8' && !turn[1])
        *orientation = (uint8_t)(turn[0] - '0');
    return KAO_OK;
}

/* Call as which GObject knows its handlers. */
typedef void callback(void);

static kao_status load(job *j, kao_mem *mem, kao_image *out, uint8_t *orientation)
{
    const pixbuf_library *g = j->lib;
    const char type[] = { (char)(j->name[0] | 32), (char)(j->name[1] | 32),
                          (char)(j->name[2] | 32),
                          (char)(j->name[3] ? j->name[3] | 32 : 0), 0 };
    g_error *e = NULL;
    void *loader = g->loader_new(type, &e);
    bool fine = true;

    if (!loader)
        return fail_pixbuf(j, e);
    g->connect(loader, "size-prepared", (callback *)on_size, j, NULL, 0);
    g->connect(loader, "area-updated", (callback *)on_lines, j, NULL, 0);
    for (int i = 0; fine && i < MAX_PARTS && !j->status; i++)
        fine = !j->parts[i].n || g->write(loader, j->parts[i].p, j->parts[i].n, &e);
    /* it must be closed either way; a failed write has closed it */
    if (fine && !g->close(loader, j->status ? NULL : &e))
        fine = false;
    kao_status st = j->status;

    if (!st)
        st = fine ? take_pixbuf(j, mem, loader, out, orientation) : fail_pixbuf(j, e);
    else if (e)
        g->error_free(e);
    g->unref(loader);
    return st;
}

/* ---- what of the file is shown to it ---- */

/* The loaders make room for a table of so many colours before they look for it. */
static kao_status check_colours(const job *j, kao_span head)
{
    const uint32_t n = head.n < BMP_COLOURS + 4 ? 0 : kao_le32(head.p + BMP_COLOURS);

    return n <= MAX_COLOURS ? KAO_OK
                            : kao_fail(j->err, KAO_E_FORMAT,
                                       "%s: a table of %u colours, of %d at most",
                                       j->name, n, MAX_COLOURS);
}

/* The icon with the most pixels, of those the one with the most bits. */
static kao_status largest_icon(kao_span bytes, kao_span *icon, uint8_t head[],
                               kao_error *err)
{
    const size_t n = kao_le16(bytes.p + 4);
    uint64_t best = 0;

    if (bytes.n - ICO_HEAD < n * ICO_ENTRY)
        return kao_fail_at(err, KAO_E_FORMAT, bytes.n,
                           "ICO: the file ends early, at byte %zu", bytes.n);
    for (size_t i = 0; i < n; i++) {
        const uint8_t *e = bytes.p + ICO_HEAD + i * ICO_ENTRY;
        const uint32_t at = kao_le32(e + 12);
        const uint64_t size = (e[0] ? e[0] : 256u) * (e[1] ? e[1] : 256u);
        const uint64_t score = size << 16 | kao_le16(e + 6);

        if (at >= bytes.n || bytes.n - at < ICO_INFO || score < best)
            continue;
        best = score;
        *icon = (kao_span){ bytes.p + at, bytes.n - at };
        memcpy(head + ICO_HEAD, e, ICO_ENTRY);
    }
    if (!icon->p)
        return kao_fail_at(err, KAO_E_FORMAT, bytes.n,
                           "ICO: its icons lie past the end, at byte %zu", bytes.n);
    memcpy(head, "\0\0\1\0\1", ICO_HEAD);
    memcpy(head + ICO_HEAD + 12, "\x16\0\0", 4); /* it follows the entry */
    return KAO_OK;
}

static kao_status decode_by(job *j, kao_mem *mem, kao_image *out, uint8_t *orientation)
{
    pixbuf_library g = { .library = NULL };

    j->lib = &g;
    const kao_status st =
        open_library(&g)
            ? load(j, mem, out, orientation)
            : kao_fail(j->err, KAO_E_UNSUPPORTED,
                       "%s is read by gdk-pixbuf (Debian: libgdk-pixbuf-2.0-0), which "
                       "is not on this machine",
                       j->name);

    if (g.library)
        dlclose(g.library);
    if (st)
        kao_image_drop(mem, out);
    return st;
}

static kao_status decode_gif(job *j, kao_mem *mem, kao_span bytes, kao_image *out,
                             uint8_t *orientation)
{
    kao_gif gif;
    kao_status st = kao_gif_first_frame(bytes, &gif, j->err);

    if (st)
        return st;
    j->parts[0] = gif.head;
    j->parts[1] = (kao_span){ gif.control, gif.n_control };
    j->parts[2] = gif.frame;
    j->parts[3] = (kao_span){ (const uint8_t *)KAO_GIF_END, 2 };
    st = decode_by(j, mem, out, orientation);
    out->warning = st ? NULL : gif.warning;
    return st;
}

static kao_status decode_ico(job *j, kao_mem *mem, kao_span bytes,
                             const kao_image_options *options, kao_image *out,
                             uint8_t *orientation)
{
    uint8_t head[ICO_HEAD + ICO_ENTRY];
    kao_span icon = { NULL, 0 };
    kao_status st = largest_icon(bytes, &icon, head, j->err);

    if (st)
        return st;
    const kao_codec *codec = kao_codec_of_bytes(icon);

    if (codec && codec->format == KAO_IMAGE_PNG && codec->decode) {
        st = codec->decode(mem, icon, options, out, orientation, j->err);
        return st ? kao_error_prefix(j->err, st, "ICO") : KAO_OK;
    }
    st = check_colours(j, icon);
    if (st)
        return st;
    j->parts[0] = (kao_span){ head, sizeof head };
    j->parts[1] = icon;
    /* behind the pixels a mask, which one of 32 bits has in its alpha */
    j->want = kao_le16(icon.p + 14) == 32 ? 1 : 2;
    return decode_by(j, mem, out, orientation);
}

/* The loader wants as much memory as the head says lies before the pixels. */
static kao_status decode_bmp(job *j, kao_mem *mem, kao_span bytes, kao_image *out,
                             uint8_t *orientation)
{
    const uint32_t at = bytes.n < BMP_HEAD ? 0 : kao_le32(bytes.p + BMP_PIXELS);

    if (at >= bytes.n)
        return kao_fail_at(j->err, KAO_E_FORMAT, bytes.n,
                           "BMP: its pixels are to begin at byte %u, past the end, at "
                           "byte %zu",
                           at, bytes.n);
    kao_span head = { bytes.p + BMP_HEAD, bytes.n - BMP_HEAD };

    if (kao_le32(head.p) == OS2_INFO) /* it tells none; colours or pixels stand there */
        head.n = OS2_INFO;
    const kao_status st = check_colours(j, head);

    return st ? st : decode_by(j, mem, out, orientation);
}

static kao_status decode_tiff(job *j, kao_mem *mem, kao_span bytes, kao_image *out,
                              uint8_t *orientation)
{
    uint32_t width = 0, height = 0;

    /* libtiff multiplies by an alpha that stands beside, but no grey in the same plane */
    j->associated = !kao_tiff_is_grey_beside_alpha(bytes);
    /* it takes a fourth sample of no known meaning, such as a selection, for alpha */
    j->opaque = kao_tiff_has_no_alpha(bytes);
    if (kao_tiff_is_reduced(bytes))
        return kao_fail(j->err, KAO_E_UNSUPPORTED,
                        "TIFF: its first picture is a small copy, as in a camera's raw "
                        "file: those are not read");
    if (kao_tiff_is_deep(bytes)) /* libtiff's reason does not come through */
        return kao_fail(j->err, KAO_E_UNSUPPORTED,
                        "TIFF: samples of more than 16 bits, or in floating point, are "
                        "not read");
    if (kao_tiff_is_mixed_up(bytes))
        return kao_fail(
            j->err, KAO_E_UNSUPPORTED,
            "TIFF: grey of 16 bits, or beside others, in tiles that pass its "
            "side: libtiff mixes up their pixels");
    /* one whose pixels pass an int in bytes is damaged to the loader */
    kao_tiff_size(bytes, &width, &height);
    const kao_status st =
        width && height ? kao_image_check_size(width, height, j->err) : KAO_OK;

    return st ? kao_error_prefix(j->err, st, "TIFF")
              : decode_by(j, mem, out, orientation);
}

kao_status kao_pixbuf_decode(kao_mem *mem, kao_span bytes,
                             const kao_image_options *options, kao_image *out,
                             uint8_t *orientation, kao_error *err)
{
    const kao_codec *codec = kao_codec_of_bytes(bytes);
    job j = {
        .name = codec ? codec->name : "", .parts = { bytes }, .want = 1, .err = err
    };

    *orientation = 1;
    switch (codec ? codec->format : 0) {
    case KAO_IMAGE_GIF:
        j.want = 0;
        return decode_gif(&j, mem, bytes, out, orientation);
    case KAO_IMAGE_ICO:
        return decode_ico(&j, mem, bytes, options, out, orientation);
    case KAO_IMAGE_TIFF:
        return decode_tiff(&j, mem, bytes, out, orientation);
    case KAO_IMAGE_BMP:
        return decode_bmp(&j, mem, bytes, out, orientation);
    default:
        return kao_codec_unknown(bytes, err);
    }
}
