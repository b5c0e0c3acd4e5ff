/* Steps of a tape that run together, some pictures at a time.
 *
 * Layer by layer a batch does not fit into a cache: each pass over a map reads it from memory
 * and writes another there. Most steps treat each picture by itself, so they can do all that
 * there is to do for a few pictures before the next ones come:
 *
 *     forward    normalise and activate | convolve | sums of the next normalisation
 *     backward   through normalisation | by weights, by input | sums of the one before
 *
 * Such a span ends where something must be known of all pictures: the statistics of a
 * normalisation. What nobody reads behind the span is never in memory, but in a slice that
 * each worker has for itself (tape_memory.c).
 *
 * The batch is cut into pieces, by its size alone; whoever is free takes the next piece, slice
 * by slice. What is summed over pictures has a row for each piece, added in their order, so
 * bits do not depend on threads. */
#include <string.h>

#include "nn/op.h"
#include "nn/tape.h"

enum {
    PIECES = 16, /* of a batch, if groups of normalisation allow */
    SLICE_BYTES =
        768 << 10, /* of the largest map of a slice: a part of a second-level cache */
};

/* ---- building ---- */

/* A piece lies within a group of normalisation: it is a divisor of that. */
void kao_tape_cut(kao_tape *t)
{
    const size_t each = t->net->norm_group;
    size_t n = (t->batch + PIECES - 1) / PIECES;

    if (each && n > each)
        n = each;
    while (each && each % n)
        n++;
    t->piece_pictures = n;
    t->n_pieces = (t->batch + n - 1) / n;
}

uint32_t kao_tape_workers(const kao_tape *t)
{
    const uint32_t n = kao_pool_threads(t->pool);

    return n < t->n_pieces ? n : (uint32_t)t->n_pieces;
}

static bool is_back(kao_tape_stage stage)
{
    return stage >= KAO_TAPE_GATHER_BACK;
}

kao_tape_stage kao_tape_first_back(const kao_tape_step *s)
{
    return s->call[KAO_TAPE_GATHER_BACK] ? KAO_TAPE_GATHER_BACK : KAO_TAPE_BACKWARD;
}

/* The span that the next call belongs to, a new one where `fresh` says so or parts do not go
 * with the whole. */
static void add_call(kao_tape *t, uint32_t step, kao_tape_stage stage, bool fresh)
{
    kao_tape_step *s = &t->steps[step];
    const bool in_parts = s->in_parts[is_back(stage)];
    kao_tape_span *now = t->n_spans ? &t->spans[t->n_spans - 1] : NULL;

    if (!now || fresh || !in_parts || !now->in_parts) {
        now = &t->spans[t->n_spans++];
        *now = (kao_tape_span){ .begin = t->n_calls, .in_parts = in_parts };
    }
    s->at[stage] = t->n_calls;
    t->calls[t->n_calls++] = (kao_tape_call){ step, stage };
    now->end = t->n_calls;
}

/* Both stages of a run; the second waits until the first is done with all pictures. */
static void add_calls(kao_tape *t, uint32_t step, kao_tape_stage first,
                      kao_tape_stage second, bool fresh)
{
    kao_tape_step *s = &t->steps[step];

    if (s->call[first])
        add_call(t, step, first, fresh);
    add_call(t, step, second, fresh || s->call[first]);
    if (!s->call[first])
        s->at[first] = s->at[second];
}

kao_status kao_tape_make_spans(kao_tape *t)
{
    const size_t most = (size_t)KAO_TAPE_STAGES * t->n_steps;

    t->calls = kao_arena_calloc(&t->arena, most, sizeof *t->calls);
    t->spans = kao_arena_calloc(&t->arena, most, sizeof *t->spans);
    t->part_values = kao_arena_calloc(
        &t->arena, (size_t)kao_tape_workers(t) * t->g.n_values, sizeof *t->part_values);
    if (!t->calls || !t->spans || !t->part_values)
        return kao_tape_no_memory(t);
    for (uint32_t i = 0; i < t->n_steps; i++)
        add_calls(t, i, KAO_TAPE_GATHER, KAO_TAPE_FORWARD, false);
    t->first_back = t->n_spans;
    for (uint32_t i = t->n_steps; i-- > 0;)
        add_calls(t, i, KAO_TAPE_GATHER_BACK, KAO_TAPE_BACKWARD, i + 1 == t->n_steps);
    return KAO_OK;
}

