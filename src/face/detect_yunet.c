/* YuNet, 2023 form: twelve outputs, cls obj bbox kps at strides 8, 16, 32; one prior a cell.
 *
 *   score = sqrt(clamp(cls) * clamp(obj))
 *   centre = ((column + b0) * s, (row + b1) * s), size = (exp(b2) * s, exp(b3) * s)
 *   point k = ((column + k0) * s, (row + k1) * s)
 *
 * Source: OpenCV modules/objdetect/src/face_detect.cpp; ShiqiYu/libfacedetection.train. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "face/detector_family.h"

static bool find_output(const kao_network *net, const char *kind, int stride,
                        uint32_t *number)
{
    char name[16];

    snprintf(name, sizeof name, "%s_%d", kind, stride);
    for (uint32_t i = 0; i < net->onnx.n_outputs; i++)
        if (strcmp(kao_output_name(net, i), name) == 0) {
            *number = i;
            return true;
        }
    return false;
}

bool kao_yunet_recognise(const kao_network *net, kao_heads *heads)
{
    if (net->onnx.n_outputs != 12 || net->onnx.n_inputs != 1)
        return false;
    *heads = (kao_heads){ .n_levels = 3, .anchors = 1 };
    for (uint32_t i = 0; i < 3; i++) {
        kao_level *l = &heads->level[i];

        l->stride = 8 << i;
        if (!find_output(net, "cls", l->stride, &l->score) ||
            !find_output(net, "obj", l->stride, &l->object) ||
            !find_output(net, "bbox", l->stride, &l->box) ||
            !find_output(net, "kps", l->stride, &l->points))
            return false;
    }
    return true;
}

static kao_face face_at(float column, float row, float s, float score, const float *b,
                        const float *k)
{
    const float w = expf(b[2]) * s, h = expf(b[3]) * s;
    kao_face f = { .n_points = KAO_FACE_POINTS,
                   .x = (column + b[0]) * s - w / 2,
                   .y = (row + b[1]) * s - h / 2,
                   .width = w,
                   .height = h,
                   .score = score };

    for (int i = 0; i < KAO_FACE_POINTS; i++) {
        f.points[i].x = (column + k[2 * i]) * s;
        f.points[i].y = (row + k[2 * i + 1]) * s;
    }
    return f;
}

kao_status kao_yunet_check(const kao_level *l, const kao_tensor *const *tensors,
                           int64_t cells, kao_error *err)
{
    const struct {
        uint32_t output;
        int64_t width;
    } wanted[] = {
        { l->score, 1 }, { l->object, 1 }, { l->box, 4 }, { l->points, 10 }
    };

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        const kao_tensor *t = tensors[wanted[i].output];

        if (t->dtype != KAO_F32 || !kao_is_rows(t, cells, wanted[i].width))
            return kao_fail(err, KAO_E_FORMAT,
                            "outputs of stride %d have another shape or type",
                            l->stride);
    }
    return KAO_OK;
}

kao_status kao_yunet_decode(const kao_heads *heads, const kao_tensor *const *tensors,
                            int64_t width, int64_t height, float min_score,
                            kao_face_list *list, kao_error *err)
{
    for (uint32_t i = 0; i < heads->n_levels; i++) {
        const kao_level *l = &heads->level[i];
        const int64_t columns = width / l->stride, rows = height / l->stride;
        const int64_t cells = columns * rows;
        const float *cls = tensors[l->score]->data, *obj = tensors[l->object]->data;
        const float *box = tensors[l->box]->data, *kps = tensors[l->points]->data;
        const kao_status st = kao_yunet_check(l, tensors, cells, err);

        if (st)
            return st;
        for (int64_t c = 0; c < cells; c++) {
            const float score = sqrtf(kao_unit(cls[c]) * kao_unit(obj[c]));

            if (!(score >= min_score))
                continue;
            const kao_face f =
                face_at((float)(c % columns), (float)(c / columns), (float)l->stride,
                        score, box + 4 * c, kps + 10 * c);

            kao_face_list_add(list, &f);
        }
    }
    return KAO_OK;
}
