/* Forgetting people, and looking through the files for what may be left.
 *
 * What is deleted is overwritten in the database (secure_delete), and its log is emptied. Then
 * the bytes of the files are searched for the beginnings of the person's vectors, as floats and as
 * the index has them in 8 bits, for pieces of chips, for sample ids, name, notes, sources and the texts of events. Texts of less than four
 * bytes and vectors of less than 16 are not looked for; what others' rows hold too (a namesake, one
 * picture enrolled for two) is no trace. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "gallery/gallery.h"

enum { PIECE_BYTES = 32, QUANTISED_LEAST = 16, TEXT_LEAST = 4, LOOKS_MOST = 3 };

typedef enum piece_kind { TEXT, FLOATS, QUANTISED, CHIP } piece_kind;

typedef struct piece {
    uint8_t *bytes;
    size_t n;
    piece_kind kind;
    uint32_t next; /* 1 + the next one that begins with the same two bytes; 0: none */
    bool is_found; /* in the file that is looked through */
} piece;

typedef struct pieces {
    kao_mem *mem;
    piece *items;
    size_t n, cap;
    uint32_t *first; /* 1 + a piece by its first two bytes; 0: none */
    bool failed;
} pieces;

static void pieces_free(pieces *p)
{
    for (size_t i = 0; i < p->n; i++)
        kao_free(p->mem, p->items[i].bytes);
    kao_free(p->mem, p->items);
    kao_free(p->mem, p->first);
}

static void add_piece(pieces *p, const void *bytes, size_t n, piece_kind kind)
{
    if (p->n == p->cap) {
        const size_t cap = p->cap ? 2 * p->cap : 64;
        piece *bigger =
            kao_grow(p->mem, p->items, p->n * sizeof *bigger, cap * sizeof *bigger);

        p->failed |= !bigger;
        if (!bigger)
            return;
        p->items = bigger;
        p->cap = cap;
    }
    uint8_t *copy = kao_alloc(p->mem, n);

    p->failed |= !copy;
    if (!copy)
        return;
    memcpy(copy, bytes, n);
    p->items[p->n++] = (piece){ .bytes = copy, .n = n, .kind = kind };
}

/* ---- what is to go ---- */

/* The number in an `old` of a field that has numbers: of the others it has texts, of which not every
 * database makes a number. */
#define NUMBER(field, old, fields)                                                     \
 "CASE WHEN " field " IN " fields " THEN CAST(" old " AS BIGINT) END"
/* Whose row goes: the person, and those that were merged into it: removed, with no samples left. */
#define GOING                                                                          \
 "(SELECT ?1 UNION SELECT p.number FROM edit e JOIN sample s ON s.number = e.subject " \
 "JOIN person p ON p.number = " NUMBER(                                                \
     "e.field", "e.old",                                                               \
     "(?2)") " WHERE "                                                                 \
             "e.field = ?2 AND s.person = ?1 AND p.removed <> 0 AND NOT EXISTS "       \
             "(SELECT 1 FROM sample o WHERE o.person = p.number))"

/* Values of kao_field, by what their subject is. */
#define OF_PERSON "(0, 1, 2, 3, 6, 7)"
#define OF_SAMPLE "(4, 5)"
#define OF_FACT   "(8, 9, 10)"
_Static_assert(KAO_SAMPLE_PERSON == 4 && KAO_PERSON_GROUPS == 6 &&
                   KAO_FACT_REMOVED == 8 && KAO_FACT_PERSON == 9 &&
                   KAO_FACT_OTHER == 10 && KAO_FIELDS == 11,
               "as the statements here have them");

static kao_status collect_texts(kao_gallery *g, pieces *p, const char *sql,
                                int64_t person, kao_error *err)
{
    kao_rows *rows = NULL;
    const kao_status st =
        kao_db_ask(g->db, &rows, err, sql, "ii", person, (int64_t)KAO_SAMPLE_PERSON);

    if (st)
        return st;
    while (kao_rows_next(rows)) {
        const char *text = kao_row_text(rows, 0);

        if (text && strlen(text) >= TEXT_LEAST)
            add_piece(p, text, strlen(text), TEXT);
    }
    return kao_rows_end(rows, err);
}

/* A vector as the index has it; false: it is none, or memory ran out. */
static bool quantise(kao_mem *mem, kao_span vector, uint8_t **bytes)
{
    const size_t dim = vector.n / sizeof(float);
    float *x = kao_alloc(mem, vector.n);
    kao_quantised terms;
    bool fine = false;

    *bytes = kao_alloc(mem, kao_quantised_size(dim));
    if (x && *bytes && dim > 0) {
        memcpy(x, vector.p, dim * sizeof *x);
        fine = kao_quantise_row(x, dim, *bytes, &terms);
    }
    kao_free(mem, x);
    return fine;
}

