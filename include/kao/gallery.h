/* kao/gallery.h: people, remembered: enrolled with samples of their faces, found again by
 * nearest similarity.
 *
 *     kao_gallery *g = NULL;
 *     size_t model = 0, n = 0;
 *     kao_match match[3];
 *
 *     if (kao_gallery_open(ctx, &g, "people.kao", &(kao_gallery_options){ .create = 1 }, &err) == KAO_OK &&
 *         kao_gallery_pin(g, embedder, KAO_TTA_NONE, &model, &err) == KAO_OK &&
 *         kao_gallery_search(g, model, vector, 3, match, &n, &err) == KAO_OK && n > 0)
 *         printf("person %lld, %.3f\n", (long long)match[0].person, match[0].similarity);
 *     kao_gallery_close(g);
 *
 * A gallery is a file (an SQLite database), or stands on a PostgreSQL server, for several machines:
 * "postgresql://USER@HOST/DATABASE?kao_schema=NAME" instead of a path, as libpq reads it (PGPASSWORD and
 * ~/.pgpass too), in a schema of its own ("kao" where none is named). It holds people, each with a name in any script (or
 * none: a stranger who keeps a number), and their samples: one face each, with an embedding for
 * every model that the gallery is pinned to. Vectors of another model are refused: their
 * similarities would mean nothing.
 *
 * Every change is one transaction: after a crash the whole change is there or none of it, and
 * what a call reported as done stays. Each is written down and can be undone, except
 * kao_gallery_forget, which leaves nothing to undo.
 *
 * A gallery of an earlier version of kao is brought to this one's form when it is opened for
 * writing, in one transaction; read_only it is served as it is.
 *
 * Threads and processes: one call at a time per kao_gallery; any number of them, in any
 * processes, may have one file open. Readers go on while one writes, and see a change at their
 * next call. A server that is lost in between is KAO_E_IO; the next call looks for it again. */
#ifndef KAO_GALLERY_H
#define KAO_GALLERY_H

#include "kao/embedder.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kao_gallery kao_gallery;

enum {
    KAO_UUID_BYTES = 37,
    KAO_GALLERY_MODELS = 8,
    KAO_NAME_MAX_BYTES = 1024,
    KAO_GROUPS_MOST = 64,
    KAO_CHIP_MAX_BYTES = 1 << 20
};

typedef struct kao_gallery_options { /* fill with {0} for defaults */
    uint32_t size;      /* sizeof(kao_gallery_options), or 0: all of them */
    uint32_t create;    /* 1: made where there is none */
    uint32_t read_only; /* 1: nothing is written, nor can be */
    uint32_t wait_ms;   /* for another program's writing; 0: 10,000 */
    /* KAO_GALLERY_KEY bytes of an encrypted gallery (see below), which are read and not kept; a new one is
     * encrypted by them. NULL: it is in the clear. */
    const void *key;
} kao_gallery_options;

/* options may be NULL. Errors: KAO_E_IO (not there, not allowed, busy), KAO_E_FORMAT (no gallery,
 * damaged), KAO_E_UNSUPPORTED (made by a later version; or this build is without SQLite, or libpq),
 * KAO_E_CONFLICT (encrypted by another key, or without one; or a key for a gallery that is in the clear),
 * KAO_E_NOMEM, KAO_E_ARG; *out is then NULL. All calls below may fail with KAO_E_IO, KAO_E_FORMAT
 * and KAO_E_NOMEM; then nothing has changed. */
KAO_API kao_status kao_gallery_open(kao_context *ctx, kao_gallery **out,
                                    const char *path,
                                    const kao_gallery_options *options, kao_error *err);
KAO_API void kao_gallery_close(kao_gallery *gallery); /* NULL is fine */
/* Whether this build and machine have what a gallery of such a name needs; it is not looked for.
 * KAO_E_UNSUPPORTED. */
KAO_API kao_status kao_gallery_ready(const char *path, kao_error *err);

