/* What routes read of a call: parameters from the query, a form, JSON; pictures; which route a path
 * is. */
#include "support/unit.h"

#include <math.h>
#include <string.h>

#include "server/routes.h"

typedef struct fix {
    kao_mem mem;
    kao_call c;
} fix;

static fix *begin(void **state)
{
    fix *f = *state;

    f->c = (kao_call){ .mem = &f->mem,
                       .body = { .mem = &f->mem, .max = 1 << 20 },
                       .out = { .mem = &f->mem, .max = 1 << 20 } };
    return f;
}

static void end(fix *f)
{
    kao_call_fini(&f->c);
    assert_int_equal(atomic_load(&f->mem.live), 0);
}

static int setup(void **state)
{
    static fix f;

    kao_mem_init(&f.mem, NULL);
    *state = &f;
    return 0;
}

static void add_query(kao_call *c, const char *name, const char *value)
{
    c->query[c->n_query].name = kao_strdup(c->mem, name);
    c->query[c->n_query++].value = kao_strdup(c->mem, value);
}

static void set_json(kao_call *c, const char *text)
{
    kao_error err;

    assert_int_equal(kao_json_parse(&c->json, text, strlen(text), "body", &err),
                     KAO_OK);
}

static void parameters(void **state)
{
    static const struct {
        const char *value;
        bool number, integer, flag;
        double n;
        int64_t i;
        bool b;
    } rows[] = {
        { "1", true, true, true, 1, 1, true },
        { "0", true, true, true, 0, 0, false },
        { "-7", true, true, false, -7, -7, false },
        { "0.25", true, false, false, .25, 0, false },
        { "1e3", true, false, false, 1000, 0, false },
        { "true", false, false, true, 0, 0, true },
        { "false", false, false, true, 0, 0, false },
        { "", false, false, false, 0, 0, false },
        { "nan", false, false, false, 0, 0, false },
        { "1 ", false, false, false, 0, 0, false },
        { "9223372036854775808", true, false, false, 9223372036854775808., 0, false },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        fix *f = begin(state);
        double n = (double)NAN;
        int64_t k = 77;
        bool b = false, bad[3] = { false };

        add_query(&f->c, "x", rows[i].value);
        assert_int_equal(kao_call_number(&f->c, "x", &n, &bad[0]), rows[i].number);
        assert_int_equal(kao_call_integer(&f->c, "x", &k, &bad[1]), rows[i].integer);
        assert_int_equal(kao_call_flag(&f->c, "x", &b, &bad[2]), rows[i].flag);
        assert_int_equal(bad[0], !rows[i].number);
        assert_int_equal(bad[1], !rows[i].integer);
        assert_int_equal(bad[2], !rows[i].flag);
        if (rows[i].number)
            assert_float_equal(n, rows[i].n, 0);
        assert_int_equal(k, rows[i].integer ? rows[i].i : 77);
        if (rows[i].flag)
            assert_int_equal(b, rows[i].b);
        end(f);
    }
}

static void json_and_order(void **state)
{
    fix *f = begin(state);
    const char *text = NULL;
    double n = 0;
    int64_t i = 0;
    bool b = false, bad = false;

    set_json(&f->c, "{\"n\":1.5,\"i\":3,\"b\":true,\"t\":\"word\",\"o\":{}}");
    add_query(&f->c, "i", "4");
    assert_true(kao_call_number(&f->c, "n", &n, &bad) && n == 1.5);
    assert_true(kao_call_integer(&f->c, "i", &i, &bad) && i == 4); /* the query first */
    assert_true(kao_call_flag(&f->c, "b", &b, &bad) && b);
    assert_true(kao_call_text(&f->c, "t", &text, &bad) && strcmp(text, "word") == 0);
    assert_false(kao_call_text(&f->c, "none", &text, &bad));
    assert_false(bad);
    assert_false(kao_call_text(&f->c, "o", &text, &bad));
    assert_true(bad);
    end(f);
}

