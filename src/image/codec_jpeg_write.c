/* JPEG out by libjpeg(-turbo).
 *
 * libjpeg reports through longjmp: write_guarded is the one function that calls setjmp,
 * and everything that must be freed lives in a job outside of it. */
#include "image/codec_table.h"

#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs it */

#include <jpeglib.h>
#include <jerror.h>

enum { DEFAULT_QUALITY = 92, FULL_CHROMA_FROM = 90 };

typedef struct jpeg_writer {
    struct jpeg_compress_struct cinfo;
    struct jpeg_destination_mgr target;
    struct jpeg_error_mgr errors;
    jmp_buf escape;
    kao_error *err;
    kao_status status;
    const kao_image *image;
    uint32_t quality;
    kao_bytes *out;
} jpeg_writer;

static void on_error(j_common_ptr cinfo)
{
    jpeg_writer *w = cinfo->client_data;
    char text[JMSG_LENGTH_MAX];

    w->errors.format_message(cinfo, text);
    w->status = kao_fail(
        w->err, w->errors.msg_code == JERR_OUT_OF_MEMORY ? KAO_E_NOMEM : KAO_E_LIMIT,
        "JPEG: %s", text);
    longjmp(w->escape, 1);
}

static void target_more(jpeg_writer *w)
{
    if (!kao_bytes_reserve(w->out, 1)) {
        w->status = kao_fail(w->err, KAO_E_NOMEM, "JPEG: out of memory");
        longjmp(w->escape, 1);
    }
    w->target.next_output_byte = w->out->p + w->out->n;
    w->target.free_in_buffer = w->out->cap - w->out->n;
}

static void target_init(j_compress_ptr cinfo)
{
    target_more(cinfo->client_data);
}

static boolean target_full(j_compress_ptr cinfo)
{
    jpeg_writer *w = cinfo->client_data;

    w->out->n = w->out->cap;
    target_more(w);
    return TRUE;
}

static void target_end(j_compress_ptr cinfo)
{
    jpeg_writer *w = cinfo->client_data;

    w->out->n = w->out->cap - w->target.free_in_buffer;
}

static kao_status write_guarded(jpeg_writer *w)
{
    const j_compress_ptr c = &w->cinfo;

    if (setjmp(w->escape))
        return w->status;
    jpeg_create_compress(c);
    c->dest = &w->target;
    c->image_width = w->image->width;
    c->image_height = w->image->height;
    c->input_components = KAO_RGB;
    c->in_color_space = JCS_RGB;
    jpeg_set_defaults(c);
    jpeg_set_quality(c, (int)w->quality, TRUE);
    if (w->quality >= FULL_CHROMA_FROM)
        c->comp_info[0].h_samp_factor = c->comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(c, TRUE);
    while (c->next_scanline < c->image_height) {
        JSAMPROW rows[1] = { kao_image_row(w->image, c->next_scanline) };

        jpeg_write_scanlines(c, rows, 1);
    }
    jpeg_finish_compress(c);
    return KAO_OK;
}

kao_status kao_jpeg_encode(const kao_image *image, uint32_t quality, kao_bytes *out,
                           kao_error *err)
{
    jpeg_writer w = {
        .target = { .init_destination = target_init,
                    .empty_output_buffer = target_full,
                    .term_destination = target_end },
        .image = image,
        .quality = quality ? quality : DEFAULT_QUALITY,
        .err = err,
        .out = out,
    };

    w.cinfo.err = jpeg_std_error(&w.errors);
    w.errors.error_exit = on_error;
    w.cinfo.client_data = &w;
    const kao_status st = write_guarded(&w);

    jpeg_destroy_compress(&w.cinfo);
    return st;
}
