/* Texts: where a cut leaves whole characters. */
#include "support/unit.h"

#include <string.h>

#include "base/text.h"

static void cuts(void **state)
{
    static const struct {
        const char *text;
        size_t most, want;
    } rows[] = {
        { "", 0, 0 },
        { "", 5, 0 },
        { "abc", 5, 3 },
        { "abc", 3, 3 },
        { "abc", 2, 2 },
        { "abc", 0, 0 },
        { "\u5c71\u5c71", 6, 6 },
        { "\u5c71\u5c71", 5, 3 },
        { "\u5c71\u5c71", 4, 3 },
        { "\u5c71\u5c71", 3, 3 },
        { "\u5c71\u5c71", 2, 0 },
        { "a\u00e9", 2, 1 },
        { "a\U0001f600b", 5, 5 },
        { "a\U0001f600b", 4, 1 },
        { "\x80\x80\x80\x80", 2, 0 }, /* no text: nothing that is whole */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const size_t got = kao_utf8_cut(rows[i].text, rows[i].most);

        if (got != rows[i].want)
            fail_msg("row %zu: %zu bytes of %zu, wanted %zu", i, got,
                     strlen(rows[i].text), rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(cuts) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
