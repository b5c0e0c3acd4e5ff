/* See mot.h. Lines are read one by one, sorted, and identities numbered. */
#include "eval/mot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { NUMBERS = 10, NUMBERS_LEAST = 7 };

typedef struct list {
    kao_mot *m;
    const char *file;
    uint32_t line;
    bool truth;
    kao_error *err;
} list;

static kao_status wrong(const list *l, const char *why)
{
    return kao_fail(l->err, KAO_E_FORMAT, "%s: line %u: %s", l->file, l->line, why);
}

static kao_status no_room(const list *l)
{
    return kao_fail(l->err, KAO_E_NOMEM, "%s: out of memory", l->file);
}

/* The numbers of a line, with commas between; -1: there is something else, or more. */
static int numbers_of(const char *s, double v[NUMBERS])
{
    int n = 0;

    for (;; s++) {
        s += strspn(s, " \t");
        if (n == NUMBERS || !kao_text_number(&s, &v[n]))
            return -1;
        n++;
        s += strspn(s, " \t\r");
        if (*s != ',')
            return *s ? -1 : n;
    }
}

static bool widen(kao_mot *m)
{
    const size_t cap = m->cap ? 2 * m->cap : 1024;
    kao_mot_box *bigger =
        kao_grow(m->mem, m->boxes, m->n * sizeof *bigger, cap * sizeof *bigger);

    if (!bigger)
        return false;
    m->boxes = bigger;
    m->cap = cap;
    return true;
}

static kao_status take_line(list *l, const char *line)
{
    double v[NUMBERS] = { 0 };

    if (numbers_of(line, v) < NUMBERS_LEAST)
        return wrong(l,
                     "wanted frame,id,x,y,width,height,score and up to three numbers");
    if (v[0] < 1 || v[0] > KAO_MOT_FRAMES_MAX || v[0] != floor(v[0]))
        return wrong(l, "a frame that is not 1, 2 .. 10000000");
    if (v[1] < 0 || v[1] > INT32_MAX || v[1] != floor(v[1]))
        return wrong(l, "an identity that is not 0, 1 .. 2147483647");
    for (int i = 2; i < 6; i++)
        if (v[i] < -1e6 || v[i] > 1e6)
            return wrong(l, "a box that is outside any picture");
    if (v[4] < 0 || v[5] < 0)
        return wrong(l, "a box of negative size");
    if (l->truth && v[6] == 0) {
        l->m->n_ignored++;
        return KAO_OK;
    }
    if (l->m->n == l->m->cap && !widen(l->m))
        return no_room(l);
    l->m->boxes[l->m->n++] = (kao_mot_box){
        .frame = (uint32_t)v[0],
        .track = (uint32_t)v[1], /* numbered when all are known */
        .line = l->line,
        .box = { (float)v[2], (float)v[3], (float)v[4], (float)v[5] },
        .score = (float)v[6],
    };
    return KAO_OK;
}

static kao_status take_lines(list *l, char *text)
{
    kao_status st = KAO_OK;

    for (char *line = text, *next; line && !st; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (l->line == UINT32_MAX)
            return wrong(l, "too many lines");
        l->line++;
        if (line[strspn(line, " \t\r")])
            st = take_line(l, line);
    }
    return st;
}

/* ---- once all are there ---- */

static int by_frame(const void *a, const void *b)
{
    const kao_mot_box *x = a, *y = b;

    if (x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1;
    if (x->track != y->track)
        return x->track < y->track ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static int by_number(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

/* From what stands in the file to 0, 1 .. */
static kao_status number_tracks(list *l)
{
    kao_mot *m = l->m;

    m->ids = kao_calloc(m->mem, m->n, sizeof *m->ids);
    if (!m->ids)
        return no_room(l);
    for (size_t i = 0; i < m->n; i++)
        m->ids[i] = (int32_t)m->boxes[i].track;
    qsort(m->ids, m->n, sizeof *m->ids, by_number);
    for (size_t i = 0; i < m->n; i++)
        if (i == 0 || m->ids[i] != m->ids[m->n_ids - 1])
            m->ids[m->n_ids++] = m->ids[i];
    for (size_t i = 0; i < m->n; i++) {
        const int32_t id = (int32_t)m->boxes[i].track;
        const int32_t *at = bsearch(&id, m->ids, m->n_ids, sizeof *m->ids, by_number);

        m->boxes[i].track = (uint32_t)(at - m->ids);
    }
    return KAO_OK;
}

static kao_status order(list *l)
{
    kao_mot *m = l->m;

    if (m->n == 0)
        return KAO_OK;
    qsort(m->boxes, m->n, sizeof *m->boxes, by_frame);
    for (size_t i = 1; i < m->n; i++) {
        const kao_mot_box *a = &m->boxes[i - 1], *b = &m->boxes[i];

        if (a->frame == b->frame && a->track == b->track)
            return kao_fail(l->err, KAO_E_FORMAT,
                            "%s: line %u: identity %u has a box in frame %u already, "
                            "in line %u",
                            l->file, b->line, b->track, b->frame, a->line);
    }
    m->last_frame = m->boxes[m->n - 1].frame;
    return number_tracks(l);
}

kao_status kao_mot_read(kao_mot *m, kao_mem *mem, kao_span text, const char *file,
                        bool truth, kao_error *err)
{
    list l = { .m = m, .file = file, .truth = truth, .err = err };
    char *copy = kao_calloc(mem, text.n + 1, 1);
    kao_status st = copy ? KAO_OK : no_room(&l);

    *m = (kao_mot){ .mem = mem };
    if (!st && text.n)
        memcpy(copy, text.p, text.n);
    if (!st && strlen(copy) != text.n)
        st = kao_fail(err, KAO_E_FORMAT, "%s: not a text file", file);
    if (!st)
        st = take_lines(&l, kao_text_begin(copy));
    if (!st)
        st = order(&l);
    kao_free(mem, copy);
    if (st)
        kao_mot_free(m);
    return st;
}

void kao_mot_free(kao_mot *m)
{
    if (m->mem) {
        kao_free(m->mem, m->boxes);
        kao_free(m->mem, m->ids);
    }
    *m = (kao_mot){ .mem = NULL };
}
