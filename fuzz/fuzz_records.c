/* Record files: two bytes say how long the index before the records is (0: none). Pictures lie
 * inside the bytes or in a block of their own, labels below their bound. */
#include <string.h>

#include "target.h"
#include "train/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    kao_mem mem;
    kao_error err = { 0 };
    kao_records r;
    const size_t asked = n < 2 ? 0 : kao_le16(data), head = n < 2 ? n : 2;
    const size_t length = asked < n - head ? asked : n - head;
    const kao_records_source s = {
        .rec = { data + head + length, n - head - length },
        .idx = { length ? data + head : NULL, length },
        .rec_name = "r",
        .idx_name = "i",
        .classes = 1000,
    };

    kao_mem_init(&mem, NULL);
    if (kao_records_read(&r, &mem, &s, &err)) {
        FUZZ_CHECK(err.code && err.msg[0] && !strchr(err.msg, '\n'));
    } else {
        FUZZ_CHECK(r.n > 0);
        for (size_t i = 0; i < r.n; i++) {
            const kao_record *x = &r.items[i];

            FUZZ_CHECK(x->label < 1000);
            FUZZ_CHECK(i == 0 || x->number > r.items[i - 1].number);
            FUZZ_CHECK(
                x->joined || x->picture.n == 0 ||
                (x->picture.p >= data && x->picture.p + x->picture.n <= data + n));
        }
        kao_records_free(&r);
    }
    FUZZ_CHECK(atomic_load(&mem.live) == 0);
    return 0;
}