static void add_value(kao_tape_span *span, const kao_tape *t, uint32_t v)
{
    bool is_there = v == KAO_NO_VALUE || !t->values[v].is_made;

    for (uint32_t i = 0; !is_there && i < span->n_values; i++)
        is_there = span->values[i] == v;
    if (!is_there)
        span->values[span->n_values++] = v;
}

static void add_values(kao_tape_span *span, const kao_tape *t, uint32_t step)
{
    const kao_tape_step *s = &t->steps[step];

    for (uint32_t k = 0; k < s->s->n_in; k++)
        add_value(span, t, s->s->in[k]);
    add_value(span, t, s->out);
}

/* Steps whose outputs are made again before a call. */
static uint32_t first_again(const kao_tape *t, const kao_tape_call *c)
{
    const kao_tape_step *s = &t->steps[c->step];

    return c->stage == kao_tape_first_back(s) ? s->first_again : KAO_NO_VALUE;
}

static size_t values_at_most(const kao_tape *t, const kao_tape_span *span)
{
    size_t n = 0;

    for (uint32_t c = span->begin; c < span->end; c++) {
        n += t->steps[t->calls[c].step].s->n_in + 1;
        for (uint32_t a = first_again(t, &t->calls[c]); a != KAO_NO_VALUE;
             a = t->steps[a].next_again)
            n += t->steps[a].s->n_in + 1;
    }
    return n;
}

/* Pictures of a slice, by the largest map. */
static size_t slice_of(const kao_tape *t, const kao_tape_span *span)
{
    size_t largest = 1;

    for (uint32_t i = 0; i < span->n_values; i++) {
        const size_t each = (size_t)kao_tensor_count(&t->values[span->values[i]].t) /
                            t->batch * sizeof(float);

        largest = each > largest ? each : largest;
    }
    const size_t n = SLICE_BYTES / largest;

    return n < 1 ? 1 : n < t->piece_pictures ? n : t->piece_pictures;
}

kao_status kao_tape_find_values(kao_tape *t)
{
    for (uint32_t i = 0; i < t->n_spans; i++) {
        kao_tape_span *span = &t->spans[i];

        span->values =
            kao_arena_calloc(&t->arena, values_at_most(t, span), sizeof *span->values);
        if (!span->values)
            return kao_tape_no_memory(t);
        for (uint32_t c = span->begin; c < span->end; c++) {
            add_values(span, t, t->calls[c].step);
            for (uint32_t a = first_again(t, &t->calls[c]); a != KAO_NO_VALUE;
                 a = t->steps[a].next_again)
                add_values(span, t, a);
        }
        span->slice = slice_of(t, span);
    }
    return KAO_OK;
}

/* ---- running ---- */

/* For the pictures that t has. */
static void call(kao_tape *t, const kao_tape_call *c)
{
    const kao_tape_step *s = &t->steps[c->step];
    kao_tape_value *out = &t->values[s->out];

    for (uint32_t a = first_again(t, c); a != KAO_NO_VALUE; a = t->steps[a].next_again)
        t->steps[a].again(t, &t->steps[a]);
    if (c->stage == kao_tape_first_back(s) && !out->has_grad) {
        /* no output depends on it */
        memset(out->grad, 0, (size_t)kao_tensor_count(&out->t) * sizeof(float));
        out->has_grad = true;
    }
    t->scratch = s->scratch[is_back(c->stage)];
    t->room = s->room ? s->room + t->worker * s->room_each : NULL;
    s->call[c->stage](t, s);
}

