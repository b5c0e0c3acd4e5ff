/* The scenes that make_clip composes: who is where, when. */
#ifndef KAO_TESTS_CLIP_SCENES_H
#define KAO_TESTS_CLIP_SCENES_H

#include <stdbool.h>
#include <stddef.h>

typedef enum clip_person { ANA = 1, BEN, CHEN, DORA, EMIL } clip_person;

typedef struct clip_place {
    float x, y; /* the middle of the face's box, in pixels of the clip */
    float high; /* its height */
} clip_place;

/* A person's picture that moves evenly from one place to another, in frames from <= f < to,
 * counted from 0. One that ends where the next act of the same person begins goes on. */
typedef struct clip_act {
    clip_person who;
    int picture; /* 1..4 of examples/pictures */
    bool flip;   /* left for right */
    int from, to;
    clip_place begin, end;
} clip_act;

enum { CLIP_WIDE = 640, CLIP_HIGH = 360, CLIP_CUTS_MAX = 3 };

typedef struct clip_scene {
    const char *name;
    int fps, n_frames;
    int cuts[CLIP_CUTS_MAX]; /* frames with which another background begins; 0: none */
    int bar_x, bar_width;    /* a bar before everything, from the top to the bottom */
    const clip_act *acts;    /* those in front come last */
    size_t n_acts;
} clip_scene;

/* NULL: there is none of this name. */
const clip_scene *clip_scene_find(const char *name);
/* Number i; NULL behind the last. */
const clip_scene *clip_scene_at(size_t i);

#endif
