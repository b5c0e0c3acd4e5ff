/* Terms that a head may add to its loss, and their gradients by cosines, weights and features of
 * length 1 (head.h has the formulas). Each adds to the gradient and gives its part of the loss. */
#ifndef KAO_TRAIN_HEAD_TERMS_H
#define KAO_TRAIN_HEAD_TERMS_H

#include <stddef.h>
#include <stdint.h>

/* weight * angle / pi, of a cosine. */
double kao_head_intra(double cosine, double weight, float *gradient);

/* - weight * mean over the other classes of angle / pi. rows: n times dim; own: the row of the
 * class; step: rows of a class, of which the first counts. */
double kao_head_inter(const float *rows, size_t n, size_t dim, size_t own, size_t step,
                      double weight, float *gradient);

/* weight * mean over the batch of max(0, angle to the farthest of the same class + margin -
 * angle to the nearest of another); samples without either do not count. */
double kao_head_triplet(const float *x, const uint32_t *labels, size_t n, size_t dim,
                        double weight, double margin, float *gradient);

#endif
