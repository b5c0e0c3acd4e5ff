/* JPEG in and out by libjpeg(-turbo).
 *
 * libjpeg reports through longjmp: each direction has one guarded function (the only
 * ones that call setjmp), and everything that must be freed lives in a job outside of
 * it.
 *
 * libjpeg repairs damaged data and says so in a warning; what it puts in place is grey.
 * Here the warnings that stand for lost pixels are errors, the end of the input is an
 * error, and a colour component for which no scan came is an error.
 *
 * Bombs: a progressive file may have any number of scans, each a pass over the whole
 * picture for a few bytes of input; scans are counted and weighed by the pixels.
 *
 * Adobe programs write CMYK with 255 for no ink and say so by an APP14 marker, which is
 * the only sign there is. Ink is turned to light without a profile: r = (1-c)(1-k). */
#include "image/codec_table.h"
#include "image/exif.h"

#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs it */
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

enum {
    MAX_SCANS = 500,
    MAX_SCAN_PIXELS_M = 4000, /* scans * megapixels: 40 scans at 100 megapixels */
    MAX_COEF_BYTES = 1 << 30, /* of a progressive picture: 4 components, 2 bytes each,
                                 100 megapixels, and room for padding */
    DEFAULT_QUALITY = 92,
    FULL_CHROMA_FROM = 90,
};

typedef struct jpeg_errors {
    struct jpeg_error_mgr mgr; /* first: libjpeg hands back its address */
    jmp_buf escape;
    kao_error *err;
    kao_status status;
    uint64_t offset; /* where the reader stands; UINT64_MAX in the writer */
} jpeg_errors;

typedef struct jpeg_reader {
    struct jpeg_decompress_struct cinfo;
    struct jpeg_progress_mgr progress;
    struct jpeg_source_mgr source;
    jpeg_errors errors;
    kao_mem *mem;
    kao_span bytes;
    uint32_t max_side;
    kao_image *out;
    uint8_t orientation;
    uint8_t *row;              /* a row of CMYK, or NULL */
    bool seen[MAX_COMPONENTS]; /* a first scan of this component came */
} jpeg_reader;

static kao_status status_of(int code)
{
    switch (code) {
    case JERR_OUT_OF_MEMORY:
        return KAO_E_NOMEM;
    case JERR_IMAGE_TOO_BIG:
    case JERR_NO_BACKING_STORE:
    case JERR_WIDTH_OVERFLOW:
        return KAO_E_LIMIT;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED:
        return KAO_E_UNSUPPORTED;
    default:
        return KAO_E_FORMAT;
    }
}

static void on_error(j_common_ptr cinfo)
{
    jpeg_errors *e = (jpeg_errors *)cinfo->err;
    char text[JMSG_LENGTH_MAX];

    if (cinfo->is_decompressor) {
        const j_decompress_ptr d = (j_decompress_ptr)cinfo;
        const jpeg_reader *r = cinfo->client_data;

        if (d->src)
            e->offset = r->bytes.n - d->src->bytes_in_buffer;
    }
    e->mgr.format_message(cinfo, text);
    e->status = status_of(e->mgr.msg_code);
    if (e->offset == UINT64_MAX)
        kao_fail(e->err, e->status, "JPEG: %s", text);
    else
        kao_fail_at(e->err, e->status, e->offset, "JPEG, near byte %llu: %s",
                    (unsigned long long)e->offset, text);
    longjmp(e->escape, 1);
}

/* Leave a guarded function for a reason of our own; status and *err are set. */
static _Noreturn void leave(jpeg_errors *e, kao_status status)
{
    e->status = status;
    longjmp(e->escape, 1);
}

static void on_message(j_common_ptr cinfo, int level)
{
    if (level >= 0) /* a trace */
        return;
    switch (cinfo->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_EXTRANEOUS_DATA: /* between segments: padding that some cameras write */
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_TOO_MUCH_DATA:
        return;
    default: /* pixels are lost */
        on_error(cinfo);
    }
}

static void quiet(j_common_ptr cinfo)
{
    (void)cinfo;
}

static struct jpeg_error_mgr *errors_init(jpeg_errors *e, kao_error *err)
{
    jpeg_std_error(&e->mgr);
    e->mgr.error_exit = on_error;
    e->mgr.emit_message = on_message;
    e->mgr.output_message = quiet;
    e->err = err;
    e->offset = UINT64_MAX;
    return &e->mgr;
}

