/* See zip.h. */
#include "server/zip.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "base/error.h"
#include "base/library.h"
#include "base/reader.h"
#include "base/text.h"

/* clang-format off */
#define KAO_ZIP_CALLS(X)                                                               \
    X(zip_close) X(zip_discard) X(zip_error_fini) X(zip_error_init_with_code)          \
    X(zip_error_strerror) X(zip_fclose) X(zip_file_strerror) X(zip_fopen_index)        \
    X(zip_fread) X(zip_get_name) X(zip_get_num_entries) X(zip_open) X(zip_stat_index)  \
    X(zip_stat_init) X(zip_strerror)
/* clang-format on */

typedef struct calls {
#define FIELD(name) __typeof__(name) *name;
    KAO_ZIP_CALLS(FIELD)
#undef FIELD
} calls;

struct kao_zip {
    kao_mem *mem;
    calls lib;
    zip_t *zip;
    size_t n;
    uint64_t unpacked; /* bytes so far */
    bool japanese;
};

enum { TAIL = 66 << 10, PIECE = 64 << 10 };

bool kao_zip_is(const void *bytes, size_t n)
{
    return n >= 4 &&
           (memcmp(bytes, "PK\3\4", 4) == 0 || memcmp(bytes, "PK\5\6", 4) == 0);
}

static kao_status load(calls *c, kao_error *err)
{
    void *library = kao_library_open("libzip.so.4");

    if (!library) /* a later one, with the same functions */
        library = kao_library_open("libzip.so.5");
    bool found = library != NULL;

#define FIND(name) found = found && kao_library_find(library, #name, &c->name);
    KAO_ZIP_CALLS(FIND)
#undef FIND
    return found ? KAO_OK
                 : kao_fail(err, KAO_E_UNSUPPORTED,
                            "zip files need libzip, which is not on this machine; "
                            "Debian: apt-get install libzip4");
}

/* ---- its size, before the library makes a list of what it claims to have ---- */

/* APPNOTE.TXT 4.3.14, 4.3.15: more than 65,535 files need the record that each locator in the tail
 * leads to. */
static bool claims_too_many(int fd, uint64_t size)
{
    static const uint8_t locator[4] = "PK\6\7", record[4] = "PK\6\6";
    uint8_t tail[TAIL], r[56];
    const size_t n = size < TAIL ? (size_t)size : TAIL;
    const ssize_t got = pread(fd, tail, n, (off_t)(size - n));

    for (size_t i = 0; got > 0 && i + 20 <= (size_t)got; i++) {
        if (memcmp(tail + i, locator, 4) != 0)
            continue;
        const uint64_t at = kao_le64(tail + i + 8);

        if (at < size && pread(fd, r, sizeof r, (off_t)at) == (ssize_t)sizeof r &&
            memcmp(r, record, 4) == 0 &&
            (kao_le64(r + 24) > ZIP_FILES_MOST || kao_le64(r + 32) > ZIP_FILES_MOST))
            return true;
    }
    return false;
}

static kao_status check_size(const char *path, kao_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;

    if (fd < 0)
        return kao_fail_sys(err, KAO_E_IO, errno, "the zip");
    const bool many = fstat(fd, &info) == 0 && info.st_size > 0 &&
                      claims_too_many(fd, (uint64_t)info.st_size);

    close(fd);
    return many ? kao_fail(err, KAO_E_LIMIT, "a zip of more than %d files",
                           ZIP_FILES_MOST)
                : KAO_OK;
}

/* ---- opening ---- */

kao_status kao_zip_open(kao_mem *mem, const char *path, bool japanese, kao_zip **out,
                        kao_error *err)
{
    kao_zip *z = kao_calloc(mem, 1, sizeof *z);
    int why = 0;

    *out = NULL;
    if (!z)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    z->mem = mem;
    z->japanese = japanese;
    kao_status st = load(&z->lib, err);

    if (!st)
        st = check_size(path, err);
    if (!st) {
        z->zip = z->lib.zip_open(path, ZIP_RDONLY, &why);
        if (!z->zip) {
            zip_error_t e;

            z->lib.zip_error_init_with_code(&e, why);
            st = kao_fail(err, why == ZIP_ER_MEMORY ? KAO_E_NOMEM : KAO_E_FORMAT,
                          "the zip: %s", z->lib.zip_error_strerror(&e));
            z->lib.zip_error_fini(&e);
        }
    }
    if (!st) {
        const zip_int64_t n = z->lib.zip_get_num_entries(z->zip, 0);

        z->n = n > 0 ? (size_t)n : 0;
        if (z->n > ZIP_FILES_MOST)
            st = kao_fail(err, KAO_E_LIMIT, "a zip of more than %d files",
                          ZIP_FILES_MOST);
    }
    if (st)
        kao_zip_close(z);
    else
        *out = z;
    return st;
}

