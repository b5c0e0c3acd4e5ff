/* See pairs.h. */
#include "cli/pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"

typedef struct mention { /* of a path in the list of pairs */
    const char *path;
    size_t at; /* 2 * pair + side */
} mention;

static int by_path(const void *a, const void *b)
{
    const mention *x = a, *y = b;
    const int c = strcmp(x->path, y->path);

    return c ? c : x->at < y->at ? -1 : 1;
}

static int by_place(const void *a, const void *b)
{
    const mention *x = a, *y = b;

    return x->at < y->at ? -1 : 1;
}

/* Give each path one number, counted by first appearance. */
static kao_status number_paths(cli_pairs *j, mention *m, kao_error *err)
{
    const size_t n = 2 * j->n_pairs;
    mention *firsts = calloc(n, sizeof *firsts);
    size_t *rank = calloc(n, sizeof *rank);

    j->paths = calloc(n, sizeof *j->paths);
    if (!firsts || !rank || !j->paths) {
        free(firsts);
        free(rank);
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    qsort(m, n, sizeof *m, by_path);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(m[i].path, m[i - 1].path) != 0)
            firsts[j->n_paths++] = m[i];
    qsort(firsts, j->n_paths, sizeof *firsts, by_place);
    for (size_t k = 0; k < j->n_paths; k++) {
        j->paths[k] = firsts[k].path;
        rank[firsts[k].at] = k;
    }
    for (size_t i = 0, first = 0; i < n; i++) {
        if (i == 0 || strcmp(m[i].path, m[first].path) != 0)
            first = i;
        const uint32_t number = (uint32_t)rank[m[first].at];

        if (m[i].at % 2)
            j->pairs[m[i].at / 2].b = number;
        else
            j->pairs[m[i].at / 2].a = number;
    }
    free(firsts);
    free(rank);
    return KAO_OK;
}

static size_t count_lines(const char *text)
{
    size_t n = 1;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* Cut the text into paths: two a line; empty lines do not count. */
static kao_status cut_lines(cli_pairs *j, mention *m, const char *name, kao_error *err)
{
    size_t number = 0;

    for (char *line = kao_text_begin(j->text), *next = NULL; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        number++;
        for (size_t n = strlen(line); n > 0 && line[n - 1] == '\r';)
            line[--n] = '\0';
        if (!line[0])
            continue;
        if (strchr(line, '\r')) /* all lines in one, perhaps */
            return kao_fail(
                err, KAO_E_FORMAT,
                "%s: line %zu has a carriage return inside: lines end in LF "
                "or CR LF",
                name, number);
        char *tab = strchr(line, '\t'), *gap = tab ? tab : strchr(line, ' ');

        if (!tab && gap && strchr(gap + 1, ' '))
            return kao_fail(err, KAO_E_FORMAT,
                            "%s: line %zu has no tab and several spaces: put a tab "
                            "between the two paths",
                            name, number);
        if (!gap || gap == line || !gap[1] || strchr(gap + 1, '\t'))
            return kao_fail(
                err, KAO_E_FORMAT,
                "%s: line %zu is not two paths with a tab (or one space) between", name,
                number);
        *gap = '\0';
        m[2 * j->n_pairs] = (mention){ line, 2 * j->n_pairs };
        m[2 * j->n_pairs + 1] = (mention){ gap + 1, 2 * j->n_pairs + 1 };
        j->n_pairs++;
    }
    return j->n_pairs ? KAO_OK
                      : kao_fail(err, KAO_E_FORMAT, "%s: no pairs in it", name);
}

static kao_status read_list(cli_pairs *j, const char *path, kao_error *err)
{
    kao_mem mem;
    kao_file f = { 0 };

    kao_mem_init(&mem, NULL);
    kao_status st = cli_read(&f, &mem, path, (size_t)1 << 30, err);

    if (st)
        return st;
    j->text = calloc(f.bytes.n + 1, 1);
    if (j->text && f.bytes.n)
        memcpy(j->text, f.bytes.p, f.bytes.n);
    const size_t n = f.bytes.n;

    kao_file_close(&f);
    const size_t lines = j->text ? count_lines(j->text) : 0;
    mention *m = calloc(2 * lines + 1, sizeof *m);

    j->pairs = calloc(lines + 1, sizeof *j->pairs);
    if (!m || !j->pairs || !j->text)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    else if (strlen(j->text) != n)
        st = kao_fail(err, KAO_E_FORMAT, "%s: not a text file", path);
    else
        st = cut_lines(j, m, path, err);
    if (!st)
        st = number_paths(j, m, err);
    free(m);
    return st;
}

kao_status cli_pairs_read(cli_pairs *j, const char *path, kao_error *err)
{
    *j = (cli_pairs){ .n_pairs = 0 };
    const kao_status st = read_list(j, path, err);

    if (st)
        cli_pairs_free(j);
    return st;
}

/* The two operands, as a list of one pair. */
kao_status cli_pairs_of_two(cli_pairs *j, char **items, kao_error *err)
{
    *j = (cli_pairs){ .n_pairs = 0 };
    const bool twice = strcmp(items[0], items[1]) == 0;

    j->paths = calloc(2, sizeof *j->paths);
    j->pairs = calloc(1, sizeof *j->pairs);
    if (!j->paths || !j->pairs) {
        cli_pairs_free(j);
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    j->paths[0] = items[0];
    j->paths[1] = items[1];
    j->pairs[0] = (cli_pair){ 0, twice ? 0 : 1 };
    j->n_paths = twice ? 1 : 2;
    j->n_pairs = 1;
    return KAO_OK;
}

void cli_pairs_free(cli_pairs *j)
{
    free(j->paths);
    free(j->pairs);
    free(j->text);
    *j = (cli_pairs){ .n_pairs = 0 };
}
