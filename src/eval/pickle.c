/* See pickle.h. A stack machine (Python's Lib/pickletools.py describes the opcodes) of which
 * only the values of such sets exist:
 *
 *     80 04            protocol
 *     5d               [                      stack: list 0
 *     28               MARK                   list 0, mark
 *     43 03 ff d8 ff   three bytes            list 0, mark, picture
 *     65               append to the mark     list 0
 *     5d 88 61         [, True, append one    list 0, list 1
 *     86 2e            tuple of two; end
 *
 * Python writes lists in portions of 1,000, so the stack stays small; its memo holds what was
 * stored (each string, as a rule) so that a picture that is there twice is written once. */
#include "eval/pickle.h"

#include <string.h>

enum { STACK_MAX = 4096, LISTS = 2 };

typedef enum kind { MARK, LIST, PICTURE, TRUTH, TUPLE } kind;

typedef struct value {
    kind kind;
    uint32_t number; /* of a list; or the truth value */
    kao_span bytes;  /* of a picture */
} value;

typedef struct values { /* a growing array */
    value *p;
    size_t n, cap;
} values;

typedef struct machine {
    kao_mem *mem;
    kao_reader r;
    values stack, memo, lists[LISTS];
    uint32_t n_lists;
    const char *name;
    kao_error *err;
} machine;

static kao_status damaged(machine *m, const char *why)
{
    return kao_fail_at(m->err, KAO_E_FORMAT, kao_reader_offset(&m->r),
                       "%s: byte %zu: %s", m->name, kao_reader_offset(&m->r), why);
}

static kao_status push_to(machine *m, values *to, value v)
{
    if (to->n == to->cap) {
        const size_t cap = to->cap ? 2 * to->cap : 64;
        value *bigger =
            kao_grow(m->mem, to->p, to->n * sizeof *bigger, cap * sizeof *bigger);

        if (!bigger)
            return kao_fail(m->err, KAO_E_NOMEM, "%s: out of memory", m->name);
        to->p = bigger;
        to->cap = cap;
    }
    to->p[to->n++] = v;
    return KAO_OK;
}

static kao_status push(machine *m, value v)
{
    if (m->stack.n == STACK_MAX)
        return damaged(m, "too many values at once for a list of pictures");
    return push_to(m, &m->stack, v);
}

static kao_status push_picture(machine *m, uint64_t n)
{
    const size_t left = kao_reader_left(&m->r);

    if (n > left)
        return damaged(m, "a picture goes on past the end of the file");
    return push(m, (value){ PICTURE, 0, kao_reader_take(&m->r, (size_t)n) });
}

static kao_status push_list(machine *m)
{
    if (m->n_lists == LISTS)
        return damaged(m, "a third list; wanted one of pictures and one of truths");
    return push(m, (value){ LIST, m->n_lists++, { NULL, 0 } });
}

static kao_status push_truth(machine *m, uint32_t v)
{
    if (v > 1)
        return damaged(m, "a number that is neither 0 nor 1 in place of a truth");
    return push(m, (value){ TRUTH, v, { NULL, 0 } });
}

/* Protocol 1 writes truths as the numbers "00\n" and "01\n". */
static kao_status push_text_truth(machine *m)
{
    const kao_span s = kao_reader_take(&m->r, 3);

    if (s.n != 3 || s.p[0] != '0' || s.p[1] < '0' || s.p[2] != '\n')
        return damaged(m, "a number in place of a truth");
    return push_truth(m, (uint32_t)(s.p[1] - '0'));
}

/* ---- the memo ---- */

/* Python counts what it stores, from 0 or (Python 2) from 1. */
static kao_status store(machine *m, uint64_t at)
{
    if (m->stack.n == 0)
        return damaged(m, "nothing to store");
    if (at > m->memo.n + 1)
        return damaged(m, "stored at a number that is not the next");
    while (m->memo.n <= at) {
        const kao_status st = push_to(m, &m->memo, m->stack.p[m->stack.n - 1]);

        if (st)
            return st;
    }
    m->memo.p[at] = m->stack.p[m->stack.n - 1];
    return KAO_OK;
}

