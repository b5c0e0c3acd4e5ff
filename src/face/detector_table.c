/* The detector families. To add one: a codec file and a row here. */
#include "face/detector_family.h"

#include <string.h>

static const kao_detector_family rows[] = {
    /* name, colour, mean, scale, score, NMS, structure, decoder */
    { "yunet", "bgr", 0, 1, 0.6f, 0.3f, kao_yunet_recognise, kao_yunet_decode },
    { "scrfd", "rgb", 127.5f, 1 / 128.0f, 0.5f, 0.4f, kao_scrfd_recognise,
      kao_scrfd_decode },
};

const kao_detector_family *kao_detector_family_find(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

const kao_detector_family *kao_detector_recognise(const kao_network *m)
{
    kao_heads heads;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].recognise(m, &heads))
            return &rows[i];
    return NULL;
}
