/* NonMaxSuppression: of boxes that overlap, those of the highest score. How many remain is
 * known from the values alone, so it runs while planning, on NMS_LIMIT scores at most, as
 * NonZero does: a detector's own suppression (face/face_list.c) is not this one. */
#include <math.h>

#include "nn/ops/ops.h"

enum { NMS_LIMIT = 4096 }; /* scores that planning looks at, for each node */

kao_status kao_op_nms_load(kao_op_loader *l)
{
    return kao_attr_int(l, "center_point_box", 0, &((kao_axis_param *)l->param)->axis);
}

typedef struct box {
    double x0, y0, x1, y1, area;
} box;

/* Two opposite corners in any order (y before x), or centre and sides (x first). */
static box box_at(const kao_tensor *t, int64_t batch, int64_t i, bool centre)
{
    double v[4];

    for (int k = 0; k < 4; k++)
        v[k] = kao_tensor_number_at(t, batch * t->strides[0] + i * t->strides[1] +
                                           k * t->strides[2]);
    box b = { fmin(v[1], v[3]), fmin(v[0], v[2]), fmax(v[1], v[3]), fmax(v[0], v[2]),
              0 };

    if (centre)
        b = (box){ v[0] - v[2] / 2, v[1] - v[3] / 2, v[0] + v[2] / 2, v[1] + v[3] / 2,
                   0 };
    b.area = (b.x1 - b.x0) * (b.y1 - b.y0);
    return b;
}

static bool overlap(const box *a, const box *b, double most)
{
    const double w = fmin(a->x1, b->x1) - fmax(a->x0, b->x0),
                 h = fmin(a->y1, b->y1) - fmax(a->y0, b->y0), common = w * h;

    return w > 0 && h > 0 && common / (a->area + b->area - common) > most;
}

/* The optional number i: `fallback` where it is left out. */
static kao_status scalar(kao_op_infer *x, uint32_t i, double fallback, double *to)
{
    *to = fallback;
    if (!kao_infer_has(x, i))
        return KAO_OK;
    const kao_status st = x->need(x, i);

    if (st)
        return st;
    if (kao_tensor_count(&x->in[i]) != 1)
        return kao_fail(x->err, KAO_E_FORMAT, "input %u is no scalar", i);
    *to = kao_tensor_number_at(&x->in[i], 0);
    return KAO_OK;
}

typedef struct search {
    const kao_tensor *boxes, *scores;
    bool centre;
    double most, iou, least; /* boxes a class, overlap, score */
    bool *gone;              /* for each box */
    kao_nms_state *found;
} search;

static kao_status search_class(kao_op_infer *x, const search *s, int64_t batch,
                               int64_t class)
{
    const kao_tensor *t = s->scores;
    const int64_t n = t->dims[2], at = batch * t->strides[0] + class * t->strides[1];

    for (int64_t i = 0; i < n; i++)
        s->gone[i] = !(kao_tensor_number_at(t, at + i * t->strides[2]) > s->least);
    for (int64_t taken = 0; (double)taken < s->most; taken++) {
        int64_t best = -1;
        const kao_status st = x->spend(x, 2 * (uint64_t)n); /* both loops */

        if (st)
            return st;
        for (int64_t i = 0; i < n; i++) /* of equal scores the first */
            if (!s->gone[i] &&
                (best < 0 || kao_tensor_number_at(t, at + i * t->strides[2]) >
                                 kao_tensor_number_at(t, at + best * t->strides[2])))
                best = i;
        if (best < 0)
            break;
        const box chosen = box_at(s->boxes, batch, best, s->centre);
        int64_t *to = s->found->picked + 3 * s->found->n++;

        to[0] = batch;
        to[1] = class;
        to[2] = best;
        s->gone[best] = true;
        for (int64_t i = 0; i < n; i++) {
            const box b = box_at(s->boxes, batch, i, s->centre);

            s->gone[i] |= overlap(&chosen, &b, s->iou);
        }
    }
    return KAO_OK;
}

kao_status kao_op_nms_infer(kao_op_infer *x)
{
    search s = { .centre = ((const kao_axis_param *)x->param)->axis != 0,
                 .found = x->state };
    kao_status st = kao_infer_type_is(x, 1, KAO_F32);

    for (uint32_t i = 0; !st && i < 2; i++)
        st = x->need(x, i);
    if (!st)
        st = scalar(x, 2, 0, &s.most);
    if (!st)
        st = scalar(x, 3, 0, &s.iou);
    if (!st)
        st = scalar(x, 4, -HUGE_VAL, &s.least);
    if (st)
        return st;
    s.boxes = &x->in[0];
    s.scores = &x->in[1];
    const int64_t n = kao_tensor_count(s.scores);

    if (s.boxes->rank != 3 || s.scores->rank != 3 || s.boxes->dims[2] != 4 ||
        s.boxes->dims[0] != s.scores->dims[0] || s.boxes->dims[1] != s.scores->dims[2])
        return kao_fail(x->err, KAO_E_FORMAT, "boxes and scores do not fit");
    if (n > NMS_LIMIT)
        return kao_fail(x->err, KAO_E_LIMIT, "more than %d scores", NMS_LIMIT);
    s.gone = kao_arena_calloc(x->arena, (size_t)s.scores->dims[2] + 1, sizeof *s.gone);
    s.found->picked = kao_arena_calloc(x->arena, 3 * (size_t)n + 1, sizeof(int64_t));
    if (!s.gone || !s.found->picked)
        return kao_fail(x->err, KAO_E_NOMEM, "out of memory");
    for (int64_t k = 0; !st && n > 0 && k < s.scores->dims[0] * s.scores->dims[1]; k++)
        st = search_class(x, &s, k / s.scores->dims[1], k % s.scores->dims[1]);
    if (st)
        return st;
    x->out[0] = (kao_tensor){ .dtype = KAO_I64, .rank = 2, .dims = { s.found->n, 3 } };
    return KAO_OK;
}

void kao_op_nms_run(const kao_op_call *c)
{
    const kao_nms_state *s = c->state;
    kao_tensor found = c->out[0];

    kao_tensor_set_dense(&found);
    found.data = s->picked;
    kao_tensor_copy(&c->out[0], &found);
}
