/* RetinaFace on MobileNet 0.25: boxes [1,N,4], scores [1,N,2] (softmax inside; the second is
 * the face's) and points [1,N,10] of two prior boxes a cell at strides 8, 16, 32.
 *
 * Outputs are told by their places: names differ from file to file (one calls the points
 * "iou"). Source: biubug6/Pytorch_Retinaface, layers/functions/prior_box.py. */
#include <string.h>

#include "face/detector_family.h"
#include "face/priors.h"

static const kao_priors priors = {
    .rule = KAO_PRIOR_UP,
    .n_levels = 3,
    .level = { { 8, { 16, 32 } }, { 16, { 64, 128 } }, { 32, { 256, 512 } } }
};

bool kao_retinaface_recognise(const kao_network *net, kao_heads *heads)
{
    if (net->onnx.n_outputs != 3 || net->onnx.n_inputs != 1 ||
        !kao_output_may_have(net, 0, 4) || !kao_output_may_have(net, 1, 2) ||
        !kao_output_may_have(net, 2, 10) ||
        strcmp(kao_output_maker(net, 1), "Softmax") != 0)
        return false;
    *heads = (kao_heads){ .n_levels = 1,
                          .level = { { .box = 0, .score = 1, .points = 2 } } };
    return true;
}

kao_status kao_retinaface_decode(const kao_heads *heads,
                                 const kao_tensor *const *tensors, int64_t width,
                                 int64_t height, float min_score, kao_face_list *list,
                                 kao_error *err)
{
    const kao_level *l = &heads->level[0];
    const int64_t n = kao_priors_count(&priors, width, height);
    const float *box = tensors[l->box]->data, *score = tensors[l->score]->data,
                *points = tensors[l->points]->data;
    kao_prior_walk w;

    if (!kao_is_rows(tensors[l->box], n, 4) || !kao_is_rows(tensors[l->score], n, 2) ||
        !kao_is_rows(tensors[l->points], n, 10))
        return kao_fail(
            err, KAO_E_FORMAT,
            "outputs have another shape: wanted boxes, scores and points of "
            "%lld priors",
            (long long)n);
    for (int ok = kao_prior_begin(&w, &priors, width, height); ok;
         ok = kao_prior_next(&w)) {
        if (!(score[2 * w.at + 1] >= min_score))
            continue;
        const kao_face f = kao_prior_face(&w.prior, score[2 * w.at + 1], box + 4 * w.at,
                                          points + 10 * w.at, KAO_FACE_POINTS);

        kao_face_list_add(list, &f);
    }
    return KAO_OK;
}
