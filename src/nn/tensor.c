/* Views and walks. */
#include "nn/tensor.h"

#include <stdio.h>
#include <string.h>

int64_t kao_tensor_count(const kao_tensor *t)
{
    int64_t n = 1;

    for (int32_t i = 0; i < t->rank; i++)
        n *= t->dims[i];
    return n;
}

size_t kao_tensor_bytes(const kao_tensor *t)
{
    return (size_t)kao_tensor_count(t) * kao_dtype_size((int)t->dtype);
}

void kao_tensor_set_dense(kao_tensor *t)
{
    int64_t s = 1;

    for (int32_t i = t->rank - 1; i >= 0; i--) {
        t->strides[i] = s;
        s *= t->dims[i] ? t->dims[i] : 1;
    }
}

void kao_tensor_set_channels_last(kao_tensor *t)
{
    int64_t s = t->dims[1];

    t->strides[1] = 1;
    for (int32_t i = t->rank - 1; i >= 2; i--) {
        t->strides[i] = s;
        s *= t->dims[i];
    }
    t->strides[0] = s;
}

bool kao_tensor_is_dense(const kao_tensor *t)
{
    int64_t s = 1;

    for (int32_t i = t->rank - 1; i >= 0; i--) {
        if (t->dims[i] != 1 && t->strides[i] != s)
            return false;
        s *= t->dims[i];
    }
    return true;
}

bool kao_tensor_is_channels_last(const kao_tensor *t, int64_t *pitch)
{
    int64_t p = t->dims[1];

    *pitch = p;
    if (kao_tensor_count(t) == 0)
        return true;
    if (t->dims[1] != 1 && t->strides[1] != 1)
        return false;
    if (t->dims[3] > 1)
        p = t->strides[3];
    else if (t->dims[2] > 1)
        p = t->strides[2];
    else if (t->dims[0] > 1)
        p = t->strides[0];
    *pitch = p;
    return p >= t->dims[1] && p <= INT32_MAX &&
           (t->dims[2] == 1 || t->strides[2] == p * t->dims[3]) &&
           (t->dims[0] == 1 || t->strides[0] == p * t->dims[3] * t->dims[2]);
}

bool kao_tensor_same_dims(const kao_tensor *a, const kao_tensor *b)
{
    return a->rank == b->rank &&
           memcmp(a->dims, b->dims, (size_t)a->rank * sizeof a->dims[0]) == 0;
}

bool kao_tensor_same_strides(const kao_tensor *a, const kao_tensor *b)
{
    if (!kao_tensor_same_dims(a, b))
        return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dims[i] != 1 && a->strides[i] != b->strides[i])
            return false;
    return true;
}

const char *kao_dims_text(const int64_t *dims, int32_t rank, char *buf, size_t cap)
{
    size_t n = (size_t)snprintf(buf, cap, "[");

    for (int32_t i = 0; i < rank && n < cap; i++) {
        const char *comma = i ? "," : "";

        n += (size_t)(dims[i] < 0 ? snprintf(buf + n, cap - n, "%s?", comma)
                                  : snprintf(buf + n, cap - n, "%s%lld", comma,
                                             (long long)dims[i]));
    }
    if (n < cap)
        snprintf(buf + n, cap - n, "]");
    return buf;
}

/* Outer dimension i of the walk follows j directly in memory for every operand. */
static bool mergeable(const kao_walk *w, int32_t i, int32_t j)
{
    for (int32_t k = 0; k < w->n_ops; k++)
        if (w->strides[k][i] != w->strides[k][j] * w->dims[j])
            return false;
    return true;
}

static void swap_dims(kao_walk *w, int32_t i, int32_t j)
{
    int64_t t = w->dims[i];

    w->dims[i] = w->dims[j];
    w->dims[j] = t;
    for (int32_t k = 0; k < w->n_ops; k++) {
        t = w->strides[k][i];
        w->strides[k][i] = w->strides[k][j];
        w->strides[k][j] = t;
    }
}

