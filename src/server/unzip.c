/* See unzip.h. */
#include "server/unzip.h"

#include "base/cancel.h"
#include "base/error.h"

enum { PICTURE_BYTES = 64 << 20 };

kao_status kao_unzip(kao_job *j, const kao_spool *zip, bool japanese,
                     kao_unzip_take *take, void *user, kao_error *err)
{
    kao_bytes b = { .mem = j->mem, .max = PICTURE_BYTES };
    char name[ZIP_NAME_BYTES];
    kao_zip *z = NULL;
    kao_status st = kao_zip_open(j->mem, zip->path, japanese, &z, err);

    if (st)
        return st;
    atomic_store(&j->all, kao_zip_n(z));
    for (size_t i = 0; !st && i < kao_zip_n(z); i++) {
        atomic_store(&j->now, i);
        if (kao_cancelled(j->cancel)) {
            st = kao_fail(err, KAO_E_CANCELLED, "cancelled");
        } else if (kao_zip_picture(z, i, name)) {
            kao_error why = { 0 };
            const kao_status read = kao_zip_read(z, i, &b, &why);

            *err = why;
            st = read == KAO_E_NOMEM ? read : take(user, name, read, b.p, b.n, err);
            b.n = 0; /* its room is the next one's */
        }
    }
    kao_bytes_free(&b);
    kao_zip_close(z);
    return st;
}
