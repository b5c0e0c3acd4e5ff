/* Names in XMP packets. The first byte says whether the rest is a picture or an XMP file beside one.
 * What was written is read again: the regions that were there and the new ones, and every byte of before. */
#include <string.h>

#include "base/context.h"
#include "image/xmp_regions.h"
#include "kao/image.h"
#include "kao/regions.h"
#include "target.h"

enum { N_NEW = 2, WIDTH = 40, HEIGHT = 30 };

typedef struct input {
    kao_span picture, sidecar;
} input;

static size_t count(kao_context *ctx, input in)
{
    kao_regions found = { .size = sizeof found };
    kao_error err = { 0 };
    const kao_status st = kao_regions_read(ctx, in.picture.p, in.picture.n,
                                           in.sidecar.p, in.sidecar.n, &found, &err);
    const size_t n = found.n;

    FUZZ_CHECK(st == KAO_OK || err.msg[0]);
    FUZZ_CHECK(n <= KAO_REGIONS_MOST);
    for (size_t i = 0; i < n; i++)
        FUZZ_CHECK(found.list[i].width > 0 && found.list[i].height > 0 &&
                   strlen(found.list[i].name) < KAO_PACKET_MOST);
    kao_regions_free(ctx, &found);
    return n;
}

/* All of a is in b, in two parts at most. */
static void check_kept(kao_span a, kao_span b)
{
    size_t head = 0, tail = 0;

    FUZZ_CHECK(a.n <= b.n);
    while (head < a.n && a.p[head] == b.p[head])
        head++;
    while (tail < a.n && a.p[a.n - 1 - tail] == b.p[b.n - 1 - tail])
        tail++;
    FUZZ_CHECK(head + tail >= a.n);
}

/* Zero bytes and spaces at the end belong to no packet, and are left out. */
static kao_span trimmed(kao_span s)
{
    while (s.n && (s.p[s.n - 1] == 0 || s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\n'))
        s.n--;
    return s;
}

static size_t with_new(size_t n)
{
    return n + N_NEW < KAO_REGIONS_MOST ? n + N_NEW : KAO_REGIONS_MOST;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const kao_region added[N_NEW] = { { "Ana <\"&'>", .5F, .25F, .1F, .2F },
                                             { "\xe9\xa1\x94\n", 0, 1, 1, 1 } };
    static const kao_context_options one_thread = { .n_threads = 1 };
    static kao_context *ctx;
    kao_error err = { 0 };
    uint8_t *out = NULL;
    size_t n_out = 0;

    if (!ctx)
        FUZZ_CHECK(kao_context_create(&ctx, &one_thread, NULL) == KAO_OK);
    if (n == 0)
        return 0;
    const size_t live = atomic_load(&ctx->mem.live);
    const bool beside = data[0] % 2;
    const kao_span rest = { data + 1, n - 1 };
    const input in = { beside ? (kao_span){ NULL, 0 } : rest,
                       beside ? rest : (kao_span){ NULL, 0 } };
    const size_t had = count(ctx, in);
    kao_status st =
        kao_regions_write(ctx, in.picture.p, in.picture.n, in.sidecar.p, in.sidecar.n,
                          added, N_NEW, WIDTH, HEIGHT, &out, &n_out, &err);

    FUZZ_CHECK(st == KAO_OK || (err.msg[0] && !out));
    if (!st)
        FUZZ_CHECK(count(ctx, (input){ in.picture, { out, n_out } }) == with_new(had));
    if (!st && beside)
        check_kept(trimmed(rest), (kao_span){ out, n_out });
    kao_image_free_bytes(ctx, out);
    err = (kao_error){ 0 };
    st = kao_regions_embed(ctx, in.picture.p, in.picture.n, added, N_NEW, WIDTH, HEIGHT,
                           &out, &n_out, &err);
    FUZZ_CHECK(st == KAO_OK || (err.msg[0] && !out));
    if (!st)
        FUZZ_CHECK(count(ctx, (input){ { out, n_out }, { NULL, 0 } }) == with_new(had));
    kao_image_free_bytes(ctx, out);
    FUZZ_CHECK(atomic_load(&ctx->mem.live) == live);
    return 0;
}
