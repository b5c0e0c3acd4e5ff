/* See records.h. */
#include "train/records.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t MAGIC = 0xced7230a;
enum { FRAME = 8, HEADER = 24 };
enum { WHOLE, FIRST, MIDDLE, LAST }; /* kinds of a part */

typedef struct reading {
    kao_records *r;
    const kao_records_source *s;
    kao_error *err;
} reading;

/* What is wrong with a record. */
static kao_status wrong(const reading *x, uint64_t number, const char *why)
{
    return kao_fail(x->err, KAO_E_FORMAT, "%s: record %llu: %s", x->s->rec_name,
                    (unsigned long long)number, why);
}

static kao_status no_memory(const reading *x)
{
    return kao_fail(x->err, KAO_E_NOMEM, "%s: out of memory", x->s->rec_name);
}

static bool widen(kao_records *r)
{
    const size_t cap = r->cap ? 2 * r->cap : 1024;
    kao_record *bigger =
        kao_grow(r->mem, r->items, r->n * sizeof *bigger, cap * sizeof *bigger);

    if (bigger) {
        r->items = bigger;
        r->cap = cap;
    }
    return bigger != NULL;
}

/* ---- frames ---- */

/* The part at byte *at, and behind it; of a file's last one the zeros may be missing. */
static kao_status take_part(const reading *x, uint64_t number, size_t *at,
                            uint32_t *kind, kao_span *bytes)
{
    const kao_span rec = x->s->rec;
    char why[120];

    if (*at > rec.n || rec.n - *at < FRAME)
        return wrong(x, number, "the file ends within it");
    const uint32_t magic = kao_le32(rec.p + *at), word = kao_le32(rec.p + *at + 4);
    const size_t length = word & ((1u << 29) - 1), left = rec.n - *at - FRAME;

    *kind = word >> 29;
    if (magic != MAGIC) {
        snprintf(why, sizeof why, "%08x at byte %zu; wanted the magic number ced7230a",
                 magic, *at);
        return wrong(x, number, why);
    }
    if (length > left) {
        snprintf(why, sizeof why, "%zu bytes from byte %zu on; the file has %zu",
                 length, *at + FRAME, left);
        return wrong(x, number, why);
    }
    *bytes = (kao_span){ rec.p + *at + FRAME, length };
    const size_t padded = kao_round_up(length, 4);

    *at += FRAME + (padded < left ? padded : left);
    return KAO_OK;
}

/* How many bytes the parts of a record have, joined; *at: behind them. */
static kao_status measure_parts(const reading *x, uint64_t number, size_t *at,
                                size_t *n)
{
    uint32_t kind = FIRST;

    *n = 0;
    for (size_t i = 0; kind != LAST; i++) {
        kao_span part = { NULL, 0 };
        const kao_status st = take_part(x, number, at, &kind, &part);

        if (st)
            return st;
        if (i == 0 ? kind != FIRST : kind != MIDDLE && kind != LAST)
            return wrong(x, number,
                         i ? "its last part is missing" : "begins within it");
        *n += part.n + (i ? 4 : 0);
    }
    return KAO_OK;
}

/* The record at byte *at, whole. *joined: its bytes where it was in parts. */
static kao_status take_record(const reading *x, uint64_t number, size_t *at,
                              kao_span *bytes, uint8_t **joined)
{
    const size_t begin = *at;
    uint32_t kind = WHOLE;
    size_t n = 0;
    kao_status st = take_part(x, number, at, &kind, bytes);

    *joined = NULL;
    if (st || kind == WHOLE)
        return st;
    *at = begin;
    st = measure_parts(x, number, at, &n);
    if (st)
        return st;
    uint8_t *to = kao_alloc(x->r->mem, n);

    if (!to)
        return no_memory(x);
    *joined = to;
    *bytes = (kao_span){ to, n };
    for (size_t from = begin; from < *at;) {
        kao_span part = { NULL, 0 };

        if (from != begin) {
            memcpy(to, (const uint8_t[4]){ 0x0a, 0x23, 0xd7, 0xce }, 4);
            to += 4;
        }
        (void)take_part(x, number, &from, &kind, &part); /* it went well before */
        memcpy(to, part.p, part.n);
        to += part.n;
    }
    return KAO_OK;
}

/* ---- labels ---- */

