/* A request as routes read it: a path, a query's values, a body that is JSON or a picture's. The
 * first line is method and path, the second a value, the rest the body. */
#include <stdlib.h>
#include <string.h>

#include "server/routes.h"
#include "target.h"

static char *line_of(kao_mem *mem, const uint8_t **data, size_t *n)
{
    const uint8_t *end = memchr(*data, '\n', *n);
    const size_t length = end ? (size_t)(end - *data) : *n,
                 used = length + (end != NULL);
    char *text = kao_calloc(mem, 1, length + 1);

    FUZZ_CHECK(text != NULL);
    memcpy(text, *data, length);
    *data += used;
    *n -= used;
    return text;
}

static void read_all(kao_call *c)
{
    static const char *const names[] = { "x", "image", "name", "a" };
    kao_error err = { 0 };
    const uint8_t *bytes = NULL;
    const char *text = NULL;
    kao_bytes held;
    double number = 0;
    int64_t integer = 0;
    size_t n = 0;
    bool flag = false, bad = false;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        kao_call_number(c, names[i], &number, &bad);
        kao_call_integer(c, names[i], &integer, &bad);
        kao_call_flag(c, names[i], &flag, &bad);
        kao_call_text(c, names[i], &text, &bad);
        const kao_status st = kao_call_picture(c, names[i], &held, &bytes, &n, &err);

        FUZZ_CHECK(st == KAO_OK ? n > 0 : st == KAO_E_ARG && err.msg[0]);
        kao_bytes_free(&held);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    kao_mem mem;
    kao_call c = { .mem = &mem };
    kao_error err = { 0 };
    bool known = false;

    if (n == 0)
        return 0;
    kao_mem_init(&mem, NULL);
    c.body = (kao_bytes){ .mem = &mem, .max = 1 << 20 };
    c.out = (kao_bytes){ .mem = &mem, .max = 1 << 20 };
    char *head = line_of(&mem, &data, &n);
    char *space = strchr(head, ' ');

    if (space && space - head < (ptrdiff_t)sizeof c.method)
        memcpy(c.method, head, (size_t)(space - head));
    c.path = kao_strdup(&mem, space ? space + 1 : head);
    c.query[0] = (kao_pair){ kao_strdup(&mem, "x"), line_of(&mem, &data, &n) };
    c.n_query = 1;
    kao_free(&mem, head);
    if (kao_json_parse(&c.json, (const char *)data, n, "body", &err) != KAO_OK) {
        FUZZ_CHECK(err.msg[0]);
        kao_bytes_add(&c.body, data, n);
    }
    const kao_route *r = kao_route_find(&c, &known);

    FUZZ_CHECK(!r || known);
    for (size_t i = 0; r && i < CALL_VARS && c.vars[i]; i++)
        FUZZ_CHECK(c.vars[i][0] && !strchr(c.vars[i], '/'));
    read_all(&c);
    kao_answer_error(&c, 400, "invalid_argument", c.path);
    FUZZ_CHECK(c.status == 400);
    kao_call_fini(&c);
    FUZZ_CHECK(atomic_load(&mem.live) == 0);
    return 0;
}