/* ---- encryption ---- */

/* A gallery may be encrypted at rest: names, notes, external ids, groups, sources, vectors, chips, what history
 * and events say, by XChaCha20-Poly1305 with keys that come from one of 32 bytes. Numbers of people and samples,
 * sample ids, times, counts, qualities, models and facts are not (docs/gallery.md has the whole list). Its index
 * is in the memory of each handle, and no file. All calls are the same:
 *
 *     uint8_t key[KAO_GALLERY_KEY];
 *     kao_gallery *g = NULL;
 *
 *     if (kao_gallery_key_make("people.key", &err) == KAO_OK &&
 *         kao_gallery_key_read("people.key", key, NULL, &err) == KAO_OK)
 *         kao_gallery_open(ctx, &g, "people.kao", &(kao_gallery_options){ .create = 1, .key = key }, &err);
 *     kao_gallery_key_wipe(key);
 *
 * Who loses the key loses the gallery. A value that is damaged, or stands where it was not written, is
 * KAO_E_FORMAT, and the line names its row. */
enum { KAO_GALLERY_KEY = 32 };

/* A file with a new random key, for its owner alone, on the disk when it returns. KAO_E_CONFLICT: there is a file
 * of that name, which stays as it is; KAO_E_IO. */
KAO_API kao_status kao_gallery_key_make(const char *path, kao_error *err);
/* is_open: 1 where others than the owner may read the file; may be NULL. KAO_E_IO, KAO_E_FORMAT. */
KAO_API kao_status kao_gallery_key_read(const char *path, uint8_t key[KAO_GALLERY_KEY],
                                        uint32_t *is_open, kao_error *err);
KAO_API void kao_gallery_key_wipe(uint8_t key[KAO_GALLERY_KEY]);

/* Encrypt all of the gallery by this key, which may take the place of another one; NULL: nothing is encrypted any
 * more. One transaction: whoever ends in between leaves it as it was. Then all of it is written anew, index files
 * are removed, and the files are searched for what stood in them in the clear, as after kao_gallery_forget
 * (receipt may be NULL; of more than 20,000 values for so many): KAO_E_IO where that is not all gone, and opening
 * the gallery for writing goes on with it. What the file system and the disk keep of files as they were is out of
 * reach. Handles that others have open say KAO_E_CONFLICT from then on and have to be opened again. It is no
 * change that can be undone. */
typedef struct kao_receipt kao_receipt;
KAO_API kao_status kao_gallery_set_key(kao_gallery *gallery, const void *key,
                                       kao_receipt *receipt, kao_error *err);

/* ---- models ---- */

typedef struct kao_gallery_model {
    uint32_t size; /* sizeof(kao_gallery_model); set before the call */
    uint32_t dim;  /* numbers of a vector */
    kao_tta tta;
    char id[KAO_ID_BYTES]; /* see kao_embedder_id */
    char name[64];         /* for people */
} kao_gallery_model;

/* Which of the gallery's models an embedder is, used in this way. One that it does not have is
 * added as long as there are no samples, in the place of another version of that name, if there
 * is one that this handle has not pinned: handles that others have open say KAO_E_CONFLICT from
 * then on where models count. With samples it is KAO_E_CONFLICT, and the line names those that the
 * gallery has; without, where that is open for reading alone, KAO_E_NOT_FOUND. (kao_gallery_replace_models is the way to others.) */
KAO_API kao_status kao_gallery_pin(kao_gallery *gallery, const kao_embedder *embedder,
                                   kao_tta tta, size_t *model, kao_error *err);
/* Model i; false (0) past the last. */
KAO_API int kao_gallery_model_at(const kao_gallery *gallery, size_t i,
                                 kao_gallery_model *model);

/* A sample's vectors of other models. */
typedef struct kao_reembedded {
    uint32_t size; /* sizeof(kao_reembedded) */
    const char *id;
    const float *const *vectors; /* for each of the new models, in their order */
} kao_reembedded;

