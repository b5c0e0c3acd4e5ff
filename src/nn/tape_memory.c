/* Memory of a tape, shared by life time.
 *
 * Time runs through the calls of the forward run, the caller's turn (outputs are read, their
 * gradients are written), then the calls of the backward run. A call has two moments: in the
 * first it reads what was made, in the second it writes gradients of inputs.
 *
 * A value lives from its step to its last reader, be that forward or backward. Where its step
 * is cheap it lives twice instead: until its last reader forward, and, made again, from its
 * first reader backward on. A gradient lives from its first writer until the backward call of
 * the step that made its value. Calls of a span in parts are all at once; what lives in no
 * other span is there in slices alone. memory.c places all of it, and the scratch of each step, in one block. */
#include "nn/plan.h"
#include "nn/tape.h"

#define NEVER UINT32_MAX

typedef struct life {
    uint32_t read;        /* forward: the last reader's call */
    uint32_t first, last; /* backward: readers; NEVER: none */
    uint32_t first_step;  /* the first reader's */
} life;

typedef struct placer {
    kao_tape *t;
    life *lives; /* by value */
    kao_block *blocks;
    float ***to; /* by block: where its address goes */
    uint32_t n;
} placer;

/* Calls of the forward run. */
static uint32_t n_forward(const placer *p)
{
    const kao_tape *t = p->t;

    return t->n_spans > t->first_back ? t->spans[t->first_back].begin : t->n_calls;
}

/* The first moment of a call. */
static uint32_t moment(const placer *p, uint32_t call)
{
    return 2 * (call < n_forward(p) ? call : call + 1);
}

static uint32_t caller(const placer *p)
{
    return 2 * n_forward(p);
}

static uint32_t end(const placer *p)
{
    return 2 * (p->t->n_calls + 1);
}

/* The span that is at work then; NULL: none, the caller's turn. */
static const kao_tape_span *span_at(const placer *p, uint32_t moment)
{
    const uint32_t at = moment / 2, n = n_forward(p);
    const kao_tape *t = p->t;

    for (uint32_t i = 0; at != n && i < t->n_spans; i++)
        if ((at < n ? at : at - 1) < t->spans[i].end)
            return &t->spans[i];
    return NULL;
}

