/* See init.h. */
#include "train/init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"

static const kao_onnx_tensor *find(const kao_onnx_model *m, const char *name)
{
    for (uint32_t v = 0; v < m->n_values; v++)
        if (m->constants[v] && strcmp(m->value_names[v], name) == 0)
            return m->constants[v];
    return NULL;
}

/* n numbers by name, from float32, or from the float16 that a Cast makes them of. */
static const float *plain(kao_init *i, const char *name, size_t n)
{
    char half_name[64];
    const kao_onnx_tensor *t = find(&i->net->onnx, name);

    if (t && t->dtype == KAO_F32 && (size_t)t->n == n)
        return t->data;
    snprintf(half_name, sizeof half_name, "%.55s.16", name);
    t = find(&i->net->onnx, half_name);
    if (!t || t->dtype != KAO_F16 || (size_t)t->n != n)
        return NULL;
    const uint16_t *from = t->data;
    float *to = kao_arena_alloc(&i->arena, n * sizeof *to);

    i->no_memory |= !to;
    for (size_t k = 0; to && k < n; k++)
        to[k] = kao_half_to_float(from[k]);
    return to;
}

/* "p8.w": the rows of cls_8.w, bbox_8.w and kps_8.w. */
static const float *joined(kao_init *i, const char *name, size_t n)
{
    static const struct {
        const char *kind;
        size_t rows;
    } parts[] = { { "cls", 1 }, { "bbox", 4 }, { "kps", 10 } };
    char *end = NULL;
    const long stride = name[0] == 'p' ? strtol(name + 1, &end, 10) : 0;

    if (stride <= 0 || *end != '.' || n % KAO_DETECT_CHANNELS)
        return NULL;
    const size_t row = n / KAO_DETECT_CHANNELS;
    float *all = kao_arena_alloc(&i->arena, n * sizeof *all), *to = all;

    i->no_memory |= !all;
    for (size_t k = 0; all && k < sizeof parts / sizeof parts[0]; k++) {
        char part[64];

        snprintf(part, sizeof part, "%s_%ld%.8s", parts[k].kind, stride, end);
        const float *from = plain(i, part, parts[k].rows * row);

        if (!from)
            return NULL;
        memcpy(to, from, parts[k].rows * row * sizeof *to);
        to += parts[k].rows * row;
    }
    return all;
}

static const float *get(void *user, const char *name, size_t n)
{
    kao_init *i = user;
    const float *p = plain(i, name, n);

    if (!p)
        p = joined(i, name, n);
    if (!p && !i->missing[0])
        snprintf(i->missing, sizeof i->missing, "%.30s (%zu numbers)", name, n);
    return p;
}

kao_status kao_init_open(kao_init *i, kao_context *ctx, const char *path,
                         kao_error *err)
{
    *i = (kao_init){ .net = NULL };
    kao_arena_init(&i->arena, &ctx->mem, kao_gib(4));
    const kao_status st = kao_network_load(ctx, &i->net, path, err);

    for (uint32_t k = 0; !st && k < i->net->onnx.n_meta; k++)
        if (strcmp(i->net->onnx.meta[k].key, "kao.views") == 0)
            i->views = strtoull(i->net->onnx.meta[k].value, NULL, 10);
    if (st)
        kao_init_close(i);
    return st;
}

void kao_init_close(kao_init *i)
{
    kao_arena_fini(&i->arena);
    kao_network_destroy(i->net);
    i->net = NULL;
}

kao_arch_weights kao_init_weights(kao_init *i)
{
    return (kao_arch_weights){ .get = get, .user = i };
}

kao_status kao_init_check(const kao_init *i, kao_error *err)
{
    if (i->no_memory)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", i->net->name);
    if (i->missing[0])
        return kao_fail(err, KAO_E_FORMAT,
                        "%s: has no weights %s: it is of another network", i->net->name,
                        i->missing);
    return KAO_OK;
}
