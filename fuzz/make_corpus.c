/* Write the first inputs of the picture targets: make_corpus FUZZ/CORPUS. Run once;
 * what it wrote is in the tree, beside what the fuzzers found. */
#include <stdio.h>
#include <string.h>

#include "image/made.h"
#include "image/pictures.h"

enum { W = 12, H = 9 };

static const char *root;

static void put(const char *folder, const char *name, buf *b)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s/%s", root, folder, name);
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(b->p, 1, b->n, f) != b->n || fclose(f) != 0)
        perror(path);
    buf_free(b);
}

/* Notes in all their places, and files without their ends. */
static void put_notes_and_ends(const uint8_t *rgb)
{
    const png_how png = { .type = PNG_COLOR_TYPE_RGB, .depth = 8 };
    buf xmp[2] = { make_xmp("6", false), make_xmp("8", true) };
    buf exif = make_exif(6, true, true), raw = make_raw_profile("exif", &exif);
    buf jpeg = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB });
    buf open_end =
        make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB, .progressive = true });
    buf scans =
        make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB, .one_scan_each = true });
    buf texts = make_png(rgb, W * 3, W, H, &png, NULL);
    buf webp = make_webp(rgb, W, H, false);

    jpeg_put_xmp(&jpeg, &xmp[0]);
    jpeg.n -= 2;
    open_end.n -= 2;
    png_put_text(&texts, "zTXt", "Raw profile type exif", &raw);
    png_put_text(&texts, "iTXt", "XML:com.adobe.xmp", &xmp[1]);
    texts.n -= 12;
    webp_put_notes(&webp, W, H, NULL, &xmp[0]);
    put("jpeg", "seed_xmp", &jpeg);
    put("jpeg", "seed_open", &open_end);
    put("jpeg", "seed_scans", &scans);
    put("png", "seed_texts", &texts);
    put("webp", "seed_xmp", &webp);
    buf_insert(&xmp[0], 0, "\0", 1);
    buf_insert(&xmp[1], 0, "\x3http://ns.adobe.com/xap/1.0/", 30);
    buf_insert(&raw, 0, "\x1", 1);
    buf_insert(&exif, 0, "\x3", 1);
    put("upright", "seed0", &xmp[0]);
    put("upright", "seed1", &xmp[1]);
    put("upright", "seed2", &raw);
    put("upright", "seed3", &exif);
}

/* Names as elements, as attributes, in a picture, none yet. */
static void put_regions(const uint8_t *rgb)
{
#define HEAD                                                                           \
 "<x:xmpmeta xmlns:x='adobe:ns:meta/'><r:RDF "                                         \
 "xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' "                              \
 "xmlns:m='http://www.metadataworkinggroup.com/schemas/regions/' "                     \
 "xmlns:a='http://ns.adobe.com/xmp/sType/Area#'><r:Description r:about=''>"
#define TAIL "</r:Description></r:RDF></x:xmpmeta>"
#define LIST(ITEMS)                                                                    \
 HEAD "<m:Regions r:parseType='Resource'><m:RegionList><r:Bag>" ITEMS                  \
      "</r:Bag></m:RegionList></m:Regions>" TAIL
    static const char *const packets[] = {
        LIST("<r:li><r:Description m:Name='A&amp;B' m:Type='Face'><m:Area a:x='.5' "
             "a:y='.25' a:w='.25' a:h='.5'/></r:Description></r:li>"),
        LIST("<r:li r:parseType='Resource'><m:Name>Ana</m:Name><m:Type>Face</m:Type>"
             "<m:Area r:parseType='Resource'><a:x>0.5</a:x><a:y>.25</a:y><a:w>.2</a:w>"
             "<a:h>.5</a:h></m:Area></r:li>"),
        HEAD TAIL
    };
    buf jpeg = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB });
    const png_how rgb8 = { .type = PNG_COLOR_TYPE_RGB, .depth = 8 };
    buf png = make_png(rgb, W * 3, W, H, &rgb8, NULL);
    char name[32];

    for (unsigned i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        buf b = { 0 };

        buf_add(&b, packets[i], strlen(packets[i]));
        if (i == 1)
            jpeg_put_xmp(&jpeg, &b);
        if (i == 1)
            png_put_text(&png, "iTXt", "XML:com.adobe.xmp", &b);
        buf_insert(&b, 0, "\1", 1);
        snprintf(name, sizeof name, "seed%u", i);
        put("regions", name, &b);
    }
    buf_insert(&jpeg, 0, "", 1);
    buf_insert(&png, 0, "", 1);
    put("regions", "seed_jpeg", &jpeg);
    put("regions", "seed_png", &png);
}