static void sort_and_merge(kao_walk *w)
{
    int32_t n = 0;

    for (int32_t i = 1; i < w->rank; i++) /* insertion sort: stable, few elements */
        for (int32_t j = i; j > 0 && w->strides[0][j - 1] < w->strides[0][j]; j--)
            swap_dims(w, j - 1, j);
    for (int32_t i = 0; i < w->rank; i++) {
        if (n > 0 && mergeable(w, n - 1, i)) {
            w->dims[n - 1] *= w->dims[i];
            for (int32_t k = 0; k < w->n_ops; k++)
                w->strides[k][n - 1] = w->strides[k][i];
            continue;
        }
        if (n != i)
            swap_dims(w, n, i);
        n++;
    }
    w->rank = n;
}

void kao_walk_init(kao_walk *w, const kao_tensor *const *ops, int32_t n_ops)
{
    const kao_tensor *out = ops[0];

    *w = (kao_walk){ .n_ops = n_ops, .n = 1 };
    for (int32_t i = 0; i < out->rank; i++) {
        if (out->dims[i] == 0)
            w->n = 0;
        if (out->dims[i] == 1)
            continue;
        w->dims[w->rank] = out->dims[i];
        for (int32_t k = 0; k < n_ops; k++) {
            const int32_t at = i - (out->rank - ops[k]->rank);

            w->strides[k][w->rank] =
                at < 0 || ops[k]->dims[at] == 1 ? 0 : ops[k]->strides[at];
        }
        w->rank++;
    }
    if (w->n == 0)
        return;
    sort_and_merge(w);
    if (w->rank > 0) {
        w->rank--;
        w->n = w->dims[w->rank];
        for (int32_t k = 0; k < n_ops; k++)
            w->step[k] = w->strides[k][w->rank];
    }
}

bool kao_walk_next(kao_walk *w)
{
    for (int32_t i = w->rank - 1; i >= 0; i--) {
        for (int32_t k = 0; k < w->n_ops; k++)
            w->at[k] += w->strides[k][i];
        if (++w->index[i] < w->dims[i])
            return true;
        w->index[i] = 0;
        for (int32_t k = 0; k < w->n_ops; k++)
            w->at[k] -= w->strides[k][i] * w->dims[i];
    }
    return false;
}

/* A short inner dimension (two groups of a channel shuffle) would leave most of the time
 * to the steps between loops: the next one out becomes the inner loop instead. */
static void lengthen_inner(kao_walk *w)
{
    const int32_t i = w->rank - 1;

    if (i < 0 || w->n == 0 || w->n >= 8 || w->dims[i] <= w->n || w->step[1] == 1)
        return;
    const int64_t n = w->n, inner[2] = { w->step[0], w->step[1] };

    w->n = w->dims[i];
    w->dims[i] = n;
    for (int32_t k = 0; k < 2; k++) {
        w->step[k] = w->strides[k][i];
        w->strides[k][i] = inner[k];
    }
}

/* n elements of `size` bytes; steps count bytes. */
static void copy_inner(uint8_t *to, int64_t to_step, const uint8_t *from,
                       int64_t from_step, int64_t n, size_t size)
{
    switch (size) {
    case 4:
        for (int64_t i = 0; i < n; i++)
            memcpy(to + i * to_step, from + i * from_step, 4);
        break;
    case 8:
        for (int64_t i = 0; i < n; i++)
            memcpy(to + i * to_step, from + i * from_step, 8);
        break;
    case 2:
        for (int64_t i = 0; i < n; i++)
            memcpy(to + i * to_step, from + i * from_step, 2);
        break;
    default:
        for (int64_t i = 0; i < n; i++)
            to[i * to_step] = from[i * from_step];
        break;
    }
}

static void copy_same_dims(const kao_tensor *dst, const kao_tensor *src)
{
    const kao_tensor *const ops[] = { dst, src };
    const size_t size = kao_dtype_size((int)dst->dtype);
    const int64_t step = (int64_t)size;
    kao_walk w;

    kao_walk_init(&w, ops, 2);
    lengthen_inner(&w);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w)) {
        uint8_t *to = (uint8_t *)dst->data + w.at[0] * step;
        const uint8_t *from = (const uint8_t *)src->data + w.at[1] * step;

        if (w.n == 1 || (w.step[0] == 1 && w.step[1] == 1))
            memcpy(to, from, (size_t)w.n * size);
        else
            copy_inner(to, w.step[0] * step, from, w.step[1] * step, w.n, size);
    }
}

