/* See partition.h. */
#include "eval/partition.h"

#include <math.h>
#include <stdlib.h>

#include "base/alike.h"

static int by_key(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

typedef struct counted { /* over the different keys, each n times */
    size_t kinds;
    double pairs;   /* of equal ones */
    double entropy; /* in nats */
} counted;

/* Sorts the keys. */
static counted count(uint64_t *keys, size_t n)
{
    counted c = { .kinds = 0 };

    qsort(keys, n, sizeof *keys, by_key);
    for (size_t i = 0; i < n;) {
        size_t end = i;

        while (end < n && keys[end] == keys[i])
            end++;
        const double same = (double)(end - i);

        c.kinds++;
        c.pairs += same * (same - 1) / 2;
        c.entropy -= same / (double)n * log(same / (double)n);
        i = end;
    }
    return c;
}

static double share(double part, double of)
{
    return of > 0 ? part / of : 1;
}

/* 1 - H(a | b) / H(a), where H(a | b) = H(a, b) - H(b); a difference of sums that may be a rounding
 * off its ends. */
static double told(const counted *a, const counted *b, const counted *both)
{
    const double left = a->entropy > 0 ? (both->entropy - b->entropy) / a->entropy : 0;

    return 1 - fmin(fmax(left, 0), 1);
}

static double mean_of(double a, double b)
{
    return a + b > 0 ? 2 * a * b / (a + b) : 0;
}

kao_status kao_partition_measure(kao_partition_figures *f, kao_mem *mem,
                                 const uint32_t *group, const uint32_t *person,
                                 size_t n, kao_error *err)
{
    uint64_t *keys = kao_calloc(mem, n, sizeof *keys);

    *f = (kao_partition_figures){ .n_groups = 0 };
    if (!keys)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        keys[i] = group[i];
    const counted groups = count(keys, n);

    for (size_t i = 0; i < n; i++)
        keys[i] = person[i];
    const counted people = count(keys, n);

    for (size_t i = 0; i < n; i++)
        keys[i] = (uint64_t)group[i] << 32 | person[i];
    const counted both = count(keys, n);

    kao_free(mem, keys);
    f->n_groups = groups.kinds;
    f->precision = share(both.pairs, groups.pairs);
    f->recall = share(both.pairs, people.pairs);
    f->f = mean_of(f->precision, f->recall);
    f->homogeneity = told(&people, &groups, &both);
    f->completeness = told(&groups, &people, &both);
    f->v = mean_of(f->homogeneity, f->completeness);
    return KAO_OK;
}

/* ---- DBSCAN ---- */

static int more_alike(const void *a, const void *b)
{
    const kao_alike_pair *x = a, *y = b;

    return x->similarity != y->similarity
               ? (x->similarity < y->similarity) - (x->similarity > y->similarity)
               : (x->b > y->b) - (x->b < y->b);
}

/* Prim's algorithm: the face most like the tree is next. */
kao_status kao_alike_tree(kao_alike_pair *tree, kao_mem *mem, const float *vectors,
                          size_t n, size_t dim, kao_error *err)
{
    /* of who is not in the tree: the best pair with the tree */
    kao_alike_pair *out = kao_calloc(mem, n, sizeof *out);
    size_t n_out = n ? n - 1 : 0, last = 0;

    if (!out)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < n_out; i++)
        out[i] = (kao_alike_pair){ -INFINITY, 0, (uint32_t)i + 1 };
    for (size_t done = 0; n_out; done++) {
        size_t best = 0;

        for (size_t i = 0; i < n_out; i++) {
            const float s =
                kao_alike_floats(vectors + last * dim, vectors + out[i].b * dim, dim);

            if (s > out[i].similarity)
                out[i] = (kao_alike_pair){ s, (uint32_t)last, out[i].b };
            if (out[i].similarity > out[best].similarity)
                best = i;
        }
        tree[done] = out[best];
        last = out[best].b;
        out[best] = out[--n_out];
    }
    kao_free(mem, out);
    qsort(tree, n ? n - 1 : 0, sizeof *tree, more_alike);
    return KAO_OK;
}

static uint32_t root_of(uint32_t *group, uint32_t i)
{
    while (group[i] != i) {
        group[i] = group[group[i]];
        i = group[i];
    }
    return i;
}

void kao_alike_cut(const kao_alike_pair *tree, size_t n, float least, uint32_t *group)
{
    for (size_t i = 0; i < n; i++)
        group[i] = (uint32_t)i;
    for (size_t i = 0; i + 1 < n && tree[i].similarity >= least; i++)
        group[root_of(group, tree[i].b)] = root_of(group, tree[i].a);
    for (size_t i = 0; i < n; i++)
        group[i] = root_of(group, (uint32_t)i);
}
