/* The content of one text chunk of a PNG, whatever way it is packed, by libpng.
 *
 * libpng is shown a picture of one pixel that has this chunk alone, up to where its pixels would
 * begin. */
#include "image/codec_table.h"

#include <setjmp.h>
#include <string.h>

#include <png.h>

enum {
    MAX_TEXT = 1 << 19,  /* bytes, inflated: as where pictures are read */
    MAX_ALLOC = 1 << 21, /* and what libpng needs besides */
    N_PARTS = 3
};

typedef struct text_job {
    jmp_buf escape;
    kao_mem *mem;
    kao_reader parts[N_PARTS];
    bool no_memory;
} text_job;

static void on_error(png_structp png, png_const_charp text)
{
    text_job *j = png_get_error_ptr(png);

    (void)text;
    longjmp(j->escape, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static png_voidp on_alloc(png_structp png, png_alloc_size_t n)
{
    text_job *j = png_get_mem_ptr(png);
    void *p = n > MAX_ALLOC ? NULL : kao_alloc(j->mem, n);

    j->no_memory |= !p && n <= MAX_ALLOC;
    return p;
}

static void on_free(png_structp png, png_voidp p)
{
    text_job *j = png_get_mem_ptr(png);

    kao_free(j->mem, p);
}

/* libpng asks for heads, contents and checksums, none of which passes the end of a part. */
static void on_read(png_structp png, png_bytep to, size_t n)
{
    text_job *j = png_get_io_ptr(png);
    size_t i = 0;

    while (i < N_PARTS - 1 && kao_reader_left(&j->parts[i]) == 0)
        i++;
    const kao_span s = kao_reader_take(&j->parts[i], n);

    if (j->parts[i].bad)
        png_error(png, "no more");
    memcpy(to, s.p, n);
}

static bool read_guarded(text_job *j, png_structp png, png_infop info)
{
    if (setjmp(j->escape))
        return false;
    png_set_chunk_malloc_max(png, MAX_TEXT);
    png_set_read_fn(png, j, on_read);
    png_read_info(png, info);
    return true;
}

kao_status kao_png_text(kao_bytes *to, kao_span chunk, kao_error *err)
{
    static const uint8_t head[33] =
        "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0"
        "\0\0\x3a\x7e\x9b\x55",
                         pixels[8] = "\0\0\0\0IDAT";
    text_job j = { .mem = to->mem,
                   .parts = { kao_reader_of((kao_span){ head, sizeof head }),
                              kao_reader_of(chunk),
                              kao_reader_of((kao_span){ pixels, sizeof pixels }) } };
    png_structp png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &j, on_error,
                                               on_warning, &j, on_alloc, on_free);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    png_textp text = NULL;
    int n = 0;
    kao_status st = KAO_OK;

    if (info && read_guarded(&j, png, info) && !j.no_memory &&
        png_get_text(png, info, &text, &n) && n == 1 && text->text) {
        const size_t length = text->compression >= PNG_ITXT_COMPRESSION_NONE
                                  ? text->itxt_length
                                  : text->text_length;

        if (!kao_bytes_add(to, text->text, length))
            st = kao_fail(err, KAO_E_NOMEM, "PNG: out of memory");
    } else if (!info || j.no_memory) {
        st = kao_fail(err, KAO_E_NOMEM, "PNG: out of memory");
    } else {
        st = kao_fail(err, KAO_E_FORMAT, "PNG: a damaged text");
    }
    png_destroy_read_struct(&png, &info, NULL);
    return st;
}
