/* PNG in and out by libpng, whose memory comes from kao_mem.
 *
 * Every kind (palette, grey, colour, 1 to 16 bits, transparent colour) is brought to
 * 8-bit RGB or RGBA by libpng's own transformations; alpha is then laid over white, row
 * by row. An interlaced picture comes as up to 7 smaller pictures, whose pixels are put
 * where they belong one row at a time, so that no second whole picture is needed for
 * RGBA. One that is not interlaced and has more pixels than may be handed out is
 * reduced while its rows come: sums of 2 x 2, 4 x 4 pixels in one row of numbers.
 *
 * Once the last row has come, what is missing or damaged behind it is a warning, unless
 * it is the checksum of the rows themselves.
 *
 * Bombs: the size is checked in the header's bytes before libpng sees them; a picture
 * that claims more rows than deflate could hold in the file is refused before memory is
 * taken; chunks that kao does not use are skipped unread, other texts than those that may tell
 * which way is up among them, and so are such texts over MAX_CHUNK.
 */
#include "image/codec_table.h"
#include "image/upright.h"

#include <setjmp.h>
#include <string.h>

#include <png.h>

enum {
    HEAD_BYTES = 33,  /* signature, IHDR with its CRC */
    MAX_RATIO = 1032, /* of deflate: 258 bytes from 2 bits */
    SIGNATURE_BYTES = 8,
    CHUNK_HEAD = 8,      /* length, type; a checksum of 4 bytes follows the content */
    MAX_CHUNK = 1 << 19, /* bytes of a text, as it stands in the file and inflated */
    MAX_CHUNKS = 128,    /* of texts that are kept */
    MAX_ALLOC = 1 << 21, /* bytes: a row of 65535 pixels has 512 KiB at most */
    WRITE_LEVEL = 3,     /* deflate: 6 takes twice as long for some 3 % */
};

typedef struct png_job { /* of either direction */
    png_structp png;
    png_infop info;
    jmp_buf escape;
    kao_mem *mem;
    kao_error *err;
    kao_status status;
    bool no_memory; /* an allocation failed, also where libpng then went on */
    kao_reader from;
    size_t next_chunk;   /* where in `from` it begins */
    kao_upright upright; /* from chunks that libpng is not shown */
    kao_image *out;
    bool interlaced, grey;
    size_t channels; /* of the rows that libpng gives: 1, 3, 4 */
    int pass;        /* of the row that is being read, 0 to 6 */
    uint32_t y;      /* of that row in the picture at full size */
    uint8_t *row;    /* or NULL: rows go straight to the picture */
    uint32_t *sum;   /* of a reduced picture, or NULL */
    bool in_tail;    /* all rows are there, and their checksums are right */
    const kao_image *image;
    kao_bytes *to;
} png_job;

static kao_status ends_early(size_t at, kao_error *err)
{
    return kao_fail_at(err, KAO_E_FORMAT, at, "PNG: the file ends early, at byte %zu",
                       at);
}

/* Sample c of R, G, B of a pixel of so many channels. */
static inline uint8_t sample(const uint8_t *p, size_t channels, size_t c)
{
    return channels == 4 ? kao_over_white(p[c], p[3]) : p[channels == 1 ? 0 : c];
}

/* n pixels to every step-th pixel of to. */
static void put_row(uint8_t *to, size_t step, const uint8_t *from, size_t n,
                    size_t channels)
{
    for (size_t i = 0; i < n; i++, to += step * KAO_RGB)
        for (size_t c = 0; c < KAO_RGB; c++)
            to[c] = sample(from + i * channels, channels, c);
}

static void add_row(uint32_t *sum, size_t d, const uint8_t *from, size_t n,
                    size_t channels)
{
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < KAO_RGB; c++)
            sum[i / d * KAO_RGB + c] += sample(from + i * channels, channels, c);
}