static uint32_t at(const placer *p, const kao_tape_step *s, kao_tape_stage stage)
{
    return moment(p, s->at[stage]);
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

static void need(placer *p, uint32_t v, uint32_t from, uint32_t to, uint32_t step)
{
    life *l = &p->lives[v];

    if (from < l->first) {
        l->first = from;
        l->first_step = step;
    }
    l->last = l->last == NEVER || to > l->last ? to : l->last;
}

static void find_reads(placer *p)
{
    kao_tape *t = p->t;

    for (uint32_t v = 0; v < t->g.n_values; v++)
        p->lives[v] = (life){ .first = NEVER, .last = NEVER };
    for (uint32_t i = 0; i < t->n_steps; i++) {
        const kao_tape_step *s = &t->steps[i];
        const uint32_t from = at(p, s, KAO_TAPE_GATHER_BACK),
                       to = at(p, s, KAO_TAPE_BACKWARD);

        p->lives[s->out].read = at(p, s, KAO_TAPE_FORWARD);
        for (uint32_t k = 0; k < s->s->n_in; k++) {
            const uint32_t v = s->s->in[k];

            if (v == KAO_NO_VALUE || !t->values[v].is_made)
                continue;
            p->lives[v].read = at(p, s, KAO_TAPE_FORWARD);
            if (s->reads_in)
                need(p, v, from, to + !s->reads_in_first, i);
        }
        if (s->reads_out)
            need(p, s->out, from, to + 1, i);
    }
}

/* Whether making the output again, when it is read first, keeps no input longer. */
static bool can_make_again(const placer *p, const kao_tape_step *s)
{
    const life *out = &p->lives[s->out];

    if (!s->again || out->first == NEVER || stays(p, s->out) ||
        (p->t->steps[out->first_step].in_parts[1] && !s->in_parts[0]))
        return false;
    for (uint32_t k = 0; k < s->s->n_in; k++) {
        const uint32_t v = s->s->in[k];
        const life *l = v == KAO_NO_VALUE ? NULL : &p->lives[v];

        if (l && p->t->values[v].is_made && !stays(p, v) &&
            (l->last == NEVER || l->last < out->first))
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
        const life *out = &p->lives[s->out];

        if (!can_make_again(p, s)) {
            s->again = NULL;
            continue;
        }
        kao_tape_step *reader = &t->steps[out->first_step];

        s->next_again = reader->first_again;
        reader->first_again = i;
        for (uint32_t k = 0; k < s->s->n_in; k++)
            if (s->s->in[k] != KAO_NO_VALUE && t->values[s->s->in[k]].is_made)
                need(p, s->s->in[k], out->first, out->first, out->first_step);
    }
}

/* ---- blocks ---- */

/* From the first moment to the last, and those of their spans. */
static void add(placer *p, float **to, size_t floats, uint32_t first, uint32_t last)
{
    const kao_tape_span *a = span_at(p, first), *b = span_at(p, last);

    if (!floats)
        return;
    if (a && a->in_parts)
        first = moment(p, a->begin);
    if (b && b->in_parts)
        last = moment(p, b->end - 1) + 1;
    p->to[p->n] = to;
    p->blocks[p->n++] =
        (kao_block){ .bytes = floats * sizeof(float), .first = first, .last = last };
}

static size_t count(const placer *p, uint32_t v)
{
    return (size_t)kao_tensor_count(&p->t->values[v].t);
}

/* Of a value or its gradient: a slice for each worker if it lives in one span, in parts. */
static void add_map(placer *p, float **to, bool *is_brief, uint32_t v, uint32_t first,
                    uint32_t last)
{
    const kao_tape_span *span = span_at(p, first);

    *is_brief = span && span->in_parts && span == span_at(p, last);
    add(p, to,
        *is_brief ? count(p, v) / p->t->batch * span->slice * kao_tape_workers(p->t)
                  : count(p, v),
        first, last);
}

static void add_input(placer *p)
{
    const uint32_t v = p->t->net->onnx.inputs[0].value;

    add(p, &p->t->values[v].place[0], count(p, v), 0, end(p));
}

static void add_output(placer *p, uint32_t i)
{
    kao_tape *t = p->t;
    const kao_tape_step *s = &t->steps[i];
    const life *l = &p->lives[s->out];
    kao_tape_value *v = &t->values[s->out];
    const uint32_t made = at(p, s, KAO_TAPE_FORWARD),
                   reader = t->calls[l->read / 2].step;

    if (s->again)
        add_map(p, &v->place[1], &v->is_brief[1], s->out, l->first, l->last);
    if (stays(p, s->out))
        add(p, &v->place[0], count(p, s->out), made, end(p));
    else
        add_map(p, &v->place[0], &v->is_brief[0], s->out, made,
                s->again || l->last == NEVER ? l->read : l->last);
    /* the last reader is the first that writes the gradient; without one it is cleared */
    if (is_output(p, s->out))
        add(p, &v->grad, count(p, s->out), caller(p), at(p, s, KAO_TAPE_BACKWARD) + 1);
    else
        add_map(p, &v->grad, &v->grad_is_brief, s->out,
                reader == i ? at(p, s, KAO_TAPE_GATHER_BACK)
                            : at(p, &t->steps[reader], KAO_TAPE_BACKWARD) + 1,
                at(p, s, KAO_TAPE_BACKWARD) + 1);
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

static void add_room(placer *p, kao_tape_step *s)
{
    const kao_tape_span *span = span_at(p, at(p, s, KAO_TAPE_BACKWARD));
    const uint32_t writes = at(p, s, KAO_TAPE_BACKWARD) + 1;
    const size_t n = room_of(p, s);

    if (!span->in_parts) {
        add(p, &s->room, n, writes, writes);
        return;
    }
    s->room_each = n / p->t->batch * span->slice;
    add(p, &s->room, s->room_each * kao_tape_workers(p->t), writes, writes);
}

static void add_all(placer *p)
{
    kao_tape *t = p->t;

    add_input(p);
    for (uint32_t i = t->n_steps; i-- > 0;) {
        kao_tape_step *s = &t->steps[i];
        const uint32_t made = at(p, s, KAO_TAPE_FORWARD),
                       back = at(p, s, KAO_TAPE_BACKWARD);

        add_output(p, i);
        add(p, &s->scratch[0], s->need[0], made, made);
        add(p, &s->scratch[1], s->need[1], back, back + 1);
        add_room(p, s);
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
    kao_status st = kao_tape_find_values(t);

    if (st)
        return st;
    add_all(p);
    st = kao_memory_plan(p->blocks, p->n, indices, t->arena.limit, &total, t->err);
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
