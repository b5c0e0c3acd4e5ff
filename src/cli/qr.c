/* See qr.h. libqrencode is looked for when a code is shown (dlopen): a link is printed beside it anyway. Of the
 * library two plain functions are needed; they are declared here, so that a build needs no headers of it.
 *
 * Source: qrencode.h (github.com/fukuchi/libqrencode, LGPL); ISO/IEC 18004. */
#include "cli/qr.h"

#include <errno.h>
#include <string.h>

#include "base/library.h"

#if KAO_WITH_QR

enum { MARGIN = 4, LEVEL_L = 0, MODE_8 = 2 }; /* the standard's margin, 5.3.8 */

/* As qrencode.h of version 4 has them. */
typedef struct qr_code {
    int version, width;
    unsigned char *data; /* a byte for each module; bit 0: dark */
} qr_code;

typedef struct qr_library {
    qr_code *(*encode)(const char *text, int version, int level, int mode,
                       int case_sensitive);
    void (*release)(qr_code *code);
} qr_library;

static bool find(qr_library *l)
{
    void *library = kao_library_open("libqrencode.so.4");

    return library && kao_library_find(library, "QRcode_encodeString", &l->encode) &&
           kao_library_find(library, "QRcode_free", &l->release);
}

static bool is_dark(const qr_code *c, int x, int y)
{
    return x >= 0 && y >= 0 && x < c->width && y < c->width &&
           (c->data[(size_t)y * (size_t)c->width + (size_t)x] & 1);
}

static bool add(kao_bytes *to, const char *text)
{
    return kao_bytes_add(to, text, strlen(text));
}

static bool draw(kao_bytes *to, const qr_code *c)
{
    static const char *const cells[] = { " ", "\u2580", "\u2584", "\u2588" };
    bool fine = true;

    for (int y = -MARGIN; y < c->width + MARGIN; y += 2) {
        fine &= add(to, "\033[30;107m");
        for (int x = -MARGIN; x < c->width + MARGIN; x++)
            fine &= add(to, cells[is_dark(c, x, y) + 2 * is_dark(c, x, y + 1)]);
        fine &= add(to, "\033[0m\n");
    }
    return fine;
}

kao_status cli_qr(kao_bytes *to, const char *text, kao_error *err)
{
    qr_library l = { 0 };

    if (!find(&l))
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "a QR code needs libqrencode, which is not on this machine; "
                        "Debian: apt-get install libqrencode4");
    qr_code *c = l.encode(text, 0, LEVEL_L, MODE_8, 1);

    if (!c)
        return errno == ENOMEM ? kao_fail(err, KAO_E_NOMEM, "out of memory")
                               : kao_fail(err, KAO_E_LIMIT, "too long for a QR code");
    const bool fine = draw(to, c);

    l.release(c);
    return fine ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "out of memory");
}

#else

kao_status cli_qr(kao_bytes *to, const char *text, kao_error *err)
{
    (void)to, (void)text;
    return kao_fail(err, KAO_E_UNSUPPORTED, "this build shows no QR codes");
}

#endif
