/* YOLOv5-face: one output [1,N,16], decoded in the file, in pixels of the input: centre x, y,
 * width, height, objectness, five points, class. Score = objectness * class.
 *
 * N is 3 anchors at strides 8, 16, 32. Files say that any input size does while their Reshapes
 * hold one, so a stated N fixes the size of an input that is left free; it is square.
 * Source: deepcam-cn/yolov5-face, models/yolo.py. */
#include "face/detector_family.h"

enum { ANCHORS = 3, NUMBERS = 16 };

static int64_t rows_of(int64_t width, int64_t height)
{
    int64_t n = 0;

    for (int64_t stride = 8; stride <= 32; stride *= 2)
        n += ANCHORS * (width / stride) * (height / stride);
    return n;
}

bool kao_yolov5_recognise(const kao_network *net, kao_heads *heads)
{
    const kao_onnx_input *out = net->onnx.outputs, *in = net->onnx.inputs;

    if (net->onnx.n_outputs != 1 || net->onnx.n_inputs != 1 || out->rank != 3 ||
        in->rank != 4 || in->dims[1] != 3 ||
        (out->dims[2] != NUMBERS && out->dims[2] > 0))
        return false;
    *heads = (kao_heads){ .n_levels = 1 };
    if (in->dims[2] > 0 && in->dims[3] > 0)
        return out->dims[1] < 0 || out->dims[1] == rows_of(in->dims[3], in->dims[2]);
    for (uint32_t side = 32; side <= 4096; side += 32)
        if (rows_of(side, side) == out->dims[1]) {
            heads->width = heads->height = side;
            return true;
        }
    return out->dims[1] < 0 && out->dims[2] == NUMBERS;
}

kao_status kao_yolov5_decode(const kao_heads *heads, const kao_tensor *const *tensors,
                             int64_t width, int64_t height, float min_score,
                             kao_face_list *list, kao_error *err)
{
    const int64_t n = rows_of(width, height);
    const float *r = tensors[0]->data;

    (void)heads;
    if (!kao_is_rows(tensors[0], n, NUMBERS))
        return kao_fail(err, KAO_E_FORMAT,
                        "the output has another shape: wanted %lld rows of %d",
                        (long long)n, NUMBERS);
    for (int64_t i = 0; i < n; i++, r += NUMBERS) {
        const float score = r[4] * r[15];

        if (!(score >= min_score))
            continue;
        if (score > 1.001f)
            return kao_fail(err, KAO_E_FORMAT, "a score is %g: wanted 0 to 1",
                            (double)score);
        kao_face f = { .x = r[0] - r[2] / 2,
                       .y = r[1] - r[3] / 2,
                       .width = r[2],
                       .height = r[3],
                       .score = fminf(score, 1),
                       .n_points = KAO_FACE_POINTS };

        for (int k = 0; k < KAO_FACE_POINTS; k++)
            f.points[k] = (kao_point){ r[5 + 2 * k], r[6 + 2 * k] };
        kao_face_list_add(list, &f);
    }
    return KAO_OK;
}
