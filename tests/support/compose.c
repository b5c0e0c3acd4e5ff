/* Make pictures for tests of the program from other pictures:
 *
 *     compose OUT WIDTH HEIGHT GREY [IN X Y W H [SX SY SW SH]]...
 *
 * A canvas of one grey, and on it each IN (or its part SX SY SW SH) resized to W x H, its
 * top left corner at X, Y. IN is a file or a colour, #rrggbb; a part is told from the next
 * IN by its first letter, which is a digit. The format of OUT follows its name.
 *
 *     compose --on-side OUT IN
 *
 * IN turned a quarter to the left: what a camera held upright stores with orientation 6. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kao/image.h"

static uint32_t number(const char *s)
{
    return (uint32_t)strtoul(s, NULL, 10);
}

/* "#rrggbb": a picture of one pixel. */
static int load(kao_context *ctx, const char *name, kao_image *out, kao_error *err)
{
    if (name[0] != '#')
        return kao_image_load(ctx, name, NULL, out, err) == KAO_OK;
    const unsigned long rgb = strtoul(name + 1, NULL, 16);

    if (kao_image_create(ctx, 1, 1, out, err))
        return 0;
    for (int c = 0; c < 3; c++)
        out->rgb[c] = (uint8_t)(rgb >> (16 - 8 * c));
    return 1;
}

static kao_image part_of(const kao_image *image, uint32_t x, uint32_t y, uint32_t w,
                         uint32_t h)
{
    return (kao_image){ .rgb = image->rgb + y * image->row_bytes + 3 * (size_t)x,
                        .width = w,
                        .height = h,
                        .row_bytes = image->row_bytes };
}

/* argv: IN X Y W H and maybe SX SY SW SH; gives how many were used, 0: failed. */
static int place(kao_context *ctx, const kao_image *canvas, int argc, char **argv,
                 kao_error *err)
{
    kao_image in = { 0 };
    int used = argc >= 9 && isdigit((unsigned char)argv[5][0]) ? 9 : 5;

    if (argc < 5 || !load(ctx, argv[0], &in, err))
        return 0;
    const kao_image from = used == 9 ? part_of(&in, number(argv[5]), number(argv[6]),
                                               number(argv[7]), number(argv[8]))
                                     : in;
    const kao_image to = part_of(canvas, number(argv[1]), number(argv[2]),
                                 number(argv[3]), number(argv[4]));

    const kao_view view = kao_image_view(&from);

    if (kao_image_resize(ctx, &view, &to, err))
        used = 0;
    kao_image_free(ctx, &in);
    return used;
}

static int on_side(kao_context *ctx, const char *to, const char *from, kao_error *err)
{
    kao_image in = { 0 }, out = { 0 };
    int ok = kao_image_load(ctx, from, NULL, &in, err) == KAO_OK &&
             kao_image_create(ctx, in.height, in.width, &out, err) == KAO_OK;

    for (uint32_t y = 0; ok && y < out.height; y++)
        for (uint32_t x = 0; x < out.width; x++)
            memcpy(out.rgb + y * out.row_bytes + 3 * (size_t)x,
                   in.rgb + x * in.row_bytes + 3 * (size_t)(in.width - 1 - y), 3);
    ok = ok && kao_image_save(ctx, to, &out, err) == KAO_OK;
    kao_image_free(ctx, &in);
    kao_image_free(ctx, &out);
    return ok;
}

int main(int argc, char **argv)
{
    kao_context *ctx = NULL;
    kao_image canvas = { 0 };
    kao_error err = {
        .msg = "usage: compose OUT WIDTH HEIGHT GREY [IN X Y W H [SX SY SW SH]]..."
    };
    if (argc == 4 && strcmp(argv[1], "--on-side") == 0) {
        const int turned = kao_context_create(&ctx, NULL, &err) == KAO_OK &&
                           on_side(ctx, argv[2], argv[3], &err);

        if (!turned)
            fprintf(stderr, "compose: %s\n", err.msg);
        kao_context_destroy(ctx);
        return !turned;
    }
    int ok = argc >= 5 && kao_context_create(&ctx, NULL, &err) == KAO_OK &&
             kao_image_create(ctx, number(argv[2]), number(argv[3]), &canvas, &err) ==
                 KAO_OK;

    if (ok)
        memset(canvas.rgb, (int)number(argv[4]), canvas.row_bytes * canvas.height);
    for (int i = 5; ok && i < argc;) {
        ok = place(ctx, &canvas, argc - i, argv + i, &err);
        i += ok;
    }
    if (ok)
        ok = kao_image_save(ctx, argv[1], &canvas, &err) == KAO_OK;
    if (!ok)
        fprintf(stderr, "compose: %s\n", err.msg);
    kao_image_free(ctx, &canvas);
    kao_context_destroy(ctx);
    return !ok;
}