/* Other models instead of those that the gallery has, and the vectors of its samples by them
 * (kao_gallery_every_sample tells which there are, kao_gallery_chip what may be kept of a face).
 * One transaction: until it is done the former ones serve, and nothing has changed where it fails.
 * A sample without new vectors, also one that was enrolled meanwhile, is KAO_E_CONFLICT; with
 * drop_missing it is forgotten, and changes that touched it cannot be undone any more. This cannot
 * be undone either. Handles that others have open say KAO_E_CONFLICT from then on where models
 * count: they have to be opened again. Index files of the former models are removed. */
KAO_API kao_status kao_gallery_replace_models(kao_gallery *gallery,
                                              const kao_embedder *const *embedders,
                                              const kao_tta *ttas, size_t n_models,
                                              const kao_reembedded *samples, size_t n,
                                              uint32_t drop_missing, kao_error *err);

/* ---- people ---- */

typedef struct kao_person {
    uint32_t size; /* sizeof(kao_person) as the library knows it */
    uint32_t n_samples;
    int64_t number;       /* stays, and is never given to another */
    int64_t created;      /* seconds since 1970 */
    const char *name;     /* NULL: has none */
    const char *external; /* another system's id for the person, or NULL */
    const char *note;     /* or NULL */
    const char
        *groups; /* one a line, in the order in which they were given; NULL: none */
    uint32_t ignored; /* 1: no person; see kao_gallery_set_ignored */
} kao_person;

/* Called for each; texts stay until it returns. Not 0 ends the list. */
typedef int kao_person_visit(void *user, const kao_person *person);

/* All people by number; name: only those with exactly this name; NULL: all. */
KAO_API kao_status kao_gallery_people(kao_gallery *gallery, const char *name,
                                      kao_person_visit *visit, void *user,
                                      kao_error *err);
/* One of them: visit is called once. KAO_E_NOT_FOUND. */
KAO_API kao_status kao_gallery_person(kao_gallery *gallery, int64_t person,
                                      kao_person_visit *visit, void *user,
                                      kao_error *err);
/* The number of the one person of this name. KAO_E_NOT_FOUND; KAO_E_CONFLICT: there are several,
 * and the line gives their numbers. */
KAO_API kao_status kao_gallery_find(kao_gallery *gallery, const char *name,
                                    int64_t *person, kao_error *err);

/* name: UTF-8 without control characters, 1 to KAO_NAME_MAX_BYTES bytes; NULL: a stranger. Names
 * need not differ. KAO_E_ARG. */
KAO_API kao_status kao_gallery_add_person(kao_gallery *gallery, const char *name,
                                          int64_t *person, kao_error *err);
KAO_API kao_status kao_gallery_rename(kao_gallery *gallery, int64_t person,
                                      const char *name, kao_error *err);
/* NULL: none any more. */
KAO_API kao_status kao_gallery_set_note(kao_gallery *gallery, int64_t person,
                                        const char *note, kao_error *err);
KAO_API kao_status kao_gallery_set_external(kao_gallery *gallery, int64_t person,
                                            const char *external, kao_error *err);
/* The groups that a person is in, instead of those before: n names (as names of people are), at
 * most KAO_GROUPS_MOST of them; one that stands there twice counts once. */
KAO_API kao_status kao_gallery_set_groups(kao_gallery *gallery, int64_t person,
                                          const char *const *groups, size_t n,
                                          kao_error *err);
/* Not 0 ends the list. */
typedef int kao_group_visit(void *user, const char *group, uint32_t n_people);

/* All groups that somebody is in, by name (as bytes). */
KAO_API kao_status kao_gallery_groups(kao_gallery *gallery, kao_group_visit *visit,
                                      void *user, kao_error *err);
/* All samples of `from` become `into`'s, and `from` is gone (undo brings both back). What was said
 * of `from` holds of `into`. KAO_E_CONFLICT: somebody has said that the two, or samples of one, are
 * not the other. */
