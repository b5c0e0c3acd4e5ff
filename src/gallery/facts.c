/* What somebody has said of people and samples, kept apart from what similarities say. */
#include <stdio.h>

#include "gallery/gallery.h"

/* A fact holds while those that it is about are there. */
#define HOLDS                                                                          \
 " FROM fact f JOIN person p ON p.number = f.person AND p.removed = 0 "                \
 "LEFT JOIN person o ON o.number = f.other LEFT JOIN sample s ON s.number = f.sample " \
 "LEFT JOIN person w ON w.number = s.person WHERE f.removed = 0 AND "                  \
 "coalesce(o.removed, 0) = 0 AND coalesce(s.removed, 0) = 0 AND "                      \
 "coalesce(w.removed, 0) = 0"

/* ---- what they forbid ---- */

/* KAO_E_CONFLICT if a fact was found, in words: who (or whose sample) is not whom. */
static kao_status refuse(kao_gallery *g, int64_t fact, const char *a, const char *b,
                         kao_error *err)
{
    return kao_fail(err, KAO_E_CONFLICT,
                    "%s: fact %lld says that %s not %s: drop that first", g->path,
                    (long long)fact, a, b);
}

kao_status kao_fact_allows_sample(kao_gallery *g, int64_t sample, int64_t person,
                                  kao_error *err)
{
    char title[KAO_TITLE_BYTES] = "";
    int64_t fact = 0;
    kao_status st =
        kao_db_number(g->db, &fact, err,
                      "SELECT f.number FROM fact f WHERE f.removed = 0 AND f.kind = 2 "
                      "AND f.sample = ? AND f.person = ?",
                      "ii", sample, person);

    if (st || fact == 0)
        return st;
    st = kao_person_title(g, person, title, err);
    return st ? st : refuse(g, fact, "this sample is", title, err);
}

kao_status kao_fact_allows_merge(kao_gallery *g, int64_t into, int64_t from,
                                 kao_error *err)
{
    static const char apart[] =
        "SELECT f.number" HOLDS " AND f.kind = 1 AND ((f.person = ?1 AND f.other = ?2) "
        "OR (f.person = ?2 AND f.other = ?1))";
    static const char not_whose[] =
        "SELECT f.number" HOLDS
        " AND f.kind = 2 AND ((s.person = ?1 AND f.person = ?2) "
        "OR (s.person = ?2 AND f.person = ?1))";
    char a[KAO_TITLE_BYTES] = "", b[KAO_TITLE_BYTES] = "", whose[KAO_TITLE_BYTES + 20];
    int64_t fact = 0, sample_fact = 0, who = into;
    kao_status st = kao_person_title(g, into, a, err);

    if (!st)
        st = kao_person_title(g, from, b, err);
    if (!st)
        st = kao_db_number(g->db, &fact, err, apart, "ii", into, from);
    if (!st)
        st = kao_db_number(g->db, &sample_fact, err, not_whose, "ii", into, from);
    if (!st && !fact && sample_fact)
        st = kao_db_number(g->db, &who, err,
                           "SELECT s.person FROM fact f JOIN sample s ON "
                           "s.number = f.sample WHERE f.number = ?",
                           "i", sample_fact);
    if (st || (!fact && !sample_fact))
        return st;
    snprintf(whose, sizeof whose, fact ? "%s is" : "a sample of %s is",
             who == into ? a : b);
    return refuse(g, fact ? fact : sample_fact, whose, who == into ? b : a, err);
}

/* ---- of a person who becomes another ---- */

/* One fact about `from`, which is gone afterwards: said of `into`, or taken back where that is said
 * already. *more: there was one. */
static kao_status move_one(kao_edit *e, kao_field field, int64_t into, int64_t from,
                           bool *more, kao_error *err)
{
    static const char next[] =
        "SELECT number FROM fact WHERE person = ? AND removed = 0 LIMIT 1";
    static const char next_other[] =
        "SELECT number FROM fact WHERE other = ? AND removed = 0 LIMIT 1";
    static const char same[] =
        "SELECT count(*) FROM fact f, fact x WHERE f.number = ?1 AND x.number <> ?1 "
        "AND "
        "x.removed = 0 AND x.kind = f.kind AND ((f.kind = 2 AND x.sample = f.sample "
        "AND "
        "x.person = ?2) OR (f.kind = 1 AND ?2 IN (x.person, x.other) AND "
        "f.person + f.other - ?3 IN (x.person, x.other)))";
    int64_t fact = 0, n = 0;
    kao_status st = kao_db_number(
        e->g->db, &fact, err, field == KAO_FACT_PERSON ? next : next_other, "i", from);

    *more = fact != 0;
    if (st || fact == 0)
        return st;
    st = kao_db_number(e->g->db, &n, err, same, "iii", fact, into, from);
    if (st)
        return st;
    return n ? kao_edit_number(e, KAO_FACT_REMOVED, fact, e->number, err)
             : kao_edit_number(e, field, fact, into, err);
}

kao_status kao_fact_move(kao_edit *e, int64_t into, int64_t from, kao_error *err)
{
    kao_status st = KAO_OK;

    for (bool more = true; !st && more;)
        st = move_one(e, KAO_FACT_PERSON, into, from, &more, err);
    for (bool more = true; !st && more;)
        st = move_one(e, KAO_FACT_OTHER, into, from, &more, err);
    return st;
}

/* ---- saying them ---- */