static void add_vector(pieces *p, kao_span v)
{
    const size_t dim = v.n / sizeof(float);
    uint8_t *bytes = NULL;

    if (dim > 0) /* less is no vector, but damage, and too short to be looked for */
        add_piece(p, v.p, v.n < PIECE_BYTES ? v.n : PIECE_BYTES, FLOATS);
    if (dim < QUANTISED_LEAST)
        return;
    if (quantise(p->mem, v, &bytes))
        add_piece(p, bytes, dim < PIECE_BYTES ? dim : PIECE_BYTES, QUANTISED);
    p->failed |= !bytes;
    kao_free(p->mem, bytes);
}

static kao_status collect_vectors(kao_gallery *g, pieces *p, int64_t person,
                                  kao_error *err)
{
    kao_rows *rows = NULL;
    const kao_status st = kao_db_ask(
        g->db, &rows, err,
        "SELECT v.numbers FROM vector v JOIN sample s ON s.number = v.sample "
        "WHERE s.person = ?",
        "i", person);

    if (st)
        return st;
    while (kao_rows_next(rows))
        add_vector(p, kao_row_bytes(rows, 0));
    return kao_rows_end(rows, err);
}

/* From inside a chip: all begin alike. A file's pages cut it; of four pieces some are whole. */
static kao_status collect_chips(kao_gallery *g, pieces *p, int64_t person,
                                kao_error *err)
{
    kao_rows *rows = NULL;
    const kao_status st =
        kao_db_ask(g->db, &rows, err,
                   "SELECT c.bytes FROM chip c JOIN sample s ON s.number = c.sample "
                   "WHERE s.person = ?",
                   "i", person);

    if (st)
        return st;
    while (kao_rows_next(rows)) {
        const kao_span c = kao_row_bytes(rows, 0);

        for (size_t i = 1; i <= 4; i++) {
            const size_t at = c.n / 5 * i;

            if (c.n - at >= PIECE_BYTES)
                add_piece(p, c.p + at, PIECE_BYTES, CHIP);
        }
    }
    return kao_rows_end(rows, err);
}

static kao_status collect(kao_gallery *g, pieces *p, int64_t person, kao_error *err)
{
    static const char *const texts[] = {
        "SELECT name FROM person WHERE number IN " GOING,
        "SELECT note FROM person WHERE number IN " GOING,
        "SELECT external FROM person WHERE number IN " GOING,
        "SELECT member FROM person WHERE number IN " GOING,
        "SELECT old FROM edit WHERE field IN (0, 1, 2, 6) AND subject IN " GOING,
        "SELECT source FROM sample WHERE person = ?1 AND ?2 = ?2",
        "SELECT id FROM sample WHERE person = ?1 AND ?2 = ?2",
    };
    static const char events[] =
        "SELECT text FROM event WHERE trail IN (SELECT trail FROM event WHERE "
        "person IN " GOING
        ") ORDER BY number DESC LIMIT 100"; /* a camera may have seen somebody often */
    bool seen = false;
    kao_status st = collect_vectors(g, p, person, err);

    if (!st)
        st = collect_chips(g, p, person, err);
    if (!st)
        st = kao_events_there(g, &seen, err);
    if (!st && seen)
        st = collect_texts(g, p, events, person, err);
    for (size_t i = 0; !st && i < sizeof texts / sizeof texts[0]; i++)
        st = collect_texts(g, p, texts[i], person, err);
    return !st && p->failed ? kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path)
                            : st;
}

/* ---- deleting ---- */

/* Those of all trails that somebody who goes is in. */
static kao_status delete_events(kao_gallery *g, int64_t person, kao_error *err)
{
    bool there = false;
    const kao_status st = kao_events_there(g, &there, err);

    return st || !there
               ? st
               : kao_db_run(g->db, err,
                            "DELETE FROM event WHERE trail IN (SELECT trail FROM event "
                            "WHERE person IN " GOING ")",
                            "ii", person, (int64_t)KAO_SAMPLE_PERSON);
}

/* In this order: what refers to rows goes before them. The change that deletes is left with its
 * number and time alone. */
