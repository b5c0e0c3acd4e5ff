/* The page of kao cluster: a section a group, with its faces. */

#include "base/base64.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/album.h"
#include "eval/plot.h"

/* Faces of a group that are shown; of one with more, how many more is said. */
enum { SHOWN = 60 };

static const char head[] =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
    "content=\"width=device-width\"><title>Faces by person</title><style>:root{"
    "color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#d8dce2}"
    "@media(prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e6e9ee;"
    "--soft:#343a42}}body{background:var(--paper);color:var(--ink);font:16px/1.5 "
    "system-ui,sans-serif;margin:1.5rem auto;max-width:76rem;padding:0 1rem}"
    "section{border-top:1px solid var(--soft);margin:1rem 0}h2{font-size:1.1rem;"
    "margin:.6rem 0}h2 small{font-weight:normal}ul{list-style:none;margin:0;padding:0;"
    "display:flex;flex-wrap:wrap;gap:.4rem}img{display:block;width:6rem;height:6rem;"
    "object-fit:cover;border-radius:.3rem}</style><main><h1>Faces by person</h1>";

static bool put_face(kao_bytes *b, const cli_album *a, const cli_album_face *f)
{
    const char *path = a->files[f->file].path;

    return kao_put(b, "<li><img loading=\"lazy\" alt=\"face %zu of ", f->number) &&
           kao_put_text(b, path) && kao_put(b, "\" title=\"") &&
           kao_put_text(b, path) && kao_put(b, "\" src=\"data:image/jpeg;base64,") &&
           kao_base64_add(b, f->chip, f->chip_bytes) && kao_put(b, "\"></li>");
}

/* Faces of a group, as a list through `next`. */
typedef struct row {
    size_t first, n;
} row;

static bool put_group(kao_bytes *b, const cli_album *a, const row *r,
                      const size_t *next, size_t number, const char *name)
{
    bool fine = kao_put(b, "<section><h2>");
    size_t shown = 0;

    fine = fine &&
           (name ? kao_put_text(b, name) : kao_put(b, "Person %zu", number + 1)) &&
           kao_put(b, " <small>%zu picture%s</small></h2><ul>", r->n,
                   r->n == 1 ? "" : "s");
    for (size_t i = r->first; fine && i < a->n_faces && shown < SHOWN; i = next[i]) {
        fine = put_face(b, a, &a->faces[i]);
        shown++;
    }
    fine = fine && kao_put(b, "</ul>");
    if (fine && r->n > shown)
        fine = kao_put(b, "<p>and %zu more</p>", r->n - shown);
    return fine && kao_put(b, "</section>\n");
}

static void order(const cli_album *a, row *rows, size_t *next)
{
    for (size_t i = a->n_faces; i-- > 0;) {
        row *r = &rows[a->faces[i].group];

        next[i] = r->n ? r->first : SIZE_MAX;
        r->first = i;
        r->n++;
    }
}

kao_status cli_album_page(const cli_album *a, const char *path, cli_album_name *name,
                          void *user, kao_error *err)
{
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    kao_bytes b = { .mem = &mem, .max = kao_gib(4) };
    row *rows = kao_calloc(&mem, a->n_groups + 1, sizeof *rows);
    size_t *next = kao_calloc(&mem, a->n_faces + 1, sizeof *next);
    bool fine = rows && next && kao_put(&b, "%s", head) &&
                kao_put(&b, "<p>%zu faces in %zu groups.</p>", a->n_faces, a->n_groups);

    if (rows && next)
        order(a, rows, next);
    for (size_t i = 0; fine && i < a->n_groups; i++)
        fine =
            put_group(&b, a, &rows[i], next, i, name(user, &a->faces[rows[i].first]));
    fine = fine && kao_put(&b, "</main></html>\n");
    const kao_status st =
        fine ? kao_file_write(&mem, path, b.p, b.n, err)
             : kao_fail(err, KAO_E_NOMEM, "%s: no memory for it", path);

    kao_bytes_free(&b);
    kao_free(&mem, next);
    kao_free(&mem, rows);
    return st;
}