/* Both lists of dims are cut into the shortest runs of equal product. The old dims of a run
 * must follow each other in memory; then the new ones are steps within it. */
bool kao_tensor_view_as(const kao_tensor *t, const kao_tensor *as, int64_t *strides)
{
    int64_t dims[KAO_MAX_RANK], old[KAO_MAX_RANK]; /* t without its dims of 1 */
    int32_t n = 0, i = 0, j = 0;

    if (kao_tensor_count(t) == 0)
        return false;
    for (int32_t k = 0; k < t->rank; k++)
        if (t->dims[k] != 1) {
            dims[n] = t->dims[k];
            old[n++] = t->strides[k];
        }
    memset(strides, 0, KAO_MAX_RANK * sizeof *strides);
    while (i < n && j < as->rank) {
        int32_t i1 = i + 1, j1 = j + 1;

        for (int64_t a = dims[i], b = as->dims[j]; a != b;) {
            if (a < b)
                a *= dims[i1++];
            else
                b *= as->dims[j1++];
        }
        for (int32_t k = i; k < i1 - 1; k++)
            if (old[k] != old[k + 1] * dims[k + 1])
                return false;
        int64_t step = old[i1 - 1];

        for (int32_t k = j1 - 1; k >= j; k--) {
            strides[k] = step;
            step *= as->dims[k];
        }
        i = i1;
        j = j1;
    }
    return true; /* what is left of `as` has size 1 */
}

/* Step a C-order index one element on and give the new offset. */
static int64_t step_index(const kao_tensor *t, int64_t *index, int64_t at)
{
    for (int32_t i = t->rank - 1; i >= 0; i--) {
        at += t->strides[i];
        if (++index[i] < t->dims[i])
            return at;
        index[i] = 0;
        at -= t->strides[i] * t->dims[i];
    }
    return at;
}

void kao_tensor_copy(const kao_tensor *dst, const kao_tensor *src)
{
    kao_tensor view = *src;

    if (kao_tensor_same_dims(dst, src)) {
        copy_same_dims(dst, src);
        return;
    }
    view = *dst;
    view.data = src->data;
    if (kao_tensor_view_as(src, dst, view.strides)) { /* read it in the shape of dst */
        copy_same_dims(dst, &view);
        return;
    }
    view = *src;
    view.data = dst->data;
    if (kao_tensor_view_as(dst, src, view.strides)) { /* write it in the shape of src */
        copy_same_dims(&view, src);
        return;
    }
    const int64_t n = kao_tensor_count(dst);
    const size_t size = kao_dtype_size((int)dst->dtype);
    int64_t to[KAO_MAX_RANK] = { 0 }, from[KAO_MAX_RANK] = { 0 }, a = 0, b = 0;

    for (int64_t i = 0; i < n; i++) {
        memcpy((uint8_t *)dst->data + a * (int64_t)size,
               (const uint8_t *)src->data + b * (int64_t)size, size);
        a = step_index(dst, to, a);
        b = step_index(src, from, b);
    }
}

int64_t kao_tensor_int_at(const kao_tensor *t, int64_t at)
{
    switch (t->dtype) {
    case KAO_I64:
        return ((const int64_t *)t->data)[at];
    case KAO_I32:
        return ((const int32_t *)t->data)[at];
    case KAO_I16:
        return ((const int16_t *)t->data)[at];
    case KAO_I8:
        return ((const int8_t *)t->data)[at];
    case KAO_U64:
        return (int64_t)((const uint64_t *)t->data)[at];
    case KAO_U32:
        return ((const uint32_t *)t->data)[at];
    case KAO_U16:
        return ((const uint16_t *)t->data)[at];
    default:
        return ((const uint8_t *)t->data)[at];
    }
}

int64_t kao_tensor_index_at(const kao_tensor *t, int64_t at, int64_t d)
{
    const int64_t k = kao_tensor_int_at(t, at), v = k < 0 ? k + d : k;

    return v < 0 ? 0 : v < d ? v : d - 1;
}

