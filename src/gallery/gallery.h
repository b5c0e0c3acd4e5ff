/* The inside of kao_gallery: what its files share.
 *
 *   gallery.c   opening, the schema, models
 *   change.c    transactions that are written down, history, undo
 *   people.c    people     samples.c  samples     forget.c  forgetting
 *   verify.c    the check of all of it
 *   facts.c     what somebody has said of them    groups.c  groups of people
 *   wanted.c    whom a search may give            reembed.c  other models
 *   index.c     samples as a search reads them, in step with the database; index_files.c
 *   store.c     their rows, in a file or in memory; store_file.c: that file
 *   quantise.c  vectors of 8 bits and their bounds
 *   search.c    the search
 *   vectors.c   the samples' vectors, one after the other
 *   events.c    what cameras saw
 *   hidden.c    values that are encrypted, between statements and database
 *   hidden_columns.c  which they are
 *   sealed.c    the key of an encrypted gallery    encrypt.c  encrypting one, and back    key_file.c
 *   traces.c    looking through the files for what may be left
 */
#ifndef KAO_GALLERY_GALLERY_H
#define KAO_GALLERY_GALLERY_H

#include "base/context.h"
#include "gallery/db.h"
#include "gallery/index.h"
#include "kao/gallery.h"

/* Columns that are hidden where the gallery is encrypted (db.h): all that names or describes a person, and the
 * faces. hidden_columns.c goes through them, docs/gallery.md says the same for people. */
#define KAO_AT_NAME        "person.name"
#define KAO_AT_NAME_TAG    "person.name_tag" /* by which a name is looked up */
#define KAO_AT_NOTE        "person.note"
#define KAO_AT_EXTERNAL    "person.external"
#define KAO_AT_MEMBER      "person.member"
#define KAO_AT_SOURCE      "sample.source"
#define KAO_AT_NUMBERS     "vector.numbers" /* part: the model */
#define KAO_AT_CHIP_FORM   "chip.form"
#define KAO_AT_CHIP        "chip.bytes"
#define KAO_AT_DETAIL      "change.detail"
#define KAO_AT_OLD         "edit.old" /* row: the change, part: the step; of texts */
#define KAO_AT_EVENT       "event.text"
#define KAO_AT_EVENT_TRAIL "event.trail"     /* by which it is looked up */
#define KAO_AT_EVENT_MARK  "event_mark.name" /* the same */

/* A gallery that is encrypted has a form of its own, so that versions that know nothing of it refuse it. */
enum { KAO_GALLERY_SCHEMA = 2, KAO_GALLERY_SEALED = 3, KAO_SEAL_MARK = 160 };

struct kao_gallery {
    kao_context *ctx;
    kao_db *db;
    const char *path; /* as people are told it, without a password */
    kao_gallery_model models[KAO_GALLERY_MODELS];
    size_t n_models;
    bool is_pinned
        [KAO_GALLERY_MODELS]; /* by this handle: somebody counts on its number */
    int64_t models_of; /* who put the models there, as they are here: the change that
                          replaced them, or a number by chance; 0: they are the first */
    bool read_only;
    int64_t schema;  /* of the file; an earlier one only where that is read_only */
    bool has_tokens; /* changes have random numbers: see gallery.c */
    uint32_t wait_ms;
    bool is_sealed; /* hidden values are: encrypted */
    kao_seal seal;
    char seal_mark[KAO_SEAL_MARK]; /* what meta says of it; "": nothing */
    kao_index index;
    kao_moment counted_at; /* what `counted` samples were counted at; seen 0: not yet */
    uint64_t counted;
};

/* ---- change.c ---- */

/* A transaction that is written down as one change. */
typedef struct kao_edit {
    kao_gallery *g;
    int64_t number; /* of the change */
    int64_t step;   /* of the next value that is kept for undoing */
    int64_t time;
} kao_edit;

/* Seconds since 1970. */
int64_t kao_gallery_now(void);

