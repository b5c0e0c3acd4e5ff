/* See gallery_chips.h. */
#include "cli/gallery_chips.h"

#include <stdio.h>

#include "base/error.h"
#include "base/file.h"

void cli_gallery_form(const kao_embedder *embedder, char to[KAO_CHIP_FORM_BYTES])
{
    const kao_template *t = kao_embedder_template(embedder);
    int n = snprintf(to, KAO_CHIP_FORM_BYTES, "%ux%u", t->width, t->height);

    if (t->whole)
        snprintf(to + n, KAO_CHIP_FORM_BYTES - (size_t)n, " whole");
    else if (t->margin > 0)
        snprintf(to + n, KAO_CHIP_FORM_BYTES - (size_t)n, " turned box %.4f %u",
                 (double)t->margin, t->crop);
    else
        for (int i = 0; i < KAO_FACE_POINTS; i++)
            n += snprintf(to + n, KAO_CHIP_FORM_BYTES - (size_t)n, " %.4f,%.4f",
                          (double)t->points[i].x, (double)t->points[i].y);
}

kao_status cli_gallery_chip(cli_gallery *u, const cli_photo *photo, size_t i,
                            uint8_t **bytes, size_t *n, char form[KAO_CHIP_FORM_BYTES],
                            kao_error *err)
{
    const kao_view view = kao_image_view(&photo->image);
    kao_image chip = { 0 };
    kao_status st = kao_align(u->crew.ctx, &view, &photo->faces[i],
                              kao_embedder_template(u->embedders[0]), &chip, err);

    if (!st)
        st = kao_image_encode(u->crew.ctx, &chip, KAO_IMAGE_PNG, 0, bytes, n, err);
    kao_image_free(u->crew.ctx, &chip);
    cli_gallery_form(u->embedders[0], form);
    return st;
}

/* ---- as files ---- */

typedef struct writing {
    cli_gallery *u;
    kao_mem mem;
    kao_bytes b;
    const char *folder;
    size_t n;
    bool writes; /* the chip is there */
    kao_status st;
    kao_error *err;
} writing;

static int write_sample(void *user, const kao_sample *s)
{
    writing *w = user;
    char form[KAO_CHIP_FORM_BYTES], path[4096];

    kao_bytes_free(&w->b);
    w->writes = false;
    w->st = kao_chip_of(w->u->g, s->id, &w->b, form, w->err);
    if (w->st || w->b.n == 0)
        return w->st != KAO_OK;
    w->writes = true;
    int n = snprintf(path, sizeof path, "%s/%lld", w->folder, (long long)s->person);

    if ((size_t)n + KAO_UUID_BYTES + 5 >= sizeof path)
        w->st = kao_fail(w->err, KAO_E_ARG, "%.80s..: the path is too long", w->folder);
    if (!w->st)
        w->st = kao_folder_make(path, 0700, w->err);
    if (!w->st)
        snprintf(path + n, sizeof path - (size_t)n, "/%s.png", s->id);
    if (!w->st)
        w->st = kao_file_write(&w->mem, path, w->b.p, w->b.n, w->err);
    w->n += !w->st;
    return w->st != KAO_OK;
}

static int write_person(void *user, const kao_person *p)
{
    writing *w = user;
    const kao_status st =
        kao_gallery_samples(w->u->g, p->number, write_sample, w, w->err);

    w->st = w->st ? w->st : st;
    return w->st != KAO_OK;
}

kao_status cli_gallery_write_chips(cli_gallery *u, const char *folder, size_t *n,
                                   bool *writes, kao_error *err)
{
    writing w = { .u = u, .folder = folder, .err = err };

    kao_mem_init(&w.mem, NULL);
    w.b = (kao_bytes){ .mem = &w.mem, .max = KAO_CHIP_MAX_BYTES };
    const kao_status st = kao_gallery_people(u->g, NULL, write_person, &w, err);

    kao_bytes_free(&w.b);
    *n = w.n;
    *writes = w.st && w.writes;
    return w.st ? w.st : st;
}