KAO_API kao_status kao_gallery_merge(kao_gallery *gallery, int64_t into, int64_t from,
                                     kao_error *err);
/* 1: what the samples show is nobody to be found: a statue, a poster, a passer-by. The samples
 * stay and are searched as others are, so that such a face is known for what it is and is not
 * taken for somebody else; it is for the caller to say nothing of it. kao_watch leaves it out. */
KAO_API kao_status kao_gallery_set_ignored(kao_gallery *gallery, int64_t person,
                                           int ignored, kao_error *err);
/* Not found any more, and undo brings the person back. See kao_gallery_forget for one that
 * leaves nothing. */
KAO_API kao_status kao_gallery_remove_person(kao_gallery *gallery, int64_t person,
                                             kao_error *err);

/* The same for everybody, as one change. *n: how many they were. KAO_E_NOT_FOUND: nobody is there. */
KAO_API kao_status kao_gallery_clear(kao_gallery *gallery, uint64_t *n, kao_error *err);

/* ---- samples ---- */

typedef struct kao_sample {
    uint32_t size;           /* sizeof(kao_sample) as the library knows it */
    char id[KAO_UUID_BYTES]; /* a UUID */
    int64_t person, time;    /* seconds since 1970 */
    float quality;           /* 0..1; NaN: not told */
    const char *source;      /* where the picture came from, or NULL */
} kao_sample;

typedef int kao_sample_visit(void *user, const kao_sample *sample);

typedef struct kao_new_sample {
    uint32_t size;
    const float *const *vectors; /* for each of the gallery's models, in their order */
    const char *source;          /* or NULL */
    float quality;               /* 0..1; NaN: not told */
    int64_t time;                /* seconds since 1970; 0: now */
    char id[KAO_UUID_BYTES];     /* out */
    /* The aligned picture of the face, as an image file's bytes (kao_image_encode), by which its
     * vectors can be made for other models; or NULL: none is kept. chip_form: in the caller's
     * words, how it is aligned; or NULL. */
    const void *chip;
    size_t chip_bytes; /* KAO_CHIP_MAX_BYTES at most */
    const char *chip_form;
} kao_new_sample;

/* n samples, all or none of them. person 0: a new one of that name (NULL: a stranger), whose
 * number is given back. KAO_E_NOT_FOUND, KAO_E_ARG (a vector that is not finite, a name). */
KAO_API kao_status kao_gallery_enrol(kao_gallery *gallery, int64_t *person,
                                     const char *name, kao_new_sample *samples,
                                     size_t n, kao_error *err);
/* One of them: visit is called once. KAO_E_NOT_FOUND. */
KAO_API kao_status kao_gallery_sample(kao_gallery *gallery, const char *id,
                                      kao_sample_visit *visit, void *user,
                                      kao_error *err);
KAO_API kao_status kao_gallery_samples(kao_gallery *gallery, int64_t person,
                                       kao_sample_visit *visit, void *user,
                                       kao_error *err);
/* All samples, in the order in which they were enrolled, also those that are removed and that undo
 * could bring back. */
KAO_API kao_status kao_gallery_every_sample(kao_gallery *gallery,
                                            kao_sample_visit *visit, void *user,
                                            kao_error *err);
/* A sample's chip; stays until the visit returns. */
typedef void kao_chip_visit(void *user, const void *chip, size_t n_bytes,
                            const char *form);

/* visit is called once, or not at all where no chip is kept. KAO_E_NOT_FOUND: no such sample. */
KAO_API kao_status kao_gallery_chip(kao_gallery *gallery, const char *id,
                                    kao_chip_visit *visit, void *user, kao_error *err);
/* A sample's vector of one of the gallery's models: its dim numbers. KAO_E_NOT_FOUND. */
KAO_API kao_status kao_gallery_vector(kao_gallery *gallery, const char *id,
                                      size_t model, float *vector, kao_error *err);
