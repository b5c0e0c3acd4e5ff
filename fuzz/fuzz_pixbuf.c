/* GIF, BMP, TIFF and ICO, told apart by their first bytes as ever; where gdk-pixbuf is not there, each
 * is refused and our own part of GIF is all that runs. */
#include "decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    return fuzz_decode(kao_pixbuf_decode, data, n);
}
