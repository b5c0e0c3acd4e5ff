/* How alike the same person's pictures are, as a card tells it: shares of their pairs below
 * similarities. */
#ifndef KAO_FACE_SAME_H
#define KAO_FACE_SAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KAO_SAME_POINTS = 64 };

typedef struct kao_same_point {
    double similarity, below; /* the share of the pairs below the similarity */
} kao_same_point;

typedef struct kao_same {
    uint64_t n_pairs; /* that were counted; 0: nothing is known */
    size_t n;
    kao_same_point points[KAO_SAME_POINTS]; /* similarities and shares rising */
} kao_same;

/* "8131 0.21:0.01 0.48:0.1 ..": a card's value. False: it is none. */
bool kao_same_parse(kao_same *s, const char *text);
/* The share below a similarity, straight lines between the points. bound: 0, or beyond them 1: so
 * much at most; -1: so much at least. False: nothing is known, or not a number. */
bool kao_same_below(const kao_same *s, float similarity, double *share, int32_t *bound);

#endif
