/* See clip_scenes.h. A second is 25 frames, in "slow" 5. */
#include "support/clip_scenes.h"

#include <string.h>

/* clang-format off */
/* Two people walk towards each other; ben passes behind ana. */
static const clip_act crossing[] = {
    { BEN, 1, false,   0,  30, { 535, 168, 104 }, { 530, 170, 104 } },
    { BEN, 1, false,  30, 160, { 530, 170, 104 }, { 105, 172, 104 } },
    { BEN, 1, false, 160, 200, { 105, 172, 104 }, { 110, 170, 104 } },
    { ANA, 1, false,   0,  30, { 105, 186, 120 }, { 110, 184, 120 } },
    { ANA, 1, false,  30, 160, { 110, 184, 120 }, { 530, 188, 120 } },
    { ANA, 1, false, 160, 200, { 530, 188, 120 }, { 525, 186, 120 } },
};

/* Ben walks behind a bar of 150 pixels at 4 pixels a frame: for 37 frames, 1.5 seconds, more
 * than half of his face is hidden. Chen stays. */
static const clip_act occlusion[] = {
    { CHEN, 1, false,   0, 200, { 580, 150,  92 }, { 574, 156,  92 } },
    { BEN,  1, false,   0,  40, {  72, 176, 108 }, {  70, 172, 108 } },
    { BEN,  1, false,  40, 140, {  70, 172, 108 }, { 470, 176, 108 } },
    { BEN,  1, false, 140, 200, { 470, 176, 108 }, { 462, 172, 108 } },
};

/* Three cuts: the same three people at other places, larger or smaller, on other pictures. */
static const clip_act cuts[] = {
    { ANA,  1, false,   0,  40, { 110, 180, 110 }, { 116, 182, 110 } },
    { BEN,  1, false,   0,  40, { 320, 176, 118 }, { 316, 172, 118 } },
    { DORA, 1, false,   0,  40, { 530, 186, 112 }, { 528, 184, 112 } },
    { DORA, 3, false,  40,  80, { 105, 170, 100 }, { 112, 174, 100 } },
    { ANA,  2, false,  40,  80, { 330, 190, 140 }, { 334, 188, 142 } },
    { BEN,  2, false,  40,  80, { 545, 172, 104 }, { 540, 174, 104 } },
    { BEN,  4, false,  80, 120, { 150, 180, 130 }, { 156, 182, 130 } },
    { DORA, 2, false,  80, 120, { 360, 150,  84 }, { 352, 152,  84 } },
    { ANA,  3, false,  80, 120, { 520, 176, 124 }, { 524, 172, 126 } },
    { ANA,  1, true,  120, 160, { 210, 170,  96 }, { 214, 168,  96 } },
    { DORA, 1, true,  120, 160, { 420, 182, 120 }, { 416, 184, 120 } },
    { BEN,  3, false, 120, 160, {  70, 176,  92 }, {  76, 174,  92 } },
};

/* Five frames a second: a face goes more than half its width from one frame to the next. */
static const clip_act slow[] = {
    { EMIL, 1, false,  0, 10, {  70,  92,  92 }, { 570,  96,  92 } },
    { EMIL, 1, false, 10, 20, { 570,  96,  92 }, {  90,  90,  92 } },
    { EMIL, 1, false, 20, 30, {  90,  90,  92 }, { 560,  94,  92 } },
    { EMIL, 1, false, 30, 40, { 560,  94,  92 }, { 100,  92,  92 } },
    { DORA, 1, false,  0, 12, { 560, 264,  90 }, { 100, 268,  90 } },
    { DORA, 1, false, 12, 24, { 100, 268,  90 }, { 540, 262,  90 } },
    { DORA, 1, false, 24, 40, { 540, 262,  90 }, { 320, 266,  90 } },
};

/* Emil goes out to the right and comes back more than 80 frames later; ana and chen stay. */
static const clip_act absence[] = {
    { ANA,  1, false,   0, 250, { 110, 180, 116 }, { 120, 184, 116 } },
    { CHEN, 1, false,   0, 250, { 300, 172, 110 }, { 292, 176, 110 } },
    { EMIL, 1, false,   0,  40, { 500, 184, 112 }, { 505, 182, 112 } },
    { EMIL, 1, false,  40,  80, { 505, 182, 112 }, { 745, 186, 112 } },
    { EMIL, 1, true,  170, 210, { 745, 178, 114 }, { 510, 182, 114 } },
    { EMIL, 1, true,  210, 250, { 510, 182, 114 }, { 504, 184, 114 } },
};

/* Three people; after 2.4 seconds dora comes in from the right, emil 2.4 seconds later. */
static const clip_act newcomer[] = {
    { ANA,  1, false,   0, 200, {  70, 176,  86 }, {  76, 180,  86 } },
    { BEN,  1, false,   0, 200, { 190, 168,  88 }, { 194, 172,  88 } },
    { CHEN, 1, false,   0, 200, { 310, 182,  84 }, { 314, 178,  84 } },
    { DORA, 1, false,  60,  95, { 720, 176,  86 }, { 436, 174,  86 } },
    { DORA, 1, false,  95, 200, { 436, 174,  86 }, { 440, 176,  86 } },
    { EMIL, 1, false, 120, 145, { 730, 182,  88 }, { 562, 180,  88 } },
    { EMIL, 1, false, 145, 200, { 562, 180,  88 }, { 558, 178,  88 } },
};

/* One person comes nearer, and goes back a little. */
static const clip_act lone[] = {
    { DORA, 1, false,   0,  90, { 240, 170,  80 }, { 340, 186, 150 } },
    { DORA, 1, false,  90, 150, { 340, 186, 150 }, { 360, 180, 120 } },
};
/* clang-format on */

#define ACTS(list) .acts = list, .n_acts = sizeof(list) / sizeof((list)[0])

static const clip_scene scenes[] = {
    { .name = "crossing", .fps = 25, .n_frames = 200, ACTS(crossing) },
    { .name = "occlusion",
      .fps = 25,
      .n_frames = 200,
      .bar_x = 220,
      .bar_width = 150,
      ACTS(occlusion) },
    { .name = "cuts", .fps = 25, .n_frames = 160, .cuts = { 40, 80, 120 }, ACTS(cuts) },
    { .name = "slow", .fps = 5, .n_frames = 40, ACTS(slow) },
    { .name = "absence", .fps = 25, .n_frames = 250, ACTS(absence) },
    { .name = "newcomer", .fps = 25, .n_frames = 200, ACTS(newcomer) },
    { .name = "lone", .fps = 25, .n_frames = 150, ACTS(lone) },
    { .name = "empty", .fps = 25, .n_frames = 150 },
};

const clip_scene *clip_scene_at(size_t i)
{
    return i < sizeof scenes / sizeof scenes[0] ? &scenes[i] : NULL;
}

const clip_scene *clip_scene_find(const char *name)
{
    const clip_scene *s;

    for (size_t i = 0; (s = clip_scene_at(i)) != NULL; i++)
        if (strcmp(s->name, name) == 0)
            break;
    return s;
}
