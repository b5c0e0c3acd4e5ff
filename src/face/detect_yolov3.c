/* YOLOv3-face, full (strides 32, 16, 8) and tiny (32, 16): maps [1,3*(5+C),H,W], an anchor after
 * the other: x, y, w, h, object, C classes. No points.
 *
 *   centre = (logistic(x) + column, logistic(y) + row) * stride
 *   size = anchor * exp(w), anchor * exp(h);  score = logistic(object) * logistic(class)
 *
 * One class, or two: a bare face and one with a mask. The stride of an output is told by its
 * map's size. Other anchors than the published ones stand in the card, finest stride first.
 * Source: AlexeyAB/darknet cfg/yolov3-face.cfg; ailia-models, yolov3-face. */
#include <string.h>

#include "face/detector_family.h"

enum { ANCHORS = 3 };

static const float full[18] = { 10, 13, 16,  30,  33, 23,  30,  61,  62,
                                45, 59, 119, 116, 90, 156, 198, 373, 326 },
                   tiny[12] = { 10, 14, 23, 27, 37, 58, 81, 82, 135, 169, 344, 319 };

bool kao_yolov3_recognise(const kao_network *net, kao_heads *heads)
{
    const uint32_t n = net->onnx.n_outputs;

    if ((n != 2 && n != 3) || net->onnx.n_inputs != 1)
        return false;
    *heads = (kao_heads){ .n_levels = n, .anchors = ANCHORS, .n_anchor = 6 * n };
    for (uint32_t i = 0; i < n; i++) {
        const kao_onnx_input *out = &net->onnx.outputs[i];

        if (out->rank != 4 ||
            (out->dims[1] != ANCHORS * 6 && out->dims[1] != ANCHORS * 7) ||
            out->dims[1] != net->onnx.outputs[0].dims[1])
            return false;
        heads->level[i].box = i;
    }
    heads->form = (uint32_t)net->onnx.outputs[0].dims[1] / ANCHORS - 5; /* classes */
    memcpy(heads->anchor, n == 3 ? full : tiny, 6 * n * sizeof *heads->anchor);
    return true;
}

/* The level, finest first, whose maps are columns x rows; -1: none. */
static int level_of(const kao_heads *heads, int64_t columns, int64_t rows,
                    int64_t width, int64_t height)
{
    const int64_t finest = heads->n_levels == 3 ? 8 : 16;

    for (uint32_t i = 0; i < heads->n_levels; i++)
        if (columns == width / (finest << i) && rows == height / (finest << i))
            return (int)i;
    return -1;
}

/* p: the first channel of the anchor at the cell; the next is `cells` numbers on. */
static kao_face face_at(const float *p, int64_t cells, uint32_t classes, float column,
                        float row, float s, const float *anchor)
{
    const float w = anchor[0] * expf(p[2 * cells]), h = anchor[1] * expf(p[3 * cells]);
    const bool worn = classes == 2 && p[6 * cells] > p[5 * cells];

    return (kao_face){ .x = (kao_logistic(p[0]) + column) * s - w / 2,
                       .y = (kao_logistic(p[cells]) + row) * s - h / 2,
                       .width = w,
                       .height = h,
                       .score = kao_logistic(p[4 * cells]) *
                                kao_logistic(p[(worn ? 6 : 5) * cells]),
                       .mask = classes == 1 ? KAO_MASK_UNTOLD
                               : worn       ? KAO_MASK_WORN
                                            : KAO_MASK_NONE };
}

kao_status kao_yolov3_decode(const kao_heads *heads, const kao_tensor *const *tensors,
                             int64_t width, int64_t height, float min_score,
                             kao_face_list *list, kao_error *err)
{
    const int64_t channels = 5 + heads->form;

    for (uint32_t i = 0; i < heads->n_levels; i++) {
        const kao_tensor *t = tensors[heads->level[i].box];
        const int level =
            t->rank == 4 ? level_of(heads, t->dims[3], t->dims[2], width, height) : -1;

        if (level < 0 || t->dims[0] != 1 || t->dims[1] != ANCHORS * channels)
            return kao_fail(
                err, KAO_E_FORMAT,
                "output %u has another shape: wanted %d maps of a stride of "
                "the input's %lld x %lld",
                i, (int)(ANCHORS * channels), (long long)width, (long long)height);
        const int64_t columns = t->dims[3], cells = columns * t->dims[2];
        const float stride = (float)((heads->n_levels == 3 ? 8 : 16) << level);

        for (int64_t k = 0; k < ANCHORS * cells; k++) {
            const int64_t a = k / cells, c = k % cells;
            const float *p = (const float *)t->data + a * channels * cells + c;

            if (!(kao_logistic(p[4 * cells]) >= min_score))
                continue;
            const kao_face f = face_at(p, cells, heads->form, (float)(c % columns),
                                       (float)(c / columns), stride,
                                       &heads->anchor[6 * level + 2 * a]);

            if (f.score >= min_score)
                kao_face_list_add(list, &f);
        }
    }
    return KAO_OK;
}
