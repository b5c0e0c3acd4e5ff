/* See job_import.h. Pictures of a zip are judged as an enrolment is: what would make the gallery
 * worse is left out, with the reasons. */
#include "server/job_import.h"

#include <string.h>
#include <unistd.h>

#include "base/compose.h"
#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "base/room.h"
#include "base/text.h"
#include "server/unzip.h"

kao_import *kao_import_create(kao_mem *mem, kao_spool *spool)
{
    kao_import *m = kao_calloc(mem, 1, sizeof *m);

    if (m)
        *m = (kao_import){ .mem = mem, .spool = spool };
    else
        kao_spool_close(spool);
    return m;
}

static void close_import(kao_job *j)
{
    kao_import *m = j->data;

    for (size_t i = 0; i < m->n; i++) {
        kao_json_free(m->rows[i].told);
        if (m->rows[i].chip.mem)
            kao_bytes_free(&m->rows[i].chip);
    }
    kao_free(m->mem, m->rows);
    kao_spool_close(m->spool);
    kao_free(m->mem, m);
}

/* ---- a picture ---- */

typedef struct importing {
    kao_import *m;
    kao_worker *w;
} importing;

/* The folder that it lies in, which is the person's name; false: it lies in none that can be one. */
static bool folder_of(const char *file, char name[KAO_NAME_MAX_BYTES + 1])
{
    const char *end = strrchr(file, '/'), *begin = end;

    while (begin && begin > file && begin[-1] != '/')
        begin--;
    const size_t n = begin ? (size_t)(end - begin) : 0;

    if (n == 0 || n > KAO_NAME_MAX_BYTES)
        return false;
    memcpy(name, begin, n);
    name[n] = '\0';
    kao_text_compose(name, KAO_NAME_MAX_BYTES + 1);
    return kao_text_is_clean(name);
}

/* The one face of the picture. */
static kao_status look(kao_worker *w, const char *file, const void *bytes, size_t n,
                       kao_taken *t, kao_error *err)
{
    kao_photo p;
    size_t i = 0;
    kao_status st = kao_photo_look(w, file, bytes, n, &p, err);

    if (st)
        return st;
    const kao_view view = kao_image_view(&p.image);

    st = kao_face_choose(&p.faces, KAO_CHOOSE_ERROR, p.image.width, p.image.height, &i,
                         err);
    if (!st)
        st = kao_taken_of(w, &view, kao_face_at(&p.faces, i), t, err);
    kao_photo_free(w, &p);
    return st;
}

static bool has_chip(const kao_import *m, int64_t person)
{
    for (size_t i = m->n; i-- > 0;) /* its other pictures are the last ones, mostly */
        if (m->rows[i].person == person && m->rows[i].chip.n)
            return true;
    return false;
}

static bool is_duplicate(const kao_json *reasons)
{
    const char *word = "";

    kao_json_as_text(kao_json_at(reasons, 0), &word);
    return kao_json_length(reasons) == 1 && strcmp(word, "duplicate") == 0;
}

/* Sets the row's status, where nothing failed. */
static kao_status enrol(importing *k, kao_import_row *row, const char *file,
                        const char *name, kao_taken *t, kao_verdict *v, kao_error *err)
{
    kao_import *m = k->m;
    const kao_to_enrol one = { t, file };
    kao_status st = kao_gallery_find(k->w->gallery, name, &row->person, err);
    const bool fresh = st == KAO_E_NOT_FOUND;

    if (st == KAO_E_CONFLICT) {
        kao_json_set(v->to, "status", kao_json_string("refused"));
        kao_json_add(v->reasons, kao_json_string("several_people"));
        return KAO_OK;
    }
    if (st && !fresh)
        return st;
    row->person = fresh ? 0 : row->person;
    if (!m->force)
        kao_refuse_poor(v, t->outcomes);
    st = kao_judge(k->w, t->vectors, row->person, m->force, v, err);
    if (!st && !v->refused)
        st = kao_taken_store(k->w, &one, 1, &row->person, fresh ? name : NULL, err);
    if (st)
        return st;
    const bool known = v->refused && is_duplicate(v->reasons);

    kao_json_set(v->to, "status",
                 kao_json_string(known        ? "duplicate"
                                 : v->refused ? "refused"
                                              : "enrolled"));
    m->moved.known += known;
    m->moved.samples += !v->refused;
    m->moved.people += !v->refused && fresh;
    if (!v->refused && !has_chip(m, row->person)) {
        row->chip = t->chip;
        t->chip = (kao_bytes){ .mem = NULL };
    }
    return KAO_OK;
}

