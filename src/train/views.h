/* Changes to a picture that views for training are made of; all in place. Those that give a
 * status need memory (KAO_E_NOMEM). */
#ifndef KAO_TRAIN_VIEWS_H
#define KAO_TRAIN_VIEWS_H

#include "base/mem.h"
#include "base/random.h"
#include "kao/image.h"

/* Some rows and columns of a picture, as a picture that borrows its pixels. */
kao_image kao_views_part(const kao_image *m, uint32_t x, uint32_t y, uint32_t w,
                         uint32_t h);
void kao_views_fill(const kao_image *m, uint8_t v);
void kao_views_mirror(const kao_image *m);
/* Brightness, contrast, saturation, as far as `strength` (0..1) goes; one in `grey` without
 * colour (0: none). */
void kao_views_recolor(kao_random *r, const kao_image *m, float strength,
                       uint32_t grey);
/* Made smaller by `factor` and larger again: what a poor camera leaves. room: another
 * picture of its size. */
kao_status kao_views_blur(kao_mem *mem, const kao_image *m, const kao_image *room,
                          double factor);
/* Through JPEG and back. */
kao_status kao_views_jpeg(kao_context *ctx, const kao_image *m, uint32_t quality);

#endif
