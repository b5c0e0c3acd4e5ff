/* Identification: who of a gallery is it, or nobody? ISO/IEC 19795-1's terms.
 *
 * People are enrolled by their first pictures; what is left of theirs are mated probes (the mate,
 * the person's own entry, is in the gallery), pictures of everybody else probes of strangers.
 *
 *     rank k      share of mated probes whose mate is among the k most similar entries; an entry
 *                 as similar as the mate stands before it
 *     FPIR(t)     share of strangers' probes with an entry above t
 *     FNIR(t)     share of mated probes whose mate is not above t
 *     FNIR1(t)    ... or not the most similar entry
 *
 * all against the whole gallery. Pure functions. */
#ifndef KAO_EVAL_IDENTIFY_H
#define KAO_EVAL_IDENTIFY_H

#include "eval/bootstrap.h"

typedef enum kao_role { KAO_UNUSED, KAO_GALLERY, KAO_MATED, KAO_STRANGER } kao_role;

/* What is known of n pictures. */
typedef struct kao_people_pictures {
    size_t n, n_people, dim;
    const uint32_t *person; /* of each; n_people: nobody knows, it takes no part */
    const bool *usable;
    const float *gallery, *probes; /* vectors for either use; may be the same */
} kao_people_pictures;

typedef struct kao_split_options {
    uint32_t enroll;  /* pictures an entry */
    double strangers; /* share of the people with enough pictures that stay strangers */
    uint64_t seed;    /* who */
    bool drop; /* probes that cannot be used take no part; else they find nobody */
} kao_split_options;

/* role[i] of each picture. Enrolled can be who has one usable picture more than `enroll`; entries
 * are the first usable ones. Errors: KAO_E_FORMAT (nobody can be enrolled), KAO_E_NOMEM. */
kao_status kao_split_people(kao_role *role, kao_mem *mem, const kao_people_pictures *p,
                            const kao_split_options *o, kao_error *err);

typedef struct kao_probe {
    size_t picture;
    uint32_t person;
    double
        similarity; /* mated: to the mate; stranger: to the most similar entry; -2: none */
    double other; /* mated: to the most similar other entry, -2: there is none */
    size_t rank;  /* mated: of the mate, from 1; SIZE_MAX: none */
} kao_probe;

typedef struct kao_identification {
    kao_mem *mem;
    kao_probe *mated, *strangers; /* in the order of the pictures */
    size_t n_mated, n_strangers;
    size_t n_entries, n_stranger_people, n_people; /* n_people: of the pictures */
} kao_identification;

/* All probes against all entries (means of their pictures, as long as those are on the mean). KAO_E_NOMEM. */
kao_status kao_identify_run(kao_identification *s, kao_mem *mem,
                            const kao_people_pictures *p, const kao_role *role,
                            kao_error *err);
void kao_identify_free(kao_identification *s); /* {0} is fine */

/* ---- figures ---- */

enum { KAO_IDENTIFY_RANKS = 4, KAO_IDENTIFY_RATES = 3 };
extern const size_t kao_identify_ranks[KAO_IDENTIFY_RANKS]; /* 1, 5, 10, 20 */

typedef struct
    kao_share { /* with its interval: people drawn with their probes, gallery kept */
    double value;
    kao_interval within;
} kao_share;

typedef struct kao_identify_rate {
    double wanted; /* FPIR: 1e-1, 1e-2, 1e-3 */
    bool known,
        weak; /* one probe, ten probes at least may find somebody: as figures.h */
    double threshold; /* the (floor(wanted n) + 1)-th largest of the strangers' */
    double fpir;      /* reached */
    kao_share fnir, fnir1;
} kao_identify_rate;

typedef struct kao_identify_figures {
    kao_share rank[KAO_IDENTIFY_RANKS];
    kao_identify_rate rates[KAO_IDENTIFY_RATES];
    bool has_threshold; /* one in use: found from it on, itself too */
    double threshold;
    kao_share fpir, fnir, fnir1; /* there; fpir NaN without strangers */
} kao_identify_figures;

/* threshold NaN: none. KAO_E_NOMEM. */
kao_status kao_identify_measure(kao_identify_figures *f, const kao_identification *s,
                                double threshold, uint64_t seed, kao_error *err);

#endif
