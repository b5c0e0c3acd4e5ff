/* What kao calibrate measured: between the measuring (cmd_calibrate.c) and what is printed and
 * written of it (calibrate_show.c, calibrate_card.c). */
#ifndef KAO_CLI_CALIBRATE_H
#define KAO_CLI_CALIBRATE_H

#include "cli/eval_embed.h"
#include "eval/calibrate.h"
#include "eval/names.h"

enum { CALIBRATE_RATES = 8 };

typedef struct calibrate_set { /* pictures and who is on them */
    kao_pictures pictures;
    const char **names;
    kao_names listed; /* where the folder or tar itself says what is there */
    size_t n, n_people;
    uint32_t *person;
    eval_vectors vectors;
} calibrate_set;

typedef struct calibrate_group {
    char *name;
    size_t n; /* pictures that count */
    kao_strangers strangers;
    kao_curve curve;
    bool has_curve;
    /* at the thresholds of the whole: pairs that reach them, and 95 % of the rate */
    uint64_t reached[CALIBRATE_RATES];
    kao_interval rate_95[CALIBRATE_RATES];
} calibrate_group;

typedef struct calibrate {
    const eval_args *args;
    kao_mem mem;
    kao_pool *pool;
    calibrate_set people, others;
    size_t n_doubles; /* lines of --doubles that met two pictures at hand */
    /* of the people; n_different 0: none were asked for */
    kao_strangers strangers;
    kao_curve curve;
    kao_likelihood likelihood;
    bool has_likelihood;
    kao_quantiles same;
    bool has_same;
    size_t n_rates; /* whole powers of ten on the curve */
    kao_curve_point rates[CALIBRATE_RATES];
    kao_interval rate_95[CALIBRATE_RATES];
    size_t n_groups;
    calibrate_group *groups;
} calibrate;

/* Whether pairs of strangers were asked for, beside those within groups. */
static inline bool calibrate_has_people(const calibrate *c)
{
    return c->strangers.n_different > 0;
}

/* Pairs of group g that reach rate i's similarity, as a share; NaN: fewer than are enough. */
double calibrate_group_rate(const calibrate_group *g, size_t i);

void calibrate_print(const calibrate *c);
int calibrate_print_json(const calibrate *c);
/* Give exit statuses, after a line on stderr where they fail. */
int calibrate_write_report(calibrate *c);
/* Put the curves into args->card in place of those for the same use of the mirrored picture. */
int calibrate_write_card(calibrate *c);

#endif