/* Pictures of a value: where they are now. */
static kao_tape_value part_of(const kao_tape *t, const kao_tape_span *span, uint32_t v,
                              size_t n)
{
    kao_tape_value x = t->values[v];
    const size_t each = (size_t)kao_tensor_count(&x.t) / t->batch;
    const size_t brief = t->worker * span->slice * each, whole = t->first * each;
    float *data = x.t.data;

    x.t.dims[0] = (int64_t)n;
    x.t.data = data + (x.is_brief[x.at] ? brief : whole);
    if (x.grad)
        x.grad += x.grad_is_brief ? brief : whole;
    return x;
}

typedef struct span_job {
    const kao_tape *t;
    const kao_tape_span *span;
} span_job;

static void run_piece(void *arg, size_t piece, uint32_t worker)
{
    const span_job *j = arg;
    const kao_tape_span *span = j->span;
    kao_tape part = *j->t;
    const size_t begin = piece * part.piece_pictures;
    const size_t end = begin + part.piece_pictures < part.batch
                           ? begin + part.piece_pictures
                           : part.batch;

    part.pool = NULL;
    part.is_part = true;
    part.piece = piece;
    part.worker = worker;
    for (size_t first = begin; first < end; first += span->slice) {
        const size_t n = end - first < span->slice ? end - first : span->slice;

        part.begins_piece = first == begin;
        part.first = first;
        part.values = j->t->values;
        for (uint32_t i = 0; i < span->n_values; i++)
            j->t->part_values[worker * j->t->g.n_values + span->values[i]] =
                part_of(&part, span, span->values[i], n);
        part.values = j->t->part_values + worker * j->t->g.n_values;
        for (uint32_t c = span->begin; c < span->end; c++)
            call(&part, &part.calls[c]);
    }
}

/* What is made again is from here on at its other place. */
static void turn_again(kao_tape *t, const kao_tape_call *c)
{
    for (uint32_t a = first_again(t, c); a != KAO_NO_VALUE;
         a = t->steps[a].next_again) {
        kao_tape_value *out = &t->values[t->steps[a].out];

        out->at = 1;
        out->t.data = out->place[1];
    }
}

static void settle(kao_tape *t, const kao_tape_call *c)
{
    const kao_tape_step *s = &t->steps[c->step];
    const bool back = is_back(c->stage);

    turn_again(t, c);
    t->scratch = s->scratch[back];
    if ((c->stage == KAO_TAPE_FORWARD || c->stage == KAO_TAPE_BACKWARD) &&
        s->settle[back])
        s->settle[back](t, s);
}

static void finish(kao_tape *t, const kao_tape_call *c)
{
    const kao_tape_step *s = &t->steps[c->step];

    if (is_back(c->stage)) /* the parts had it in copies of the values */
        t->values[s->out].has_grad = true;
    if (c->stage != KAO_TAPE_BACKWARD)
        return;
    for (uint32_t k = 0; k < s->s->n_in; k++)
        if (kao_tape_wants_grad(t, s->s->in[k]))
            t->values[s->s->in[k]].has_grad = true;
    t->scratch = s->scratch[1];
    if (s->finish)
        s->finish(t, s);
    /* other steps that have them stand behind: they are done */
    for (uint32_t k = s->params; t->told && k < s->params_end; k++)
        t->told(t->user, &t->params[k]);
}

void kao_tape_run_span(kao_tape *t, const kao_tape_span *span)
{
    span_job j = { t, span };
    const kao_pool pool = kao_pool_limited(t->pool, kao_tape_workers(t));

    for (uint32_t c = span->begin; c < span->end; c++)
        settle(t, &t->calls[c]);
    if (span->in_parts)
        kao_pool_run(&pool, run_piece, &j, t->n_pieces);
    for (uint32_t c = span->begin; !span->in_parts && c < span->end; c++)
        call(t, &t->calls[c]);
    for (uint32_t c = span->begin; c < span->end; c++)
        finish(t, &t->calls[c]);
}