/* vector: of the model asked for, its dim floats; stays until the visit returns. */
typedef int kao_vector_visit(void *user, const kao_sample *sample, const float *vector);

/* All samples with their vectors of a model, in the order in which they were enrolled. Not 0 of
 * visit ends it. KAO_E_ARG (no such model), KAO_E_FORMAT (a vector of another length). */
KAO_API kao_status kao_gallery_vectors(kao_gallery *gallery, size_t model,
                                       kao_vector_visit *visit, void *user,
                                       kao_error *err);
/* To another person; *person 0: a new one without a name, whose number is given back (this
 * splits somebody). KAO_E_NOT_FOUND; KAO_E_CONFLICT: somebody has said that it is not that
 * person's. */
KAO_API kao_status kao_gallery_move_sample(kao_gallery *gallery, const char *id,
                                           int64_t *person, kao_error *err);
KAO_API kao_status kao_gallery_remove_sample(kao_gallery *gallery, const char *id,
                                             kao_error *err);

/* ---- what somebody has said ---- */

/* Facts are kept apart from what similarities say, and nothing that kao finds out contradicts
 * them: a change that would is KAO_E_CONFLICT, and its line names the fact. Each holds until it is
 * dropped or undone, and while the people and samples that it is about are there. Values are
 * ABI. */
typedef enum kao_fact_kind {
    KAO_FACT_APART = 1, /* person and other are two people */
    KAO_FACT_NOT = 2,   /* the sample is not of that person */
} kao_fact_kind;

typedef struct kao_fact {
    uint32_t size; /* sizeof(kao_fact) as the library knows it */
    kao_fact_kind kind;
    int64_t number, time;        /* seconds since 1970 */
    int64_t person, other;       /* other: 0 where there is none */
    char sample[KAO_UUID_BYTES]; /* or "" */
} kao_fact;

/* Not 0 ends the list. */
typedef int kao_fact_visit(void *user, const kao_fact *fact);

/* Two people are never one: merge refuses, kao_cluster can be told (kao_cluster_options.apart).
 * That people are one is said by merging them. Saying it again changes nothing. KAO_E_NOT_FOUND,
 * KAO_E_ARG (one person twice). */
KAO_API kao_status kao_gallery_keep_apart(kao_gallery *gallery, int64_t a, int64_t b,
                                          kao_error *err);
/* A sample is not of this person. If it is among that person's samples it goes to a new person
 * without a name. owner: whose it is then; may be NULL. A search never gives a person to whom the
 * vector is less alike than to a sample that is not that person's. KAO_E_NOT_FOUND. */
KAO_API kao_status kao_gallery_not(kao_gallery *gallery, const char *sample,
                                   int64_t person, int64_t *owner, kao_error *err);
/* Those that hold, by number. */
KAO_API kao_status kao_gallery_facts(kao_gallery *gallery, kao_fact_visit *visit,
                                     void *user, kao_error *err);
/* It is taken back. KAO_E_NOT_FOUND. */
KAO_API kao_status kao_gallery_drop_fact(kao_gallery *gallery, int64_t fact,
                                         kao_error *err);

/* ---- who is it? ---- */

typedef struct kao_match {
    uint32_t size;    /* sizeof(kao_match), set in the first of the array */
    float similarity; /* of the person's most alike sample */
    int64_t person;
    char sample[KAO_UUID_BYTES];
} kao_match;

/* The k most alike people, best first; ties by number. vector: of that model.
 * matches  room for k of them; *n: how many there are, fewer in a small gallery. Exact: as if every
 *          sample were compared. A person is left out for a vector that is more alike to a sample
 *          of which somebody said that it is not that person's (kao_gallery_not).
 * From some thousand samples on a search reads an index, a file beside the gallery's
 * (PATH-index1 for the first model, and so on), which is made where it is missing, damaged or of
 * another gallery, and may be deleted. */
KAO_API kao_status kao_gallery_search(kao_gallery *gallery, size_t model,
                                      const float *vector, size_t k, kao_match *matches,
                                      size_t *n, kao_error *err);
