/* See checkpoint.h.
 *
 * The head has the sizes of all parameters and a hash of the recipe's part that decides what a
 * step computes: a checkpoint of another recipe is refused. */
#include "train/checkpoint.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"

static const char magic[8] = "kaoRUN02", first_magic[8] = "kaoRUN01";

#define MOST_BYTES kao_gib(4)

/* Of all parameters with what belongs to them. */
static size_t bytes_of(const kao_optimizer *o)
{
    size_t numbers = 0;

    for (uint32_t i = 0; i < o->n_params; i++)
        numbers += o->params[i].of ? o->params[i].of : o->params[i].n;
    return numbers * 4 * sizeof(float) + o->n_params * sizeof(uint64_t);
}

kao_status kao_checkpoint_fits(const kao_checkpoint *c, const char *path,
                               kao_error *err)
{
    enum { HEAD = 128 };
    const size_t n = bytes_of(c->opt);

    return n <= MOST_BYTES - HEAD
               ? KAO_OK
               : kao_fail(err, KAO_E_LIMIT,
                          "%s: a checkpoint of %.1f GiB; %.0f at most", path,
                          (double)n / (double)kao_gib(1),
                          (double)MOST_BYTES / (double)kao_gib(1));
}

static bool put_head(kao_bytes *b, const kao_checkpoint *c)
{
    char hash[KAO_SHA256_TEXT];

    kao_recipe_hash(c->r, hash);
    return kao_bytes_add(b, magic, sizeof magic) &&
           kao_bytes_add(b, hash, sizeof hash) &&
           kao_bytes_add(b, &c->opt->step, sizeof c->opt->step) &&
           kao_bytes_add(b, &c->seconds, sizeof c->seconds) &&
           kao_bytes_add(b, &c->before, sizeof c->before) &&
           kao_bytes_add(b, &c->opt->n_params, sizeof c->opt->n_params);
}

/* All of what ranks have parts of: zeros but for the own part, then the sum. */
static void gather(const kao_checkpoint *c, const kao_param *p, const float *part,
                   float *all)
{
    memset(all, 0, p->of * sizeof *all);
    memcpy(all + p->at, part, p->n * sizeof *all);
    kao_ranks_sum_begin(c->opt->ranks, all, p->of);
    kao_ranks_wait(c->opt->ranks);
}

/* room: for the largest parameter that ranks have parts of. */
static bool put_all(kao_bytes *b, const kao_checkpoint *c, float *room)
{
    const kao_optimizer *o = c->opt;
    bool ok = put_head(b, c);

    /* at once: to grow would copy what is there, with both in memory */
    ok = ok && kao_bytes_reserve(b, bytes_of(o));
    for (uint32_t i = 0; i < o->n_params; i++) {
        const kao_param *p = &o->params[i];
        const uint64_t n = p->of ? p->of : p->n;
        const float *parts[] = { p->data, o->m[i], o->v[i], o->mean[i] };

        ok = ok && kao_bytes_add(b, &n, sizeof n);
        for (int k = 0; k < 4; k++) {
            if (p->of)
                gather(c, p, parts[k], room);
            ok = ok && kao_bytes_add(b, p->of ? room : parts[k], n * sizeof(float));
        }
    }
    return ok;
}

kao_status kao_checkpoint_write(const kao_checkpoint *c, const char *path,
                                kao_error *err)
{
    kao_ranks *ranks = c->opt->ranks;
    /* others only help to gather */
    kao_bytes b = { .mem = c->mem, .max = kao_ranks_leads(ranks) ? MOST_BYTES : 0 };
    kao_status st = kao_checkpoint_fits(c, path, err);
    size_t most = 0;

    if (st)
        return st;
    for (uint32_t i = 0; i < c->opt->n_params; i++)
        most = c->opt->params[i].of > most ? c->opt->params[i].of : most;
    float *room = kao_calloc(c->mem, most + 1, sizeof *room);

    if (!room)
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    if (most)
        st = kao_ranks_agree(ranks, st, err);
    if (!st && !put_all(&b, c, room) && kao_ranks_leads(ranks))
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    if (!st && most)
        st = kao_ranks_check(ranks, err);
    if (!st && kao_ranks_leads(ranks))
        st = kao_file_write(c->mem, path, b.p, b.n, err);
    kao_free(c->mem, room);
    kao_bytes_free(&b);
    return st;
}

static bool take(kao_reader *r, void *to, size_t n)
{
    const kao_span s = kao_reader_take(r, n);

    if (s.p)
        memcpy(to, s.p, n);
    return s.p != NULL;
}

/* Numbers at .. at + n - 1 of `all`. */
static bool take_part(kao_reader *r, const kao_param *p, float *to, size_t all)
{
    const kao_span s = kao_reader_take(r, all * sizeof *to);

    if (s.p)
        memcpy(to, s.p + p->at * sizeof *to, p->n * sizeof *to);
    return s.p != NULL;
}

static kao_status take_all(kao_checkpoint *c, kao_span bytes, const char *path,
                           kao_error *err)
{
    kao_optimizer *o = c->opt;
    kao_reader r = kao_reader_of(bytes);
    char head[sizeof magic], hash[KAO_SHA256_TEXT], mine[KAO_SHA256_TEXT];
    uint32_t n_params = 0;

    kao_recipe_hash(c->r, mine);
    if (!take(&r, head, sizeof head) ||
        (memcmp(head, magic, sizeof magic) != 0 &&
         memcmp(head, first_magic, sizeof magic) != 0) ||
        !take(&r, hash, sizeof hash))
        return kao_fail(err, KAO_E_FORMAT, "%s: not a checkpoint of this version",
                        path);
    if (memcmp(hash, mine, sizeof hash) != 0)
        return kao_fail(err, KAO_E_FORMAT,
                        "%s: a checkpoint of another recipe; give another --state",
                        path);
    bool ok = take(&r, &o->step, sizeof o->step) &&
              take(&r, &c->seconds, sizeof c->seconds) &&
              (memcmp(head, first_magic, sizeof magic) == 0 ||
               take(&r, &c->before, sizeof c->before)) &&
              take(&r, &n_params, sizeof n_params) && n_params == o->n_params;

    for (uint32_t i = 0; ok && i < n_params; i++) {
        const kao_param *p = &o->params[i];
        const size_t all = p->of ? p->of : p->n;
        float *parts[] = { p->data, o->m[i], o->v[i], o->mean[i] };
        uint64_t n = 0;

        ok = take(&r, &n, sizeof n) && n == all;
        for (int k = 0; ok && k < 4; k++)
            ok = take_part(&r, p, parts[k], all);
    }
    return ok ? KAO_OK
              : kao_fail(err, KAO_E_FORMAT, "%s: the checkpoint is damaged", path);
}

kao_status kao_checkpoint_read(kao_checkpoint *c, const char *path, kao_error *err)
{
    kao_file f = { 0 };
    kao_error own = { 0 };
    kao_status st = kao_file_open(&f, c->mem, path, MOST_BYTES, &own);

    if (st == KAO_E_IO && own.sys == ENOENT)
        return KAO_OK; /* the beginning */
    if (st && err)
        *err = own;
    if (!st)
        st = take_all(c, f.bytes, path, err);
    kao_file_close(&f);
    return st;
}
