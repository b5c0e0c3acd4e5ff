/* The detector families. To add one: a codec file and a row here.
 *
 * min_score and nms are what their authors use. doubt is measured on pictures of LFW's first
 * fold, 250 x 250, upright and upside down: upright faces score more in 99 of 100 pictures, and the
 * same faces upside down less in as many; YOLOv5-face's and the 2022 YuNet's upside-down ones less in
 * 95 of 100, and of BlazeFace's two files the weaker one's upright ones more in 97 (docs/detectors.md).
 * Where no score tells upright faces from upside-down ones (UltraFace), or no weights were at hand
 * (YOLOv3-face), doubt is 0: turned pictures are not looked at. */
#include <string.h>

#include "face/detector_family.h"

#define PASSES_FROM(LEAST)                                                             \
 {                                                                                     \
  .coarse = 160, .middle = 320, .main = 640, .fine = 1280, .tiles = 4000,              \
  .tiles_from = 2000000, .step = 32, .least = (LEAST)                                  \
 }
#define USUAL_PASSES PASSES_FROM(32)

#define CODEC(NAME)                                                                    \
 .recognise = kao_##NAME##_recognise, .decode = kao_##NAME##_decode,                   \
 .find = kao_find_by_passes

static const kao_detector_family rows[] = {
    { .name = "yunet",
      .color = "bgr",
      .scale = 1,
      .min_score = 0.6f,
      .nms = 0.3f,
      .doubt = 0.92f,
      .n_points = 5,
      .passes = USUAL_PASSES,
      CODEC(yunet) },
    { .name = "scrfd",
      .color = "rgb",
      .mean = { 127.5f, 127.5f, 127.5f },
      .scale = 1 / 128.0f,
      .min_score = 0.5f,
      .nms = 0.4f,
      .doubt = 0.83f,
      .n_points = 5,
      .passes = USUAL_PASSES,
      CODEC(scrfd) },
    { .name = "retinaface",
      .color = "bgr",
      .mean = { 104, 117, 123 },
      .scale = 1,
      .min_score = 0.5f,
      .nms = 0.4f,
      .doubt = 0.9985f,
      .n_points = 5,
      .passes = USUAL_PASSES,
      CODEC(retinaface) },
    /* after retinaface, which a file that states no widths and has a softmax is taken for */
    { .name = "yunet-2022",
      .color = "bgr",
      .scale = 1,
      .min_score = 0.6f,
      .nms = 0.3f,
      .doubt = 0.9999f,
      .n_points = 5,
      .passes = PASSES_FROM(64), /* it halves its maps six times: 32 leave none */
      CODEC(yunet2022) },
    { .name = "ultraface",
      .color = "rgb",
      .mean = { 127, 127, 127 },
      .scale = 1 / 128.0f,
      .fit = KAO_FIT_STRETCH,
      .min_score = 0.7f,
      .nms = 0.3f,
      .doubt = 0,
      .passes = { .main = 640, .step = 8 },
      CODEC(ultraface) },
    { .name = "blazeface",
      .color = "rgb",
      .mean = { 127.5f, 127.5f, 127.5f },
      .scale = 1 / 127.5f,
      .layout = KAO_NHWC,
      .fit = KAO_FIT_LETTERBOX,
      .min_score = 0.65f,
      .nms = 0.3f,
      .doubt = 0.8f,
      .n_points = 4,
      .averages = true,
      .passes = { .main = 256, .step = 128 },
      CODEC(blazeface) },
    { .name = "yolov5-face",
      .color = "rgb",
      .scale = 1 / 255.0f,
      .fit = KAO_FIT_LETTERBOX,
      .fill = 114,
      .min_score = 0.6f,
      .nms = 0.5f,
      .doubt = 0.81f,
      .n_points = 5,
      .passes = USUAL_PASSES,
      CODEC(yolov5) },
    { .name = "yolov8-face",
      .color = "rgb",
      .scale = 1 / 255.0f,
      .fit = KAO_FIT_LETTERBOX,
      .fill = 114,
      .min_score = 0.45f,
      .nms = 0.5f,
      .doubt = 0.757f,
      .n_points = 5,
      .passes = USUAL_PASSES,
      CODEC(yolov8) },
    { .name = "yolov3-face",
      .color = "rgb",
      .scale = 1 / 255.0f,
      .fit = KAO_FIT_LETTERBOX,
      .fill = 128,
      .min_score = 0.5f,
      .nms = 0.4f,
      .doubt = 0,
      .passes = { .main = 416, .step = 32 },
      CODEC(yolov3) },
    { .name = "mtcnn",
      .color = "rgb",
      .mean = { 127.5f, 127.5f, 127.5f },
      .scale = 1 / 128.0f,
      .layout = KAO_NWHC,
      .min_score = 0.7f,
      .nms = 0.7f,
      .doubt = 0.995f,
      .n_points = 5,
      .passes = { .main = 1280, .step = 1 },
      .recognise = kao_mtcnn_recognise,
      .find = kao_mtcnn_find,
      .open = kao_mtcnn_open,
      .close = kao_mtcnn_close },
};

const kao_detector_family *kao_detector_family_find(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

const kao_detector_family *kao_detector_recognise(const kao_network *net)
{
    kao_heads heads;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].recognise(net, &heads))
            return &rows[i];
    return NULL;
}
