/* An album: faces of many pictures, grouped by person as kao cluster does it, and what somebody says
 * of the groups then. Pictures are gone as soon as their faces are found. */
#ifndef KAO_SERVER_JOB_ALBUM_H
#define KAO_SERVER_JOB_ALBUM_H

#include "server/enrol.h"
#include "server/job.h"
#include "server/spool.h"

enum { ALBUM_FACES_MOST = 20000, ALBUM_PICTURES_MOST = 100000 };

typedef struct kao_album_face {
    kao_taken taken;
    uint32_t picture; /* from 0 */
    uint32_t number;  /* on it, from 1 */
    kao_face box;     /* in pixels of the file */
    uint32_t group;
} kao_album_face;

typedef struct kao_album_found { /* on one picture */
    kao_album_face *faces;
    size_t n;
} kao_album_found;

typedef struct kao_album {
    kao_mem *mem;
    kao_spool *zip;  /* where its pictures are, until they are looked at; or NULL */
    bool japanese;   /* as kao_zip_open has it */
    size_t n_bad;    /* of the zip's pictures: could not be read */
    char **pictures; /* their names */
    size_t n_pictures, cap_pictures;
    kao_album_face *faces; /* by picture */
    size_t n, cap;
    /* grouped: */
    int64_t *persons; /* whose each group is; 0: nobody known */
    size_t n_groups, cap_groups;
    uint32_t
        *apart; /* pairs of faces whose groups are two people, as somebody has said */
    size_t n_apart, cap_apart;
    /* From which mean similarity on groups are one person (NaN before: by the number of faces), and
     * somebody is asked. */
    float threshold, ask_from;
} kao_album;

extern const kao_job_kind kao_job_album;

kao_album *kao_album_create(kao_mem *mem); /* NULL: out of memory */
/* The faces of a picture; one that no network can use (too small) is left out. */
kao_status kao_album_look(kao_worker *w, const char *name, const void *bytes, size_t n,
                          kao_album_found *f, kao_error *err);
void kao_album_found_free(kao_mem *mem, kao_album_found *f);
/* They are the album's then, and f is empty. KAO_E_LIMIT: there are too many. */
kao_status kao_album_add(kao_album *a, const char *name, kao_album_found *f,
                         kao_error *err);
/* All pictures of its zip, one after the other, in j. */
kao_status kao_album_unpack(kao_album *a, kao_job *j, kao_worker *w, kao_error *err);

/* What somebody says. KAO_E_NOT_FOUND: no such group or face; KAO_E_CONFLICT: it contradicts what
 * the gallery or somebody has said before. */
kao_status kao_album_merge(kao_album *a, int64_t group, int64_t other, kao_error *err);
kao_status kao_album_apart(kao_album *a, kao_worker *w, int64_t group, int64_t other,
                           kao_error *err);
/* The face is a group of its own from then on. */
kao_status kao_album_out(kao_album *a, kao_worker *w, int64_t face, kao_error *err);

#endif
