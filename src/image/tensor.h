/* Pixels to a network's input: floats, channels last. */
#ifndef KAO_IMAGE_TENSOR_H
#define KAO_IMAGE_TENSOR_H

#include "image/view.h"

/* 0.299 R + 0.587 G + 0.114 B in 15 bits, as cv2.cvtColor rounds it. */
static inline uint32_t kao_grey(const uint8_t rgb[KAO_RGB])
{
    return (9798u * rgb[0] + 19235u * rgb[1] + 3735u * rgb[2] + 16384u) >> 15;
}

typedef enum kao_tensor_order {
    KAO_TENSOR_RGB,
    KAO_TENSOR_BGR,
    KAO_TENSOR_GREY, /* one channel: kao_grey */
} kao_tensor_order;

typedef struct kao_tensor_form {
    kao_tensor_order order;
    float mean[3],
        scale[3]; /* of the tensor's channels, in its order; GREY: of the first */
    bool mirror;  /* left and right exchanged */
} kao_tensor_form;

/* out = (value - mean) * scale for each pixel: height * width * channels floats. picture is
 * RGB and without rotation.
 * Class: exact (floats, subtract then multiply). No allocation. */
void kao_view_to_tensor(const kao_view *picture, const kao_tensor_form *form,
                        float *out);

typedef struct kao_canvas {
    uint32_t width, height;
    uint32_t x, y; /* where the picture's top left pixel lies on it */
    uint8_t fill;  /* the samples of the pixels around */
} kao_canvas;

/* The same, of three channels and not mirrored, for a picture on a canvas, which it does not
 * pass: turned clockwise by 0, 90, 180 or 270 degrees. */
void kao_view_to_canvas(const kao_view *picture, uint32_t turned,
                        const kao_tensor_form *form, const kao_canvas *canvas,
                        float *out);

#endif