/* Means of n_rows rows; the last pixel may stand for fewer columns. */
static void put_means(const kao_image *out, uint32_t y, uint32_t *sum, uint32_t n_rows)
{
    const uint32_t d = out->reduction;
    uint8_t *to = kao_image_row(out, y);

    for (uint32_t x = 0; x < out->width; x++) {
        const uint32_t left = out->full_width - x * d;
        const uint32_t n = n_rows * (left < d ? left : d);

        for (uint32_t c = 0; c < KAO_RGB; c++, sum++) {
            *to++ = (uint8_t)((*sum + n / 2) / n);
            *sum = 0;
        }
    }
}

static uint32_t pass_cols(const png_job *j, int pass)
{
    return (uint32_t)PNG_PASS_COLS((int)j->out->width, pass);
}

/* The row that libpng has just filled goes to its place. */
static void row_came(png_job *j)
{
    const uint32_t d = j->out->reduction;

    if (j->sum) {
        add_row(j->sum, d, j->row, j->out->full_width, j->channels);
        if (j->y % d == d - 1 || j->y == j->out->full_height - 1)
            put_means(j->out, j->y / d, j->sum, j->y % d + 1);
    } else if (j->interlaced) {
        const int pass = j->pass;
        uint8_t *to =
            kao_image_row(j->out, j->y) + (size_t)PNG_PASS_START_COL(pass) * KAO_RGB;

        put_row(to, (size_t)1 << PNG_PASS_COL_SHIFT(pass), j->row, pass_cols(j, pass),
                j->channels);
    } else if (j->row) {
        put_row(kao_image_row(j->out, j->y), 1, j->row, j->out->width, j->channels);
    }
}

/* Is the row that is being read the last, and its content there? libpng looks for the
 * end of the data before it hands the row out as finished. */
static bool last_row_is_there(const png_job *j)
{
    if (!j->out->rgb)
        return false;
    return j->interlaced ? png_get_current_pass_number(j->png) >= 7
                         : png_get_current_row_number(j->png) >= j->out->full_height;
}

