/* An insightface set: pictures lie inside the bytes, two a truth; nothing is left over. */
#include <string.h>

#include "eval/pickle.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    kao_mem mem;
    kao_error err = { 0 };
    kao_pickle p;

    kao_mem_init(&mem, NULL);
    if (kao_pickle_parse(&p, &mem, (kao_span){ data, n }, "set", &err)) {
        FUZZ_CHECK(err.code && err.msg[0] && !strchr(err.msg, '\n'));
    } else {
        FUZZ_CHECK(p.n > 0);
        for (size_t i = 0; i < 2 * p.n; i++)
            FUZZ_CHECK(p.pictures[i].n == 0 ||
                       (p.pictures[i].p >= data &&
                        p.pictures[i].p + p.pictures[i].n <= data + n));
        kao_pickle_free(&p);
    }
    FUZZ_CHECK(atomic_load(&mem.live) == 0);
    return 0;
}
