/* See job_album.h: the faces of pictures, before they are grouped. */
#include "base/context.h"
#include "base/error.h"
#include "server/job_album.h"
#include "server/unzip.h"

enum { FACES_OF_PICTURE = 1024 };

void kao_album_found_free(kao_mem *mem, kao_album_found *f)
{
    for (size_t i = 0; i < f->n; i++)
        kao_taken_free(mem, &f->faces[i].taken);
    kao_free(mem, f->faces);
    *f = (kao_album_found){ .n = 0 };
}

kao_status kao_album_look(kao_worker *w, const char *name, const void *bytes, size_t n,
                          kao_album_found *f, kao_error *err)
{
    kao_photo p;
    kao_status st = kao_photo_look(w, name, bytes, n, &p, err);

    if (st)
        return st;
    const kao_view view = kao_image_view(&p.image);
    const size_t most = p.faces.n < FACES_OF_PICTURE ? p.faces.n : FACES_OF_PICTURE;

    f->faces = kao_calloc(&w->ctx->mem, most + 1, sizeof *f->faces);
    if (!f->faces)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; !st && i < most; i++) {
        kao_album_face *to = &f->faces[f->n];

        st = kao_taken_of(w, &view, kao_face_at(&p.faces, i), &to->taken, err);
        if (!st) {
            to->number = (uint32_t)i + 1;
            to->box = kao_photo_in_file(&p, i);
            f->n++;
        } else if (st == KAO_E_NO_FACE || st == KAO_E_TOO_SMALL ||
                   st == KAO_E_BAD_EMBEDDING) {
            st = KAO_OK;
        }
    }
    kao_photo_free(w, &p);
    return st;
}

typedef struct unpacking {
    kao_album *a;
    kao_worker *w;
} unpacking;

static kao_status take(void *user, const char *name, kao_status read, const void *bytes,
                       size_t n, kao_error *err)
{
    unpacking *u = user;
    kao_album_found f = { .n = 0 };
    kao_status st = read ? read : kao_album_look(u->w, name, bytes, n, &f, err);

    if (kao_is_of_picture(st)) {
        u->a->n_bad++;
        st = KAO_OK;
    } else if (!st) {
        st = kao_album_add(u->a, name, &f, err);
    }
    kao_album_found_free(&u->w->ctx->mem, &f);
    return st;
}

kao_status kao_album_unpack(kao_album *a, kao_job *j, kao_worker *w, kao_error *err)
{
    unpacking u = { a, w };
    const kao_status st = kao_unzip(j, a->zip, a->japanese, take, &u, err);

    kao_spool_close(a->zip); /* it is not needed any more */
    a->zip = NULL;
    return st;
}