static float float_at(const uint8_t *p)
{
    const uint32_t bits = kao_le32(p);
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

static kao_status take_label(const reading *x, kao_record *record, float v)
{
    char why[120];

    if (v >= 0 && v < (float)x->s->classes && v == floorf(v)) {
        record->label = (uint32_t)v;
        return KAO_OK;
    }
    snprintf(why, sizeof why, "label %g: wanted a whole number from 0 to %u", (double)v,
             x->s->classes - 1);
    return wrong(x, record->number, why);
}

/* Labels and picture of a record's bytes. *end: the first record behind the pictures, where
 * this one says it. */
static kao_status take_content(const reading *x, kao_record *record, kao_span bytes,
                               uint64_t *end)
{
    if (bytes.n < HEADER)
        return wrong(x, record->number, "shorter than its header of 24 bytes");
    const uint32_t flag = kao_le32(bytes.p);
    const size_t left = bytes.n - HEADER;

    if (flag > left / 4)
        return wrong(x, record->number, "more labels than it has bytes");
    const uint8_t *labels = bytes.p + HEADER;

    record->picture = (kao_span){ labels + 4 * (size_t)flag, left - 4 * (size_t)flag };
    if (record->number == 0 && flag >= 2 && record->picture.n == 0) {
        const float v = float_at(labels);

        if (!(v >= 1 && v <= (float)KAO_RECORD_LABELS && v == floorf(v)))
            return wrong(x, 0, "its first label is no number of a record");
        *end = (uint64_t)v;
        return KAO_OK;
    }
    return take_label(x, record, float_at(flag ? labels : bytes.p + 4));
}

/* ---- which records ---- */

/* The records at byte *at; where the pictures are over nothing is taken. */
static kao_status take_one(const reading *x, uint64_t number, size_t *at, uint64_t *end)
{
    kao_records *r = x->r;
    kao_record record = { .number = number };
    kao_span bytes;
    kao_status st = take_record(x, number, at, &bytes, &record.joined);

    if (!st && number < *end) {
        const uint64_t before = *end;

        st = take_content(x, &record, bytes, end);
        if (!st && *end == before) {
            if (r->n == r->cap && !widen(r)) {
                st = no_memory(x);
            } else {
                r->items[r->n++] = record;
                return KAO_OK;
            }
        }
    }
    kao_free(r->mem, record.joined);
    return st;
}

static kao_status scan(const reading *x, uint64_t *end)
{
    kao_status st = KAO_OK;
    uint64_t number = 0;

    for (size_t at = 0; !st && at < x->s->rec.n && number < *end; number++)
        st = take_one(x, number, &at, end);
    return st;
}

typedef struct place {
    uint64_t number, at;
} place;

static int by_number(const void *a, const void *b)
{
    const place *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

/* Digits at r, then a byte that is not one; false: none, or too many. */
static bool take_number(kao_reader *r, uint64_t *v)
{
    const uint8_t *begin = r->p;

    for (*v = 0; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++)
        *v = 10 * *v + (uint64_t)(*r->p - '0');
    return r->p > begin && r->p - begin <= 18;
}

static void skip(kao_reader *r, const char *these)
{
    while (r->p < r->end && *r->p && strchr(these, *r->p))
        r->p++;
}

/* One line of the index; *n grows where it has a record. */
static kao_status take_line(const reading *x, kao_reader *r, size_t line, place *places,
                            size_t *n)
{
    const kao_records_source *s = x->s;
    place p;

    skip(r, " \r");
    if (r->p < r->end && *r->p == '\n')
        return KAO_OK;
    const bool numbered = take_number(r, &p.number);

    skip(r, "\t ");
    if (!numbered || !take_number(r, &p.at))
        return kao_fail(x->err, KAO_E_FORMAT,
                        "%s: line %zu: wanted the number of a record and its byte",
                        s->idx_name, line);
    skip(r, " \r");
    if (r->p < r->end && *r->p != '\n')
        return kao_fail(x->err, KAO_E_FORMAT, "%s: line %zu: more than two numbers",
                        s->idx_name, line);
    if (p.at >= s->rec.n)
        return kao_fail(x->err, KAO_E_FORMAT,
                        "%s: line %zu: record %llu at byte %llu; %s has %zu bytes",
                        s->idx_name, line, (unsigned long long)p.number,
                        (unsigned long long)p.at, s->rec_name, s->rec.n);
    places[(*n)++] = p;
    return KAO_OK;
}

static kao_status read_index(const reading *x, place *places, size_t *n)
{
    kao_reader r = kao_reader_of(x->s->idx);
    kao_status st = KAO_OK;

    for (size_t line = 1; !st && r.p < r.end; line++) {
        st = take_line(x, &r, line, places, n);
        r.p += !st && r.p < r.end; /* the line's end */
    }
    qsort(places, *n, sizeof *places, by_number);
    for (size_t i = 1; !st && i < *n; i++)
        if (places[i].number == places[i - 1].number)
            st = kao_fail(x->err, KAO_E_FORMAT, "%s: record %llu has two lines",
                          x->s->idx_name, (unsigned long long)places[i].number);
    return st;
}

static kao_status follow_index(const reading *x, uint64_t *end)
{
    size_t lines = 1, n = 0;

    for (size_t i = 0; i < x->s->idx.n; i++)
        lines += x->s->idx.p[i] == '\n';
    place *places = kao_calloc(x->r->mem, lines, sizeof *places);
    kao_status st = places ? read_index(x, places, &n) : no_memory(x);

    for (size_t i = 0; !st && i < n && places[i].number < *end; i++) {
        size_t at = (size_t)places[i].at;

        st = take_one(x, places[i].number, &at, end);
    }
    kao_free(x->r->mem, places);
    return st;
}

kao_status kao_records_read(kao_records *r, kao_mem *mem, const kao_records_source *s,
                            kao_error *err)
{
    const reading x = { .r = r, .s = s, .err = err };
    uint64_t end = UINT64_MAX;

    *r = (kao_records){ .mem = mem };
    kao_status st = s->idx.p ? follow_index(&x, &end) : scan(&x, &end);

    if (!st && end != UINT64_MAX && r->n != end - 1)
        st = kao_fail(err, KAO_E_FORMAT,
                      "%s: record 0 says that records 1 to %llu are pictures; %zu of "
                      "them are there",
                      s->rec_name, (unsigned long long)(end - 1), r->n);
    if (!st && r->n == 0)
        st = kao_fail(err, KAO_E_FORMAT, "%s: no pictures in it", s->rec_name);
    if (st)
        kao_records_free(r);
    return st;
}

void kao_records_free(kao_records *r)
{
    for (size_t i = 0; i < r->n; i++)
        kao_free(r->mem, r->items[i].joined);
    if (r->mem)
        kao_free(r->mem, r->items);
    *r = (kao_records){ .mem = NULL };
}
