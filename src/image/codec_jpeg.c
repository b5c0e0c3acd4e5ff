/* JPEG in by libjpeg(-turbo).
 *
 * libjpeg reports through longjmp: read_guarded is the one function that calls setjmp,
 * and everything that must be freed lives in a job outside of it.
 *
 * libjpeg repairs damaged data and says so in a warning; what it puts in place is grey.
 * Here the warnings that stand for lost pixels are errors, and a colour component for
 * which no scan came is an error.
 *
 * A file that stops without its end marker is whole if every pixel is there. Where the
 * input ends libjpeg is given an end marker; if a scan still needed bits it warns, which
 * is an error. So a file of one scan is whole once its last row has come. In a file of
 * several scans each must be whole, and there must be all of them: every component of a
 * sequential file, every bit of every coefficient of a progressive one. And the scan must
 * run up to a marker or the end of the input, zeros aside: else something behind a cut
 * was decoded. What follows a whole picture can only be wrong by itself and earns a
 * warning, and so do bytes between a scan, or a part of it, and the marker behind: but for a
 * few that the decoder had fetched. (Arithmetic coding is not read: its decoder does not notice
 * that its data ended.)
 *
 * Bombs: a progressive file may have any number of scans, each a pass over the whole
 * picture for a few bytes of input; scans are counted and weighed by the pixels, and a
 * picture that is complete reads no more of them. A size whose blocks would have less
 * than one bit each in the file is refused before memory is taken.
 *
 * Memory: the pixels handed out and some rows; with several scans also the coefficients,
 * 2 bytes a sample of the picture at full size, MAX_COEF_BYTES at most.
 *
 * Adobe programs write CMYK with 255 for no ink and say so by an APP14 marker, which is
 * the only sign there is. Ink is turned to light without a profile: r = (1-c)(1-k). */
#include "image/codec_table.h"
#include "image/upright.h"

#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs it */
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

enum {
    MAX_SCANS = 500,
    MAX_SCAN_PIXELS_M = 4000, /* scans * megapixels: 40 scans at 100 megapixels */
    MAX_COEF_BYTES = 1 << 30, /* 350 megapixels in colour at 4:2:0, 170 at 4:4:4 */
};

static const char NO_END[] = "no end marker", STRAY[] = "bytes that belong to no pixel";

typedef struct jpeg_errors {
    struct jpeg_error_mgr mgr; /* first: libjpeg hands back its address */
    jmp_buf escape;
    kao_error *err;
    kao_status status;
} jpeg_errors;

