/* All columns of a gallery that are hidden where it is encrypted, for who goes through all of them. */
#ifndef KAO_GALLERY_HIDDEN_COLUMNS_H
#define KAO_GALLERY_HIDDEN_COLUMNS_H

#include "gallery/gallery.h"

/* What a statement's ? takes (db.h). */
typedef enum kao_hidden_as {
    KAO_HIDDEN_TEXT,  /* h */
    KAO_HIDDEN_BYTES, /* H */
    KAO_HIDDEN_KEYED  /* k */
} kao_hidden_as;

/* A column, and the hidden one that it is made from: itself, but of tags. */
typedef struct kao_hidden_column {
    const char *table, *row, *part; /* part NULL: rows have one number */
    const char *from, *from_place;
    const char *to, *to_place;
    kao_hidden_as as;
    const char *where;
    bool is_optional; /* the table is made when there is something for it */
    bool is_tag;      /* there where it is encrypted alone */
} kao_hidden_column;

enum { KAO_HIDDEN_COLUMNS = 13 };
extern const kao_hidden_column kao_hidden_columns[KAO_HIDDEN_COLUMNS];

/* Of an answer that begins with the value and the row's numbers. */
kao_hidden kao_hidden_of(const kao_hidden_column *c);
/* Whether all of them open, and names are found by their tags. KAO_E_FORMAT. */
kao_status kao_hidden_verify(kao_gallery *g, kao_error *err);

#endif
