/* BlazeFace (MediaPipe), front 128 x 128 and back 256 x 256: logits [1,512,1], [1,384,1], boxes
 * [1,512,16], [1,384,16] of 16 x 16 cells with two anchors and 8 x 8 with six.
 *
 *   box: centre and size, then six points, in pixels from the middle of the cell
 *   score = logistic(clip(logit))
 *
 * Of the points (eyes, nose tip, middle of the mouth, ears) the first four are kept: that the
 * mouth has one point and the ears two is what this family gives, and no corners are made up.
 * Overlapping boxes are averaged. Source: MediaPipe; hollance/BlazeFace-PyTorch. */
#include "face/detector_family.h"

enum { LEVELS = 2, NUMBERS = 16, POINTS = 4 };

static const struct {
    int64_t cells, anchors; /* along a side; of a cell */
} grids[LEVELS] = { { 16, 2 }, { 8, 6 } };

static const float most_logit = 100;

bool kao_blazeface_recognise(const kao_network *net, kao_heads *heads)
{
    const kao_onnx_input *out = net->onnx.outputs;

    if (net->onnx.n_outputs != 2 * LEVELS || net->onnx.n_inputs != 1)
        return false;
    for (int i = 0; i < LEVELS; i++) {
        const int64_t n = grids[i].cells * grids[i].cells * grids[i].anchors;

        if (out[i].rank != 3 || out[i].dims[1] != n || out[i].dims[2] != 1 ||
            out[LEVELS + i].rank != 3 || out[LEVELS + i].dims[1] != n ||
            out[LEVELS + i].dims[2] != NUMBERS)
            return false;
    }
    *heads =
        (kao_heads){ .n_levels = LEVELS,
                     .level = { { .score = 0, .box = 2 }, { .score = 1, .box = 3 } } };
    return true;
}

static kao_face face_at(float cx, float cy, float score, const float *b)
{
    kao_face f = { .x = cx + b[0] - b[2] / 2,
                   .y = cy + b[1] - b[3] / 2,
                   .width = b[2],
                   .height = b[3],
                   .score = score,
                   .n_points = POINTS };

    for (int k = 0; k < POINTS; k++)
        f.points[k] = (kao_point){ cx + b[4 + 2 * k], cy + b[5 + 2 * k] };
    return f;
}

kao_status kao_blazeface_decode(const kao_heads *heads,
                                const kao_tensor *const *tensors, int64_t width,
                                int64_t height, float min_score, kao_face_list *list,
                                kao_error *err)
{
    for (uint32_t i = 0; i < heads->n_levels; i++) {
        const kao_level *l = &heads->level[i];
        const int64_t cells = grids[i].cells, per_cell = grids[i].anchors;
        const int64_t n = cells * cells * per_cell;
        const float *logit = tensors[l->score]->data, *box = tensors[l->box]->data;

        if (!kao_is_rows(tensors[l->score], n, 1) ||
            !kao_is_rows(tensors[l->box], n, NUMBERS))
            return kao_fail(err, KAO_E_FORMAT,
                            "outputs have another shape: wanted logits and boxes of "
                            "%lld anchors",
                            (long long)n);
        for (int64_t k = 0; k < n; k++) {
            const int64_t cell = k / per_cell;
            const float score =
                kao_logistic(fminf(fmaxf(logit[k], -most_logit), most_logit));

            if (logit[k] != logit[k] || !(score >= min_score))
                continue;
            const kao_face f =
                face_at(((float)(cell % cells) + .5f) * (float)width / (float)cells,
                        ((float)(cell / cells) + .5f) * (float)height / (float)cells,
                        score, box + NUMBERS * k);

            kao_face_list_add(list, &f);
        }
    }
    return KAO_OK;
}
