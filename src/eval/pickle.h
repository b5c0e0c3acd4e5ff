/* Verification sets of insightface (lfw.bin, agedb_30.bin ..): a Python pickle of a tuple, a
 * list of 2 n encoded pictures and a list of n truth values; pair k is pictures 2 k and
 * 2 k + 1. Nothing of a pickle is executed: the few opcodes that build such a tuple are read,
 * any other is refused. */
#ifndef KAO_EVAL_PICKLE_H
#define KAO_EVAL_PICKLE_H

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"

typedef struct kao_pickle {
    kao_mem *mem;
    kao_span *pictures; /* 2 n, inside the file's bytes */
    bool *same;         /* n */
    size_t n;
} kao_pickle;

/* Whether bytes may be such a set: a pickle of protocol 2 or later begins so. */
bool kao_pickle_is(kao_span bytes);
/* name: for messages. The bytes stay until kao_pickle_free. Errors, with the byte where it
 * is: KAO_E_FORMAT (damaged, or another structure), KAO_E_UNSUPPORTED (an opcode that such
 * sets do not need: objects, functions), KAO_E_NOMEM; then there is nothing to free. */
kao_status kao_pickle_parse(kao_pickle *out, kao_mem *mem, kao_span bytes,
                            const char *name, kao_error *err);
void kao_pickle_free(kao_pickle *p); /* {0} is fine */

#endif