static kao_status delete_all(kao_edit *e, int64_t person, kao_error *err)
{
    static const char *const statements[] = {
        "INSERT INTO going SELECT number FROM person WHERE number IN " GOING,
        "INSERT INTO going_fact SELECT number FROM fact WHERE person IN "
        "(SELECT number FROM going) OR other IN (SELECT number FROM going) OR sample "
        "IN "
        "(SELECT number FROM sample WHERE person = ?1) AND ?2 = ?2",
        "INSERT INTO touched SELECT DISTINCT change FROM edit WHERE "
        "(field IN " OF_PERSON " AND subject IN (SELECT number FROM going)) OR (field "
        "IN " OF_SAMPLE " AND subject IN (SELECT number FROM sample WHERE "
        "person = ?1)) OR (field IN " OF_FACT " AND subject IN (SELECT number FROM "
        "going_fact)) OR " NUMBER("field", "old",
                                  "(?2, 9, 10)") " IN (SELECT number FROM "
                                                 "going)",
        "UPDATE change SET detail = '' WHERE number IN (SELECT change FROM touched) "
        "AND ?1 = ?1 AND ?2 = ?2",
        "DELETE FROM edit WHERE change IN (SELECT change FROM touched) AND ?1 = ?1 AND "
        "?2 = ?2",
        "DELETE FROM fact WHERE number IN (SELECT number FROM going_fact) AND ?1 = ?1 "
        "AND ?2 = ?2",
        "DELETE FROM chip WHERE sample IN (SELECT number FROM sample WHERE "
        "person = ?1) AND ?2 = ?2",
        "DELETE FROM vector WHERE sample IN (SELECT number FROM sample WHERE "
        "person = ?1) AND ?2 = ?2",
        "DELETE FROM sample WHERE person = ?1 AND ?2 = ?2",
        "DELETE FROM person WHERE number IN (SELECT number FROM going) AND ?1 = ?1 AND "
        "?2 = ?2",
    };
    kao_status st =
        kao_db_run(e->g->db, err,
                   "INSERT INTO gone(sample, changed) SELECT number, ? FROM "
                   "sample WHERE person = ?",
                   "ii", e->number, person);

    if (!st)
        st = delete_events(e->g, person, err);
    if (!st)
        st = kao_db_script(e->g->db,
                           "CREATE TEMP TABLE going(number INTEGER); CREATE TEMP TABLE "
                           "going_fact(number INTEGER); CREATE TEMP TABLE "
                           "touched(change INTEGER)",
                           err);
    for (size_t i = 0; !st && i < sizeof statements / sizeof statements[0]; i++)
        st = kao_db_run(e->g->db, err, statements[i], "ii", person,
                        (int64_t)KAO_SAMPLE_PERSON);
    if (!st)
        st = kao_db_script(e->g->db,
                           "DROP TABLE going; DROP TABLE going_fact; DROP TABLE "
                           "touched",
                           err);
    return st;
}

/* ---- searching ---- */

/* Which pieces are in these bytes. A gallery of a million people has gigabytes: all pieces are
 * looked for in one walk, by their first two bytes. */
static void find_pieces(kao_span in, const pieces *p)
{
    for (size_t i = 0; i + 2 <= in.n; i++) {
        const uint8_t *at = in.p + i;

        for (uint32_t k = p->first[at[0] | at[1] << 8]; k > 0;
             k = p->items[k - 1].next) {
            piece *x = &p->items[k - 1];

            if (!x->is_found && x->n <= in.n - i && memcmp(at, x->bytes, x->n) == 0)
                x->is_found = true;
        }
    }
}

static kao_status index_pieces(kao_gallery *g, pieces *p, kao_error *err)
{
    p->first = kao_calloc(p->mem, 1 << 16, sizeof *p->first);
    if (!p->first)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
    for (size_t i = 0; i < p->n; i++) {
        uint32_t *first = &p->first[p->items[i].bytes[0] | p->items[i].bytes[1] << 8];

        p->items[i].next = *first;
        *first = (uint32_t)i + 1;
    }
    return KAO_OK;
}

static bool has_bytes(kao_span in, const piece *p)
{
    for (size_t i = 0; i + p->n <= in.n; i++) {
        const uint8_t *at = memchr(in.p + i, p->bytes[0], in.n - p->n + 1 - i);

        if (!at)
            return false;
        if (memcmp(at, p->bytes, p->n) == 0)
            return true;
        i = (size_t)(at - in.p);
    }
    return false;
}