kao_status kao_edit_begin(kao_gallery *g, kao_edit *e, const char *action,
                          kao_error *err);
/* st: of what was done meanwhile. Commits if it is KAO_OK and says what was done (printf form),
 * else rolls back; gives the outcome. */
kao_status kao_edit_end(kao_edit *e, kao_status st, kao_error *err, const char *detail,
                        ...) __attribute__((format(printf, 4, 5)));

/* What can be undone: the columns that changes write. */
typedef enum kao_field {
    KAO_PERSON_NAME,
    KAO_PERSON_NOTE,
    KAO_PERSON_EXTERNAL,
    KAO_PERSON_REMOVED,
    KAO_SAMPLE_PERSON,
    KAO_SAMPLE_REMOVED,
    KAO_PERSON_GROUPS, /* from schema 2 on */
    KAO_PERSON_IGNORED,
    KAO_FACT_REMOVED,
    KAO_FACT_PERSON,
    KAO_FACT_OTHER,
    KAO_FIELDS,
} kao_field;
/* Those that are texts, in statements. */
#define KAO_TEXT_FIELDS "(0, 1, 2, 6)"
_Static_assert(KAO_PERSON_NAME == 0 && KAO_PERSON_NOTE == 1 &&
                   KAO_PERSON_EXTERNAL == 2 && KAO_PERSON_GROUPS == 6,
               "as statements have them");

/* Write a text (or NULL) or a number, and keep what was there. */
kao_status kao_edit_text(kao_edit *e, kao_field field, int64_t subject,
                         const char *value, kao_error *err);
kao_status kao_edit_number(kao_edit *e, kao_field field, int64_t subject, int64_t value,
                           kao_error *err);
/* The row was made by this change: undoing it removes it. */
kao_status kao_edit_made(kao_edit *e, kao_field removed, int64_t subject,
                         kao_error *err);

/* ---- people.c ---- */

/* Whether there is such a person: KAO_OK, KAO_E_NOT_FOUND. */
kao_status kao_person_check(kao_gallery *g, int64_t person, kao_error *err);
enum {
    KAO_TITLE_BYTES = 64,
    KAO_SHOWN_BYTES = 80 /* of a name in a message */
};

/* "Ana" (its beginning, where it is long) or "person 7", for the history. */
kao_status kao_person_title(kao_gallery *g, int64_t person, char to[KAO_TITLE_BYTES],
                            kao_error *err);
/* KAO_OK, or KAO_E_ARG: what a name, a note may not be. */
kao_status kao_name_check(const char *what, const char *name, kao_error *err);
/* NULL: none. */
kao_status kao_name_write(kao_gallery *g, int64_t person, const char *name,
                          kao_error *err);
kao_status kao_person_insert(kao_edit *e, const char *name, int64_t *person,
                             kao_error *err);
/* KAO_E_UNSUPPORTED: the file is of schema 1 and cannot be written. */
kao_status kao_gallery_has_facts(const kao_gallery *g, kao_error *err);

/* ---- gallery.c ---- */

kao_status kao_models_read(kao_gallery *g, kao_error *err);
/* id, name and so on of an embedder. */
kao_status kao_model_describe(kao_gallery_model *m, const kao_embedder *embedder,
                              kao_tta tta, kao_error *err);

/* ---- reembed.c ---- */

/* KAO_E_CONFLICT: another process has replaced the models since they were read, or the key. */
kao_status kao_models_check(kao_gallery *g, kao_error *err);
/* The change that replaced them last, 0: none has. */
kao_status kao_models_state(kao_gallery *g, int64_t *change, kao_error *err);
kao_status kao_models_put_state(kao_gallery *g, int64_t change, kao_error *err);

/* ---- sealed.c ---- */

/* What the third form has beside the second, and the key's mark; inside a transaction that makes the tables. The
 * gallery is sealed by it from then on. */
