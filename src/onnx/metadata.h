/* The metadata of an ONNX file (metadata_props: key and value), changed in its bytes: all else
 * stays as it is, to the byte. */
#ifndef KAO_ONNX_METADATA_H
#define KAO_ONNX_METADATA_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"

typedef struct kao_onnx_entry {
    const char *key, *value;
} kao_onnx_entry;

/* Add to `to` the file without the entries that `drops` names (NULL: none), then n new ones. An
 * entry with a new one's key goes too. name: of the file, for messages.
 * Errors: KAO_E_FORMAT (not the fields of a message), KAO_E_NOMEM (or to's limit). */
kao_status kao_onnx_put_metadata(kao_bytes *to, kao_span file,
                                 const kao_onnx_entry *entries, size_t n,
                                 bool (*drops)(const char *key), const char *name,
                                 kao_error *err);

#endif
