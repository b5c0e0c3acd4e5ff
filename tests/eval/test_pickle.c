/* insightface sets: what Python 2 and 3 write, batches, stored pictures, everything else
 * refused with the byte where it is. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "eval/pickle.h"
#include "support/builder.h"

static size_t from_hex(const char *hex, uint8_t *to)
{
    size_t n = 0;

    for (; hex[0]; hex += 2) {
        unsigned v = 0;

        for (int i = 0; i < 2; i++)
            v = v * 16 + (unsigned)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
        to[n++] = (uint8_t)v;
    }
    return n;
}

/* ([b"AB", b"CDE", b"F", b"GH"], [True, False]) as Python's pickle module writes it, and by hand
 * in other forms; and with one picture that is there twice. */
#define ABCD "4302414243034344454301464302474865" /* AB CDE F GH, appended */
static const struct {
    const char *what, *hex, *last;
} good[] = {
    { "python 2, protocol 2",
      "80025d710028550241427101550343444571025501467103550247487104655d7105288889658671"
      "06"
      "2e",
      "GH" },
    { "python 3, protocol 3",
      "80035d710028430241427101430343444571024301467103430247487104655d7105288889658671"
      "06"
      "2e",
      "GH" },
    { "python 3, protocol 4",
      "80049521000000000000005d94284302414294430343444594430146944302474894655d94288889"
      "65"
      "86942e",
      "GH" },
    { "lengths of 4 and 8 bytes, a tuple to its mark",
      "8004285d284202000000414254030000004344458e0100000000000000464302474865"
      "5d288889"
      "65742e",
      "GH" },
    { "appended one by one; truths as numbers",
      "80035d43024142614303434445614301466143024748615d284b014d0000"
      "65862e",
      "GH" },
    { "truths as text and as numbers of 4 bytes",
      "80035d28" ABCD "5d284930310a4a0000000065862e", "GH" },
    { "the last picture is the first",
      "80035d284302414271004303434445430146680065"
      "5d28888965862e",
      "AB" },
    { "the last picture is the first, by a long number",
      "80035d2843024142720000000043034344454301466a0000000065"
      "5d28888965862e",
      "AB" },
};

