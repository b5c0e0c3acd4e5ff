/* Forgetting people, and looking through the files for what may be left.
 *
 * What is deleted is overwritten in the database (secure_delete), and its log is emptied. Then
 * the bytes of the files are searched (traces.h) for the person's vectors, for pieces of chips, for sample ids, name,
 * notes, sources and the texts of events; where they are encrypted, for the bytes that stood there and for what they
 * meant. What the database still has of it then goes by writing it anew. */
#include <stdio.h>

#include "gallery/traces.h"

enum { LOOKS_MOST = 3, PLAIN_LEAST = 8 };

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

/* What is read of somebody: a value, and the numbers of its row. */
typedef struct reading {
    const char *sql;
    const char *place; /* NULL: it is never hidden */
    void (*add)(kao_traces *t, const kao_rows *rows, size_t least);
    bool is_bytes;
} reading;

static void add_text(kao_traces *t, const kao_rows *rows, size_t least)
{
    kao_traces_add_text(t, kao_row_text(rows, 0), least);
}

static void add_vector(kao_traces *t, const kao_rows *rows, size_t least)
{
    (void)least;
    kao_traces_add_vector(t, kao_row_bytes(rows, 0));
}

static void add_chip(kao_traces *t, const kao_rows *rows, size_t least)
{
    (void)least;
    kao_traces_add_chip(t, kao_row_bytes(rows, 0));
}

static const reading readings[] = {
    { "SELECT v.numbers, v.sample, v.model FROM vector v JOIN sample s ON s.number = "
      "v.sample WHERE s.person = ?1 AND ?2 = ?2",
      KAO_AT_NUMBERS, add_vector, true },
    { "SELECT c.bytes, c.sample, 0 FROM chip c JOIN sample s ON s.number = c.sample "
      "WHERE s.person = ?1 AND ?2 = ?2",
      KAO_AT_CHIP, add_chip, true },
    { "SELECT name, number, 0 FROM person WHERE number IN " GOING, KAO_AT_NAME,
      add_text, false },
    { "SELECT note, number, 0 FROM person WHERE number IN " GOING, KAO_AT_NOTE,
      add_text, false },
    { "SELECT external, number, 0 FROM person WHERE number IN " GOING, KAO_AT_EXTERNAL,
      add_text, false },
    { "SELECT member, number, 0 FROM person WHERE number IN " GOING, KAO_AT_MEMBER,
      add_text, false },
    { "SELECT old, change, step FROM edit WHERE field IN " KAO_TEXT_FIELDS
      " AND subject IN " GOING,
      KAO_AT_OLD, add_text, false },
    { "SELECT source, number, 0 FROM sample WHERE person = ?1 AND ?2 = ?2",
      KAO_AT_SOURCE, add_text, false },
    { "SELECT id, number, 0 FROM sample WHERE person = ?1 AND ?2 = ?2", NULL, add_text,
      false },
};
static const reading events = {
    "SELECT text, number, 0 FROM event WHERE trail IN (SELECT trail FROM event WHERE "
    "person IN " GOING
    ") ORDER BY number DESC LIMIT 100", /* a camera may have seen somebody often */
    KAO_AT_EVENT, add_text, false
};

/* as_is: as it stands in the database, whatever it means. */
static kao_status read_as(kao_gallery *g, kao_traces *t, const reading *r,
                          int64_t person, bool as_is, kao_error *err)
{
    const kao_hidden hidden = { 0, r->place, 1, 2, r->is_bytes };
    kao_rows *rows = NULL;
    const kao_status st =
        kao_db_ask(g->db, &rows, err, r->sql, "ii", person, (int64_t)KAO_SAMPLE_PERSON);

    if (st)
        return st;
    kao_rows_reveal(rows, &hidden, as_is ? 0 : 1);
    while (kao_rows_next(rows)) {
        if (as_is && r->is_bytes)
            kao_traces_add_bytes(t, kao_row_bytes(rows, 0));
        else /* a short text may be in what looks random by chance */
            r->add(t, rows,
                   g->is_sealed && !as_is ? PLAIN_LEAST : KAO_TRACE_TEXT_LEAST);
    }
    return kao_rows_end(rows, err);
}

static kao_status read_one(kao_gallery *g, kao_traces *t, const reading *r,
                           int64_t person, kao_error *err)
{
    const bool is_hidden = g->is_sealed && r->place;
    kao_status st = is_hidden ? read_as(g, t, r, person, true, err) : KAO_OK;

    if (!st)
        st = read_as(g, t, r, person, !r->place, err);
    /* who has a damaged value can be forgotten, too */
    return is_hidden && st == KAO_E_FORMAT ? KAO_OK : st;
}

static kao_status collect(kao_gallery *g, kao_traces *t, int64_t person, kao_error *err)
{
    bool seen = false;
    kao_status st = kao_events_there(g, &seen, err);

    if (!st && seen)
        st = read_one(g, t, &events, person, err);
    for (size_t i = 0; !st && i < sizeof readings / sizeof readings[0]; i++)
        st = read_one(g, t, &readings[i], person, err);
    return !st && t->failed ? kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path)
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

const char *kao_gallery_out_of_reach(const kao_gallery *g)
{
    return g ? kao_db_out_of_reach(g->db) : "";
}

/* ---- a change ---- */

typedef struct forgetting {
    kao_edit e;
    kao_traces p;
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
 * somebody else's with the same picture, who is being forgotten at the same time. What is inside the database
 * stood in a page where SQLite moved rows (secure_delete overwrites where a row is, not where it was): written
 * anew, it has none. */
static kao_status clean_up(forgetting *f, kao_error *err)
{
    kao_gallery *g = f->e.g;
    kao_status st = kao_traces_index(&f->p, g, err);

    f->r.n_pieces = (uint32_t)f->p.n;
    for (int looks = 0; looks == 0 || (f->r.n_traces && looks < LOOKS_MOST); looks++) {
        if (f->r.n_traces) {
            st =
                f->p.is_inside ? kao_db_compact(g->db, err) : kao_db_settle(g->db, err);
            if (st)
                return kao_error_prefix(err, st, "forgotten, but %u traces are left",
                                        f->r.n_traces);
        } else if (!st) {
            st = kao_db_settle(g->db, err);
        }
        if (!st)
            st = kao_index_forget(g, err);
        if (!st)
            st = kao_traces_search(&f->p, g, "forgotten", &f->r, err);
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
    kao_traces_free(&f.p);
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
    kao_traces_free(&f.p);
    if (receipt)
        *receipt = f.r;
    return st;
}