static kao_status fetch(machine *m, uint64_t at)
{
    if (at >= m->memo.n || m->memo.p[at].kind != PICTURE)
        return damaged(m, "refers to a value that is no stored picture");
    return push(m, m->memo.p[at]);
}

/* ---- lists and the tuple ---- */

/* The topmost mark's place; stack.n: none. */
static size_t find_mark(const machine *m)
{
    for (size_t i = m->stack.n; i > 0; i--)
        if (m->stack.p[i - 1].kind == MARK)
            return i - 1;
    return m->stack.n;
}

/* The values from place `from` on go to the list that lies at `list`. */
static kao_status append(machine *m, size_t list, size_t from)
{
    const value *s = m->stack.p;

    if (list >= m->stack.n || s[list].kind != LIST)
        return damaged(m, "nothing to append to");
    values *to = &m->lists[s[list].number];

    for (size_t i = from; i < m->stack.n; i++) {
        if (s[i].kind != PICTURE && s[i].kind != TRUTH)
            return damaged(m, "a list of something else than pictures and truths");
        const kao_status st = push_to(m, to, s[i]);

        if (st)
            return st;
    }
    m->stack.n = list + 1;
    return KAO_OK;
}

static kao_status append_to_mark(machine *m)
{
    const size_t mark = find_mark(m);

    return mark == m->stack.n || mark == 0 ? damaged(m, "nothing to append to")
                                           : append(m, mark - 1, mark + 1);
}

static kao_status append_one(machine *m)
{
    return m->stack.n < 2 ? damaged(m, "nothing to append to")
                          : append(m, m->stack.n - 2, m->stack.n - 1);
}

/* The two lists, from place `from` on; `drop`: values below that go too (the mark). */
static kao_status make_tuple(machine *m, size_t from, size_t drop)
{
    const value *s = m->stack.p + from;

    if (from > m->stack.n || m->stack.n - from != 2 || s[0].kind != LIST ||
        s[1].kind != LIST || s[0].number != 0 || s[1].number != 1)
        return damaged(m, "a tuple of something else than two lists");
    m->stack.n = from - drop;
    return push(m, (value){ TUPLE, 0, { NULL, 0 } });
}

static kao_status tuple_to_mark(machine *m)
{
    const size_t mark = find_mark(m);

    return mark == m->stack.n ? damaged(m, "a tuple without a beginning")
                              : make_tuple(m, mark + 1, 1);
}

static kao_status tuple_of_two(machine *m)
{
    return m->stack.n < 2 ? damaged(m, "a tuple of nothing")
                          : make_tuple(m, m->stack.n - 2, 0);
}

/* ---- the opcodes ---- */

static uint64_t number_of(machine *m, size_t n)
{
    const kao_span s = kao_reader_take(&m->r, n);
    uint64_t v = 0;

    for (size_t i = s.n; i > 0; i--)
        v = v << 8 | s.p[i - 1];
    return v;
}

static kao_status refuse(machine *m, uint8_t op)
{
    const size_t at = kao_reader_offset(&m->r) - 1;

    if (op == 'c' || op == 'R' || op == 0x93)
        return kao_fail_at(m->err, KAO_E_UNSUPPORTED, at,
                           "%s: byte %zu: calls a Python function: not run; wanted "
                           "pictures as plain bytes and truths as bool (write the set "
                           "anew with protocol 3 or later)",
                           m->name, at);
    return kao_fail_at(m->err, KAO_E_UNSUPPORTED, at,
                       "%s: byte %zu: opcode 0x%02x does not belong to a list of "
                       "pictures and a list of truths",
                       m->name, at, op);
}