static void on_error(png_structp png, png_const_charp text)
{
    png_job *j = png_get_error_ptr(png);

    if (j->to == NULL && !j->no_memory &&
        (j->in_tail || (j->from.bad && last_row_is_there(j)))) {
        if (!j->in_tail)
            row_came(j);
        j->out->warning = "no end marker";
        j->status = KAO_OK;
        longjmp(j->escape, 1);
    }
    if (j->no_memory)
        j->status = kao_fail(j->err, KAO_E_NOMEM, "PNG: out of memory");
    else if (j->from.bad)
        j->status = ends_early((size_t)(j->from.end - j->from.begin), j->err);
    else if (j->to)
        j->status = kao_fail(j->err, KAO_E_LIMIT, "PNG: %s", text);
    else
        j->status =
            kao_fail_at(j->err, KAO_E_FORMAT, kao_reader_offset(&j->from),
                        "PNG, near byte %zu: %s", kao_reader_offset(&j->from), text);
    longjmp(j->escape, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static png_voidp on_alloc(png_structp png, png_alloc_size_t n)
{
    png_job *j = png_get_mem_ptr(png);

    if (n > MAX_ALLOC) /* for what claims so much: libpng skips it then */
        return NULL;
    void *p = kao_alloc(j->mem, n);

    if (!p)
        j->no_memory = true;
    return p;
}

static void on_free(png_structp png, png_voidp p)
{
    png_job *j = png_get_mem_ptr(png);

    kao_free(j->mem, p);
}

static bool is_text(const uint8_t *type)
{
    return memcmp(type, "tEXt", 4) == 0 || memcmp(type, "zTXt", 4) == 0 ||
           memcmp(type, "iTXt", 4) == 0;
}

/* XMP that stands plainly in a text chunk, or nothing.
 *
 *     tEXt  keyword 0 text
 *     iTXt  keyword 0, compressed?, method, language 0 keyword again 0 text */
static kao_span plain_xmp(const uint8_t *type, kao_span text)
{
    static const char xmp[] = "XML:com.adobe.xmp"; /* with its end */
    kao_reader r = kao_reader_of(text);
    const kao_span keyword = kao_reader_take(&r, sizeof xmp);

    if (r.bad || type[0] == 'z' || memcmp(keyword.p, xmp, sizeof xmp) != 0)
        return (kao_span){ NULL, 0 };
    if (type[0] == 'i') {
        const uint8_t compressed = kao_reader_u8(&r);

        kao_reader_u8(&r);
        for (int i = 0; i < 2; i++)
            while (kao_reader_u8(&r))
                ;
        if (compressed)
            return (kao_span){ NULL, 0 };
    }
    return kao_reader_take(&r, kao_reader_left(&r));
}

/* Whether libpng is not to be shown a chunk. It has no way to leave out long texts: its limit on a
 * chunk's size only warns, and a plain one that finds no memory makes it lose its place. Of many it
 * keeps the first, and each EXIF property may be a text of its own. EXIF may have previews within, or
 * "Exif\0\0" before it, as in a JPEG: it would leave out either. */
static bool is_skipped(const uint8_t *type, size_t n, kao_span body)
{
    return is_text(type) ? n > MAX_CHUNK || !kao_upright_reads(body)
                         : memcmp(type, "eXIf", 4) == 0;
}

/* Step over chunks that libpng is not to be shown. XMP can be long (an editor's history); it is looked
 * through where it stands, and so is EXIF. */
static void skip_chunks(png_job *j)
{
    kao_reader *r = &j->from;

    while (kao_reader_offset(r) == j->next_chunk && kao_reader_left(r) >= CHUNK_HEAD) {
        const size_t n = kao_be32(r->p), rest = kao_reader_left(r) - CHUNK_HEAD;

        const uint8_t *type = r->p + 4;
        const kao_span body = { r->p + CHUNK_HEAD, n < rest ? n : rest };

        if (!is_skipped(type, n, body)) {
            j->next_chunk += CHUNK_HEAD + n + 4;
            return;
        }
        const kao_span xmp =
            is_text(type) ? plain_xmp(type, body) : (kao_span){ NULL, 0 };

        kao_reader_take(r, CHUNK_HEAD + body.n);
        if (xmp.n)
            kao_upright_xmp(&j->upright, xmp);
        else if (!is_text(type))
            kao_upright_exif(&j->upright, body);
        kao_reader_take(r, rest - body.n < 4 ? rest - body.n : 4);
        j->next_chunk = kao_reader_offset(r);
    }
}

/* The signature, then of each chunk its head, content and checksum. */
static void on_read(png_structp png, png_bytep to, size_t n)
{
    png_job *j = png_get_io_ptr(png);

    skip_chunks(j);
    const kao_span s = kao_reader_take(&j->from, n);

    if (j->from.bad)
        png_error(png, "the file ends early");
    memcpy(to, s.p, n);
}

/* The header's claims, before any memory is taken for them. */
static kao_status check_head(kao_span bytes, kao_error *err)
{
    static const uint8_t channels[7] = { 1, 0, 3, 1, 2, 0, 4 }; /* by colour type */

    if (bytes.n < HEAD_BYTES)
        return ends_early(bytes.n, err);
    if (memcmp(bytes.p + 12, "IHDR", 4) != 0)
        return kao_fail_at(err, KAO_E_FORMAT, 12, "PNG, byte 12: no header");
    const uint64_t w = kao_be32(bytes.p + 16), h = kao_be32(bytes.p + 20);
    const uint8_t depth = bytes.p[24], type = bytes.p[25];
    const bool interlaced = bytes.p[28] != 0;
    const kao_status st = interlaced ? kao_image_check_size(w, h, err)
                                     : kao_image_check_file_size(w, h, err);

    if (st)
        return kao_error_prefix(err, st, interlaced ? "PNG, interlaced" : "PNG");
    if (type > 6 || channels[type] == 0 || depth > 16)
        return KAO_OK; /* libpng says what is wrong */
    const uint64_t raw = h * (w * channels[type] * depth / 8);

    if (raw / MAX_RATIO > bytes.n)
        return kao_fail_at(err, KAO_E_FORMAT, bytes.n,
                           "PNG: %zu bytes cannot hold %llu x %llu pixels", bytes.n,
                           (unsigned long long)w, (unsigned long long)h);
    return KAO_OK;
}

/* As OpenCV asks libpng for it, which takes the gamma that the file states into account. */
static void ask_for_grey(png_structp png)
{
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    png_set_palette_to_rgb(png);
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_rgb_to_gray(png, PNG_ERROR_ACTION_NONE, 0.299, 0.587);
}

static void ask_for_rgb(png_structp png)
{
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
}

static void read_head(png_job *j)
{
    /* A multiple of 5 bytes: names with their terminators. Those of gamma come last. */
    static const png_byte unused[] = "sPLT\0hIST\0pCAL\0sCAL\0cHRM\0tIME\0pHYs\0"
                                     "oFFs\0bKGD\0sBIT\0gAMA\0sRGB\0iCCP";
    const int n_unused = (int)(sizeof unused / 5) - (j->grey ? 3 : 0);

    png_set_user_limits(j->png, KAO_IMAGE_MAX_SIDE, KAO_IMAGE_MAX_SIDE);
    png_set_chunk_malloc_max(j->png, MAX_CHUNK);
    png_set_chunk_cache_max(j->png, MAX_CHUNKS);
    png_set_keep_unknown_chunks(j->png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_set_keep_unknown_chunks(j->png, PNG_HANDLE_CHUNK_NEVER, unused, n_unused);
    png_set_read_fn(j->png, j, on_read);
    png_read_info(j->png, j->info);
    if (j->grey)
        ask_for_grey(j->png);
    else
        ask_for_rgb(j->png);
    png_read_update_info(j->png, j->info);
}

static void read_rows(png_job *j)
{
    for (j->pass = 0; j->pass < (j->interlaced ? 7 : 1); j->pass++) {
        const bool i = j->interlaced;
        const uint32_t y_step = i ? 1u << PNG_PASS_ROW_SHIFT(j->pass) : 1;

        if (i && pass_cols(j, j->pass) == 0)
            continue;
        for (j->y = i ? (uint32_t)PNG_PASS_START_ROW(j->pass) : 0;
             j->y < j->out->full_height; j->y += y_step) {
            png_read_row(j->png, j->row ? j->row : kao_image_row(j->out, j->y), NULL);
            row_came(j);
        }
    }
}

static uint8_t read_orientation(const png_job *j)
{
    png_textp texts = NULL;
    int n_texts = 0;
    kao_upright u = j->upright;

    png_get_text(j->png, j->info, &texts, &n_texts);
    for (int i = 0; i < n_texts; i++) {
        const png_text *t = &texts[i];

        if (t->text)
            kao_upright_text(&u, t->key, t->text,
                             t->compression >= PNG_ITXT_COMPRESSION_NONE
                                 ? t->itxt_length
                                 : t->text_length);
    }
    return kao_upright_of(&u);
}

static kao_status make_room(png_job *j)
{
    const uint32_t w = png_get_image_width(j->png, j->info);
    const uint32_t h = png_get_image_height(j->png, j->info);
    const uint32_t d = j->interlaced ? 1 : kao_image_reduction(w, h, 1);
    const kao_status st =
        kao_image_alloc(j->mem, (w + d - 1) / d, (h + d - 1) / d, j->out, j->err);

    if (st)
        return st;
    j->out->full_width = w;
    j->out->full_height = h;
    j->out->reduction = d;
    const bool as_it_comes = j->channels == KAO_RGB && !j->interlaced && d == 1;

    if (!as_it_comes)
        j->row = kao_alloc(j->mem, png_get_rowbytes(j->png, j->info));
    if (d > 1)
        j->sum = kao_calloc(j->mem, (size_t)j->out->width * KAO_RGB, sizeof *j->sum);
    if ((!as_it_comes && !j->row) || (d > 1 && !j->sum))
        return kao_fail(j->err, KAO_E_NOMEM, "PNG: out of memory");
    return KAO_OK;
}

static kao_status read_guarded(png_job *j)
{
    if (setjmp(j->escape))
        return j->status;
    read_head(j);
    j->channels = png_get_channels(j->png, j->info);
    j->interlaced = png_get_interlace_type(j->png, j->info) != PNG_INTERLACE_NONE;
    const kao_status st = make_room(j);

    if (st)
        return st;
    read_rows(j);
    j->in_tail = true;
    png_read_end(j->png, j->info);
    return KAO_OK;
}

kao_status kao_png_decode(kao_mem *mem, kao_span bytes,
                          const kao_image_options *options, kao_image *out,
                          uint8_t *orientation, kao_error *err)
{
    png_job j = { .mem = mem,
                  .err = err,
                  .from = kao_reader_of(bytes),
                  .next_chunk = SIGNATURE_BYTES,
                  .grey = options->grey, /* and at full size if it may be */
                  .out = out };
    kao_status st = check_head(bytes, err);

    if (st)
        return st;
    j.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &j, on_error, on_warning,
                                     &j, on_alloc, on_free);
    if (j.png)
        j.info = png_create_info_struct(j.png);
    st = j.info ? read_guarded(&j) : kao_fail(err, KAO_E_NOMEM, "PNG: out of memory");
    /* libpng goes on without a chunk that found no memory; a turned picture is no
     * answer. */
    if (!st && j.no_memory)
        st = kao_fail(err, KAO_E_NOMEM, "PNG: out of memory");
    *orientation = st ? 1 : read_orientation(&j);
    png_destroy_read_struct(&j.png, &j.info, NULL);
    kao_free(mem, j.row);
    kao_free(mem, j.sum);
    if (st)
        kao_image_drop(mem, out);
    return st;
}

static void on_write(png_structp png, png_bytep p, size_t n)
{
    png_job *j = png_get_io_ptr(png);

    if (!kao_bytes_add(j->to, p, n)) {
        j->no_memory = true;
        png_error(png, "out of memory");
    }
}

static void on_flush(png_structp png)
{
    (void)png;
}

static kao_status write_guarded(png_job *j)
{
    if (setjmp(j->escape))
        return j->status;
    png_set_write_fn(j->png, j, on_write, on_flush);
    png_set_user_limits(j->png, KAO_IMAGE_MAX_SIDE, KAO_IMAGE_MAX_SIDE);
    png_set_compression_level(j->png, WRITE_LEVEL);
    png_set_IHDR(j->png, j->info, j->image->width, j->image->height, 8,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(j->png, j->info);
    for (uint32_t y = 0; y < j->image->height; y++)
        png_write_row(j->png, kao_image_row(j->image, y));
    png_write_end(j->png, j->info);
    return j->no_memory ? kao_fail(j->err, KAO_E_NOMEM, "PNG: out of memory") : KAO_OK;
}

kao_status kao_png_encode(const kao_image *image, uint32_t quality, kao_bytes *out,
                          kao_error *err)
{
    png_job j = { .mem = out->mem, .err = err, .image = image, .to = out };

    (void)quality; /* PNG is exact */
    j.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &j, on_error, on_warning,
                                      &j, on_alloc, on_free);
    if (j.png)
        j.info = png_create_info_struct(j.png);
    const kao_status st =
        j.info ? write_guarded(&j) : kao_fail(err, KAO_E_NOMEM, "PNG: out of memory");

    png_destroy_write_struct(&j.png, &j.info);
    return st;
}
