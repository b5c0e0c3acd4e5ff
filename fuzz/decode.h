/* The body of the picture targets: one codec, whatever the bytes look like, then turned
 * upright as the library does it. */
#ifndef KAO_FUZZ_DECODE_H
#define KAO_FUZZ_DECODE_H

#include "image/codec_table.h"
#include "target.h"

static inline int fuzz_decode(kao_decode_fn *decode, const uint8_t *data, size_t n)
{
    /* The last byte asks for a size; decoders ignore bytes behind the end. */
    const kao_image_options options = { .max_side = n > 0 ? data[n - 1] : 0 };
    uint8_t orientation = 0;
    kao_error err = { 0 };
    kao_image m = { 0 };
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    kao_status st =
        decode(&mem, (kao_span){ data, n }, &options, &m, &orientation, &err);

    if (!st) {
        FUZZ_CHECK(orientation >= 1 && orientation <= 8);
        FUZZ_CHECK(m.rgb && m.full_width <= KAO_IMAGE_MAX_SIDE);
        FUZZ_CHECK((uint64_t)m.width * m.height <= KAO_IMAGE_MAX_PIXELS);
        FUZZ_CHECK((uint64_t)m.full_width * m.full_height <= KAO_IMAGE_MAX_FILE_PIXELS);
        st = kao_image_orient(&mem, &m, orientation, &err);
        FUZZ_CHECK(!st && m.skip_x < 8 && m.skip_y < 8);
        /* each corner can be read */
        volatile uint8_t last = kao_image_row(&m, m.height - 1)[m.width * 3 - 1];
        (void)last;
    } else {
        FUZZ_CHECK(!m.rgb && err.msg[0] && err.code == st);
        FUZZ_CHECK(err.offset == UINT64_MAX || err.offset <= n);
    }
    kao_image_drop(&mem, &m);
    FUZZ_CHECK(atomic_load(&mem.live) == 0);
    return 0;
}

#endif
