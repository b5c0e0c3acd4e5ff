/* Candidates and their suppression; see face_list.h. */
#include "face/face_list.h"

#include <math.h>
#include <string.h>

static const float contained_share = 0.7f; /* of the smaller box */
static const float near_in_size = 0.4f;    /* areas, smaller to larger */
static const float same_eyes = 0.3f; /* of the smaller distance between the eyes */

/* ---- the list ---- */

/* Below a full list lies a heap with the worst face on top. */
static void sift_worst(kao_face *f, size_t n, size_t at)
{
    for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && f[child + 1].score < f[child].score)
            child++;
        if (f[at].score <= f[child].score)
            return;
        const kao_face t = f[at];

        f[at] = f[child];
        f[child] = t;
        at = child;
    }
}

static bool grow(kao_face_list *l)
{
    const size_t cap = l->cap ? l->cap * 2 : 256;
    kao_face *faces =
        kao_grow(l->mem, l->faces, l->n * sizeof *faces, cap * sizeof *faces);

    if (faces)
        l->faces = faces;
    uint32_t *order = faces ? kao_grow(l->mem, l->order, 0, cap * sizeof *order) : NULL;

    if (order)
        l->order = order;
    l->failed = !order;
    l->cap = order ? cap : l->cap;
    return order != NULL;
}

void kao_face_list_add(kao_face_list *l, const kao_face *face)
{
    if (l->failed)
        return;
    if (l->limit && l->n == l->limit) {
        if (face->score > l->faces[0].score) {
            l->faces[0] = *face;
            sift_worst(l->faces, l->n, 0);
        }
        return;
    }
    if (l->n == l->cap && !grow(l))
        return;
    l->faces[l->n++] = *face;
    if (l->n == l->limit)
        for (size_t i = l->n / 2; i-- > 0;)
            sift_worst(l->faces, l->n, i);
}

void kao_face_list_fini(kao_face_list *l)
{
    kao_free(l->mem, l->faces);
    kao_free(l->mem, l->order);
    l->faces = NULL;
    l->order = NULL;
    l->n = l->cap = 0;
}

/* ---- overlap ---- */

static float area(const kao_face *f)
{
    return f->width > 0 && f->height > 0 ? f->width * f->height : 0;
}

static float shared_area(const kao_face *a, const kao_face *b)
{
    const float x1 = a->x > b->x ? a->x : b->x, y1 = a->y > b->y ? a->y : b->y;
    const float ar = a->x + a->width, br = b->x + b->width;
    const float ab = a->y + a->height, bb = b->y + b->height;
    const float w = (ar < br ? ar : br) - x1, h = (ab < bb ? ab : bb) - y1;

    return w > 0 && h > 0 ? w * h : 0;
}

float kao_iou(const kao_face *a, const kao_face *b)
{
    const float s = shared_area(a, b), u = area(a) + area(b) - s;

    return s > 0 && u > 0 ? s / u : 0;
}

static bool have_same_eyes(const kao_face *a, const kao_face *b)
{
    if (a->n_points < 2 || b->n_points < 2)
        return false;
    const float ea = kao_face_eye_distance_px(a), eb = kao_face_eye_distance_px(b);
    const float most = same_eyes * (ea < eb ? ea : eb);

    for (int i = 0; i < 2; i++)
        if (!(hypotf(a->points[i].x - b->points[i].x,
                     a->points[i].y - b->points[i].y) <= most))
            return false;
    return true;
}

static bool is_same_face(const kao_face *a, const kao_face *b)
{
    const float x = area(a), y = area(b), less = x < y ? x : y, more = x < y ? y : x;

    return less > 0 && shared_area(a, b) > contained_share * less &&
           (less >= near_in_size * more || have_same_eyes(a, b));
}

/* ---- suppression ---- */

/* a before b: the better score, then the one that came first. */
static bool before(const kao_face *f, uint32_t a, uint32_t b)
{
    return f[a].score != f[b].score ? f[a].score > f[b].score : a < b;
}

/* The last in order rises to the top. */
static void sift_last(const kao_face *f, uint32_t *order, size_t n, size_t at)
{
    const uint32_t v = order[at];

    for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && before(f, order[child], order[child + 1]))
            child++;
        if (!before(f, v, order[child]))
            break;
        order[at] = order[child];
        at = child;
    }
    order[at] = v;
}

/* Heap sort of indices, then the faces along the permutation's cycles: in place, no bad case,
 * stable because indices break ties. */
static void sort_by_score(kao_face_list *l)
{
    uint32_t *order = l->order;
    kao_face *f = l->faces;

    for (size_t i = 0; i < l->n; i++)
        order[i] = (uint32_t)i;
    for (size_t i = l->n / 2; i-- > 0;)
        sift_last(f, order, l->n, i);
    for (size_t i = l->n; i > 1; i--) {
        const uint32_t last = order[0];

        order[0] = order[i - 1];
        order[i - 1] = last;
        sift_last(f, order, i - 1, 0);
    }
    for (size_t i = 0; i < l->n; i++) {
        if (order[i] == i)
            continue;
        const kao_face first = f[i];
        size_t at = i;

        while (order[at] != i) {
            const size_t next = order[at];

            f[at] = f[next];
            order[at] = (uint32_t)at;
            at = next;
        }
        f[at] = first;
        order[at] = (uint32_t)at;
    }
}

void kao_face_list_nms(kao_face_list *l, float iou, bool joined)
{
    size_t kept = 0;

    sort_by_score(l);
    for (size_t i = 0; i < l->n; i++) {
        const kao_face *f = &l->faces[i];
        bool drop = false;

        for (size_t k = 0; k < kept && !drop; k++)
            drop = kao_iou(&l->faces[k], f) > iou ||
                   (joined && is_same_face(&l->faces[k], f));
        if (!drop)
            l->faces[kept++] = *f;
    }
    l->n = kept;
}
