/* Random graphs of every operator (tests/random), made by the fuzzer's choices: every plan
 * must give what the generic forms give. The first byte is the number of makers. */
#include <stdio.h>

#include "random/differ.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static random_graph t;
    static differ d;
    char why[400];

    if (!d.n_ctx)
        FUZZ_CHECK(differ_open(&d));
    if (n < 2)
        return 0;
    pb file =
        random_graph_make(&t, choices_of_bytes(data + 1, n - 1), 1 + data[0] % 12);
    const bool ok = differ_check(&d, &t, &file, 2, why, sizeof why);

    if (!ok)
        fprintf(stderr, "%s\n", why);
    FUZZ_CHECK(ok);
    random_graph_free(&t);
    pb_free(&file);
    return 0;
}
