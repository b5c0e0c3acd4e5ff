/* What the picture tests share: a context, and how a picture is compared. */
#ifndef KAO_TESTS_IMAGE_FIXTURE_H
#define KAO_TESTS_IMAGE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/context.h"
#include "base/file.h"
#include "image/image.h"
#include "image/pictures.h"

enum { W = 61, H = 43, N = W * H };

static kao_context *ctx;

static inline kao_image decode_ok(const buf *b, const kao_image_options *options)
{
    kao_error err = { 0 };
    kao_image m;

    if (kao_image_decode(ctx, b->p, b->n, options, &m, &err))
        fail_msg("%s", err.msg);
    return m;
}

static inline int worst(const kao_image *m, const uint8_t *rgb)
{
    int most = 0;

    for (uint32_t y = 0; y < m->height; y++)
        for (uint32_t x = 0; x < m->width * 3; x++) {
            const int d =
                m->rgb[y * m->row_bytes + x] - rgb[(size_t)y * m->width * 3 + x];

            most = abs(d) > most ? abs(d) : most;
        }
    return most;
}

static inline const char *temp_path(char *to, size_t cap, const char *name)
{
    const char *dir = getenv("TMPDIR");

    snprintf(to, cap, "%s/kao-image-%d-%s", dir ? dir : "/tmp", (int)getpid(), name);
    return to;
}

static inline void write_file(const char *path, const void *p, size_t n)
{
    assert_int_equal(kao_file_write(&ctx->mem, path, p, n, NULL), KAO_OK);
}

static size_t live_at_start;

static inline int setup(void **state)
{
    (void)state;
    if (kao_context_create(&ctx, &(kao_context_options){ .n_threads = 1 }, NULL))
        return 1;
    live_at_start = atomic_load(&ctx->mem.live);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    const bool leaked = atomic_load(&ctx->mem.live) != live_at_start;

    kao_context_destroy(ctx);
    return leaked;
}

#endif
