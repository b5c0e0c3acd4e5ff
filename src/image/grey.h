/* A picture as one grey plane of a given size, as the starting sample makes it with OpenCV:
 * what a network was trained on this way has to be fed to the bit. */
#ifndef KAO_IMAGE_GREY_H
#define KAO_IMAGE_GREY_H

#include "image/view.h"

enum { KAO_GREY_MAX_SIDE = 1024 };

/* Fill out, width * height samples (each side KAO_GREY_MAX_SIDE at most), with the upright
 * picture, whatever its shape: each sample is interpolated linearly between four pixels, also
 * where the picture is many times larger. A pixel's grey is kao_grey's; of a picture that was
 * decoded with kao_image_options.grey it is the file's own.
 * Class: exact; the same as cv2.resize(.., INTER_LINEAR) of 8-bit pictures, whose weights have
 * 11 bits. No allocation. */
void kao_view_to_grey(const kao_view *view, uint32_t width, uint32_t height,
                      uint8_t *out);

/* Spread the n samples over 0..255 by their own distribution. Exact, as cv2.equalizeHist. */
void kao_grey_equalize(uint8_t *samples, size_t n);

#endif