/* The same for n_vectors vectors, one behind the other, in one walk through the gallery: matches
 * has room for k of each vector's, n for n_vectors counts. */
KAO_API kao_status kao_gallery_search_many(kao_gallery *gallery, size_t model,
                                           const float *vectors, size_t n_vectors,
                                           size_t k, kao_match *matches, size_t *n,
                                           kao_error *err);
/* The same among the people of a group, and those that are ignored. group NULL: all. A group that
 * nobody is in is KAO_E_NOT_FOUND. */
KAO_API kao_status kao_gallery_search_in(kao_gallery *gallery, size_t model,
                                         const char *group, const float *vectors,
                                         size_t n_vectors, size_t k, kao_match *matches,
                                         size_t *n, kao_error *err);
/* How many samples a search compares: the N by which a rate for one pair becomes one for the
 * gallery, 1 - (1 - FAR)^N. */
KAO_API kao_status kao_gallery_templates(kao_gallery *gallery, uint64_t *n,
                                         kao_error *err);
/* The same of kao_gallery_search_in. */
KAO_API kao_status kao_gallery_templates_in(kao_gallery *gallery, const char *group,
                                            uint64_t *n, kao_error *err);

/* ---- what was changed ---- */

typedef struct kao_change {
    uint32_t size;   /* sizeof(kao_change) as the library knows it */
    uint32_t undone; /* 1: by a later one */
    int64_t number, time;
    const char *action; /* "enrol", "rename", ... */
    const char *detail; /* in words */
} kao_change;

typedef int kao_change_visit(void *user, const kao_change *change);

/* Newest first. */
KAO_API kao_status kao_gallery_history(kao_gallery *gallery, kao_change_visit *visit,
                                       void *user, kao_error *err);
/* Take a change back; number 0: the last one that is not undone and no undoing itself. What is
 * undone is a change too, and can be undone. KAO_E_NOT_FOUND; KAO_E_CONFLICT: a later change
 * builds on it, and the line says which to undo first. */
KAO_API kao_status kao_gallery_undo(kao_gallery *gallery, int64_t number,
                                    int64_t *undone, kao_error *err);

/* ---- what cameras saw ---- */

/* Events of a video that is watched (kao/watch.h), by number: each is kept until KAO_EVENTS_MOST
 * newer ones are there, or the person is forgotten. They are no changes: undo does not know them. */
enum { KAO_EVENTS_MOST = 10000, KAO_EVENT_MAX_BYTES = 4096 };

typedef struct kao_new_event {
    uint32_t size; /* sizeof(kao_new_event) */
    /* What belongs together, such as one track of one run of one camera: whoever is in one event of
     * a trail is forgotten with all of them. */
    const char *trail;
    const char *was; /* another trail that turns out to be this one; NULL: none */
    int64_t person;  /* of the gallery; 0, or forgotten meanwhile: nobody */
    const char
        *text; /* in the caller's words, without names: UTF-8, no control characters */
} kao_new_event;

/* On the disk when it returns. number: of the event, higher than all before; may be NULL.
 * KAO_E_ARG. */
KAO_API kao_status kao_gallery_add_event(kao_gallery *gallery,
                                         const kao_new_event *event, int64_t *number,
                                         kao_error *err);

typedef struct kao_event {
    uint32_t size; /* sizeof(kao_event) as the library knows it */
    int64_t number, person;
    const char *text;
} kao_event;

/* Texts stay until it returns. Not 0 ends the list. */
typedef int kao_event_visit(void *user, const kao_event *event);

/* Those behind a number (0: all that are kept), at most so many, in the order of their numbers. */
KAO_API kao_status kao_gallery_events(kao_gallery *gallery, int64_t after, size_t most,
                                      kao_event_visit *visit, void *user,
                                      kao_error *err);
/* The highest number that was given; 0: none was. */
KAO_API kao_status kao_gallery_last_event(kao_gallery *gallery, int64_t *number,
                                          kao_error *err);

