/* The groups of an album into a gallery. */
#include <stdlib.h>

#include "base/error.h"
#include "cli/album.h"

/* Faces of a group that are to be samples; *person is the group's, who may be new. */
static kao_status enroll_group(const cli_album *a, cli_gallery *use, size_t first,
                               const size_t *next, kao_new_sample *samples,
                               const float **vectors, int64_t *person, kao_error *err)
{
    size_t n = 0;

    for (size_t i = first; i < a->n_faces; i = next[i]) {
        const cli_album_face *f = &a->faces[i];
        const float **list = vectors + n * use->n;

        if (f->is_there || f->poor)
            continue;
        for (size_t m = 0; m < use->n; m++)
            list[m] = cli_gallery_vector(use, f->others, m);
        samples[n++] = (kao_new_sample){ .size = sizeof *samples,
                                         .vectors = list,
                                         .source = a->files[f->file].path,
                                         .quality = f->quality };
    }
    return n ? kao_gallery_enrol(use->g, person, NULL, samples, n, err) : KAO_OK;
}

kao_status cli_album_enroll(cli_album *a, cli_gallery *use, kao_error *err)
{
    size_t *first = calloc(a->n_groups + 1, sizeof *first),
           *next = calloc(a->n_faces + 1, sizeof *next);
    kao_new_sample *samples = calloc(a->n_faces + 1, sizeof *samples);
    const float **vectors = calloc(a->n_faces + 1, use->n * sizeof *vectors);
    kao_status st = KAO_OK;

    if (!first || !next || !samples || !vectors)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; !st && i < a->n_groups; i++)
        first[i] = SIZE_MAX;
    for (size_t i = a->n_faces; !st && i-- > 0;) {
        next[i] = first[a->faces[i].group];
        first[a->faces[i].group] = i;
    }
    for (size_t g = 0; !st && g < a->n_groups; g++) {
        int64_t person = a->faces[first[g]].person;

        st = enroll_group(a, use, first[g], next, samples, vectors, &person, err);
        for (size_t i = first[g]; !st && i < a->n_faces; i = next[i])
            a->faces[i].person = person;
    }
    free((void *)vectors);
    free(samples);
    free(next);
    free(first);
    return st;
}
