/* Memory of a tape, shared by life time.
 *
 * Time runs from step 0 forward to the last, then the caller's turn (outputs are read, their
 * gradients are written), then backward to step 0:
 *
 *   forward of step i    i
 *   the caller           n
 *   backward of step i   n + 1 + 2 (n - 1 - i), where it reads what was made, and one later,
 *                        where it writes gradients of inputs
 *
 * A value lives from its step to its last reader, be that forward or backward. Where its step
 * is cheap it lives twice instead: until its last reader forward, and, made again, from its
 * first reader backward on. A gradient lives from its first writer until the backward of the
 * step that made its value. memory.c places them, and the scratch of each step, in one block. */
#include "nn/plan.h"
#include "nn/tape.h"

#define NEVER UINT32_MAX

typedef struct life {
    uint32_t read;        /* forward: the last reader */
    uint32_t first, last; /* backward: readers; NEVER: none */
} life;

typedef struct placer {
    kao_tape *t;
    life *lives; /* by value */
    kao_block *blocks;
    float ***to; /* by block: where its address goes */
    uint32_t n;
} placer;

static uint32_t caller(const placer *p)
{
    return p->t->n_steps;
}

static uint32_t back(const placer *p, uint32_t step)
{
    return 3 * p->t->n_steps - 1 - 2 * step;
}

static uint32_t step_at(const placer *p, uint32_t back)
{
    return (3 * p->t->n_steps - 1 - back) / 2;
}

static uint32_t end(const placer *p)
{
    return 3 * p->t->n_steps + 1;
}

static bool is_output(const placer *p, uint32_t v)
{
    return p->t->g.values[v].is_output;
}

/* Those that are read whenever the caller likes, or the next run begins. */
static bool stays(const placer *p, uint32_t v)
{
    return is_output(p, v) || p->t->g.values[v].is_input;
}

static void need(placer *p, uint32_t v, uint32_t from, uint32_t to)
{
    life *l = &p->lives[v];

    l->first = from < l->first ? from : l->first;
    l->last = l->last == NEVER || to > l->last ? to : l->last;
}

static void find_reads(placer *p)
{
    kao_tape *t = p->t;

    for (uint32_t v = 0; v < t->g.n_values; v++)
        p->lives[v] = (life){ .first = NEVER, .last = NEVER };
    for (uint32_t i = 0; i < t->n_steps; i++) {
        const kao_tape_step *s = &t->steps[i];

        p->lives[s->out].read = i;
        for (uint32_t k = 0; k < s->s->n_in; k++) {
            const uint32_t v = s->s->in[k];

            if (v == KAO_NO_VALUE || !t->values[v].is_made)
                continue;
            p->lives[v].read = i;
            if (s->reads_in)
                need(p, v, back(p, i), back(p, i) + !s->reads_in_first);
        }
        if (s->reads_out)
            need(p, s->out, back(p, i), back(p, i) + 1);
    }
}

/* Whether making the output again, when it is read first, keeps no input longer. */
static bool can_make_again(const placer *p, const kao_tape_step *s)
{
    const uint32_t at = p->lives[s->out].first;

    if (!s->again || at == NEVER || stays(p, s->out))
        return false;
    for (uint32_t k = 0; k < s->s->n_in; k++) {
        const uint32_t v = s->s->in[k];
        const life *l = v == KAO_NO_VALUE ? NULL : &p->lives[v];

        if (l && p->t->values[v].is_made && !stays(p, v) &&
            (l->last == NEVER || l->last < at))
            return false;
    }
    return true;
}

/* Readers of a value come behind its step, so that all of them are known when it is asked
 * for; and lists get steps of lower numbers in front. */
static void choose_again(placer *p)
{
    kao_tape *t = p->t;

    for (uint32_t i = t->n_steps; i-- > 0;) {
        kao_tape_step *s = &t->steps[i];

        if (!can_make_again(p, s)) {
            s->again = NULL;
            continue;
        }
        const uint32_t at = p->lives[s->out].first;
        kao_tape_step *reader = &t->steps[step_at(p, at)];

        s->next_again = reader->first_again;
        reader->first_again = i;
        for (uint32_t k = 0; k < s->s->n_in; k++)
            if (s->s->in[k] != KAO_NO_VALUE && t->values[s->s->in[k]].is_made)
                need(p, s->s->in[k], at, at);
    }
}

