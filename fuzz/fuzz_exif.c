#include "image/exif.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const uint8_t o = kao_exif_orientation((kao_span){ data, n });

    FUZZ_CHECK(o <= 8);
    return 0;
}