static void forms(void **state)
{
    static const char *const names[] = { "AB", "CDE", "F" };
    uint8_t bytes[256];
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(good); i++) {
        const size_t n = from_hex(good[i].hex, bytes);
        kao_error err = { 0 };
        kao_pickle p;

        if (kao_pickle_parse(&p, &mem, (kao_span){ bytes, n }, "t", &err))
            fail_msg("%s: %s", good[i].what, err.msg);
        assert_true(kao_pickle_is((kao_span){ bytes, n }));
        assert_int_equal(p.n, 2);
        assert_true(p.same[0]);
        assert_false(p.same[1]);
        for (size_t k = 0; k < 4; k++) {
            const char *want = k < 3 ? names[k] : good[i].last;

            assert_int_equal(p.pictures[k].n, strlen(want));
            assert_memory_equal(p.pictures[k].p, want, strlen(want));
        }
        kao_pickle_free(&p);
        for (size_t cut = 0; cut < n; cut++) { /* no shorter file is whole */
            assert_int_equal(
                kao_pickle_parse(&p, &mem, (kao_span){ bytes, cut }, "t", &err),
                KAO_E_FORMAT);
            assert_non_null(strstr(err.msg, "byte "));
        }
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

static void refusals(void **state)
{
    static const struct {
        const char *hex;
        kao_status want;
        const char *why;
    } rows[] = {
        { "80062e", KAO_E_FORMAT, "protocol above 5" },
        { "80032e", KAO_E_FORMAT, "no tuple" },
        { "80035d2e", KAO_E_FORMAT, "no tuple" },
        { "80035d5d862e", KAO_E_FORMAT, "0 pictures and 0 truths" },
        { "80035d5d5d862e", KAO_E_FORMAT, "third list" },
        { "80034301415d862e", KAO_E_FORMAT, "tuple of something else" },
        { "8003862e", KAO_E_FORMAT, "tuple of nothing" },
        { "8003742e", KAO_E_FORMAT, "tuple without a beginning" },
        { "80035d28" ABCD "5d2888896586"
          "88"
          "2e",
          KAO_E_FORMAT, "no tuple" },
        { "80035d28" ABCD "5d288865862e", KAO_E_FORMAT, "4 pictures and 1 truths" },
        { "80035d28" ABCD "5d28"
          "430141"
          "8965862e",
          KAO_E_FORMAT, "truth 0 is none" },
        { "80035d28"
          "8888"
          "655d288865862e",
          KAO_E_FORMAT, "picture 0 is none" },
        { "80035d285d65", KAO_E_FORMAT, "list of something else" },
        { "800365", KAO_E_FORMAT, "nothing to append to" },
        { "80032865", KAO_E_FORMAT, "nothing to append to" },
        { "800361", KAO_E_FORMAT, "nothing to append to" },
        { "80038861", KAO_E_FORMAT, "nothing to append to" },
        { "8003888861", KAO_E_FORMAT, "nothing to append to" },
        { "8003888828"
          "65",
          KAO_E_FORMAT, "nothing to append to" },
        { "80035d43ff41", KAO_E_FORMAT, "past the end" },
        { "80035d42ffffffff41", KAO_E_FORMAT, "past the end" },
        { "80035d8effffffffffffffff41", KAO_E_FORMAT, "past the end" },
        { "80037100", KAO_E_FORMAT, "nothing to store" },
        { "80035d72ffffffff", KAO_E_FORMAT, "not the next" },
        { "80035d710028680165", KAO_E_FORMAT, "no stored picture" },
        { "80035d710028680065", KAO_E_FORMAT, "no stored picture" },
        { "80034b02", KAO_E_FORMAT, "neither 0 nor 1" },
        { "80034affffffff", KAO_E_FORMAT, "neither 0 nor 1" },
        { "80034931310a", KAO_E_FORMAT, "in place of a truth" },
        { "80034930320a", KAO_E_FORMAT, "neither 0 nor 1" },
        { "635f636f646563730a656e636f64650a", KAO_E_UNSUPPORTED, "Python function" },
        { "80035d52", KAO_E_UNSUPPORTED, "Python function" },
        { "80049393", KAO_E_UNSUPPORTED, "Python function" },
        { "80037d", KAO_E_UNSUPPORTED, "opcode 0x7d" },
        { "ffd8ffe0", KAO_E_UNSUPPORTED, "opcode 0xff" },
    };
    uint8_t bytes[256];
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const size_t n = from_hex(rows[i].hex, bytes);
        kao_error err = { 0 };
        kao_pickle p;
        const kao_status st =
            kao_pickle_parse(&p, &mem, (kao_span){ bytes, n }, "set.bin", &err);

        if (st != rows[i].want || !strstr(err.msg, rows[i].why) ||
            strncmp(err.msg, "set.bin: ", 9) != 0)
            fail_msg("%s: %d %s", rows[i].hex, st, err.msg);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Lists in portions of 1,000, as Python writes them: pictures of one byte, their number. */
enum { MANY = 2600 };

static void put_many(pb *b)
{
    pb_raw(b, "\x80\x03", 2);
    for (int part = 0; part < 2; part++) {
        const unsigned n = part ? MANY / 2 : MANY;

        pb_raw(b, "]", 1);
        for (unsigned i = 0; i < n; i++) {
            const uint8_t picture[3] = { 'C', 1, (uint8_t)i };
            const uint8_t truth = i % 3 ? 0x88 : 0x89;

            if (i % 1000 == 0)
                pb_raw(b, "(", 1);
            if (part)
                pb_raw(b, &truth, 1);
            else
                pb_raw(b, picture, 3);
            if (i % 1000 == 999 || i == n - 1)
                pb_raw(b, "e", 1);
        }
    }
    pb_raw(b, "\x86.", 2);
}

static void portions(void **state)
{
    pb b = { 0 };
    kao_mem mem;
    kao_pickle p;

    (void)state;
    kao_mem_init(&mem, NULL);
    put_many(&b);
    assert_int_equal(kao_pickle_parse(&p, &mem, (kao_span){ b.p, b.n }, "t", NULL),
                     KAO_OK);
    assert_int_equal(p.n, MANY / 2);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(p.pictures[i].n, 1);
        assert_int_equal(p.pictures[i].p[0], i % 256);
        assert_int_equal(p.same[i / 2], (i / 2) % 3 != 0);
    }
    kao_pickle_free(&p);
    for (long long i = 0;; i++) {
        kao_fault_arm(&mem, KAO_FAULT_ALLOC, i);
        const kao_status st =
            kao_pickle_parse(&p, &mem, (kao_span){ b.p, b.n }, "t", NULL);

        if (!kao_fault_disarm(&mem, KAO_FAULT_ALLOC)) {
            assert_int_equal(st, KAO_OK);
            break;
        }
        assert_int_equal(st, KAO_E_NOMEM);
        assert_int_equal(atomic_load(&mem.live), 0);
    }
    kao_pickle_free(&p);
    pb_free(&b);
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* The stack has an end, whatever a file asks for. */
static void deep(void **state)
{
    static uint8_t bytes[10000];
    kao_error err = { 0 };
    kao_mem mem;
    kao_pickle p;

    (void)state;
    kao_mem_init(&mem, NULL);
    memset(bytes, '(', sizeof bytes);
    assert_int_equal(
        kao_pickle_parse(&p, &mem, (kao_span){ bytes, sizeof bytes }, "t", &err),
        KAO_E_FORMAT);
    assert_non_null(strstr(err.msg, "too many values"));
    assert_int_equal(err.offset, 4097);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(refusals),
        cmocka_unit_test(portions),
        cmocka_unit_test(deep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
