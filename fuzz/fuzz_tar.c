/* A tar: members lie inside the bytes, their names end, and each is found. */
#include <string.h>

#include "base/tar.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    kao_mem mem;
    kao_error err = { 0 };
    kao_tar t;

    kao_mem_init(&mem, NULL);
    if (kao_tar_parse(&t, &mem, (kao_span){ data, n }, "t", &err)) {
        FUZZ_CHECK(err.code && err.msg[0] && !strchr(err.msg, '\n'));
    } else {
        for (size_t i = 0; i < t.n; i++) {
            const kao_tar_member *m = &t.members[i];

            FUZZ_CHECK(strlen(m->name) < KAO_TAR_NAME_BYTES);
            FUZZ_CHECK(m->bytes.p >= data && m->bytes.p + m->bytes.n <= data + n);
            FUZZ_CHECK(kao_tar_find(&t, m->name) != NULL);
        }
        kao_tar_close(&t);
    }
    FUZZ_CHECK(atomic_load(&mem.live) == 0);
    return 0;
}
