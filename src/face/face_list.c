/* Candidates and their suppression; see face_list.h. */
#include "face/face_list.h"

#include <math.h>
#include <string.h>

static const float contained_share = 0.7f; /* of the smaller box */
static const float near_in_size = 0.4f;    /* areas, smaller to larger */
static const float same_eyes = 0.3f; /* of the smaller distance between the eyes */
static const float farthest = 1e9f;  /* pixels: far out of any picture */

/* ---- the list ---- */

/* a before b: the better score, then the one that came first. */
static bool before(const kao_face_list *l, size_t a, size_t b)
{
    const float x = l->faces[a].score, y = l->faces[b].score;

    return x != y ? x > y : l->number[a] < l->number[b];
}

static void swap(kao_face_list *l, size_t a, size_t b)
{
    const kao_face face = l->faces[a];
    const uint32_t number = l->number[a];

    l->faces[a] = l->faces[b];
    l->number[a] = l->number[b];
    l->faces[b] = face;
    l->number[b] = number;
}

/* The first n are a heap with the last in order on top, but for the one at `at`. */
static void sift_down(kao_face_list *l, size_t n, size_t at)
{
    for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && before(l, child, child + 1))
            child++;
        if (!before(l, at, child))
            return;
        swap(l, at, child);
        at = child;
    }
}

static void make_heap(kao_face_list *l)
{
    for (size_t i = l->n / 2; i-- > 0;)
        sift_down(l, l->n, i);
}

static bool grow(kao_face_list *l)
{
    const size_t cap = l->cap ? l->cap * 2 : 256;
    kao_face *faces =
        kao_grow(l->mem, l->faces, l->n * sizeof *faces, cap * sizeof *faces);

    if (faces)
        l->faces = faces;
    uint32_t *number =
        faces ? kao_grow(l->mem, l->number, l->n * sizeof *number, cap * sizeof *number)
              : NULL;

    if (number) {
        l->number = number;
        l->cap = cap;
    }
    l->failed = !number;
    return number != NULL;
}

void kao_face_list_clear(kao_face_list *l)
{
    l->n = 0;
    l->added = 0;
    l->failed = false;
}

/* (Farther out, numbers would pass a float's range in the pixels of a file whose picture is
 * reduced.) */
bool kao_face_is_some(const kao_face *f)
{
    bool ok = fabsf(f->x) <= farthest && fabsf(f->y) <= farthest && f->width > 0 &&
              f->width <= farthest && f->height > 0 && f->height <= farthest;

    for (uint32_t i = 0; i < f->n_points; i++)
        ok &= fabsf(f->points[i].x) <= farthest && fabsf(f->points[i].y) <= farthest;
    return ok;
}

/* A full list is a heap: its worst face stands on top, ready to be replaced. What is no face takes
 * nobody's place. */
void kao_face_list_add(kao_face_list *l, const kao_face *face)
{
    const uint32_t number = l->added++;

    if (l->failed || !kao_face_is_some(face))
        return;
    if (l->limit && l->n == l->limit) {
        if (face->score > l->faces[0].score) {
            l->faces[0] = *face;
            l->number[0] = number;
            sift_down(l, l->n, 0);
        }
        return;
    }
    if (l->n == l->cap && !grow(l))
        return;
    l->faces[l->n] = *face;
    l->number[l->n++] = number;
    if (l->n == l->limit)
        make_heap(l);
}

void kao_face_list_fini(kao_face_list *l)
{
    kao_free(l->mem, l->faces);
    kao_free(l->mem, l->number);
    l->faces = NULL;
    l->number = NULL;
    l->n = l->cap = 0;
}

/* Heap sort: in place, no bad case; numbers make it stable. Faces may be dropped from the list
 * afterwards without their numbers: those of the places still ascend. */
void kao_face_list_sort(kao_face_list *l)
{
    make_heap(l);
    for (size_t i = l->n; i > 1; i--) {
        swap(l, 0, i - 1);
        sift_down(l, i - 1, 0);
    }
    for (size_t i = 0; i < l->n; i++)
        l->number[i] = (uint32_t)i;
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

static bool drops(const kao_face *better, const kao_face *f, float iou, bool joined)
{
    return kao_iou(better, f) > iou || (joined && is_same_face(better, f));
}

void kao_face_list_nms(kao_face_list *l, float iou, bool joined)
{
    size_t kept = 0;

    kao_face_list_sort(l);
    for (size_t i = 0; i < l->n; i++) {
        const kao_face *f = &l->faces[i];
        bool drop = false;

        for (size_t k = 0; k < kept && !drop; k++)
            drop = drops(&l->faces[k], f, iou, joined);
        if (!drop)
            l->faces[kept++] = *f;
    }
    l->n = kept;
}

/* The overlap is the share at most, that of a box that lies inside. */
static float reach(float iou)
{
    return iou < near_in_size ? iou : near_in_size;
}

/* A box that may be dropped may be missing where it would drop another: that may be kept then. */
size_t kao_face_list_sure(kao_face_list *l, float iou, float most)
{
    const float beyond = most / reach(iou);
    size_t sure = 0, kept = 0;

    kao_face_list_sort(l);
    for (size_t i = 0; i < l->n; i++) {
        const kao_face f = l->faces[i];
        bool drop = false, may_go = !(area(&f) > beyond);

        for (size_t k = 0; k < sure && !drop; k++)
            drop = drops(&l->faces[k], &f, iou, true);
        for (size_t k = sure; k < kept && !drop && !may_go; k++)
            may_go = drops(&l->faces[k], &f, iou, true);
        if (drop)
            continue;
        l->faces[kept] = f;
        if (!may_go) {
            l->faces[kept] = l->faces[sure];
            l->faces[sure++] = f;
        }
        kept++;
    }
    l->n = kept;
    return sure;
}

/* ---- averaging ---- */

/* to += f, score times. */
static void add_weighted(kao_face *to, const kao_face *f)
{
    to->x += f->score * f->x;
    to->y += f->score * f->y;
    to->width += f->score * f->width;
    to->height += f->score * f->height;
    for (uint32_t k = 0; k < f->n_points; k++) {
        to->points[k].x += f->score * f->points[k].x;
        to->points[k].y += f->score * f->points[k].y;
    }
}

static void divide(kao_face *f, float by)
{
    f->x /= by;
    f->y /= by;
    f->width /= by;
    f->height /= by;
    for (uint32_t k = 0; k < f->n_points; k++) {
        f->points[k].x /= by;
        f->points[k].y /= by;
    }
}

void kao_face_list_average(kao_face_list *l, float iou)
{
    size_t kept = 0;

    kao_face_list_sort(l);
    for (size_t n = l->n; kept < n; kept++) {
        const kao_face best = l->faces[kept];
        kao_face mean = { .size = best.size,
                          .score = best.score,
                          .n_points = best.n_points,
                          .mask = best.mask };
        float weight = best.score;
        size_t left = kept + 1;

        add_weighted(&mean, &best);
        for (size_t i = kept + 1; i < n; i++) {
            const kao_face f = l->faces[i];

            if (kao_iou(&best, &f) > iou) {
                add_weighted(&mean, &f);
                weight += f.score;
            } else {
                l->faces[left++] = f;
            }
        }
        if (weight > best.score) /* alone it stays as it is, to the bit */
            divide(&mean, weight);
        l->faces[kept] = weight > best.score ? mean : best;
        n = left;
        l->n = n;
    }
}
