/* Non-maximum suppression, and the list that candidates are gathered in. */
#include <string.h>

#include "face/detector_family.h"

/* More candidates than this are never looked at: the best ones stay (OpenCV's topK). */
enum { LIST_LIMIT = 5000 };

/* Below a full list lies a heap with the worst face on top. */
static void sift_down(kao_face *f, size_t n, size_t at)
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

void kao_face_list_add(kao_face_list *list, const kao_face *face)
{
    if (list->failed)
        return;
    if (list->n == LIST_LIMIT) {
        if (face->score > list->faces[0].score) {
            list->faces[0] = *face;
            sift_down(list->faces, list->n, 0);
        }
        return;
    }
    if (list->n == list->cap) {
        const size_t cap = list->cap ? list->cap * 2 : 256;
        kao_face *bigger = kao_grow(list->mem, list->faces, list->n * sizeof *bigger,
                                    cap * sizeof *bigger);

        if (!bigger) {
            list->failed = true;
            return;
        }
        list->faces = bigger;
        list->cap = cap;
    }
    list->faces[list->n++] = *face;
    if (list->n == LIST_LIMIT)
        for (size_t i = list->n / 2; i-- > 0;)
            sift_down(list->faces, list->n, i);
}

void kao_face_list_fini(kao_face_list *list)
{
    kao_free(list->mem, list->faces);
    list->faces = NULL;
    list->n = list->cap = 0;
}

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

/* Binary insertion: stable, in place; candidates are few. */
static void sort_by_score(kao_face *f, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const kao_face v = f[i];
        size_t lo = 0, hi = i;

        while (lo < hi) {
            const size_t mid = (lo + hi) / 2;

            if (f[mid].score >= v.score)
                lo = mid + 1;
            else
                hi = mid;
        }
        memmove(f + lo + 1, f + lo, (i - lo) * sizeof *f);
        f[lo] = v;
    }
}

static bool suppressed(const kao_face *kept, size_t n, const kao_face *f, float iou,
                       float contained)
{
    for (size_t i = 0; i < n; i++) {
        if (kao_iou(&kept[i], f) > iou)
            return true;
        const float a = area(&kept[i]), b = area(f), less = a < b ? a : b;

        if (contained > 0 && less > 0 && shared_area(&kept[i], f) > contained * less)
            return true;
    }
    return false;
}

size_t kao_nms(kao_face *faces, size_t n, float iou, float contained)
{
    size_t kept = 0;

    sort_by_score(faces, n);
    for (size_t i = 0; i < n; i++)
        if (!suppressed(faces, kept, &faces[i], iou, contained))
            faces[kept++] = faces[i];
    return kept;
}