typedef struct jpeg_reader {
    struct jpeg_decompress_struct cinfo;
    struct jpeg_source_mgr source;
    jpeg_errors errors;
    kao_mem *mem;
    kao_span bytes;
    uint32_t max_side;
    bool grey;
    kao_image *out;
    kao_upright upright;
    uint8_t *row;              /* a row of CMYK or grey, or NULL */
    bool seen[MAX_COMPONENTS]; /* a first scan of this component came */
    bool in_scans;             /* the head is read */
    bool ended;                /* libjpeg asked for more input than there is */
    bool whole;                /* all pixels have come */
    bool exact;                /* and a marker or the end of the input followed them */
    bool stray; /* behind a scan, or a part of one, came bytes that are no padding */
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

static void fail_early(jpeg_reader *r)
{
    r->errors.status =
        kao_fail_at(r->errors.err, KAO_E_FORMAT, r->bytes.n,
                    "JPEG: the file ends early, at byte %zu", r->bytes.n);
}

static size_t offset_of(const jpeg_reader *r)
{
    return r->ended || !r->cinfo.src ? r->bytes.n
                                     : r->bytes.n - r->cinfo.src->bytes_in_buffer;
}

static void on_error(j_common_ptr cinfo)
{
    jpeg_reader *r = cinfo->client_data;
    jpeg_errors *e = &r->errors;
    char text[JMSG_LENGTH_MAX];

    e->mgr.format_message(cinfo, text);
    e->status = status_of(e->mgr.msg_code);
    if (e->status != KAO_E_NOMEM && r->whole && r->exact) {
        r->out->warning = NO_END;
        e->status = KAO_OK;
    } else if (e->status == KAO_E_FORMAT && r->ended) {
        fail_early(r);
    } else {
        kao_fail_at(e->err, e->status, offset_of(r), "JPEG, near byte %zu: %s",
                    offset_of(r), text);
    }
    longjmp(e->escape, 1);
}

/* Leave a guarded function for a reason of our own; status and *err are set. */
static _Noreturn void leave(jpeg_errors *e, kao_status status)
{
    e->status = status;
    longjmp(e->escape, 1);
}

/* libjpeg has stepped over bytes before a marker: between segments padding that some cameras write,
 * behind a scan has_stray sees them. Where a scan goes on they were to be pixels. */
static void on_skipped(jpeg_reader *r)
{
    const int marker = r->errors.mgr.msg_parm.i[1];

    r->stray |=
        r->in_scans && !r->whole && marker >= JPEG_RST0 && marker <= JPEG_RST0 + 7;
}

static void on_message(j_common_ptr cinfo, int level)
{
    if (level >= 0) /* a trace */
        return;
    switch (cinfo->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_TOO_MUCH_DATA:
        return;
    case JWRN_EXTRANEOUS_DATA:
        on_skipped(cinfo->client_data);
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
    return &e->mgr;
}

static void source_none(j_decompress_ptr cinfo)
{
    (void)cinfo;
}

/* libjpeg asks for more than there is: an end marker is made up. */
static boolean source_fill(j_decompress_ptr d)
{
    static const JOCTET end[2] = { 0xff, JPEG_EOI };
    jpeg_reader *r = d->client_data;

    r->ended = true;
    if (!r->in_scans) {
        fail_early(r);
        longjmp(r->errors.escape, 1);
    }
    d->src->next_input_byte = end;
    d->src->bytes_in_buffer = sizeof end;
    return TRUE;
}

static void source_skip(j_decompress_ptr cinfo, long n)
{
    if (n <= 0)
        return;
    if ((unsigned long)n > cinfo->src->bytes_in_buffer) {
        source_fill(cinfo);
        return;
    }
    cinfo->src->next_input_byte += n;
    cinfo->src->bytes_in_buffer -= (size_t)n;
}

/* The largest of 1, 2, 4, 8 that leaves max_side pixels on the longer side, and larger
 * where the picture would still have too many pixels. */
static uint32_t reduction_for(uint32_t width, uint32_t height, uint32_t max_side)
{
    const uint32_t longer = width > height ? width : height;
    uint32_t d = max_side > 0 ? 8 : 1;

    while (d > 1 && (longer + d - 1) / d < max_side)
        d /= 2;
    return kao_image_reduction(width, height, d);
}

/* An APP1 segment is looked at where it stands: libjpeg would keep a copy of each, and there
 * may be any number. */
static boolean on_app1(j_decompress_ptr d)
{
    jpeg_reader *r = d->client_data;
    const struct jpeg_source_mgr *s = d->src;
    const size_t n = s->bytes_in_buffer < 2 ? 2 : kao_be16(s->next_input_byte);

    if (!r->in_scans && n >= 2 && n <= s->bytes_in_buffer)
        kao_upright_app1(&r->upright, (kao_span){ s->next_input_byte + 2, n - 2 });
    source_skip(d, n < 2 ? 2 : (long)n); /* a length counts its own two bytes */
    return TRUE;
}

/* What the head claims, against the bytes that are there and the memory it asks for. */
static void check_blocks(jpeg_reader *r)
{
    const j_decompress_ptr d = &r->cinfo;
    uint64_t n = 0, padded = 0;

    for (int i = 0; i < d->num_components; i++) {
        const jpeg_component_info *c = &d->comp_info[i];
        const uint64_t h = (uint64_t)c->h_samp_factor, v = (uint64_t)c->v_samp_factor;

        n += (uint64_t)c->width_in_blocks * c->height_in_blocks;
        padded += (c->width_in_blocks + h - 1) / h * h *
                  ((c->height_in_blocks + v - 1) / v * v);
    }
    if (n / 8 > r->bytes.n)
        leave(&r->errors, kao_fail_at(r->errors.err, KAO_E_FORMAT, r->bytes.n,
                                      "JPEG: %zu bytes cannot hold %u x %u pixels",
                                      r->bytes.n, d->image_width, d->image_height));
    if (jpeg_has_multiple_scans(d) && padded * sizeof(JBLOCK) > MAX_COEF_BYTES)
        leave(&r->errors, kao_fail(r->errors.err, KAO_E_LIMIT,
                                   "JPEG: %u x %u pixels in several scans: %llu MiB of "
                                   "coefficients, at most %d",
                                   d->image_width, d->image_height,
                                   (unsigned long long)(padded * sizeof(JBLOCK) >> 20),
                                   MAX_COEF_BYTES >> 20));
}

/* Read up to the pixels and choose how they are to be handed out. */
static void read_head(jpeg_reader *r)
{
    const j_decompress_ptr d = &r->cinfo;

    jpeg_set_marker_processor(d, JPEG_APP0 + 1, on_app1);
    jpeg_read_header(d, TRUE);
    if (kao_image_check_file_size(d->image_width, d->image_height, r->errors.err)) {
        kao_error_prefix(r->errors.err, KAO_E_LIMIT, "JPEG");
        leave(&r->errors, KAO_E_LIMIT);
    }
    if (d->arith_code)
        leave(&r->errors, kao_fail(r->errors.err, KAO_E_UNSUPPORTED,
                                   "JPEG: arithmetic coding is not read"));
    if (d->jpeg_color_space == JCS_UNKNOWN)
        leave(&r->errors,
              kao_fail(r->errors.err, KAO_E_UNSUPPORTED,
                       "JPEG: %d components of unknown meaning", d->num_components));
    check_blocks(r);
    d->out_color_space = d->num_components == 4 ? JCS_CMYK
                         : r->grey              ? JCS_GRAYSCALE
                                                : JCS_RGB;
    d->scale_num = 1;
    d->scale_denom = reduction_for(d->image_width, d->image_height, r->max_side);
    d->dct_method = JDCT_ISLOW;
    d->do_block_smoothing = FALSE;
    d->buffered_image = jpeg_has_multiple_scans(d);
    r->in_scans = true;
}

/* A scan has come: which components does it begin? */
static void note_scan(jpeg_reader *r)
{
    const j_decompress_ptr d = &r->cinfo;

    if (!d->progressive_mode || (d->Ss == 0 && d->Ah == 0))
        for (int i = 0; i < d->comps_in_scan; i++)
            r->seen[d->cur_comp_info[i]->component_index] = true;
}

/* No scan can add anything: all components, all bits of all coefficients. */
static bool all_came(const jpeg_reader *r)
{
    const struct jpeg_decompress_struct *d = &r->cinfo;

    for (int i = 0; i < d->num_components; i++) {
        if (!r->seen[i])
            return false;
        for (int k = 0; d->progressive_mode && k < DCTSIZE2; k++)
            if (d->coef_bits[i][k] != 0) /* bits that miss; -1: all */
                return false;
    }
    return true;
}

static void check_scan_count(jpeg_reader *r)
{
    const j_decompress_ptr d = &r->cinfo;
    const uint64_t pixels = (uint64_t)d->image_width * d->image_height;
    const uint64_t scans = (uint64_t)d->input_scan_number;

    if (scans > MAX_SCANS || scans * pixels > MAX_SCAN_PIXELS_M * UINT64_C(1000000))
        leave(&r->errors, kao_fail(r->errors.err, KAO_E_LIMIT,
                                   "JPEG: over %llu scans of %u x %u pixels",
                                   (unsigned long long)(scans - 1), d->image_width,
                                   d->image_height));
}

/* After the last scan: does it end where it should? All its bytes were fetched by then
 * (and 8 at most beyond them), so that a scan that was cut, and whose pixels came from
 * something else behind the cut, shows by what is left. */
static bool ends_exactly(const jpeg_reader *r)
{
    const struct jpeg_source_mgr *s = r->cinfo.src;

    return r->ended || r->cinfo.unread_marker != 0 || s->bytes_in_buffer == 0 ||
           s->next_input_byte[0] == 0xff;
}

/* Zeros before a marker are padding. Else a scan has bytes left where some in its midst were
 * replaced, and others decoded in their place; or a camera wrote them, so that this alone is
 * no reason to refuse a picture. */
static bool has_stray(const jpeg_reader *r)
{
    const struct jpeg_source_mgr *s = r->cinfo.src;
    size_t i = 0;

    while (i < s->bytes_in_buffer && s->next_input_byte[i] == 0)
        i++;
    return !ends_exactly(r) && i < s->bytes_in_buffer && s->next_input_byte[i] != 0xff;
}

/* Several scans: read all coefficients before the first row goes out. */
static void read_scans(jpeg_reader *r)
{
    const j_decompress_ptr d = &r->cinfo;

    for (int got = 0; got != JPEG_REACHED_EOI;) {
        check_scan_count(r);
        got = jpeg_consume_input(d);
        if (got == JPEG_SCAN_COMPLETED) {
            note_scan(r);
            r->exact = ends_exactly(r);
            r->stray |= has_stray(r);
            if (all_came(r))
                break;
        } else if (got == JPEG_REACHED_EOI && r->ended) {
            fail_early(r);
            longjmp(r->errors.escape, 1);
        }
    }
    for (int i = 0; i < d->num_components; i++)
        if (!r->seen[i])
            leave(&r->errors, kao_fail_at(r->errors.err, KAO_E_FORMAT, offset_of(r),
                                          "JPEG: no data for colour component %d of %d",
                                          i + 1, d->num_components));
    jpeg_start_output(d, d->input_scan_number);
}

/* All rows are out; whatever comes now is no reason to refuse them. */
static void read_end(jpeg_reader *r)
{
    const j_decompress_ptr d = &r->cinfo;

    r->whole = true;
    if (!d->buffered_image) {
        r->exact = ends_exactly(r);
        r->stray |= has_stray(r);
        jpeg_finish_decompress(d);
    } else {
        jpeg_consume_input(d); /* up to the end marker, or a scan too many */
    }
    if (!r->ended) {
        r->out->warning = r->stray ? STRAY : NULL;
        return;
    }
    if (!r->exact) {
        fail_early(r);
        longjmp(r->errors.escape, 1);
    }
    r->out->warning = NO_END;
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
    if (d->buffered_image)
        read_scans(r);
    /* a lossless file, which libjpeg-turbo 3 reads, comes at full size whatever was asked */
    kao_status st =
        kao_image_check_size(d->output_width, d->output_height, r->errors.err);

    st = st ? kao_error_prefix(r->errors.err, st, "JPEG")
            : kao_image_alloc(r->mem, d->output_width, d->output_height, r->out,
                              r->errors.err);
    if (!st && d->out_color_space != JCS_RGB) {
        r->row =
            kao_alloc(r->mem, (size_t)d->output_width * (size_t)d->output_components);
        if (!r->row)
            st = kao_fail(r->errors.err, KAO_E_NOMEM, "JPEG: out of memory");
    }
    if (st)
        leave(&r->errors, st);
    while (d->output_scanline < d->output_height) {
        JSAMPROW to = kao_image_row(r->out, d->output_scanline);
        JSAMPROW rows[1] = { r->row ? r->row : to };

        jpeg_read_scanlines(d, rows, 1);
        if (d->out_color_space == JCS_CMYK)
            cmyk_to_rgb(to, r->row, d->output_width, d->saw_Adobe_marker);
        else if (r->row)
            kao_grey_to_rgb(to, r->row, d->output_width);
    }
    r->out->full_width = d->image_width;
    r->out->full_height = d->image_height;
    r->out->reduction = d->scale_denom;
    read_end(r);
}

static kao_status read_guarded(jpeg_reader *r)
{
    if (setjmp(r->errors.escape))
        return r->errors.status;
    jpeg_create_decompress(&r->cinfo);
    r->cinfo.src = &r->source;
    read_head(r);
    read_pixels(r);
    return KAO_OK;
}

/* Without what fills up the end of a file that was cut: zeros could pass for coded
 * pixels. (A scan that ends in FF 00 or in eight zero bits and lacks its end marker is
 * then refused; 1 in some thousand does.) */
static kao_span without_filling(kao_span bytes)
{
    while (bytes.n > 0 && (bytes.p[bytes.n - 1] == 0 || bytes.p[bytes.n - 1] == 0xff))
        bytes.n--;
    return bytes;
}

kao_status kao_jpeg_decode(kao_mem *mem, kao_span bytes,
                           const kao_image_options *options, kao_image *out,
                           uint8_t *orientation, kao_error *err)
{
    bytes = without_filling(bytes);
    jpeg_reader r = {
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
        .grey = options->grey,
        .out = out,
    };

    r.cinfo.err = errors_init(&r.errors, err);
    r.cinfo.client_data = &r;
    const kao_status st = read_guarded(&r);

    jpeg_destroy_decompress(&r.cinfo);
    kao_free(mem, r.row);
    if (st)
        kao_image_drop(mem, out);
    *orientation = kao_upright_of(&r.upright);
    return st;
}