/* What reading and looking say of the picture becomes its row's; other failures end the import. */
static kao_status settle(kao_verdict *v, kao_status st, const kao_error *err)
{
    const bool no_face = st == KAO_E_NO_FACE || st == KAO_E_TOO_SMALL ||
                         st == KAO_E_SEVERAL_FACES || st == KAO_E_BAD_EMBEDDING;

    if (!st || !(no_face || kao_is_of_picture(st)))
        return st;
    kao_json_set(v->to, "status", kao_json_string(no_face ? "refused" : "unreadable"));
    kao_json_add(v->reasons, kao_json_string(no_face ? kao_status_name(st) : err->msg));
    return KAO_OK;
}

static kao_status take(void *user, const char *file, kao_status read, const void *bytes,
                       size_t n, kao_error *err)
{
    importing *k = user;
    kao_import *m = k->m;
    char name[KAO_NAME_MAX_BYTES + 1] = "";
    const bool named = folder_of(file, name);
    kao_taken t = { .vectors = NULL };
    kao_status st = read;

    if (m->n == IMPORT_PICTURES_MOST)
        return kao_fail(err, KAO_E_LIMIT, "a zip of more than %d pictures",
                        IMPORT_PICTURES_MOST);
    if (!kao_room(m->mem, &m->rows, &m->cap, m->n + 1, sizeof *m->rows))
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    kao_import_row *row = &m->rows[m->n];

    *row = (kao_import_row){ .told = kao_json_object() };
    kao_verdict v = kao_verdict_begin(row->told);

    kao_json_set(v.to, "file", kao_json_string(file));
    if (!st && !named) {
        kao_json_set(v.to, "status", kao_json_string("refused"));
        kao_json_add(v.reasons, kao_json_string("no_folder"));
    } else {
        st = st ? st : look(k->w, file, bytes, n, &t, err);
        st = st ? settle(&v, st, err) : enrol(k, row, file, name, &t, &v, err);
    }
    kao_json_set(v.to, "person",
                 row->person ? kao_json_integer(row->person) : kao_json_null());
    kao_json_set(v.to, "name", row->person ? kao_json_string(name) : kao_json_null());
    kao_json_set(v.to, "sample", t.id[0] ? kao_json_string(t.id) : kao_json_null());
    kao_json_set(v.to, "chip",
                 row->chip.n ? kao_json_integer((int64_t)m->n) : kao_json_null());
    kao_taken_free(&k->w->ctx->mem, &t);
    m->n++; /* also after a failure: it is closed with the others */
    return st;
}

/* ---- the file ---- */

static kao_status read_lines(kao_import *m, kao_worker *w, kao_error *err)
{
    kao_file f = { 0 };
    kao_status st = kao_file_open(&f, m->mem, m->spool->path, KAO_FORM_MOST, err);

    if (!st)
        st = kao_form_read(m->mem, w->gallery, w->embedders, "the file", f.bytes.p,
                           f.bytes.n, w->run.cancel, &m->moved, err);
    kao_file_close(&f);
    return st;
}

static kao_status run_import(kao_job *j, kao_worker *w, kao_error *err)
{
    kao_import *m = j->data;
    importing k = { m, w };
    uint8_t head[4] = { 0 };
    const ssize_t n = pread(m->spool->fd, head, sizeof head, 0);

    m->zip = n > 0 && kao_zip_is(head, (size_t)n);
    const kao_status st =
        m->zip ? kao_unzip(j, m->spool, m->japanese, take, &k, err)
        : head[0] == '{'
            ? read_lines(m, w, err)
            : kao_fail(err, KAO_E_FORMAT,
                       "neither a zip of pictures nor what an export wrote");

    kao_spool_close(m->spool); /* what is kept is in the gallery */
    m->spool = NULL;
    return st;
}

/* ---- telling ---- */

static kao_status tell_import(kao_job *j, kao_worker *w, kao_call *c, kao_json *to,
                              kao_error *err)
{
    const kao_import *m = j->data;
    kao_json *files = kao_json_array();

    (void)w, (void)c, (void)err;
    kao_json_set(to, "form", kao_json_string(m->zip ? "zip" : "lines"));
    kao_json_set(to, "people", kao_json_integer((int64_t)m->moved.people));
    kao_json_set(to, "samples", kao_json_integer((int64_t)m->moved.samples));
    kao_json_set(to, "known", kao_json_integer((int64_t)m->moved.known));
    kao_json_set(to, "files", files);
    for (size_t i = 0; i < m->n; i++)
        kao_json_add(files, kao_json_hold(m->rows[i].told));
    return KAO_OK;
}

static const kao_bytes *chip_of(kao_job *j, int64_t number)
{
    const kao_import *m = j->data;

    return number >= 0 && (uint64_t)number < m->n && m->rows[number].chip.n
               ? &m->rows[number].chip
               : NULL;
}

const kao_job_kind kao_job_import = { .name = "import",
                                      .unreadable = "invalid_file",
                                      .run = run_import,
                                      .tell = tell_import,
                                      .chip = chip_of,
                                      .close = close_import };
