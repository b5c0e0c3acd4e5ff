/* Pictures with labels in MXNet's record files, as InsightFace's training sets have them.
 *
 * A .rec file is records one behind the other (dmlc-core's RecordIO), numbers little-endian:
 *
 *   u32 magic 0xced7230a; u32: 3 bits of kind, 29 bits of length; bytes; zeros up to 4
 *
 * Kind 0 is a whole record; 1, 2, 3 are the beginning, the middle and the end of one that had
 * the magic in it, which goes back between the parts. Within a record: u32 flag, f32 label,
 * u64 id, u64 id, then `flag` labels as f32 (where there are some the first one counts), then
 * the encoded picture. Record 0 of a set may be two labels without a picture: pictures are the
 * records 1 .. label[0] - 1; what is behind them (ranges of people) is not needed.
 *
 * An .idx file has lines "number, tab, byte" of the records; without one they are counted from
 * the beginning of the file. */
#ifndef KAO_TRAIN_RECORDS_H
#define KAO_TRAIN_RECORDS_H

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"

/* Labels are whole numbers that a float can tell apart. */
enum { KAO_RECORD_LABELS = 1 << 24 };

typedef struct kao_record {
    uint64_t number;
    uint32_t label;
    kao_span picture; /* encoded; may be empty */
    uint8_t *joined; /* the bytes it lies in where the record was in parts, else NULL */
} kao_record;

typedef struct kao_records {
    kao_mem *mem;
    kao_record *items; /* pictures, by number */
    size_t n, cap;
} kao_records;

typedef struct kao_records_source {
    kao_span rec, idx; /* both stay; idx.p NULL: there is none */
    const char *rec_name, *idx_name;
    uint32_t classes; /* labels are below it; KAO_RECORD_LABELS at most */
} kao_records_source;

/* Errors: KAO_E_FORMAT, KAO_E_NOMEM, with file, record and reason; then there is nothing to
 * free. Pictures are not looked into. */
kao_status kao_records_read(kao_records *r, kao_mem *mem, const kao_records_source *s,
                            kao_error *err);
void kao_records_free(kao_records *r); /* {0} is fine */

#endif
