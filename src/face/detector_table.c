/* The detector families. To add one: a codec file and a row here. */
#include <string.h>

#include "face/detector_family.h"

#define USUAL_PASSES                                                                   \
 {                                                                                     \
  .coarse = 160, .main = 640, .fine = 1280, .fine_from = 960, .step = 32               \
 }

static const kao_detector_family rows[] = {
    { .name = "yunet",
      .color = "bgr",
      .mean = 0,
      .scale = 1,
      .min_score = 0.6f,
      .nms = 0.3f,
      .doubt = 0.92f,
      .n_points = 5,
      .passes = USUAL_PASSES,
      .recognise = kao_yunet_recognise,
      .decode = kao_yunet_decode,
      .find = kao_find_by_passes },
    { .name = "scrfd",
      .color = "rgb",
      .mean = 127.5f,
      .scale = 1 / 128.0f,
      .min_score = 0.5f,
      .nms = 0.4f,
      .doubt = 0.83f,
      .n_points = 5,
      .passes = USUAL_PASSES,
      .recognise = kao_scrfd_recognise,
      .decode = kao_scrfd_decode,
      .find = kao_find_by_passes },
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