/* How far somebody is who is told of events: a number that the gallery keeps under a name of the
 * caller's choice (as texts of events are). known: 0 where it keeps none, *number 0 then. */
KAO_API kao_status kao_gallery_event_mark(kao_gallery *gallery, const char *name,
                                          int64_t *number, uint32_t *known,
                                          kao_error *err);
KAO_API kao_status kao_gallery_set_event_mark(kao_gallery *gallery, const char *name,
                                              int64_t number, kao_error *err);

/* ---- forgetting ---- */

struct kao_receipt {
    uint32_t size; /* sizeof(kao_receipt), set before the call */
    uint32_t n_samples;
    uint64_t n_bytes_searched; /* of the gallery's files, for what was forgotten */
    uint32_t n_traces;         /* found there: 0 */
    uint32_t n_pieces;         /* that were looked for: vectors, names, sources */
    int64_t time;
};

/* Delete a person: samples, vectors, name, history, events. Nothing brings that back. The files are then
 * searched, byte by byte, for what was there; KAO_E_IO, with the receipt filled, where traces
 * are left (another program reads an old state: kao_gallery_compact when that has ended), and a line that begins "forgotten,
 * but" where the search itself failed: the person is gone then. receipt may be NULL.
 * KAO_E_NOT_FOUND. On a server's gallery only this machine's index can be searched. */
KAO_API kao_status kao_gallery_forget(kao_gallery *gallery, int64_t person,
                                      kao_receipt *receipt, kao_error *err);

/* The same for everybody whose last sample is from before that time (seconds since 1970), or who
 * has none and was made before it; nameless: 1: only people without a name. In one transaction;
 * n_people: how many (may be NULL). */
KAO_API kao_status kao_gallery_forget_older(kao_gallery *gallery, int64_t before,
                                            uint32_t nameless, uint64_t *n_people,
                                            kao_receipt *receipt, kao_error *err);

/* Not 0 ends the list. */
typedef int kao_number_visit(void *user, int64_t person);

/* Numbers of those who were merged into a person, who are forgotten with it: what is kept outside of the gallery
 * may have them. Nobody: visit is not called. KAO_E_NOT_FOUND: nobody has that number. */
KAO_API kao_status kao_gallery_merged(kao_gallery *gallery, int64_t person,
                                      kao_number_visit *visit, void *user,
                                      kao_error *err);

/* For people: where kao cannot look for what may be left; never NULL. Of a file: backups, copies, snapshots
 * of the file system, and on flash the cells that were written before; of a server what it keeps, too. */
KAO_API const char *kao_gallery_out_of_reach(const kao_gallery *gallery);

/* ---- the file ---- */

typedef struct kao_gallery_stats {
    uint32_t size; /* sizeof(kao_gallery_stats), set before the call */
    uint32_t schema;
    uint64_t n_people, n_named, n_samples, n_changes, n_bytes;
    uint64_t encrypted; /* 1: it is */
} kao_gallery_stats;

KAO_API kao_status kao_gallery_stats_of(kao_gallery *gallery, kao_gallery_stats *stats,
                                        kao_error *err);
/* Look through all of it: the database's own check, samples of nobody, vectors that are missing
 * or of another length or not finite. KAO_E_FORMAT names the first fault. */
KAO_API kao_status kao_gallery_verify(kao_gallery *gallery, kao_error *err);
/* Write all of it anew, so that it is as small as it can be. before, after: its bytes, without index files; may be
 * NULL. A server locks its tables meanwhile (VACUUM FULL). KAO_E_IO where somebody else writes or reads all the while,
 * or there is no room for a second copy; what it says is as it was then, and it may be larger while somebody reads. KAO_E_ARG: it is open for reading alone. */
KAO_API kao_status kao_gallery_compact(kao_gallery *gallery, uint64_t *before,
                                       uint64_t *after, kao_error *err);

#ifdef __cplusplus
}
#endif
#endif