kao_status kao_sealed_make(kao_gallery *g, const uint8_t key[SEAL_KEY], kao_error *err);
/* By this key, or (NULL) none. KAO_E_CONFLICT: it has none, needs one, or another. */
kao_status kao_sealed_find(kao_gallery *g, const void *key, kao_error *err);
/* A seal by a new key, and what meta is to say of it. */
kao_status kao_sealed_new(const uint8_t key[SEAL_KEY], kao_seal *seal,
                          char mark[KAO_SEAL_MARK], kao_error *err);
extern const char kao_sealed_tables[], kao_sealed_tables_undo[];
/* Inside a transaction. KAO_E_CONFLICT: it has another key since it was opened, or one, or none. */
kao_status kao_sealed_check(kao_gallery *g, kao_error *err);
/* A value that is looked up was not found (st KAO_OK), or could not be: KAO_E_CONFLICT where that is as it has another
 * key since, or one, or none; else st. */
kao_status kao_sealed_explain(kao_gallery *g, kao_status st, kao_error *err);
/* Begin for writing, with that check. */
kao_status kao_gallery_begin(kao_gallery *g, kao_error *err);

/* ---- encrypt.c ---- */

/* What was there before it was encrypted is not to be left: files of an index; and, where that was not
 * finished, the rest of it. */
kao_status kao_encrypt_finish(kao_gallery *g, kao_error *err);

/* ---- samples.c ---- */

/* What kao_samples_tell reads, up to a WHERE. */
#define KAO_SAMPLE                                                                     \
 "SELECT id, person, time, coalesce(quality, -1), source, number FROM sample "

/* Rows of KAO_SAMPLE; ended. */
kao_status kao_samples_tell(kao_rows *rows, kao_sample_visit *visit, void *user,
                            kao_error *err);

/* The number of a sample that is there, and whose it is. KAO_E_NOT_FOUND. */
kao_status kao_sample_find(kao_gallery *g, const char *id, int64_t *number,
                           int64_t *person, kao_error *err);

/* ---- facts.c ---- */

/* KAO_E_CONFLICT: somebody has said that the sample is not that person's. */
kao_status kao_fact_allows_sample(kao_gallery *g, int64_t sample, int64_t person,
                                  kao_error *err);
/* KAO_E_CONFLICT: somebody has said that two people, or samples of one, are not the other. */
kao_status kao_fact_allows_merge(kao_gallery *g, int64_t into, int64_t from,
                                 kao_error *err);
/* What was said of `from` is said of `into`. */
kao_status kao_fact_move(kao_edit *e, int64_t into, int64_t from, kao_error *err);

/* ---- groups.c ---- */

/* Who is in a group or ignored, by number; *people is to be freed. KAO_E_NOT_FOUND: nobody is in it. */
kao_status kao_group_read(kao_gallery *g, const char *group, int64_t **people,
                          size_t *n, kao_error *err);

/* ---- events.c ---- */

/* Whether the gallery has ever had one. */
kao_status kao_events_there(kao_gallery *g, bool *there, kao_error *err);

/* ---- wanted.c ---- */

/* Whom a search may give, as of one moment. */
typedef struct kao_wanted {
    bool by_group;
    int64_t *people; /* of the group, ascending */
    size_t n_people;
    int64_t *
        denied; /* who is not on the sample of the vector at the same place, ascending */
    float *vectors;
    size_t n_denials, n_denied; /* n_denied: people who stand there */
    size_t dim;
} kao_wanted;

/* Inside a transaction. group NULL: all. */
kao_status kao_wanted_read(kao_gallery *g, size_t model, const char *group,
                           kao_wanted *w, kao_error *err);
void kao_wanted_free(kao_mem *mem, kao_wanted *w); /* {0} is fine */
bool kao_wanted_has(const kao_wanted *w, int64_t person);
/* Whether the vector, which is so alike to that person, is more so to one that is not. */
bool kao_wanted_denies(const kao_wanted *w, const float *vector, int64_t person,
                       float similarity);

#endif
