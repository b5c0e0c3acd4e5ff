/* cmocka with its required headers. */
#ifndef KAO_TESTS_UNIT_H
#define KAO_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* SHORT=yes: under a sanitizer or a second compiler each kind is tested once, not each case. */
static inline bool is_short(void)
{
    const char *asked = getenv("SHORT");

    return asked && strcmp(asked, "yes") == 0;
}

#endif
