/* See zip.h: built without libzip's header. */
#include <string.h>

#include "base/error.h"
#include "server/zip.h"

bool kao_zip_is(const void *bytes, size_t n)
{
    return n >= 4 && memcmp(bytes, "PK", 2) == 0;
}

kao_status kao_zip_open(kao_mem *mem, const char *path, bool japanese, kao_zip **out,
                        kao_error *err)
{
    (void)mem, (void)path, (void)japanese;
    *out = NULL;
    return kao_fail(err, KAO_E_UNSUPPORTED,
                    "zip files: this kao was built without libzip");
}

size_t kao_zip_n(const kao_zip *z)
{
    (void)z;
    return 0;
}

bool kao_zip_picture(kao_zip *z, size_t i, char name[ZIP_NAME_BYTES])
{
    (void)z, (void)i;
    name[0] = '\0';
    return false;
}

kao_status kao_zip_read(kao_zip *z, size_t i, kao_bytes *to, kao_error *err)
{
    (void)z, (void)i, (void)to;
    return kao_fail(err, KAO_E_UNSUPPORTED,
                    "zip files: this kao was built without libzip");
}

void kao_zip_close(kao_zip *z)
{
    (void)z;
}
