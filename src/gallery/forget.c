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
/* Whose row goes: the person, and those that were merged into it: removed by a change that gave their samples away. */
#define GOING                                                                          \
 "(SELECT ?1 UNION SELECT p.number FROM edit e JOIN sample s ON s.number = e.subject " \
 "JOIN person p ON p.number = " NUMBER(                                                \
     "e.field", "e.old",                                                               \
     "(?2)") " WHERE "                                                                 \
             "e.field = ?2 AND s.person = ?1 AND p.removed <> 0 AND (e.change = "      \
             "p.removed OR NOT EXISTS (SELECT 1 FROM sample o WHERE o.person = "       \
             "p.number)))"
/* The same, from the table that they are put into. */
#define GONE    "(SELECT number FROM going)"
#define SAMPLES "(SELECT number FROM sample WHERE person IN " GONE ")"

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
    { "SELECT numbers, sample, model FROM vector WHERE sample IN " SAMPLES,
      KAO_AT_NUMBERS, add_vector, true },
    { "SELECT bytes, sample, 0 FROM chip WHERE sample IN " SAMPLES, KAO_AT_CHIP,
      add_chip, true },
    { "SELECT name, number, 0 FROM person WHERE number IN " GONE, KAO_AT_NAME, add_text,
      false },
    { "SELECT note, number, 0 FROM person WHERE number IN " GONE, KAO_AT_NOTE, add_text,
      false },
    { "SELECT external, number, 0 FROM person WHERE number IN " GONE, KAO_AT_EXTERNAL,
      add_text, false },
    { "SELECT member, number, 0 FROM person WHERE number IN " GONE, KAO_AT_MEMBER,
      add_text, false },
    { "SELECT old, change, step FROM edit WHERE field IN " KAO_TEXT_FIELDS
      " AND subject IN " GONE,
      KAO_AT_OLD, add_text, false },
    { "SELECT source, number, 0 FROM sample WHERE person IN " GONE, KAO_AT_SOURCE,
      add_text, false },
    { "SELECT id, number, 0 FROM sample WHERE person IN " GONE, NULL, add_text, false },
};
static const reading events = {
    "SELECT text, number, 0 FROM event WHERE trail IN (SELECT trail FROM event WHERE "
    "person IN " GONE
    ") ORDER BY number DESC LIMIT 100", /* a camera may have seen somebody often */
    KAO_AT_EVENT, add_text, false
};

/* as_is: as it stands in the database, whatever it means. */
static kao_status read_as(kao_gallery *g, kao_traces *t, const reading *r, bool as_is,
                          kao_error *err)
{
    const kao_hidden hidden = { 0, r->place, 1, 2, r->is_bytes };
    kao_rows *rows = NULL;
    const kao_status st = kao_db_ask(g->db, &rows, err, r->sql, "");

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
                           kao_error *err)
{
    const bool is_hidden = g->is_sealed && r->place;
    kao_status st = is_hidden ? read_as(g, t, r, true, err) : KAO_OK;

    if (!st)
        st = read_as(g, t, r, !r->place, err);
    /* who has a damaged value can be forgotten, too */
    return is_hidden && st == KAO_E_FORMAT ? KAO_OK : st;
}

static kao_status collect(kao_gallery *g, kao_traces *t, kao_error *err)
{
    bool seen = false;
    kao_status st = kao_events_there(g, &seen, err);

    if (!st && seen)
        st = read_one(g, t, &events, err);
    for (size_t i = 0; !st && i < sizeof readings / sizeof readings[0]; i++)
        st = read_one(g, t, &readings[i], err);
    return !st && t->failed ? kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path)
                            : st;
}

/* ---- choosing ---- */

static kao_status run_all(kao_db *db, const char *const *statements, size_t n,
                          kao_error *err)
{
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && i < n; i++)
        st = kao_db_run(db, err, statements[i], "");
    return st;
}

/* Changes that say something of those who go: touched, and so not to be undone any more. A sample that was theirs
 * once has changes, too: the one after which it was (until the next one gave it away), and those meanwhile. */
static kao_status find_touched(kao_gallery *g, kao_error *err)
{
    static const char *const statements[] = {
        "DELETE FROM going_fact",
        "INSERT INTO going_fact SELECT number FROM fact WHERE person IN " GONE
        " OR other IN " GONE " OR sample IN " SAMPLES,
        "DELETE FROM touched",
        "INSERT INTO touched SELECT DISTINCT change FROM edit WHERE (field "
        "IN " OF_PERSON " AND subject IN " GONE ") OR (field IN " OF_SAMPLE
        " AND subject IN " SAMPLES ") OR (field IN " OF_FACT
        " AND subject IN (SELECT number FROM going_fact)) OR " NUMBER(
            "field", "old", "(4, 9, 10)") " IN " GONE,
        "INSERT INTO touched SELECT DISTINCT e.change FROM edit e JOIN edit l ON "
        "l.subject = e.subject WHERE e.field IN " OF_SAMPLE
        " AND l.field = 4 AND " NUMBER(
            "l.field", "l.old", "(4)") " IN " GONE
                                       " AND e.change < l.change AND NOT EXISTS "
                                       "(SELECT 1 FROM edit m WHERE m.field = "
                                       "4 AND m.subject = e.subject AND m.change > "
                                       "e.change AND m.change < l.change)",
    };

    return run_all(g->db, statements, sizeof statements / sizeof statements[0], err);
}