static void pictures(void **state)
{
    static const struct {
        const char *json;
        const char *bytes; /* NULL: refused */
    } rows[] = {
        { "{\"image\":\"aGVsbG8=\"}", "hello" },
        { "{\"image\":\"data:image/png;base64,aGVsbG8=\"}", "hello" },
        { "{\"image\":\"aGVs\\nbG8=\"}", "hello" },
        { "{\"image\":\"aGVsbG8\"}", NULL },
        { "{\"image\":\"a*==\"}", NULL },
        { "{\"image\":\"\"}", NULL },
        { "{\"image\":5}", NULL },
        { "{\"other\":\"aGVsbG8=\"}", NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        fix *f = begin(state);
        kao_bytes held;
        const uint8_t *bytes = NULL;
        kao_error err = { 0 };
        size_t n = 0;

        set_json(&f->c, rows[i].json);
        const kao_status st = kao_call_picture(&f->c, "image", &held, &bytes, &n, &err);

        assert_int_equal(st, rows[i].bytes ? KAO_OK : KAO_E_ARG);
        if (rows[i].bytes) {
            assert_int_equal(n, strlen(rows[i].bytes));
            assert_memory_equal(bytes, rows[i].bytes, n);
        } else {
            assert_non_null(strstr(err.msg, "image"));
        }
        kao_bytes_free(&held);
        end(f);
    }
}

static void routes(void **state)
{
    static const struct {
        const char *method, *path, *pattern, *first; /* pattern NULL: none */
        bool known;
    } rows[] = {
        { "GET", "/v1/people", "/v1/people", NULL, true },
        { "HEAD", "/v1/people", "/v1/people", NULL, true },
        { "PUT", "/v1/people", NULL, NULL, true },
        { "GET", "/v1/people/7", "/v1/people/{person}", "7", true },
        { "GET", "/v1/people/7/samples", "/v1/people/{person}/samples", "7", true },
        { "POST", "/v1/people/new/samples", "/v1/people/{person}/samples", "new",
          true },
        { "POST", "/v1/samples/a-b/move", "/v1/samples/{sample}/move", "a-b", true },
        { "GET", "/v1/people/", NULL, NULL, false },
        { "GET", "/v1/people//samples", NULL, NULL, false },
        { "GET", "/v1/people/7/samples/", NULL, NULL, false },
        { "GET", "/v1/people/7/more", NULL, NULL, false },
        { "GET", "/v1", NULL, NULL, false },
        { "GET", "", NULL, NULL, false },
        { "GET", "/v1/peopl", NULL, NULL, false },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        fix *f = begin(state);
        bool known = false;

        strcpy(f->c.method, rows[i].method);
        f->c.path = kao_strdup(&f->mem, rows[i].path);
        const kao_route *r = kao_route_find(&f->c, &known);

        assert_int_equal(known, rows[i].known);
        assert_int_equal(r != NULL, rows[i].pattern != NULL);
        if (r)
            assert_string_equal(r->pattern, rows[i].pattern);
        if (rows[i].first)
            assert_string_equal(f->c.vars[0], rows[i].first);
        end(f);
    }
}

/* Every allocation of an answer fails once: it is 503 then, and nothing is lost. */
static void memory_fails(void **state)
{
    bool failed = true;

    for (long long i = 0; failed; i++) {
        fix *f = begin(state);

        kao_fault_arm(&f->mem, KAO_FAULT_ALLOC, i);
        kao_answer_error(&f->c, 404, "not_found", "there is nothing");
        failed = kao_fault_disarm(&f->mem, KAO_FAULT_ALLOC);
        assert_int_equal(f->c.status, failed ? 503 : 404);
        assert_true(failed ? f->c.still != NULL : f->c.out.n > 0);
        end(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters),   cmocka_unit_test(json_and_order),
        cmocka_unit_test(pictures),     cmocka_unit_test(routes),
        cmocka_unit_test(memory_fails),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
