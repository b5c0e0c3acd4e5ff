/* How a pack of pictures is filled; for pack.c, pack_people.c and scenes.c. */
#ifndef KAO_TRAIN_PACK_PARTS_H
#define KAO_TRAIN_PACK_PARTS_H

#include "train/pack.h"

/* Room for so many more pictures, for one more person. False: out of memory. */
bool kao_pack_room(kao_pack *p, size_t more);
bool kao_pack_add_person(kao_pack *p, const char *name);
/* The number of a class; those beyond the room count as the first one. */
uint32_t kao_pack_class_of(kao_pack *p, const char *name);
/* One that is left out; why: NULL where it needs no word. */
void kao_pack_leave(kao_pack_left *l, const char *name, const char *why);

/* A picture by a copy of its encoded bytes. False: out of memory. */
bool kao_pack_add_encoded(kao_pack *p, kao_span bytes, uint32_t identity);
/* Free what picture i has; the caller takes it out. */
void kao_pack_drop(kao_pack *p, size_t i);

/* Aligned faces of a record file, of a folder with a folder a person. Errors: KAO_E_IO,
 * KAO_E_FORMAT, KAO_E_LIMIT, KAO_E_NOMEM. */
kao_status kao_pack_load_records(kao_pack *p, kao_context *ctx, const char *path,
                                 kao_error *err);
kao_status kao_pack_load_people(kao_pack *p, kao_context *ctx, const char *path,
                                kao_error *err);

/* Decode each picture from number `first` on once, on all threads; those that cannot be, or
 * (crops) are no aligned crops, are left out. name: of picture i, into a buffer. */
typedef const char *kao_pack_name_fn(const void *user, size_t i, char *to, size_t cap);
kao_status kao_pack_check(kao_pack *p, size_t first, bool crops, kao_pack_name_fn *name,
                          const void *user, kao_error *err);

#endif
