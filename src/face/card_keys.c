/* See card_keys.h. */
#include "face/card_keys.h"

#include <stdint.h>
#include <string.h>

#include "face/calibration.h"

/* Kinds of model but detectors, whose family supplies what their cards lack. */
static const char *const kinds[] = { "embedder", "landmarks", "quality", "pose",
                                     "liveness" };
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };
enum { EMBEDDER = 1, POSE = 8, LIVENESS = 16, ANALYSER = 30, ALL = 31 }; /* 1 << kind */
enum { FED = KAO_CARD_FED, OPTIONAL = KAO_CARD_OPTIONAL, MEASURED = KAO_CARD_MEASURED };

/* Every key there is, the kinds that need it, and what it is. */
static const struct {
    const char *key;
    uint8_t is;
} keys[] = {
    { "anchors", 0 },
    { "dim", 0 },
    { "family", 0 },
    { "input.color", ALL | FED },
    { "input.equalize", FED | OPTIONAL },
    { "input.fill", 0 },
    { "input.layout", 0 },
    { "input.mean", ALL | FED },
    { "input.resize", 0 },
    { "input.scale", ALL | FED },
    { "input.size", ALL | FED },
    { "kind", ALL },
    { "license", 0 },
    { "members", 0 },
    { "metric", FED | OPTIONAL },
    { "name", 0 },
    { "note", 0 },
    { "output.angles", POSE },
    { "output.bins", 0 },
    { "output.decode", ANALYSER | FED },
    { "output.live", LIVENESS | FED },
    { "outputs", 0 },
    { "preset", 0 },
    { "quality.norm", MEASURED },
    { "strides", 0 },
    { "template", ALL | FED },
    { "template.margin", FED | OPTIONAL },
    { "threshold.cosine", MEASURED },
    { "threshold.distance", MEASURED },
    { "threshold.live", MEASURED },
    { "threshold.nms", 0 },
    { "threshold.score", 0 },
    { "trained_on", 0 },
    { "tta", 0 },
    { "views", 0 },
};

bool kao_card_is_default(const char *key, const char *value)
{
    static const char *const of[][2] = { { "input.equalize", "no" },
                                         { "metric", "cosine" },
                                         { "template.margin", "1" } };
    bool is = false;

    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++)
        is |= strcmp(key, of[i][0]) == 0 && strcmp(value, of[i][1]) == 0;
    return is;
}

bool kao_card_key(const char *key, unsigned *is)
{
    bool there = false;
    unsigned bits = 0;

    for (size_t i = 0; !there && i < sizeof keys / sizeof keys[0]; i++) {
        there = strcmp(keys[i].key, key) == 0;
        bits = there ? keys[i].is : 0;
    }
    if (!there && kao_calibration_is_key(key)) {
        there = true;
        bits = MEASURED;
    }
    if (is)
        *is = bits & (FED | OPTIONAL | MEASURED);
    return there;
}

const char *kao_card_needed(const char *kind, size_t *i)
{
    size_t k = 0;

    while (kind && k < N_KINDS && strcmp(kind, kinds[k]) != 0)
        k++;
    const unsigned bit = k < N_KINDS ? 1u << k : EMBEDDER;

    while (*i < sizeof keys / sizeof keys[0])
        if (keys[(*i)++].is & bit)
            return keys[*i - 1].key;
    return NULL;
}