/* ---- blocks ---- */

static void add(placer *p, float **to, size_t floats, uint32_t first, uint32_t last)
{
    if (!floats)
        return;
    p->to[p->n] = to;
    p->blocks[p->n++] =
        (kao_block){ .bytes = floats * sizeof(float), .first = first, .last = last };
}

static size_t count(const placer *p, uint32_t v)
{
    return (size_t)kao_tensor_count(&p->t->values[v].t);
}

static void add_input(placer *p)
{
    const uint32_t v = p->t->net->onnx.inputs[0].value;

    add(p, &p->t->values[v].place[0], count(p, v), 0, end(p));
}

static void add_output(placer *p, uint32_t i)
{
    const kao_tape_step *s = &p->t->steps[i];
    const life *l = &p->lives[s->out];
    kao_tape_value *v = &p->t->values[s->out];
    const size_t n = count(p, s->out);

    if (s->again) {
        add(p, &v->place[0], n, i, l->read);
        add(p, &v->place[1], n, l->first, l->last);
    } else {
        add(p, &v->place[0], n, i,
            stays(p, s->out)   ? end(p)
            : l->last == NEVER ? l->read
                               : l->last);
    }
    /* the last reader is the first that writes the gradient */
    add(p, &v->grad, n, is_output(p, s->out) ? caller(p) : back(p, l->read) + 1,
        back(p, i) + 1);
}

/* Room for the largest gradient that is added to one: of an output, or with a writer before.
 * has_grad is used for this; a run begins with it cleared. */
static size_t room_of(placer *p, const kao_tape_step *s)
{
    size_t most = 0;

    for (uint32_t k = 0; k < s->s->n_in; k++) {
        const uint32_t v = s->s->in[k];

        if (!kao_tape_wants_grad(p->t, v))
            continue;
        if ((p->t->values[v].has_grad || is_output(p, v)) && count(p, v) > most)
            most = count(p, v);
        p->t->values[v].has_grad = true;
    }
    return most;
}

static void add_all(placer *p)
{
    kao_tape *t = p->t;

    add_input(p);
    for (uint32_t i = t->n_steps; i-- > 0;) {
        kao_tape_step *s = &t->steps[i];
        const uint32_t at = back(p, i);

        add_output(p, i);
        add(p, &s->scratch[0], s->need[0], i, i);
        add(p, &s->scratch[1], s->need[1], at, at + 1);
        add(p, &s->room, room_of(p, s), at + 1, at + 1);
    }
}

static kao_status place(placer *p, kao_arena *scratch)
{
    kao_tape *t = p->t;
    const size_t most = 1 + 6 * (size_t)t->n_steps;
    uint32_t *indices = kao_arena_calloc(scratch, most, 2 * sizeof *indices);
    size_t total = 0;

    p->lives = kao_arena_calloc(scratch, t->g.n_values, sizeof *p->lives);
    p->blocks = kao_arena_calloc(scratch, most, sizeof *p->blocks);
    p->to = kao_arena_calloc(scratch, most, sizeof *p->to);
    if (!indices || !p->lives || !p->blocks || !p->to)
        return kao_tape_no_memory(t);
    find_reads(p);
    choose_again(p);
    add_all(p);
    const kao_status st =
        kao_memory_plan(p->blocks, p->n, indices, t->arena.limit, &total, t->err);

    if (st)
        return st;
    unsigned char *memory = kao_arena_alloc(&t->arena, total);

    if (!memory)
        return kao_tape_no_memory(t);
    for (uint32_t i = 0; i < p->n; i++)
        *p->to[i] = (float *)(void *)(memory + p->blocks[i].offset);
    for (uint32_t v = 0; v < t->g.n_values; v++)
        t->values[v].t.data = t->values[v].place[0];
    return KAO_OK;
}

kao_status kao_tape_place(kao_tape *t)
{
    placer p = { .t = t };
    kao_arena scratch;

    kao_arena_init(&scratch, t->arena.mem, t->arena.limit);
    const kao_status st = place(&p, &scratch);

    kao_arena_fini(&scratch);
    return st;
}