static kao_status step(machine *m, uint8_t op)
{
    switch (op) {
    case 0x80: /* PROTO */
        return number_of(m, 1) > 5 ? damaged(m, "a protocol above 5") : KAO_OK;
    case 0x95: /* FRAME: its length */
        (void)number_of(m, 8);
        return KAO_OK;
    case '(':
        return push(m, (value){ MARK, 0, { NULL, 0 } });
    case ']':
        return push_list(m);
    case 'e':
        return append_to_mark(m);
    case 'a':
        return append_one(m);
    case 'U': /* str of Python 2, bytes of 3: a length of 1, 4 or 8 bytes */
    case 'C':
        return push_picture(m, number_of(m, 1));
    case 'T':
    case 'B':
        return push_picture(m, number_of(m, 4));
    case 0x8e:
        return push_picture(m, number_of(m, 8));
    case 'q':
        return store(m, number_of(m, 1));
    case 'r':
        return store(m, number_of(m, 4));
    case 0x94: /* MEMOIZE */
        return store(m, m->memo.n);
    case 'h':
        return fetch(m, number_of(m, 1));
    case 'j':
        return fetch(m, number_of(m, 4));
    case 0x88:
    case 0x89:
        return push_truth(m, op == 0x88);
    case 'K':
        return push_truth(m, (uint32_t)number_of(m, 1));
    case 'M':
        return push_truth(m, (uint32_t)number_of(m, 2));
    case 'J':
        return push_truth(m, (uint32_t)number_of(m, 4));
    case 'I':
        return push_text_truth(m);
    case 0x86:
        return tuple_of_two(m);
    case 't':
        return tuple_to_mark(m);
    default:
        return refuse(m, op);
    }
}

static kao_status run(machine *m)
{
    kao_status st = KAO_OK;

    while (!st) {
        const uint8_t op = kao_reader_u8(&m->r);

        if (m->r.bad)
            return damaged(m, "cut short");
        if (op == '.')
            return m->stack.n == 1 && m->stack.p[0].kind == TUPLE
                       ? KAO_OK
                       : damaged(m, "the end, but no tuple of two lists");
        st = step(m, op);
        if (!st && m->r.bad)
            st = damaged(m, "cut short");
    }
    return st;
}

/* ---- what it gives ---- */

static kao_status take(const machine *m, kao_pickle *out)
{
    const values *pictures = &m->lists[0], *truths = &m->lists[1];

    for (size_t i = 0; i < pictures->n; i++)
        if (pictures->p[i].kind != PICTURE)
            return kao_fail(m->err, KAO_E_FORMAT, "%s: picture %zu is none", m->name,
                            i);
    for (size_t i = 0; i < truths->n; i++)
        if (truths->p[i].kind != TRUTH)
            return kao_fail(m->err, KAO_E_FORMAT, "%s: truth %zu is none", m->name, i);
    if (truths->n == 0 || pictures->n / 2 != truths->n || pictures->n % 2)
        return kao_fail(m->err, KAO_E_FORMAT,
                        "%s: %zu pictures and %zu truths; wanted two pictures for each",
                        m->name, pictures->n, truths->n);
    out->pictures = kao_calloc(m->mem, pictures->n, sizeof *out->pictures);
    out->same = kao_calloc(m->mem, truths->n, sizeof *out->same);
    if (!out->pictures || !out->same)
        return kao_fail(m->err, KAO_E_NOMEM, "%s: out of memory", m->name);
    for (size_t i = 0; i < pictures->n; i++)
        out->pictures[i] = pictures->p[i].bytes;
    for (size_t i = 0; i < truths->n; i++)
        out->same[i] = truths->p[i].number;
    out->n = truths->n;
    return KAO_OK;
}

bool kao_pickle_is(kao_span bytes)
{
    return bytes.n >= 2 && bytes.p[0] == 0x80 && bytes.p[1] >= 1 && bytes.p[1] <= 5;
}

kao_status kao_pickle_parse(kao_pickle *out, kao_mem *mem, kao_span bytes,
                            const char *name, kao_error *err)
{
    machine m = { .mem = mem, .r = kao_reader_of(bytes), .name = name, .err = err };

    *out = (kao_pickle){ .mem = mem };
    kao_status st = run(&m);

    if (!st)
        st = take(&m, out);
    if (st)
        kao_pickle_free(out);
    kao_free(mem, m.stack.p);
    kao_free(mem, m.memo.p);
    for (size_t i = 0; i < LISTS; i++)
        kao_free(mem, m.lists[i].p);
    return st;
}

void kao_pickle_free(kao_pickle *p)
{
    if (p->mem) {
        kao_free(p->mem, p->pictures);
        kao_free(p->mem, p->same);
    }
    *p = (kao_pickle){ .mem = NULL };
}
