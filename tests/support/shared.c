/* See shared.h. */
#include "support/shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *shared_dir(const char *what)
{
    const char *dir = getenv("KAO_SHARED");
    struct stat info;

    if (dir && stat(dir, &info) == 0 && S_ISDIR(info.st_mode))
        return dir;
    printf("SKIP: %s needs the shared data folder (set KAO_SHARED)\n", what);
    return NULL;
}

const char *path_of(char *buf, size_t cap, const char *base, const char *name)
{
    const int n = snprintf(buf, cap, "%s/%s", base, name);

    if (n < 0 || (size_t)n >= cap)
        abort();
    return buf;
}

int pattern_at(unsigned picture, unsigned x, unsigned y, unsigned c)
{
    x += 1000 * picture;
    unsigned t = (x * 73856093u) ^ (y * 19349663u) ^ (c * 83492791u);

    t ^= t >> 13;
    t *= 0x5bd1e995u;
    t ^= t >> 15;
    return (int)(((x >> 3) * 7 + (y >> 3) * 11 + c * 29) % 192 + (t & 63));
}

static const struct {
    const char *name;
    float mean[3], divisor[3]; /* (v - mean) / divisor */
} transforms[] = {
    { "raw", { 0, 0, 0 }, { 1, 1, 1 } },
    { "v/255", { 0, 0, 0 }, { 255, 255, 255 } },
    { "v/256, channel 0 only", { 0, 0, 0 }, { 256, 256, 256 } },
    { "(v-127)/128", { 127, 127, 127 }, { 128, 128, 128 } },
    { "(v-127.5)/128", { 127.5f, 127.5f, 127.5f }, { 128, 128, 128 } },
    { "(v-127.5)/127.5", { 127.5f, 127.5f, 127.5f }, { 127.5f, 127.5f, 127.5f } },
    { "(v/255-.5)/.5", { 127.5f, 127.5f, 127.5f }, { 127.5f, 127.5f, 127.5f } },
    { "v-(104,117,123)", { 104, 117, 123 }, { 1, 1, 1 } },
    { "(v-(122.782,117.001,104.298))/256",
      { 122.782f, 117.001f, 104.298f },
      { 256, 256, 256 } },
    { "(v/255-(.485,.456,.406))/(.229,.224,.225)",
      { 255 * .485f, 255 * .456f, 255 * .406f },
      { 255 * .229f, 255 * .224f, 255 * .225f } },
};

bool pattern_fill(const kao_tensor *t, bool nhwc, const char *transform)
{
    const int64_t channels = t->dims[nhwc ? 3 : 1], h = t->dims[nhwc ? 1 : 2],
                  w = t->dims[nhwc ? 2 : 3];
    float *to = t->data;

    for (size_t k = 0; k < sizeof transforms / sizeof transforms[0]; k++) {
        if (strcmp(transforms[k].name, transform) != 0)
            continue;
        for (int64_t n = 0; n < t->dims[0]; n++)
            for (int64_t c = 0; c < channels; c++)
                for (int64_t y = 0; y < h; y++)
                    for (int64_t x = 0; x < w; x++) {
                        const float v = (float)pattern_at((unsigned)n, (unsigned)x,
                                                          (unsigned)y, (unsigned)c);

                        to[nhwc ? ((n * h + y) * w + x) * channels + c
                                : ((n * channels + c) * h + y) * w + x] =
                            (v - transforms[k].mean[c]) / transforms[k].divisor[c];
                    }
        return true;
    }
    return false;
}
