/* A .npy file: what is parsed lies inside its bytes, and is the same once written again. */
#include <string.h>

#include "base/npy.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    kao_npy npy, again;
    kao_mem mem;
    kao_error err = { 0 };
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;

    kao_mem_init(&mem, NULL);
    if (kao_npy_parse(&npy, (kao_span){ data, n }, &err)) {
        FUZZ_CHECK(err.code && err.msg[0] && !strchr(err.msg, '\n'));
        return 0;
    }
    FUZZ_CHECK(npy.data.p >= data && npy.data.p + npy.data.n <= data + n);
    FUZZ_CHECK(npy.rank >= 0 && npy.rank <= KAO_NPY_MAX_RANK);
    FUZZ_CHECK(kao_npy_format(&mem, npy.descr, npy.dims, npy.rank, npy.data.p, &bytes,
                              &n_bytes, &err) == KAO_OK);
    FUZZ_CHECK(kao_npy_parse(&again, (kao_span){ bytes, n_bytes }, &err) == KAO_OK);
    FUZZ_CHECK(again.rank == npy.rank && again.data.n == npy.data.n &&
               memcmp(again.dims, npy.dims, sizeof npy.dims) == 0 &&
               (npy.data.n == 0 || memcmp(again.data.p, npy.data.p, npy.data.n) == 0));
    kao_free(&mem, bytes);
    FUZZ_CHECK(atomic_load(&mem.live) == 0);
    return 0;
}
