/* Writing ONNX files: a graph is put together name by name, then given out as bytes.
 *
 *     kao_onnx_writer w;
 *
 *     kao_onnx_write_begin(&w, mem, 17);
 *     kao_onnx_write_input(&w, "x", KAO_F32, (int64_t[]){ -1, 3, 112, 112 }, 4);
 *     kao_onnx_write_tensor(&w, "w", KAO_F32, (int64_t[]){ 8, 3, 3, 3 }, 4, weights);
 *     kao_onnx_write_node(&w, "Conv", "x w", "y", "pads=[1,1,1,1] strides=[2,2]");
 *     kao_onnx_write_output(&w, "y", KAO_F32, (int64_t[]){ -1, 8, 56, 56 }, 4);
 *     st = kao_onnx_write_end(&w, &bytes, &n, err);
 *
 * Calls after a failure do nothing; the end reports it. Names have no spaces. */
#ifndef KAO_ONNX_WRITE_H
#define KAO_ONNX_WRITE_H

#include "base/bytes.h"
#include "onnx/tensor.h"

typedef struct kao_onnx_writer {
    kao_bytes graph, meta, message; /* fields of GraphProto; of ModelProto; room */
    int64_t opset;
    bool failed;
} kao_onnx_writer;

void kao_onnx_write_begin(kao_onnx_writer *w, kao_mem *mem, int64_t opset);

/* A dimension below 0 is free: an input's are called "N", "C", "H", "W"; of an output's only
 * the first is, as dimensions of one name are equal. */
void kao_onnx_write_input(kao_onnx_writer *w, const char *name, kao_dtype dtype,
                          const int64_t *dims, int32_t rank);
void kao_onnx_write_output(kao_onnx_writer *w, const char *name, kao_dtype dtype,
                           const int64_t *dims, int32_t rank);
/* An initialiser; data is copied, and lies in the file at a multiple of its elements' size. */
void kao_onnx_write_tensor(kao_onnx_writer *w, const char *name, kao_dtype dtype,
                           const int64_t *dims, int32_t rank, const void *data);
/* The same for float32, stored as the nearest float16, NAME.16, behind a Cast, whose output is
 * NAME: half the bytes, and every reader of ONNX files knows it. What reads NAME comes
 * later. Numbers of 65520 and more become infinite. */
void kao_onnx_write_halves(kao_onnx_writer *w, const char *name, const int64_t *dims,
                           int32_t rank, const float *data);
/* inputs, outputs: names with spaces between, "-" an omitted one. attributes: "k=[3,3]
 * group=8 alpha=0.5 mode=nearest": integers, lists of them, numbers with a point,
 * strings. */
void kao_onnx_write_node(kao_onnx_writer *w, const char *op, const char *inputs,
                         const char *outputs, const char *attributes);
void kao_onnx_write_meta(kao_onnx_writer *w, const char *key, const char *value);

/* The file; bytes is a block of the allocator, to be freed with kao_free. Ends the writer,
 * also on failure (KAO_E_NOMEM: out of memory, or more than 2 GiB). */
kao_status kao_onnx_write_end(kao_onnx_writer *w, uint8_t **bytes, size_t *n,
                              kao_error *err);

#endif