size_t kao_zip_n(const kao_zip *z)
{
    return z->n;
}

void kao_zip_close(kao_zip *z)
{
    if (!z)
        return;
    if (z->zip)
        z->lib.zip_discard(z->zip);
    kao_free(z->mem, z);
}

/* ---- names ---- */

static bool is_utf8(const char *s)
{
    while (*s) {
        const size_t n = kao_utf8_length((const unsigned char *)s);

        if (n == 0)
            return false;
        s += n;
    }
    return true;
}

/* Of Japanese Windows into UTF-8. */
static bool from_shift_jis(const char *raw, char to[ZIP_NAME_BYTES])
{
    const iconv_t how = iconv_open("UTF-8", "CP932");

    if (how == (iconv_t)-1)
        return false;
    char *in = (char *)(uintptr_t)raw,
         *end = to; /* only read, whatever the type says */
    size_t n_in = strlen(raw), n_out = ZIP_NAME_BYTES - 1;
    const bool fine = iconv(how, &in, &n_in, &end, &n_out) != (size_t)-1;

    *end = '\0';
    iconv_close(how);
    return fine;
}

static bool read_name(kao_zip *z, size_t i, char to[ZIP_NAME_BYTES])
{
    const char *raw = z->lib.zip_get_name(z->zip, i, ZIP_FL_ENC_RAW);

    if (!raw)
        return false;
    if (!is_utf8(raw)) {
        if (z->japanese && from_shift_jis(raw, to))
            return true;
        raw = z->lib.zip_get_name(z->zip, i, ZIP_FL_ENC_GUESS);
    }
    const int n = raw ? snprintf(to, ZIP_NAME_BYTES, "%s", raw) : -1;

    return n > 0 && n < ZIP_NAME_BYTES && is_utf8(to);
}

static bool has_picture_end(const char *name)
{
    static const char *const ends[] = { ".jpg",  ".jpeg", ".png",  ".webp",
                                        ".heic", ".heif", ".avif", ".gif",
                                        ".bmp",  ".tif",  ".tiff" };
    const size_t n = strlen(name);

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const size_t m = strlen(ends[i]);

        if (n > m && strcasecmp(name + n - m, ends[i]) == 0)
            return true;
    }
    return false;
}

bool kao_zip_picture(kao_zip *z, size_t i, char name[ZIP_NAME_BYTES])
{
    if (!read_name(z, i, name) || !has_picture_end(name))
        return false;
    for (char *s = name; *s; s++)
        if (*s == '\\')
            *s = '/';
    /* what file managers add */
    return name[0] != '.' && !strstr(name, "/.") && strncmp(name, "__MACOSX/", 9) != 0;
}

/* ---- content ---- */

static kao_status wrong(const kao_zip *z, zip_file_t *f, kao_error *err)
{
    return kao_fail(err, KAO_E_FORMAT, "%s",
                    f ? z->lib.zip_file_strerror(f) : z->lib.zip_strerror(z->zip));
}

static kao_status unpack(kao_zip *z, zip_file_t *f, kao_bytes *to, kao_error *err)
{
    for (;;) {
        if (!kao_bytes_reserve(to, PIECE))
            return to->n + PIECE > to->max
                       ? kao_fail(err, KAO_E_LIMIT, "a file of more than %zu bytes",
                                  to->max)
                       : kao_fail(err, KAO_E_NOMEM, "out of memory");
        const zip_int64_t n = z->lib.zip_fread(f, to->p + to->n, PIECE);

        if (n < 0)
            return wrong(z, f, err);
        if (n == 0)
            return KAO_OK;
        to->n += (size_t)n;
        z->unpacked += (uint64_t)n;
        if (z->unpacked > ZIP_UNPACKED_MOST)
            return kao_fail(err, KAO_E_LIMIT,
                            "the zip's files are more than %llu bytes together",
                            (unsigned long long)ZIP_UNPACKED_MOST);
    }
}

kao_status kao_zip_read(kao_zip *z, size_t i, kao_bytes *to, kao_error *err)
{
    zip_stat_t about;

    z->lib.zip_stat_init(&about);
    if (z->lib.zip_stat_index(z->zip, i, 0, &about) != 0)
        return wrong(z, NULL, err);
    if (about.valid & ZIP_STAT_ENCRYPTION_METHOD &&
        about.encryption_method != ZIP_EM_NONE)
        return kao_fail(err, KAO_E_UNSUPPORTED, "it is encrypted");
    zip_file_t *f = z->lib.zip_fopen_index(z->zip, i, 0);

    if (!f)
        return wrong(z, NULL, err);
    const kao_status st = unpack(z, f, to, err);

    z->lib.zip_fclose(f);
    return st;
}
