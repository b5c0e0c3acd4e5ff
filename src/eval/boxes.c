/* See boxes.h: annotations. What is done with them is in box_tally.c. */
#include "eval/boxes.h"

#include <string.h>

#include "base/text.h"

enum { NUMBERS = 10, FACES_MAX = 100000 };
#define BLANKS " \r"

typedef struct list {
    kao_boxes *b;
    const char *file;
    size_t line;
    char *next; /* what is still to be read; NULL: nothing */
    kao_error *err;
} list;

static kao_status wrong(const list *l, const char *why)
{
    return kao_fail(l->err, KAO_E_FORMAT, "%s: line %zu: %s", l->file, l->line, why);
}

/* The next line that is not empty, without blanks at its end; NULL: the end. */
static char *next_line(list *l)
{
    while (l->next) {
        char *line = l->next, *end = strchr(line, '\n');

        l->next = end ? end + 1 : NULL;
        l->line++;
        size_t n = end ? (size_t)(end - line) : strlen(line);

        while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == ' '))
            n--;
        line[n] = '\0';
        if (n)
            return line;
    }
    return NULL;
}

/* The numbers of a line; -1: there is something else, or more than NUMBERS. */
static int numbers_of(const char *s, double v[NUMBERS])
{
    int n = 0;

    for (s += strspn(s, BLANKS); *s; s += strspn(s, BLANKS)) {
        if (n == NUMBERS || !kao_text_number(&s, &v[n]) || (*s && !strchr(BLANKS, *s)))
            return -1;
        n++;
    }
    return n;
}

static bool widen(kao_boxes *b)
{
    const size_t cap = b->cap ? 2 * b->cap : 1024;
    kao_true_box *bigger =
        kao_grow(b->mem, b->boxes, b->n * sizeof *bigger, cap * sizeof *bigger);

    if (!bigger)
        return false;
    b->boxes = bigger;
    b->cap = cap;
    return true;
}

static kao_status take_box(list *l)
{
    const char *line = next_line(l);
    double v[NUMBERS] = { 0 };
    const int n = line ? numbers_of(line, v) : -1;

    if (n < 4)
        return wrong(l, "wanted x y width height and up to six flags");
    for (int i = 0; i < 4; i++)
        if (v[i] < -1e6 || v[i] > 1e6)
            return wrong(l, "a box that is outside any picture");
    if (v[2] < 0 || v[3] < 0)
        return wrong(l, "a box of negative size");
    if (l->b->n == l->b->cap && !widen(l->b))
        return kao_fail(l->err, KAO_E_NOMEM, "%s: out of memory", l->file);
    l->b->boxes[l->b->n++] = (kao_true_box){
        .box = { (float)v[0], (float)v[1], (float)v[2], (float)v[3] },
        .marked = n > 7 && v[7] != 0,
    };
    return KAO_OK;
}

/* A picture without faces: WIDER FACE writes a line of zeros all the same. */
static void skip_zeros(list *l)
{
    const list before = *l;
    double v[NUMBERS];
    char *text = l->next, *end = text ? strchr(text, '\n') : NULL;
    const char byte = end ? *end : '\0';

    if (end)
        *end = '\0';
    const bool zeros = text && numbers_of(text, v) >= 4;

    if (end)
        *end = byte;
    *l = before;
    if (zeros)
        (void)next_line(l);
}

static kao_status add_picture(list *l, const char *name)
{
    kao_boxes *b = l->b;
    const size_t n = b->pictures.n;
    uint32_t number = 0;

    if (n + 2 > b->cap_first) {
        const size_t cap = b->cap_first ? 2 * b->cap_first : 512;
        size_t *bigger = kao_grow(b->mem, b->first, b->cap_first * sizeof *bigger,
                                  cap * sizeof *bigger);

        if (!bigger)
            return kao_fail(l->err, KAO_E_NOMEM, "%s: out of memory", l->file);
        b->first = bigger;
        b->cap_first = cap;
    }
    if (!kao_name_number(&b->pictures, name, &number))
        return kao_fail(l->err, KAO_E_NOMEM, "%s: out of memory", l->file);
    if (number != n)
        return wrong(l, "a picture that has a block already");
    b->first[n] = b->n;
    return KAO_OK;
}

static kao_status take_block(list *l, const char *name)
{
    double v[NUMBERS] = { 0 };
    kao_status st = add_picture(l, name);

    if (st)
        return st;
    const char *line = next_line(l);

    if (!line || numbers_of(line, v) != 1 || v[0] < 0 || v[0] > FACES_MAX ||
        v[0] != (double)(size_t)v[0])
        return wrong(l, "wanted the number of faces");
    for (size_t i = 0; !st && i < (size_t)v[0]; i++)
        st = take_box(l);
    if (!st && v[0] == 0)
        skip_zeros(l);
    l->b->first[l->b->pictures.n] = l->b->n;
    return st;
}

static kao_status take_blocks(list *l)
{
    kao_status st = KAO_OK;

    for (const char *name = next_line(l); name && !st; name = next_line(l)) {
        st = take_block(l, name);
        if (st)
            return st;
    }
    return l->b->pictures.n
               ? KAO_OK
               : kao_fail(l->err, KAO_E_FORMAT, "%s: no pictures in it", l->file);
}

kao_status kao_boxes_read(kao_boxes *b, kao_mem *mem, kao_span text, const char *file,
                          kao_error *err)
{
    char *copy = kao_calloc(mem, text.n + 1, 1);
    kao_status st = KAO_OK;

    *b = (kao_boxes){ .mem = mem };
    kao_name_table_init(&b->pictures, mem);
    if (!copy) {
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", file);
    } else {
        if (text.n)
            memcpy(copy, text.p, text.n);
        list l = { .b = b, .file = file, .next = kao_text_begin(copy), .err = err };

        st = strlen(copy) == text.n
                 ? take_blocks(&l)
                 : kao_fail(err, KAO_E_FORMAT, "%s: not a text file", file);
    }
    kao_free(mem, copy);
    if (st)
        kao_boxes_free(b);
    return st;
}

void kao_boxes_free(kao_boxes *b)
{
    if (b->mem) {
        kao_name_table_fini(&b->pictures);
        kao_free(b->mem, b->boxes);
        kao_free(b->mem, b->first);
    }
    *b = (kao_boxes){ .mem = NULL };
}
