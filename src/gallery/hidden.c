/* Hidden values, between statements and the database (db.h): sealed on the way there, opened on the way
 * back, so that nothing else knows of it.
 *
 * A value is sealed together with its place, "person.name", and the numbers of its row, so that one that was
 * taken from another row, column or gallery does not open. In a column of texts it stands as one:
 *
 *     form (a control character, by which it is told from a text) | base64 of all of the sealed value
 *
 * Nothing and the empty text stay what they are. */
#include <string.h>

#include "base/base64.h"
#include "gallery/db_calls.h"

enum { WITH_BYTES = 80 };

/* Place, a 0, and both numbers, lowest byte first. */
static kao_span sealed_with(const char *place, int64_t row, int64_t part,
                            uint8_t to[WITH_BYTES])
{
    const size_t n = strlen(place) + 1;

    memcpy(to, place, n);
    for (size_t i = 0; i < 8; i++) {
        to[n + i] = (uint8_t)((uint64_t)row >> 8 * i);
        to[n + 8 + i] = (uint8_t)((uint64_t)part >> 8 * i);
    }
    return (kao_span){ to, n + 16 };
}

/* ---- on the way there ---- */

typedef struct hiding {
    const char *place;
    int64_t row, part;
    kao_seal_form form;
} hiding;

static bool close_text(kao_bytes *b, kao_span sealed)
{
    return kao_bytes_add(b, sealed.p, 1) && kao_base64_add(b, sealed.p, sealed.n) &&
           kao_bytes_add(b, "", 1);
}

/* What v is, sealed, in b, and v says so. */
static bool hide(const kao_db *db, const hiding *h, kao_db_value *v, kao_bytes *b)
{
    uint8_t with[WITH_BYTES];
    kao_bytes sealed = { .mem = db->mem, .max = SIZE_MAX / 4 };
    bool fine = kao_bytes_reserve(&sealed, v->n + SEAL_MORE);

    if (fine) {
        kao_seal_close(db->seal, h->form, sealed_with(h->place, h->row, h->part, with),
                       (kao_span){ v->p, v->n }, sealed.p);
        sealed.n = v->n + SEAL_MORE;
    }
    *b = (kao_bytes){ .mem = db->mem, .max = SIZE_MAX / 2 };
    if (v->letter == 't') {
        fine = fine && close_text(b, (kao_span){ sealed.p, sealed.n });
        kao_bytes_free(&sealed);
    } else {
        *b = sealed;
    }
    v->p = b->p;
    v->n = b->n;
    return fine;
}

kao_status kao_db_take(const kao_db *db, kao_db_values *values, const char *form,
                       va_list list, kao_error *err)
{
    bool fine = true;

    *values = (kao_db_values){ .n = 0 };
    if (strlen(form) > KAO_DB_PARAMETERS)
        return kao_fail(err, KAO_E_LIMIT, "%s: a statement of %zu parameters", db->name,
                        strlen(form));
    for (; *form && fine; form++) {
        kao_db_value *v = &values->v[values->n];
        hiding h = { .place = NULL, .form = SEAL_RANDOM };

        if (*form == 'h' || *form == 'H' || *form == 'k')
            h.place = va_arg(list, const char *);
        if (*form == 'h' || *form == 'H') {
            h.row = va_arg(list, int64_t);
            h.part = va_arg(list, int64_t);
        }
        if (*form == 'k')
            h.form = SEAL_SAME;
        v->letter = *form == 'h' || *form == 'k' ? 't' : *form == 'H' ? 'b' : *form;
        if (v->letter == 'i') {
            v->number = va_arg(list, int64_t);
        } else if (v->letter == 'd') {
            v->real = va_arg(list, double);
        } else if (v->letter == 't') {
            v->p = va_arg(list, const char *);
            v->n = v->p ? strlen(v->p) : 0;
        } else {
            v->p = va_arg(list, const void *);
            v->n = va_arg(list, size_t);
        }
        if (h.place && db->seal && v->p && v->n > 0)
            fine = hide(db, &h, v, &values->sealed[values->n]);
        values->n++;
    }
    return fine ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", db->name);
}

void kao_db_values_free(kao_db_values *values)
{
    for (size_t i = 0; i < values->n; i++)
        if (values->sealed[i].mem)
            kao_bytes_free(&values->sealed[i]);
}

