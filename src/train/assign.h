/* Which cells of a detector's maps answer for which box, for pictures whose boxes are known:
 * ATSS (Zhang et al., arXiv:1912.02424) with one square prior a cell, of 3, 6 and 12 strides.
 *
 * For each face the 9 cells of each level that are nearest to its centre are candidates; those
 * whose prior overlaps it by at least the mean and one deviation of all candidates' overlaps,
 * and which lie within it, take it; where none does, the best one that lies within it (a face
 * between two priors' sizes). A cell that two faces want goes to the larger overlap. */
#ifndef KAO_TRAIN_ASSIGN_H
#define KAO_TRAIN_ASSIGN_H

#include "eval/boxes.h"
#include "train/arch.h"

/* What stands at a cell in place of the score that is wanted: it has a face, whose box is known
 * (its score is how well the network's box fits), or it does not count. */
#define KAO_CELL_TAKEN   2.0f
#define KAO_CELL_IGNORED (-1.0f)

/* boxes: in a square view of `size` pixels; those marked are not to be learned, and neither are
 * the cells in them. targets: of all levels, KAO_DETECT_CHANNELS a cell: the score and the box
 * of each are set, the points not looked at. best: room for a float a cell. */
void kao_assign_cells(const kao_true_box *boxes, size_t n, size_t size, float *targets,
                      float *best);

#endif
