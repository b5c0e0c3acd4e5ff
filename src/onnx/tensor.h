/* Element types, and constant tensors as an ONNX file holds them. */
#ifndef KAO_ONNX_TENSOR_H
#define KAO_ONNX_TENSOR_H

#include "base/arena.h"
#include "base/error.h"
#include "base/reader.h"
#include "onnx/limits.h"

/* The numbers are ONNX's (TensorProto.DataType). */
typedef enum kao_dtype {
    KAO_DTYPE_NONE = 0,
    KAO_F32 = 1,
    KAO_U8 = 2,
    KAO_I8 = 3,
    KAO_U16 = 4,
    KAO_I16 = 5,
    KAO_I32 = 6,
    KAO_I64 = 7,
    KAO_BOOL = 9, /* one byte, 0 or 1 */
    KAO_F16 = 10, /* IEEE half: numbers of a file; computed with as KAO_F32 */
    KAO_F64 = 11,
    KAO_U32 = 12,
    KAO_U64 = 13,
} kao_dtype;

/* Bytes an element; 0 for a type that kao does not have. */
size_t kao_dtype_size(int dtype);
/* "float32", "int64" ...; of any ONNX type, also of those kao does not have. */
const char *kao_dtype_name(int dtype);

typedef struct kao_onnx_tensor {
    const char *name;
    kao_dtype dtype;
    int32_t rank;
    int64_t dims[KAO_MAX_RANK];
    int64_t n;        /* elements: the product of dims; 1 for a scalar */
    const void *data; /* n elements in C order, aligned to their size */
} kao_onnx_tensor;

/* Where the bytes of external tensors come from. fetch gives the range of the file named
 * by location (a relative path), which stays while the graph lives. */
typedef struct kao_onnx_external {
    kao_status (*fetch)(void *user, const char *location, uint64_t offset,
                        uint64_t length, bool has_length, kao_span *out,
                        kao_error *err);
    void *user;
} kao_onnx_external;

/* Parse a TensorProto. Data is borrowed from bytes where it is stored raw and aligned,
 * else copied into the arena. external may be NULL: then external data is refused. */
kao_status kao_onnx_tensor_parse(kao_onnx_tensor *t, kao_span bytes, kao_arena *arena,
                                 const kao_onnx_external *external, kao_error *err);

/* n elements of dims: checked product, at most KAO_MAX_ELEMENTS. False: past the limit. */
bool kao_dims_count(const int64_t *dims, int32_t rank, int64_t *n);

#endif