/* ---- on the way back ---- */

static bool is_form(uint8_t c)
{
    return c == SEAL_RANDOM || c == SEAL_SAME;
}

static bool fail_row(kao_rows *rows, const kao_hidden *h)
{
    const int64_t row = h->row < 0 ? 0 : rows->calls->row_int(rows, h->row);

    rows->st = kao_fail(&rows->err, KAO_E_FORMAT,
                        "%s: %s of row %lld is damaged, or was put there from "
                        "somewhere else",
                        rows->db->name, h->place, (long long)row);
    return false;
}

/* Somebody has encrypted it since it was opened: no text of kao's begins so. */
static bool check_plain(kao_rows *rows, const kao_hidden *h)
{
    const char *text = h->is_bytes ? NULL : rows->calls->row_text(rows, h->column);

    if (!text || !is_form((uint8_t)text[0]))
        return true;
    rows->st = kao_fail(&rows->err, KAO_E_CONFLICT,
                        "%s: was encrypted meanwhile: open it again", rows->db->name);
    return false;
}

static bool fail_memory(kao_rows *rows)
{
    rows->st = kao_fail(&rows->err, KAO_E_NOMEM, "%s: out of memory", rows->db->name);
    return false;
}

/* The sealed value of a column. False: memory ran out; *fine: it is one. */
static bool take_sealed(const kao_rows *rows, const kao_hidden *h, kao_bytes *to,
                        bool *fine)
{
    if (h->is_bytes) {
        const kao_span v = rows->calls->row_bytes(rows, h->column);

        return kao_bytes_add(to, v.p, v.n);
    }
    const char *text = rows->calls->row_text(rows, h->column);
    const size_t n = strlen(text);

    if (!kao_bytes_reserve(to, n + 1))
        return false;
    *fine =
        n == 0 || (is_form((uint8_t)text[0]) && kao_base64_read(to, text + 1, NULL) &&
                   to->n > 0 && to->p[0] == (uint8_t)text[0]);
    return true;
}

static bool open_value(kao_rows *rows, const kao_hidden *h, kao_bytes *sealed,
                       kao_bytes *to)
{
    const int64_t row = h->row < 0 ? 0 : rows->calls->row_int(rows, h->row),
                  part = h->part < 0 ? 0 : rows->calls->row_int(rows, h->part);
    uint8_t with[WITH_BYTES];
    bool fine = true;

    if (!take_sealed(rows, h, sealed, &fine) || !kao_bytes_reserve(to, sealed->n + 1))
        return fail_memory(rows);
    if (fine && sealed->n > 0)
        fine = kao_seal_open(rows->db->seal, sealed_with(h->place, row, part, with),
                             (kao_span){ sealed->p, sealed->n }, to->p);
    if (!fine)
        return fail_row(rows, h);
    to->n = sealed->n > 0 ? sealed->n - SEAL_MORE : 0;
    to->p[to->n++] = 0;
    return true;
}

static bool open_one(kao_rows *rows, size_t i)
{
    const kao_hidden *h = &rows->hidden[i];
    const kao_db *db = rows->db;
    const void *p = h->is_bytes
                        ? (const void *)rows->calls->row_bytes(rows, h->column).p
                        : rows->calls->row_text(rows, h->column);
    kao_bytes sealed = { .mem = db->mem, .max = SIZE_MAX / 4 };

    rows->open[i].mem = db->mem;
    rows->open[i].max = SIZE_MAX / 4;
    rows->open[i].n = 0;
    rows->is_absent[i] = !p;
    const bool fine = !p || open_value(rows, h, &sealed, &rows->open[i]);

    kao_bytes_free(&sealed);
    return fine;
}

bool kao_rows_open(kao_rows *rows)
{
    for (size_t i = 0; i < rows->n_hidden; i++)
        if (!(rows->db->seal ? open_one(rows, i) : check_plain(rows, &rows->hidden[i])))
            return false;
    return true;
}

void kao_rows_close(kao_rows *rows)
{
    for (size_t i = 0; i < rows->n_hidden; i++)
        if (rows->open[i].mem)
            kao_bytes_free(&rows->open[i]);
}