static void put_pixbuf(const uint8_t *rgba)
{
    static const uint32_t sizes[] = { 4, 8 };
    static const bmp_how bmps[] = { { .depth = 24 },
                                    { .depth = 8, .rle = true },
                                    { .depth = 16, .top_down = true },
                                    { .depth = 32 } };
    uint8_t indices[W * H], colours[48];
    char name[32];

    for (unsigned i = 0; i < W * H; i++)
        indices[i] = rgba[i] / 16;
    for (unsigned i = 0; i < sizeof colours; i++)
        colours[i] = (uint8_t)(i * 5);
    for (unsigned i = 0; i < 4; i++) {
        buf gif = make_gif(indices, W, H, colours,
                           &(gif_how){ .interlaced = i % 2,
                                       .local = i / 2,
                                       .transparent = (int)i - 1,
                                       .frames = (int)i / 2 });
        buf bmp = make_bmp(rgba, W, H, &bmps[i]);
        buf tiff = make_tiff(rgba, W, H,
                             &(tiff_how){ .big = i % 2,
                                          .orientation = (uint16_t)(i * 2 + 1),
                                          .depth = i == 2 ? 16 : 8,
                                          .samples = i == 3   ? 4
                                                     : i == 1 ? 1
                                                              : 3,
                                          .extra = 2 });

        snprintf(name, sizeof name, "gif%u", i);
        put("pixbuf", name, &gif);
        snprintf(name, sizeof name, "bmp%u", i);
        put("pixbuf", name, &bmp);
        snprintf(name, sizeof name, "tiff%u", i);
        put("pixbuf", name, &tiff);
    }
    buf ico = make_ico(rgba, W, 24, sizes, 2, NULL);
    buf with_alpha = make_ico(rgba, W, 32, sizes, 2, NULL);

    put("pixbuf", "ico0", &ico);
    put("pixbuf", "ico1", &with_alpha);
}

int main(int argc, char **argv)
{
    static const jpeg_how jpegs[] = { { .kind = JPEG_RGB, .restart_rows = 1 },
                                      { .kind = JPEG_RGB, .progressive = true },
                                      { .kind = JPEG_RGB, .chroma_420 = true },
                                      { .kind = JPEG_GREY },
                                      { .kind = JPEG_CMYK, .progressive = true },
                                      { .kind = JPEG_YCCK } };
    static uint8_t rgb[W * H * 3], rgba[W * H * 8], palette[768];
    char name[32];

    if (argc != 2)
        return 3;
    root = argv[1];
    pattern(rgb, W, H);
    for (size_t i = 0; i < sizeof rgba; i++)
        rgba[i] = (uint8_t)(i * i / 9);
    for (unsigned i = 0; i < sizeof jpegs / sizeof jpegs[0]; i++) {
        buf b = make_jpeg(jpegs[i].kind >= JPEG_CMYK ? rgba : rgb, W, H, &jpegs[i]);

        jpeg_put_exif(&b, (uint16_t)(i + 2), i % 2);
        snprintf(name, sizeof name, "seed%u", i);
        put("jpeg", name, &b);
    }
    for (unsigned i = 0; i < 7; i++) {
        const png_how how = { i == 1 || i == 5 ? 0 : (int)i,
                              i == 3   ? 4
                              : i == 5 ? 16
                                       : 8,
                              i % 2, i < 4, 0 };
        buf b = make_png(rgba, W * 8, W, H, &how, palette);

        png_put_exif(&b, (uint16_t)(i + 2), i % 2, i % 3 == 0);
        snprintf(name, sizeof name, "seed%u", i);
        put("png", name, &b);
    }
    buf still = make_webp(rgb, W, H, false), alpha = make_webp(rgba, W, H, true);
    buf anim = make_webp_animation(&still, 20, 16, 2, 4, W, H);
    buf lossy = make_webp_lossy(rgb, W, H);

    webp_put_exif(&alpha, W, H, 6, true);
    put("webp", "seed0", &still);
    put("webp", "seed1", &alpha);
    put("webp", "seed2", &anim);
    put("webp", "seed3", &lossy);
    for (uint16_t i = 0; i < 4; i++) {
        buf b = make_exif((uint16_t)(i * 2 + 1), i % 2, i / 2);

        snprintf(name, sizeof name, "seed%u", i);
        put("exif", name, &b);
    }
    put_notes_and_ends(rgb);
    put_pixbuf(rgba);
    put_regions(rgb);
    return 0;
}
