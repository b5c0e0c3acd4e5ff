/* YOLOv8-face: maps [1,80,H,W] at strides 8, 16, 32. Channels of a cell:
 *
 *   0..63   left, top, right, bottom: 16 bins each; the distance from the middle of the cell is
 *           stride * the mean bin, weighted by the softmax of the 16
 *   64      logit of the score
 *   65..79  five points of x, y, visibility: x = (2 * x + column) * stride
 *
 * Source: derronqi/yolov8-face; ultralytics, nn/modules/head.py. */
#include "face/detector_family.h"

enum { LEVELS = 3, BINS = 16, CHANNELS = 4 * BINS + 1 + 3 * KAO_FACE_POINTS };

bool kao_yolov8_recognise(const kao_network *net, kao_heads *heads)
{
    if (net->onnx.n_outputs != LEVELS || net->onnx.n_inputs != 1)
        return false;
    *heads = (kao_heads){ .n_levels = LEVELS };
    for (uint32_t i = 0; i < LEVELS; i++) {
        const kao_onnx_input *out = &net->onnx.outputs[i];

        if (out->rank != 4 || out->dims[1] != CHANNELS)
            return false;
        heads->level[i] = (kao_level){ .stride = 8 << i, .box = i };
    }
    return true;
}

/* The mean bin, weighted by the softmax of the bins, which lie `apart` numbers apart. */
static float mean_bin(const float *bins, int64_t apart)
{
    float most = bins[0], sum = 0, mean = 0;

    for (int i = 1; i < BINS; i++)
        most = fmaxf(most, bins[i * apart]);
    for (int i = 0; i < BINS; i++) {
        const float w = expf(bins[i * apart] - most);

        sum += w;
        mean += w * (float)i;
    }
    return mean / sum;
}

/* p: channel 0 of the cell; the next channel is `cells` numbers on. */
static kao_face face_at(const float *p, int64_t cells, float column, float row, float s,
                        float score)
{
    float side[4];

    for (int i = 0; i < 4; i++)
        side[i] = mean_bin(p + i * BINS * cells, cells);
    kao_face f = { .x = (column + .5f - side[0]) * s,
                   .y = (row + .5f - side[1]) * s,
                   .width = (side[0] + side[2]) * s,
                   .height = (side[1] + side[3]) * s,
                   .score = score,
                   .n_points = KAO_FACE_POINTS };

    for (int k = 0; k < KAO_FACE_POINTS; k++) {
        const float *q = p + (4 * BINS + 1 + 3 * k) * cells;

        f.points[k] = (kao_point){ (2 * q[0] + column) * s, (2 * q[cells] + row) * s };
    }
    return f;
}

kao_status kao_yolov8_decode(const kao_heads *heads, const kao_tensor *const *tensors,
                             int64_t width, int64_t height, float min_score,
                             kao_face_list *list, kao_error *err)
{
    for (uint32_t i = 0; i < heads->n_levels; i++) {
        const kao_level *l = &heads->level[i];
        const kao_tensor *t = tensors[l->box];
        const int64_t columns = width / l->stride, rows = height / l->stride;
        const int64_t cells = columns * rows;
        const float *p = t->data;

        if (t->rank != 4 || t->dims[1] != CHANNELS || t->dims[2] != rows ||
            t->dims[3] != columns || t->dims[0] != 1)
            return kao_fail(err, KAO_E_FORMAT,
                            "the output of stride %d has another shape: wanted %d maps "
                            "of %lld x %lld",
                            l->stride, CHANNELS, (long long)columns, (long long)rows);
        for (int64_t c = 0; c < cells; c++) {
            const float score = kao_logistic(p[4 * BINS * cells + c]);

            if (!(score >= min_score))
                continue;
            const kao_face f = face_at(p + c, cells, (float)(c % columns),
                                       (float)(c / columns), (float)l->stride, score);

            kao_face_list_add(list, &f);
        }
    }
    return KAO_OK;
}
