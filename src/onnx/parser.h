/* What the parts of the reader share: the state of one parse. */
#ifndef KAO_ONNX_PARSER_H
#define KAO_ONNX_PARSER_H

#include "onnx/model.h"
#include "onnx/names.h"
#include "onnx/wire.h"

typedef struct kao_onnx_parser {
    kao_onnx_model *m;
    kao_arena *arena;
    const kao_onnx_external *external;
    kao_names names;
    uint8_t *defined; /* by value */
    kao_error *err;
} kao_onnx_parser;

kao_status kao_onnx_no_memory(kao_onnx_parser *p);
/* A string field as a terminated copy. */
kao_status kao_onnx_str_field(kao_onnx_parser *p, const kao_pb_field *f,
                              const char **out);
/* The number of the value called name. */
kao_status kao_onnx_value_of(kao_onnx_parser *p, kao_span name, uint32_t *out);
/* Mark a value as made; twice is an error. */
kao_status kao_onnx_define(kao_onnx_parser *p, uint32_t value);

/* node.c: the next node of the model. */
kao_status kao_onnx_parse_node(kao_onnx_parser *p, kao_span bytes);
/* value_info.c: an input or output with its type. */
kao_status kao_onnx_parse_value_info(kao_onnx_parser *p, kao_onnx_input *in,
                                     kao_span bytes);
/* model.c: the whole, into an empty model whose arena stands. */
kao_status kao_onnx_parse_model(kao_onnx_model *m, kao_span bytes,
                                const kao_onnx_external *external, kao_error *err);

#endif
