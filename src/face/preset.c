/* Cards by name, for models whose makers' program says what their card would. See
 * docs/cards.md. */
#include <stddef.h>
#include <string.h>

#include "face/card.h"

/* The still mode of the ailia SDK's ArcFace sample: the whole picture in grey at 128 x 128, its
 * shape not kept, it and its mirror image, their 512 numbers each joined as they come; the
 * threshold is that of its training repository's test on LFW. Models whose names have "eq_"
 * get the histogram equalised. */
#define AILIA_ARCFACE                                                                  \
 "kind = embedder\n"                                                                   \
 "input.color = grey\n"                                                                \
 "input.mean = 127.5\n"                                                                \
 "input.scale = 1/127.5\n"                                                             \
 "input.size = 128x128\n"                                                              \
 "template = picture\n"                                                                \
 "tta = concat\n"                                                                      \
 "threshold.cosine = 0.25572845\n"

static const struct {
    const char *name, *text;
} presets[] = {
    { "ailia-arcface", AILIA_ARCFACE },
    { "ailia-arcface-eq", AILIA_ARCFACE "input.equalize = yes\n" },
};

const char *kao_preset_find(const char *name)
{
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++)
        if (strcmp(presets[i].name, name) == 0)
            return presets[i].text;
    return NULL;
}
