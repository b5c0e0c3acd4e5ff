/* SCRFD with points: scores, boxes and points at strides 8, 16, 32; two anchors a cell.
 *
 *   anchor (column * s, row * s), without half a cell; cell by cell, both anchors together
 *   box (ax - l*s, ay - t*s, ax + r*s, ay + b*s); point (ax + dx*s, ay + dy*s)
 *
 * Two forms of file: rows [1,N,1] [1,N,4] [1,N,10] (or without the leading 1) whose scores
 * are sigmoid already, and raw head maps [1,2,H,W] [1,8,H,W] [1,20,H,W] whose scores are
 * logits. Outputs come by kind, then stride.
 * Source: deepinsight/insightface, python-package model_zoo/scrfd.py. */
#include <math.h>
#include <string.h>

#include "face/detector_family.h"

enum { LEVELS = 3, ANCHORS = 2 };

/* Of a score; above 1 by what a sum of shares may be rounded up. More is a logit. */
static const float most_score = 1.001f;

/* Whether output i, as the file states it, can hold `width` numbers an anchor. */
static bool may_hold(const kao_network *net, uint32_t i, int64_t width,
                     const char *prefix)
{
    const kao_onnx_input *o = &net->onnx.outputs[i];
    const char *name = kao_output_name(net, i);

    if (o->rank == 4)
        return o->dims[1] == ANCHORS * width;
    if (o->rank != 2 && o->rank != 3)
        return false;
    const int64_t last = o->dims[o->rank - 1];

    return last == width || (last < 0 && strncmp(name, prefix, strlen(prefix)) == 0);
}

bool kao_scrfd_recognise(const kao_network *net, kao_heads *heads)
{
    static const struct {
        int64_t width;
        const char *prefix;
    } kinds[3] = { { 1, "score" }, { 4, "bbox" }, { 10, "kps" } };

    if (net->onnx.n_outputs != 3 * LEVELS || net->onnx.n_inputs != 1)
        return false;
    for (uint32_t k = 0; k < 3; k++)
        for (uint32_t i = 0; i < LEVELS; i++)
            if (!may_hold(net, k * LEVELS + i, kinds[k].width, kinds[k].prefix))
                return false;
    *heads = (kao_heads){ .n_levels = LEVELS, .anchors = ANCHORS };
    for (uint32_t i = 0; i < LEVELS; i++)
        heads->level[i] = (kao_level){
            .stride = 8 << i, .score = i, .box = LEVELS + i, .points = 2 * LEVELS + i
        };
    return true;
}

/* Number j of anchor a of a cell, in either form. */
static float number_of(const kao_tensor *t, int64_t cell, int64_t cells, int64_t a,
                       int64_t j, int64_t width)
{
    const float *data = t->data;

    return t->rank == 4 ? data[(a * width + j) * cells + cell]
                        : data[(cell * ANCHORS + a) * width + j];
}

static kao_face face_at(const kao_level *l, const kao_tensor *box,
                        const kao_tensor *points, int64_t cell, int64_t columns,
                        int64_t cells, int64_t a, float score)
{
    const float s = (float)l->stride, ax = (float)(cell % columns) * s,
                ay = (float)(cell / columns) * s;
    float b[4];

    for (int j = 0; j < 4; j++)
        b[j] = number_of(box, cell, cells, a, j, 4) * s;
    kao_face f = { .n_points = KAO_FACE_POINTS,
                   .x = ax - b[0],
                   .y = ay - b[1],
                   .width = b[0] + b[2],
                   .height = b[1] + b[3],
                   .score = score };

    for (int j = 0; j < KAO_FACE_POINTS; j++) {
        f.points[j].x = ax + number_of(points, cell, cells, a, 2 * j, 10) * s;
        f.points[j].y = ay + number_of(points, cell, cells, a, 2 * j + 1, 10) * s;
    }
    return f;
}

/* Rows or maps of `width` numbers an anchor. */
static bool shape_fits(const kao_tensor *t, int64_t cells, int64_t width)
{
    return kao_tensor_count(t) == cells * ANCHORS * width &&
           (t->rank == 4 ? t->dims[1] == ANCHORS * width
                         : width == 1 || t->dims[t->rank - 1] == width);
}

kao_status kao_scrfd_decode(const kao_heads *heads, const kao_tensor *const *tensors,
                            int64_t width, int64_t height, float min_score,
                            kao_face_list *list, kao_error *err)
{
    for (uint32_t i = 0; i < heads->n_levels; i++) {
        const kao_level *l = &heads->level[i];
        const int64_t columns = width / l->stride,
                      cells = columns * (height / l->stride);
        const kao_tensor *scores = tensors[l->score], *box = tensors[l->box],
                         *points = tensors[l->points];

        if (!shape_fits(scores, cells, 1) || !shape_fits(box, cells, 4) ||
            !shape_fits(points, cells, 10))
            return kao_fail(err, KAO_E_FORMAT,
                            "outputs of stride %d have another shape", l->stride);
        for (int64_t cell = 0; cell < cells; cell++)
            for (int64_t a = 0; a < ANCHORS; a++) {
                float score = number_of(scores, cell, cells, a, 0, 1);

                if (scores->rank == 4)
                    score = kao_logistic(score);
                if (!(score >= min_score))
                    continue;
                if (score > most_score)
                    return kao_fail(err, KAO_E_FORMAT,
                                    "a score of stride %d is %g: wanted 0 to 1",
                                    l->stride, (double)score);
                const kao_face f =
                    face_at(l, box, points, cell, columns, cells, a, fminf(score, 1));

                kao_face_list_add(list, &f);
            }
    }
    return KAO_OK;
}
