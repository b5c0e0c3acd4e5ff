/* UltraFace, slim and RFB: scores [1,N,2] and boxes [1,N,4] of the prior boxes of four strides;
 * no points. The picture is stretched to the input.
 *
 * Boxes are decoded in the file (x1, y1, x2, y2 in parts of the input), or, in its
 * "simplified" form, not: decoding takes exp, so a file without that operator does not. Files
 * with three scores tell bare faces from masked ones: background, bare, masked.
 * Source: Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB, vision/utils/box_utils.py. */
#include <string.h>

#include "face/detector_family.h"
#include "face/priors.h"

enum { RAW = 1, MASKS = 2 }; /* of heads.form */

static const kao_priors priors = { .rule = KAO_PRIOR_EVEN,
                                   .n_levels = 4,
                                   .level = { { 8, { 10, 16, 24 } },
                                              { 16, { 32, 48 } },
                                              { 32, { 64, 96 } },
                                              { 64, { 128, 192, 256 } } } };

static bool has_exp(const kao_network *net)
{
    for (uint32_t i = 0; i < net->onnx.n_nodes; i++)
        if (strcmp(net->onnx.nodes[i].op, "Exp") == 0)
            return true;
    return false;
}

bool kao_ultraface_recognise(const kao_network *net, kao_heads *heads)
{
    const kao_onnx_input *scores = net->onnx.outputs, *boxes = net->onnx.outputs + 1;

    if (net->onnx.n_outputs != 2 || net->onnx.n_inputs != 1 || scores->rank != 3 ||
        (scores->dims[2] != 2 && scores->dims[2] != 3) || boxes->rank != 3 ||
        boxes->dims[2] != 4 || strcmp(kao_output_maker(net, 0), "Softmax") != 0)
        return false;
    *heads = (kao_heads){ .n_levels = 1, .level = { { .score = 0, .box = 1 } } };
    if (!has_exp(net))
        heads->form |= RAW;
    if (scores->dims[2] == 3)
        heads->form |= MASKS;
    return true;
}

static kao_face face_of(const kao_heads *heads, const kao_prior_walk *w, float score,
                        const float *box)
{
    const float width = (float)w->width, height = (float)w->height;

    if (heads->form & RAW)
        return kao_prior_face(&w->prior, score, box, NULL, 0);
    return (kao_face){ .x = box[0] * width,
                       .y = box[1] * height,
                       .width = (box[2] - box[0]) * width,
                       .height = (box[3] - box[1]) * height,
                       .score = score };
}

kao_status kao_ultraface_decode(const kao_heads *heads,
                                const kao_tensor *const *tensors, int64_t width,
                                int64_t height, float min_score, kao_face_list *list,
                                kao_error *err)
{
    const kao_level *l = &heads->level[0];
    const int64_t n = kao_priors_count(&priors, width, height);
    const int64_t classes = heads->form & MASKS ? 3 : 2;
    const float *box = tensors[l->box]->data;
    kao_prior_walk w;

    if (!kao_is_rows(tensors[l->box], n, 4) ||
        !kao_is_rows(tensors[l->score], n, classes))
        return kao_fail(err, KAO_E_FORMAT,
                        "outputs have another shape: wanted scores and boxes of %lld "
                        "priors",
                        (long long)n);
    for (int ok = kao_prior_begin(&w, &priors, width, height); ok;
         ok = kao_prior_next(&w)) {
        const float *s = (const float *)tensors[l->score]->data + classes * w.at;
        const bool worn = classes == 3 && s[2] > s[1];
        const float score = worn ? s[2] : s[1];

        if (!(score >= min_score))
            continue;
        kao_face f = face_of(heads, &w, score, box + 4 * w.at);

        if (classes == 3)
            f.mask = worn ? KAO_MASK_WORN : KAO_MASK_NONE;
        kao_face_list_add(list, &f);
    }
    return KAO_OK;
}
