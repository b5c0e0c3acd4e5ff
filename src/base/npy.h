/* NumPy's .npy files (format versions 1 and 2), C order, little-endian: floats of 16 to 64 bits,
 * integers of 8 to 64, bools. */
#ifndef KAO_BASE_NPY_H
#define KAO_BASE_NPY_H

#include "base/error.h"
#include "base/file.h"

enum { KAO_NPY_MAX_RANK = 8 };

typedef struct kao_npy {
    char descr[8]; /* "<f4", "<i8", "|u1", "|b1" ... */
    int32_t rank;
    int64_t dims[KAO_NPY_MAX_RANK];
    size_t item_bytes;
    kao_span data; /* of the parsed bytes; not aligned for its type */
} kao_npy;

/* Errors name the reason; bytes must stay while data is used. */
kao_status kao_npy_parse(kao_npy *npy, kao_span bytes, kao_error *err);

/* Header and data as one block from kao_alloc. descr's item size times dims is read. */
kao_status kao_npy_format(kao_mem *mem, const char *descr, const int64_t *dims,
                          int32_t rank, const void *data, uint8_t **bytes, size_t *n,
                          kao_error *err);

#endif