void kao_tensor_set_int(const kao_tensor *t, int64_t at, int64_t v)
{
    switch (kao_dtype_size((int)t->dtype)) {
    case 8:
        ((uint64_t *)t->data)[at] = (uint64_t)v;
        break;
    case 4:
        ((uint32_t *)t->data)[at] = (uint32_t)v;
        break;
    case 2:
        ((uint16_t *)t->data)[at] = (uint16_t)v;
        break;
    default:
        ((uint8_t *)t->data)[at] = (uint8_t)v;
        break;
    }
}

double kao_tensor_number_at(const kao_tensor *t, int64_t at)
{
    if (t->dtype == KAO_F32)
        return (double)((const float *)t->data)[at];
    if (t->dtype == KAO_F64)
        return ((const double *)t->data)[at];
    if (t->dtype == KAO_U64)
        return (double)((const uint64_t *)t->data)[at];
    return (double)kao_tensor_int_at(t, at);
}

static int64_t truncated(double v, int64_t lo, int64_t hi)
{
    if (!(v > (double)lo)) /* NaN too */
        return v != v ? 0 : lo;
    return v >= (double)hi ? hi : (int64_t)v;
}

void kao_tensor_set_number(const kao_tensor *t, int64_t at, double v)
{
    switch (t->dtype) {
    case KAO_F32:
        ((float *)t->data)[at] = (float)v;
        break;
    case KAO_F64:
        ((double *)t->data)[at] = v;
        break;
    case KAO_BOOL:
        ((uint8_t *)t->data)[at] = v != 0; /* NaN is true */
        break;
    case KAO_I64:
        kao_tensor_set_int(t, at, truncated(v, INT64_MIN, INT64_MAX));
        break;
    case KAO_I32:
        kao_tensor_set_int(t, at, truncated(v, INT32_MIN, INT32_MAX));
        break;
    case KAO_I16:
        kao_tensor_set_int(t, at, truncated(v, INT16_MIN, INT16_MAX));
        break;
    case KAO_I8:
        kao_tensor_set_int(t, at, truncated(v, INT8_MIN, INT8_MAX));
        break;
    case KAO_U64:
        ((uint64_t *)t->data)[at] = v >= 0x1p64 ? UINT64_MAX
                                    : v >= 0x1p63
                                        ? (uint64_t)v
                                        : (uint64_t)truncated(v, 0, INT64_MAX);
        break;
    case KAO_U32:
        kao_tensor_set_int(t, at, truncated(v, 0, UINT32_MAX));
        break;
    case KAO_U16:
        kao_tensor_set_int(t, at, truncated(v, 0, UINT16_MAX));
        break;
    default:
        kao_tensor_set_int(t, at, truncated(v, 0, UINT8_MAX));
        break;
    }
}

kao_tensor kao_tensor_axes(const kao_tensor *t, const bool *in_set, bool want)
{
    kao_tensor v = { .dtype = t->dtype, .data = t->data };

    for (int32_t i = 0; i < t->rank; i++)
        if (in_set[i] == want) {
            v.dims[v.rank] = t->dims[i];
            v.strides[v.rank++] = t->strides[i];
        }
    return v;
}

kao_tensor kao_tensor_spread(const kao_tensor *t, const kao_tensor *as)
{
    kao_tensor v = *as;

    v.dtype = t->dtype;
    v.data = t->data;
    for (int32_t i = 0; i < as->rank; i++) {
        const int32_t at = i - (as->rank - t->rank);

        v.strides[i] = at < 0 || t->dims[at] == 1 ? 0 : t->strides[at];
    }
    return v;
}

void kao_index_next(int64_t *index, const int64_t *dims, int32_t rank)
{
    for (int32_t i = rank - 1; i >= 0 && ++index[i] == dims[i]; i--)
        index[i] = 0;
}

bool kao_tensor_ints(const kao_tensor *t, int64_t *to, size_t cap, size_t *n)
{
    int64_t index[KAO_MAX_RANK] = { 0 }, at = 0;
    const int64_t count = kao_tensor_count(t);

    if ((t->dtype != KAO_I64 && t->dtype != KAO_I32) || count < 0 ||
        (size_t)count > cap)
        return false;
    for (int64_t i = 0; i < count; i++) {
        to[i] = t->dtype == KAO_I64 ? ((const int64_t *)t->data)[at]
                                    : ((const int32_t *)t->data)[at];
        at = step_index(t, index, at);
    }
    *n = (size_t)count;
    return true;
}