kao_status kao_gallery_keep_apart(kao_gallery *g, int64_t a, int64_t b, kao_error *err)
{
    const int64_t low = a < b ? a : b, high = a < b ? b : a;
    char x[KAO_TITLE_BYTES] = "", y[KAO_TITLE_BYTES] = "";
    int64_t fact = 0;
    kao_edit e;

    if (!g || a == b)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, or one person twice");
    kao_status st = kao_gallery_has_facts(g, err);

    if (!st)
        st = kao_edit_begin(g, &e, "apart", err);
    if (st)
        return st;
    st = kao_person_check(g, a, err);
    if (!st)
        st = kao_person_check(g, b, err);
    if (!st)
        st = kao_person_title(g, a, x, err);
    if (!st)
        st = kao_person_title(g, b, y, err);
    if (!st)
        st = kao_db_number(g->db, &fact, err,
                           "SELECT number FROM fact WHERE removed = 0 AND kind = 1 AND "
                           "((person = ?1 AND other = ?2) OR (person = ?2 AND other = "
                           "?1))",
                           "ii", low, high);
    if (!st && fact) { /* said already */
        kao_db_rollback(g->db);
        return KAO_OK;
    }
    if (!st)
        st =
            kao_db_number(g->db, &fact, err,
                          "INSERT INTO fact(kind, person, other, time) VALUES(1, ?, ?, "
                          "?) RETURNING number",
                          "iii", low, high, e.time);
    if (!st)
        st = kao_edit_made(&e, KAO_FACT_REMOVED, fact, err);
    return kao_edit_end(&e, st, err, "%s and %s", x, y);
}

/* The fact, and the sample away from that person; *owner: whose it is then. */
static kao_status deny(kao_edit *e, int64_t sample, int64_t person, int64_t *owner,
                       kao_error *err)
{
    kao_db *db = e->g->db;
    int64_t fact = 0;
    kao_status st =
        kao_db_number(db, &fact, err,
                      "INSERT INTO fact(kind, sample, person, time) VALUES(2, ?, ?, ?) "
                      "RETURNING number",
                      "iii", sample, person, e->time);

    if (!st)
        st = kao_edit_made(e, KAO_FACT_REMOVED, fact, err);
    if (st || *owner != person)
        return st;
    st = kao_person_insert(e, NULL, owner, err);
    return st ? st : kao_edit_number(e, KAO_SAMPLE_PERSON, sample, *owner, err);
}

kao_status kao_gallery_not(kao_gallery *g, const char *id, int64_t person,
                           int64_t *owner, kao_error *err)
{
    char title[KAO_TITLE_BYTES] = "";
    int64_t sample = 0, whose = 0, fact = 0;
    kao_edit e;

    if (!g || !id)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery or sample");
    kao_status st = kao_gallery_has_facts(g, err);

    if (!st)
        st = kao_edit_begin(g, &e, "not", err);
    if (st)
        return st;
    st = kao_sample_find(g, id, &sample, &whose, err);
    if (!st)
        st = kao_person_check(g, person, err);
    if (!st)
        st = kao_person_title(g, person, title, err);
    if (!st)
        st = kao_db_number(g->db, &fact, err,
                           "SELECT number FROM fact WHERE removed = 0 AND kind = 2 AND "
                           "sample = ? AND person = ?",
                           "ii", sample, person);
    if (!st && fact) { /* said already */
        kao_db_rollback(g->db);
        if (owner)
            *owner = whose;
        return KAO_OK;
    }
    if (!st)
        st = deny(&e, sample, person, &whose, err);
    st = kao_edit_end(&e, st, err, "a sample is not %s", title);
    if (!st && owner)
        *owner = whose;
    return st;
}

/* ---- looking, and taking back ---- */

kao_status kao_gallery_facts(kao_gallery *g, kao_fact_visit *visit, void *user,
                             kao_error *err)
{
    kao_rows *rows = NULL;

    if (!g || !visit)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, or nobody to tell");
    if (g->schema < 2)
        return KAO_OK;
    const kao_status st =
        kao_db_ask(g->db, &rows, err,
                   "SELECT f.number, f.kind, f.time, f.person, f.other, s.id" HOLDS
                   " ORDER BY f.number",
                   "");

    if (st)
        return st;
    while (kao_rows_next(rows)) {
        const char *id = kao_row_text(rows, 5);
        kao_fact f = { .size = sizeof f,
                       .number = kao_row_int(rows, 0),
                       .kind = (kao_fact_kind)kao_row_int(rows, 1),
                       .time = kao_row_int(rows, 2),
                       .person = kao_row_int(rows, 3),
                       .other = kao_row_int(rows, 4) };

        snprintf(f.sample, sizeof f.sample, "%s", id ? id : "");
        if (visit(user, &f))
            break;
    }
    return kao_rows_end(rows, err);
}

kao_status kao_gallery_drop_fact(kao_gallery *g, int64_t fact, kao_error *err)
{
    int64_t n = 0;
    kao_edit e;

    if (!g)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery");
    kao_status st = kao_gallery_has_facts(g, err);

    if (!st)
        st = kao_edit_begin(g, &e, "drop", err);
    if (st)
        return st;
    st = kao_db_number(g->db, &n, err,
                       "SELECT count(*) FROM fact WHERE number = ? AND removed = 0",
                       "i", fact);
    if (!st && n == 0)
        st = kao_fail(err, KAO_E_NOT_FOUND, "%s: no fact %lld", g->path,
                      (long long)fact);
    if (!st)
        st = kao_edit_number(&e, KAO_FACT_REMOVED, fact, e.number, err);
    return kao_edit_end(&e, st, err, "fact %lld", (long long)fact);
}