/* Whether a row's value has the piece: a vector as the index has it, or as it is. */
static kao_status value_has(kao_gallery *g, kao_span value, const piece *p, bool *has,
                            kao_error *err)
{
    kao_mem *mem = &g->ctx->mem;
    uint8_t *bytes = NULL;

    *has = p->kind != QUANTISED && has_bytes(value, p);
    if (p->kind != QUANTISED || value.n < p->n * sizeof(float))
        return KAO_OK;
    *has = quantise(mem, value, &bytes) && memcmp(bytes, p->bytes, p->n) == 0;
    const bool failed = !bytes;

    kao_free(mem, bytes);
    return failed ? kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path) : KAO_OK;
}

/* Does somebody else's row hold these bytes? Then finding them says nothing. */
static kao_status is_others(kao_gallery *g, const piece *p, bool *others,
                            kao_error *err)
{
    static const char texts[] =
        "SELECT name FROM person UNION ALL SELECT note FROM person UNION ALL SELECT "
        "external FROM person UNION ALL SELECT member FROM person UNION ALL SELECT "
        "source FROM sample UNION ALL SELECT detail FROM change UNION ALL SELECT old "
        "FROM edit UNION ALL SELECT name FROM model";
    const kao_span bytes = { p->bytes, p->n };
    kao_rows *rows = NULL;
    kao_status st =
        p->kind == TEXT ? kao_db_defines(g->db, bytes, others, err) : KAO_OK;

    *others = !st && p->kind == TEXT && *others;
    if (st || *others)
        return st;
    st = kao_db_ask_long(g->db, &rows, err,
                         p->kind == TEXT   ? texts
                         : p->kind == CHIP ? "SELECT bytes FROM chip"
                                           : "SELECT numbers FROM vector",
                         "");
    while (!st && !*others && kao_rows_next(rows))
        st = value_has(g, kao_row_bytes(rows, 0), p, others, err);
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    return st ? st : end;
}

/* One of the gallery's files; one that is not there has no traces. */
static kao_status search_file(kao_gallery *g, const char *end, const pieces *p,
                              kao_receipt *r, kao_error *err)
{
    const char *name = kao_db_file(g->db);
    const size_t cap = strlen(name) + 16;
    char *path = kao_alloc(p->mem, cap);
    kao_file f = { 0 };
    kao_error own = { 0 };

    if (!path)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
    snprintf(path, cap, "%s%s", name, end);
    kao_status st = kao_file_open(&f, p->mem, path, SIZE_MAX / 2, &own);

    kao_free(p->mem, path);
    if (st == KAO_E_IO && own.sys == ENOENT)
        return KAO_OK;
    if (st) {
        if (err)
            *err = own;
        return st;
    }
    r->n_bytes_searched += f.bytes.n;
    find_pieces(f.bytes, p);
    for (size_t i = 0; !st && i < p->n; i++) {
        bool others = false;

        if (!p->items[i].is_found)
            continue;
        p->items[i].is_found = false;
        st = is_others(g, &p->items[i], &others, err);
        r->n_traces += !st && !others;
    }
    kao_file_close(&f);
    return st;
}

static kao_status search_files(kao_gallery *g, const pieces *p, kao_receipt *r,
                               kao_error *err)
{
    static const char *const ends[] = { "",        "-wal",    "-shm",    "-journal",
                                        "-index1", "-index2", "-index3", "-index4",
                                        "-index5", "-index6", "-index7", "-index8" };
    /* a server's files are out of reach */
    const size_t first = kao_db_is_file(g->db) ? 0 : 4,
                 n = kao_db_file(g->db) ? sizeof ends / sizeof ends[0] : 0;
    const char *where = "";
    kao_status st = KAO_OK;

    r->n_traces = 0;
    r->n_bytes_searched = 0;
    for (size_t i = first; !st && i < n; i++) {
        const uint32_t before = r->n_traces;

        st = search_file(g, ends[i], p, r, err);
        where = r->n_traces > before ? ends[i] : where;
    }
    if (!st && r->n_traces)
        st = kao_fail(err, KAO_E_IO,
                      "%s: forgotten, but %u traces are left in %s%s: another "
                      "program has it in use; forget anybody again later, or compact",
                      g->path, r->n_traces, kao_db_file(g->db), where);
    return st;
}

const char *kao_gallery_out_of_reach(const kao_gallery *g)
{
    return g ? kao_db_out_of_reach(g->db) : "";
}

/* ---- a change ---- */

typedef struct forgetting {
    kao_edit e;
    pieces p;
    kao_receipt r;
    uint64_t n_people;
} forgetting;