static void source_none(j_decompress_ptr cinfo)
{
    (void)cinfo;
}

/* libjpeg asks for more than there is. */
static boolean source_fill(j_decompress_ptr cinfo)
{
    cinfo->src->bytes_in_buffer = 0;
    cinfo->err->msg_code = JERR_INPUT_EOF;
    on_error((j_common_ptr)cinfo);
    return FALSE;
}

static void source_skip(j_decompress_ptr cinfo, long n)
{
    if (n <= 0)
        return;
    if ((unsigned long)n > cinfo->src->bytes_in_buffer)
        source_fill(cinfo);
    cinfo->src->next_input_byte += n;
    cinfo->src->bytes_in_buffer -= (size_t)n;
}

/* Called many times a scan, before each portion of input. */
static void on_progress(j_common_ptr common)
{
    jpeg_reader *r = common->client_data;
    const j_decompress_ptr d = &r->cinfo;
    const uint64_t pixels = (uint64_t)d->image_width * d->image_height;
    const uint64_t scans = (uint64_t)d->input_scan_number;

    if (scans > MAX_SCANS || scans * pixels > MAX_SCAN_PIXELS_M * UINT64_C(1000000)) {
        kao_fail(r->errors.err, KAO_E_LIMIT, "JPEG: over %llu scans of %u x %u pixels",
                 (unsigned long long)(scans - 1), d->image_width, d->image_height);
        leave(&r->errors, KAO_E_LIMIT);
    }
    if (!d->progressive_mode || (d->Ss == 0 && d->Ah == 0))
        for (int i = 0; i < d->comps_in_scan; i++)
            r->seen[d->cur_comp_info[i]->component_index] = true;
}

/* The largest of 1, 2, 4, 8 that leaves max_side pixels on the longer side. */
static uint32_t reduction_for(uint32_t width, uint32_t height, uint32_t max_side)
{
    const uint32_t longer = width > height ? width : height;

    for (uint32_t d = 8; max_side > 0 && d > 1; d /= 2)
        if ((longer + d - 1) / d >= max_side)
            return d;
    return 1;
}

static void read_orientation(jpeg_reader *r)
{
    for (jpeg_saved_marker_ptr m = r->cinfo.marker_list; m; m = m->next)
        if (m->data_length >= 6 && memcmp(m->data, "Exif\0\0", 6) == 0) {
            r->orientation =
                kao_exif_orientation((kao_span){ m->data, m->data_length });
            return;
        }
}

