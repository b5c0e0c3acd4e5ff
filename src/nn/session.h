/* Running a model: a session belongs to one caller at a time. It keeps plans for the last
 * input shapes and the memory to run them; several sessions share one model. */
#ifndef KAO_NN_SESSION_H
#define KAO_NN_SESSION_H

#include "base/cancel.h"
#include "nn/plan.h"

typedef struct kao_session kao_session;

typedef struct kao_profile_row { /* one entry of the plan that ran last */
    uint32_t node; /* 0 in a network without nodes, whose outputs are copies */
    const char *kernel;
    uint64_t ns;    /* of the last run */
    char shape[64]; /* of its output */
} kao_profile_row;

typedef struct kao_session_options {
    uint32_t passes;    /* KAO_PASS_ALL, or 0 for the generic form of everything */
    uint32_t n_threads; /* of the context's threads; 0: all */
    const kao_cancel *cancel; /* NULL: runs go to their end */
} kao_session_options;

/* options NULL: all passes, all threads. */
kao_status kao_session_create(kao_session **out, kao_network *net,
                              const kao_session_options *options, kao_error *err);
void kao_session_destroy(kao_session *s);

/* Bind input i: type, dims, data (borrowed until the run is over). Strides are C order or,
 * for rank 4, channels last; any others are taken as they are. Checks against what the file
 * states. */
kao_status kao_session_bind(kao_session *s, uint32_t i, const kao_tensor *t,
                            kao_error *err);
/* Plan for what is bound, unless a plan for it is kept. */
kao_status kao_session_prepare(kao_session *s, kao_error *err);
/* Prepare and run. No allocation where a plan is kept and its memory exists. The session's
 * kao_cancel is looked at before planning and before each entry (KAO_E_CANCELLED). After any
 * failure there is no output, an earlier run's neither. */
kao_status kao_session_run(kao_session *s, kao_error *err);

/* Output i of the last run, C order; stays until the next run or prepare. */
const kao_tensor *kao_session_output(const kao_session *s, uint32_t i);

/* Measure each entry of the next runs. */
void kao_session_profile(kao_session *s, bool on);
uint32_t kao_session_profile_rows(const kao_session *s);
kao_profile_row kao_session_profile_row(const kao_session *s, uint32_t i);
/* The plan of the last prepare. */
const kao_plan *kao_session_plan(const kao_session *s);

#endif