/* Who was merged into somebody by a change that is touched cannot come back, nor be found as merged: goes, too. The
 * same where the merging had no sample to give, so that it is not known into whom. */
static kao_status find_going(kao_gallery *g, int64_t person, kao_error *err)
{
    static const char dead[] =
        "INSERT INTO going SELECT p.number FROM person p WHERE p.number NOT IN " GONE
        " AND ((p.removed IN (SELECT change FROM touched) AND EXISTS (SELECT 1 FROM "
        "edit e WHERE e.change = p.removed AND " NUMBER(
            "e.field", "e.old", "(4)") " = "
                                       "p.number)) OR (p.removed IN (SELECT number "
                                       "FROM change WHERE action = "
                                       "'merge') AND NOT EXISTS (SELECT 1 FROM edit e "
                                       "WHERE e.change = p.removed AND "
                                       "e.field = 4)))";
    static const char count[] = "SELECT count(*) FROM going";
    int64_t before = 0, n = 0;
    kao_status st = kao_db_script(g->db,
                                  "CREATE TEMP TABLE going(number INTEGER); CREATE "
                                  "TEMP TABLE going_fact(number INTEGER); CREATE TEMP "
                                  "TABLE touched(change INTEGER)",
                                  err);

    if (!st)
        st = kao_db_run(g->db, err,
                        "INSERT INTO going SELECT number FROM person WHERE number "
                        "IN " GOING,
                        "ii", person, (int64_t)KAO_SAMPLE_PERSON);
    if (!st)
        st = kao_db_number(g->db, &n, err, count, "");
    while (!st && n != before) {
        before = n;
        st = find_touched(g, err);
        if (!st)
            st = kao_db_run(g->db, err, dead, "");
        if (!st)
            st = kao_db_number(g->db, &n, err, count, "");
    }
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

kao_status kao_gallery_merged(kao_gallery *g, int64_t person, kao_number_visit *visit,
                              void *user, kao_error *err)
{
    kao_rows *rows = NULL;

    if (!g || !visit)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, or nobody to tell");
    kao_status st = check_there(g, person, err);

    if (!st)
        st = kao_db_ask(
            g->db, &rows, err,
            "SELECT number FROM person WHERE number <> ?1 AND number IN " GOING
            " ORDER BY number",
            "ii", person, (int64_t)KAO_SAMPLE_PERSON);

    if (st)
        return st;
    while (kao_rows_next(rows))
        if (visit(user, kao_row_int(rows, 0)))
            break;
    return kao_rows_end(rows, err);
}

/* ---- deleting ---- */

/* Those of all trails that somebody who goes is in. */
static kao_status delete_events(kao_gallery *g, kao_error *err)
{
    bool there = false;
    const kao_status st = kao_events_there(g, &there, err);

    return st || !there
               ? st
               : kao_db_run(g->db, err,
                            "DELETE FROM event WHERE trail IN (SELECT trail FROM event "
                            "WHERE person IN " GONE ")",
                            "");
}

/* In this order: what refers to rows goes before them. The change that deletes is left with its
 * number and time alone. */
static kao_status delete_all(kao_edit *e, kao_error *err)
{
    static const char *const statements[] = {
        "UPDATE change SET detail = '' WHERE number IN (SELECT change FROM touched) OR "
        "number IN (SELECT removed FROM person WHERE number IN " GONE ")",
        "DELETE FROM edit WHERE change IN (SELECT change FROM touched)",
        "DELETE FROM fact WHERE number IN (SELECT number FROM going_fact)",
        "DELETE FROM chip WHERE sample IN " SAMPLES,
        "DELETE FROM vector WHERE sample IN " SAMPLES,
        "DELETE FROM sample WHERE person IN " GONE,
        "DELETE FROM person WHERE number IN " GONE,
    };
    kao_status st =
        kao_db_run(e->g->db, err,
                   "INSERT INTO gone(sample, changed) SELECT number, ? FROM "
                   "sample WHERE person IN " GONE,
                   "i", e->number);

    if (!st)
        st = delete_events(e->g, err);
    if (!st)
        st = run_all(e->g->db, statements, sizeof statements / sizeof statements[0],
                     err);
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
    kao_status st = find_going(g, person, err);

    if (!st)
        st = kao_db_number(g->db, &samples, err,
                           "SELECT count(*) FROM sample WHERE person IN " GONE, "");
    if (!st)
        st = collect(g, &f->p, err);
    if (!st)
        st = delete_all(&f->e, err);
    f->r.n_samples += (uint32_t)samples;
    f->n_people++;
    return st;
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
