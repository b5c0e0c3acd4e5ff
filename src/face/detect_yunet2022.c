/* YuNet, 2022 form: loc [1,N,14] (box, then five points), conf [1,N,2], iou [1,N,1] of the
 * prior boxes of four strides.
 *
 *   score = sqrt(face's share of conf * clamp(iou))
 *
 * Most files hold the softmax of conf; where none makes that output, it is taken here.
 * Source: opencv_zoo, models/face_detection_yunet/yunet.py before 2023. */
#include <string.h>

#include "face/detector_family.h"
#include "face/priors.h"

enum { LOGITS = 1 }; /* of heads.form */

static const kao_priors priors = { .rule = KAO_PRIOR_DOWN,
                                   .n_levels = 4,
                                   .level = { { 8, { 10, 16, 24 } },
                                              { 16, { 32, 48 } },
                                              { 32, { 64, 96 } },
                                              { 64, { 128, 192, 256 } } } };

bool kao_yunet2022_recognise(const kao_network *net, kao_heads *heads)
{
    static const char *const names[3] = { "loc", "conf", "iou" };
    static const int64_t widths[3] = { 14, 2, 1 };

    if (net->onnx.n_outputs != 3 || net->onnx.n_inputs != 1)
        return false;
    for (uint32_t i = 0; i < 3; i++)
        if (strcmp(kao_output_name(net, i), names[i]) != 0 ||
            !kao_output_may_have(net, i, widths[i]))
            return false;
    *heads = (kao_heads){ .n_levels = 1,
                          .level = { { .box = 0, .score = 1, .object = 2 } } };
    if (strcmp(kao_output_maker(net, 1), "Softmax") != 0)
        heads->form = LOGITS;
    return true;
}

kao_status kao_yunet2022_decode(const kao_heads *heads,
                                const kao_tensor *const *tensors, int64_t width,
                                int64_t height, float min_score, kao_face_list *list,
                                kao_error *err)
{
    const kao_level *l = &heads->level[0];
    const int64_t n = kao_priors_count(&priors, width, height);
    const float *loc = tensors[l->box]->data, *conf = tensors[l->score]->data,
                *iou = tensors[l->object]->data;
    kao_prior_walk w;

    if (!kao_is_rows(tensors[l->box], n, 14) || !kao_is_rows(tensors[l->score], n, 2) ||
        !kao_is_rows(tensors[l->object], n, 1))
        return kao_fail(err, KAO_E_FORMAT,
                        "outputs have another shape: wanted loc, conf and iou of %lld "
                        "priors",
                        (long long)n);
    for (int ok = kao_prior_begin(&w, &priors, width, height); ok;
         ok = kao_prior_next(&w)) {
        const float *c = conf + 2 * w.at;
        const float share =
            heads->form == LOGITS ? kao_logistic(c[1] - c[0]) : kao_unit(c[1]);
        const float score = sqrtf(share * kao_unit(iou[w.at]));

        if (!(score >= min_score))
            continue;
        const kao_face f = kao_prior_face(&w.prior, score, loc + 14 * w.at,
                                          loc + 14 * w.at + 4, KAO_FACE_POINTS);

        kao_face_list_add(list, &f);
    }
    return KAO_OK;
}