/* One that was removed can be forgotten, too. */
static kao_status forget_one(forgetting *f, int64_t person, kao_error *err)
{
    kao_gallery *g = f->e.g;
    int64_t samples = 0;
    kao_status st =
        kao_db_number(g->db, &samples, err,
                      "SELECT count(*) FROM sample WHERE person = ?", "i", person);

    if (!st)
        st = collect(g, &f->p, person, err);
    if (!st)
        st = delete_all(&f->e, person, err);
    f->r.n_samples += (uint32_t)samples;
    f->n_people++;
    return st;
}

static kao_status check_there(kao_gallery *g, int64_t person, kao_error *err)
{
    int64_t there = 0;
    const kao_status st =
        kao_db_number(g->db, &there, err,
                      "SELECT count(*) FROM person WHERE number = ?", "i", person);

    return st || there ? st
                       : kao_fail(err, KAO_E_NOT_FOUND, "%s: no person %lld", g->path,
                                  (long long)person);
}

/* After the change: nothing of it is to stay in the files. What is found is looked for again: it may have been
 * somebody else's with the same picture, who is being forgotten at the same time. */
static kao_status clean_up(forgetting *f, kao_error *err)
{
    kao_gallery *g = f->e.g;
    kao_status st = index_pieces(g, &f->p, err);

    f->r.n_pieces = (uint32_t)f->p.n;
    for (int looks = 0; looks == 0 || (f->r.n_traces && looks < LOOKS_MOST); looks++) {
        st = st && !f->r.n_traces ? st : kao_db_settle(g->db, err);
        if (!st)
            st = kao_index_forget(g, err);
        if (!st)
            st = search_files(g, &f->p, &f->r, err);
    }
    if (st && f->r.n_traces == 0)
        kao_error_prefix(err, st, "forgotten, but traces were not looked for");
    return st;
}

static kao_status begin(kao_gallery *g, forgetting *f, const kao_receipt *receipt,
                        kao_error *err)
{
    *f = (forgetting){ .r = { .size = sizeof f->r, .time = kao_gallery_now() } };
    if (!g || (receipt && receipt->size < sizeof *receipt))
        return kao_fail(err, KAO_E_ARG,
                        "gallery: no gallery, or no room for the receipt");
    f->p.mem = &g->ctx->mem;
    return kao_edit_begin(g, &f->e, "forget", err);
}

kao_status kao_gallery_forget(kao_gallery *g, int64_t person, kao_receipt *receipt,
                              kao_error *err)
{
    forgetting f;
    kao_status st = begin(g, &f, receipt, err);

    if (st)
        return st;
    st = check_there(g, person, err);
    if (!st)
        st = forget_one(&f, person, err);
    st = kao_edit_end(&f.e, st, err, "somebody, %u sample%s", f.r.n_samples,
                      f.r.n_samples == 1 ? "" : "s");
    if (!st)
        st = clean_up(&f, err);
    pieces_free(&f.p);
    if (receipt)
        *receipt = f.r;
    return st;
}

/* The next person to forget; 0: there is none. Who was merged into another is that person's. */
static kao_status next_older(forgetting *f, int64_t before, uint32_t nameless,
                             int64_t *person, kao_error *err)
{
    *person = 0;
    return kao_db_number(
        f->e.g->db, person, err,
        "SELECT p.number FROM person p WHERE (p.name IS NULL OR ?2 = 0) AND "
        "(p.removed = 0 OR EXISTS (SELECT 1 FROM sample s WHERE s.person = p.number)) "
        "AND coalesce((SELECT max(s.time) FROM sample s WHERE s.person = p.number), "
        "p.created) < ?1 LIMIT 1",
        "ii", before, (int64_t)(nameless != 0));
}

kao_status kao_gallery_forget_older(kao_gallery *g, int64_t before, uint32_t nameless,
                                    uint64_t *n_people, kao_receipt *receipt,
                                    kao_error *err)
{
    forgetting f;
    int64_t person = 0;
    kao_status st = begin(g, &f, receipt, err);

    if (n_people)
        *n_people = 0;
    if (st)
        return st;
    st = next_older(&f, before, nameless, &person, err);
    if (!st && !person) { /* nobody: no change either */
        kao_db_rollback(g->db);
        if (receipt)
            *receipt = f.r;
        return KAO_OK;
    }
    while (!st && person) {
        st = forget_one(&f, person, err);
        if (!st)
            st = next_older(&f, before, nameless, &person, err);
    }
    st = kao_edit_end(&f.e, st, err, "%llu people, %u samples",
                      (unsigned long long)f.n_people, f.r.n_samples);
    if (!st) {
        if (n_people)
            *n_people = f.n_people;
        st = clean_up(&f, err);
    }
    pieces_free(&f.p);
    if (receipt)
        *receipt = f.r;
    return st;
}
