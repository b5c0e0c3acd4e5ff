/* Recipes: what a training run does, as "key = value" lines (# begins a comment), every value
 * overridable by the caller. Typos are refused with the line and the nearest key. */
#ifndef KAO_TRAIN_RECIPE_H
#define KAO_TRAIN_RECIPE_H

#include "base/context.h"
#include "base/error.h"
#include "base/hash.h"

enum { KAO_RECIPE_PACKS = 16, KAO_RECIPE_TEXT = 512 };

typedef struct kao_recipe {
    char task[32];              /* detector, embedder, classifier */
    char name[64];              /* of the model */
    char data[KAO_RECIPE_TEXT]; /* folder of the packs */
    char scenes[64],
        faces[KAO_RECIPE_TEXT]; /* packs: NAME of NAME.tar, NAME_list.txt; by commas */
    char
        boxes[KAO_RECIPE_TEXT], /* detector: an annotation file in WIDER FACE's form, */
        pictures[KAO_RECIPE_TEXT]; /* and the folder or tar of its pictures */
    char classes[KAO_RECIPE_TEXT]; /* licence classes that are taken; "" all */
    char teacher[KAO_RECIPE_TEXT]; /* model file */
    /* embedder: share of views that the student sees with a mask; detector: share of pasted
     * faces that wear one */
    double masks;
    /* classifier: see head.h and margin.h */
    char loss[16], guard[16], gradient[16];
    double scale, m1, m2, m3, centers, partial, intra, inter, triplet, triplet_margin;
    double margin_warm_up; /* steps over which m1, m2, m3 rise from no margin */
    double least_pictures; /* of a person */
    double dim;            /* numbers of an embedding */
    double relation;    /* embedder: weight of the difference of similarity matrices */
    double mirror_from; /* embedder: the step from which the teacher gives the vector of
                           picture and mirror image together */
    double width;       /* of the network */
    double size, batch; /* of the input; pictures a backward run */
    double accumulate;  /* backward runs a step */
    double
        norm_group; /* pictures that BatchNorm takes its statistics over; 0: the batch */
    /* float32; bfloat16: operands of products are rounded to it, the teacher's too, where the
     * CPU has instructions for that */
    char precision[16];
    char optimizer[16], schedule[16]; /* adamw, sgd; see schedule.h */
    char drops[64];                   /* of the schedule "step" */
    double momentum;                  /* of sgd */
    double rate, warm_up, decay, clip, mean_decay;
    double steps;     /* of the whole run */
    double cool_down; /* share of it at its end, rate falling to 0 */
    double seed;
    double checkpoint_minutes;
    /* of the card: how the weights may be used, and what else there is to say (a commit) */
    char license[64], note[128];
    double
        threshold; /* of the card: a detector's score, an embedder's cosine; 0: none */
    double
        restate; /* batches of plain pictures over which the statistics of normalisations
                       are taken anew for the file that is written; 0: as trained */
    double halves; /* 1: the shipped form stores large weights as float16 */
} kao_recipe;

/* Read a recipe; path is named in messages. */
kao_status kao_recipe_read(kao_recipe *r, kao_mem *mem, const char *path,
                           kao_error *err);
bool kao_recipe_is_bf16(const kao_recipe *r);
/* "key=value" from the command line. */
kao_status kao_recipe_set(kao_recipe *r, const char *assignment, kao_error *err);
/* A hash of what steps depend on: every value that is not the usual one, but for the run's
 * length, clock and folders. A key that is added later changes no hash. */
void kao_recipe_hash(const kao_recipe *r, char text[KAO_SHA256_TEXT]);

#endif
