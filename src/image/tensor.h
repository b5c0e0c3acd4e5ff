/* Pixels to a network's input. */
#ifndef KAO_IMAGE_TENSOR_H
#define KAO_IMAGE_TENSOR_H

#include "image/image.h"

typedef enum kao_tensor_layout { KAO_TENSOR_NCHW, KAO_TENSOR_NHWC } kao_tensor_layout;
typedef enum kao_tensor_order {
    KAO_TENSOR_RGB,
    KAO_TENSOR_BGR,
    KAO_TENSOR_GREY, /* one channel: (4899 R + 9617 G + 1868 B + 8192) >> 14, that is
                        0.299, 0.587, 0.114 rounded as cv2.cvtColor does it */
} kao_tensor_order;

typedef struct kao_tensor_form {
    kao_tensor_layout layout;
    kao_tensor_order order;
    float mean[3],
        scale[3]; /* of the tensor's channels, in its order; GREY: of the first */
    bool mirror;  /* left and right exchanged */
} kao_tensor_form;

typedef struct kao_region { /* in pixels of a picture; lies inside it */
    uint32_t x, y, width, height;
} kao_region;

/* out = (value - mean) * scale for each pixel of the region: channels * height * width
 * floats, planes one after another (NCHW) or channels side by side (NHWC).
 * Class: exact (floats, subtract then multiply). No allocation. */
void kao_image_to_tensor(const kao_image *image, kao_region region,
                         const kao_tensor_form *form, float *out);

#endif
