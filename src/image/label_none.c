/* A build without labels. */
#include "image/image.h"

kao_status kao_image_draw_label(kao_context *ctx, const kao_image *image, float x,
                                float y, const char *text, float px, kao_color ink,
                                kao_color ground, kao_label *out, kao_error *err)
{
    (void)ctx, (void)image, (void)x, (void)y, (void)text, (void)px, (void)ink;
    (void)ground;
    if (out)
        *out = (kao_label){ 0 };
    return kao_fail(err, KAO_E_UNSUPPORTED, "labels are not in this build");
}