/* Read up to the pixels and choose how they are to be handed out. */
static void read_head(jpeg_reader *r)
{
    const j_decompress_ptr d = &r->cinfo;

    jpeg_save_markers(d, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(d, TRUE);
    if (kao_image_check_size(d->image_width, d->image_height, r->errors.err)) {
        kao_error_prefix(r->errors.err, KAO_E_LIMIT, "JPEG");
        leave(&r->errors, KAO_E_LIMIT);
    }
    if (d->arith_code) {
        kao_fail(r->errors.err, KAO_E_UNSUPPORTED,
                 "JPEG: arithmetic coding is not read");
        leave(&r->errors, KAO_E_UNSUPPORTED);
    }
    if (d->jpeg_color_space == JCS_UNKNOWN) {
        kao_fail(r->errors.err, KAO_E_UNSUPPORTED,
                 "JPEG: %d components of unknown meaning", d->num_components);
        leave(&r->errors, KAO_E_UNSUPPORTED);
    }
    read_orientation(r);
    d->out_color_space = d->num_components == 4 ? JCS_CMYK : JCS_RGB;
    d->scale_num = 1;
    d->scale_denom = reduction_for(d->image_width, d->image_height, r->max_side);
    d->dct_method = JDCT_ISLOW;
    d->do_block_smoothing = FALSE;
    d->mem->max_memory_to_use = MAX_COEF_BYTES;
}

static void check_scans(jpeg_reader *r)
{
    const j_decompress_ptr d = &r->cinfo;

    if (!jpeg_has_multiple_scans(d))
        return;
    for (int i = 0; i < d->num_components; i++)
        if (!r->seen[i]) {
            kao_fail_at(r->errors.err, KAO_E_FORMAT,
                        r->bytes.n - d->src->bytes_in_buffer,
                        "JPEG: no data for colour component %d of %d", i + 1,
                        d->num_components);
            leave(&r->errors, KAO_E_FORMAT);
        }
}

/* inverted: 255 is no ink. */
static void cmyk_to_rgb(uint8_t *rgb, const uint8_t *cmyk, uint32_t n, bool inverted)
{
    const uint8_t flip = inverted ? 0 : 255;

    for (uint32_t i = 0; i < n; i++) {
        const uint32_t k = cmyk[4 * i + 3] ^ flip;

        for (uint32_t c = 0; c < 3; c++)
            rgb[3 * i + c] = (uint8_t)(((cmyk[4 * i + c] ^ flip) * k + 127) / 255);
    }
}

static void read_pixels(jpeg_reader *r)
{
    const j_decompress_ptr d = &r->cinfo;

    jpeg_start_decompress(d);
    check_scans(r);
    kao_status st = kao_image_alloc(r->mem, d->output_width, d->output_height, r->out,
                                    r->errors.err);

    if (!st && d->out_color_space == JCS_CMYK) {
        r->row = kao_alloc(r->mem, (size_t)d->output_width * 4);
        if (!r->row)
            st = kao_fail(r->errors.err, KAO_E_NOMEM, "JPEG: out of memory");
    }
    if (st)
        leave(&r->errors, st);
    while (d->output_scanline < d->output_height) {
        JSAMPROW to = kao_image_row(r->out, d->output_scanline);
        JSAMPROW rows[1] = { r->row ? r->row : to };

        jpeg_read_scanlines(d, rows, 1);
        if (r->row)
            cmyk_to_rgb(to, r->row, d->output_width, d->saw_Adobe_marker);
    }
    jpeg_finish_decompress(d);
    r->out->full_width = d->image_width;
    r->out->full_height = d->image_height;
    r->out->reduction = d->scale_denom;
}

static kao_status read_guarded(jpeg_reader *r)
{
    if (setjmp(r->errors.escape))
        return r->errors.status;
    jpeg_create_decompress(&r->cinfo);
    r->cinfo.client_data = r;
    r->cinfo.src = &r->source;
    r->cinfo.progress = &r->progress;
    read_head(r);
    read_pixels(r);
    return KAO_OK;
}

kao_status kao_jpeg_decode(kao_mem *mem, kao_span bytes,
                           const kao_image_options *options, kao_image *out,
                           uint8_t *orientation, kao_error *err)
{
    jpeg_reader r = {
        .progress = { .progress_monitor = on_progress },
        .source = { .next_input_byte = bytes.p,
                    .bytes_in_buffer = bytes.n,
                    .init_source = source_none,
                    .fill_input_buffer = source_fill,
                    .skip_input_data = source_skip,
                    .resync_to_restart = jpeg_resync_to_restart,
                    .term_source = source_none },
        .mem = mem,
        .bytes = bytes,
        .max_side = options->max_side,
        .out = out,
        .orientation = 1,
    };

    r.cinfo.err = errors_init(&r.errors, err);
    const kao_status st = read_guarded(&r);

    jpeg_destroy_decompress(&r.cinfo);
    kao_free(mem, r.row);
    if (st)
        kao_image_drop(mem, out);
    *orientation = r.orientation;
    return st;
}

bool kao_jpeg_sniff(kao_span bytes)
{
    return bytes.n >= 3 && memcmp(bytes.p, "\xff\xd8\xff", 3) == 0;
}

typedef struct jpeg_writer {
    struct jpeg_compress_struct cinfo;
    struct jpeg_destination_mgr target;
    jpeg_errors errors;
    const kao_image *image;
    uint32_t quality;
    kao_bytes *out;
} jpeg_writer;

static void target_more(jpeg_writer *w)
{
    if (!kao_bytes_reserve(w->out, w->out->n + 1)) {
        kao_fail(w->errors.err, KAO_E_NOMEM, "JPEG: out of memory");
        leave(&w->errors, KAO_E_NOMEM);
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

    if (setjmp(w->errors.escape))
        return w->errors.status;
    jpeg_create_compress(c);
    c->client_data = w;
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
        .out = out,
    };

    w.cinfo.err = errors_init(&w.errors, err);
    const kao_status st = write_guarded(&w);

    jpeg_destroy_compress(&w.cinfo);
    return st;
}
