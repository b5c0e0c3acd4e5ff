#include "decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    return fuzz_decode(kao_webp_decode, data, n);
}
