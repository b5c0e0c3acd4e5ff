/* The figures of tracking: boxes with identities that were found, against those that are there.
 *
 * A pair of a true box and one found, in one frame, may match where their overlap (intersection
 * over union) is at least the one asked for. The three families of figures match boxes each in
 * its own way:
 *
 * CLEAR MOT (Bernardin, Stiefelhagen: Evaluating multiple object tracking performance; EURASIP
 * J. Image Video Process., 2008). A person keeps the track that it had in the frame before, as
 * long as both are there and may match; of what is left, as many pairs as possible, and of those
 * the ones with the largest sum of overlaps.
 *   recall      matched boxes / true boxes
 *   precision   matched boxes / boxes found
 *   switches    (IDSW) a person matched with another track than when it was last matched, however
 *               long ago
 *   fragments   a person matched again after frames in which it was there and was not
 *               matched
 *   MOTA        1 - (missed + false + switches) / true boxes; below 0 where there are more
 *   MOTP        mean overlap of the matched boxes
 *   mostly tracked, mostly lost
 *               people matched in at least 80 %, in less than 20 % of the frames they are in
 *
 * Identity (Ristani et al., arXiv:1609.01775). Each person has one track at most for the whole
 * video, and each track one person, so that the boxes they have in common are as many as can be.
 *   IDP, IDR    boxes in common / boxes found, / true boxes
 *   IDF1        2 * boxes in common / (true boxes + boxes found)
 *
 * HOTA (Luiten et al., arXiv:2009.07736), at each of the overlaps a = .05, .10 .. .95, then the
 * mean. In each frame the pairs with the largest sum of overlap * alignment are taken, of which
 * those match that overlap by a. Alignment, of a person and a track over the whole video: the
 * sum s of overlap / (sum of the overlaps that either box has in its frame - overlap), divided
 * by (frames of the person + frames of the track - s).
 *   DetA        matched / (matched + missed + false)
 *   AssA        mean over matched boxes, of their person and track: frames matched / (frames of the
 *               person + frames of the track - frames matched); 0 where nothing matches
 *   HOTA        sqrt(DetA * AssA)
 *
 * A figure whose divisor is 0 is NaN. */
#ifndef KAO_EVAL_TRACK_SCORE_H
#define KAO_EVAL_TRACK_SCORE_H

#include "eval/mot.h"

/* People times tracks, at most: there is a number for each pair. */
#define KAO_TRACK_PAIRS_MAX ((size_t)1 << 26)

typedef struct kao_track_score {
    uint32_t n_frames;         /* to the last one with a box of either */
    size_t n_true, n_found;    /* boxes */
    size_t n_people, n_tracks; /* identities of the truth and of what was found */
    size_t n_matched; /* and so n_true - n_matched missed, n_found - n_matched false */
    size_t n_switches, n_fragments, n_mostly_tracked, n_mostly_lost, n_common;
    double recall, precision, mota, motp, idp, idr, idf1, hota, det_a, ass_a;
} kao_track_score;

/* overlap: above 0, 1 at most. Errors: KAO_E_LIMIT, KAO_E_NOMEM. */
kao_status kao_score_tracks(kao_track_score *s, kao_mem *mem, const kao_mot *truth,
                            const kao_mot *found, float overlap, kao_error *err);

#endif
