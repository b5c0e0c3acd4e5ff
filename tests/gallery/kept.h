/* Where tests keep a gallery: in a file, or, where KAO_TEST_POSTGRES names a server (support/postgres.py
 * starts one), in a schema of its own there, with the index in the test's folder. Where KAO_TEST_ENCRYPTED is set,
 * encrypted. */
#ifndef KAO_TESTS_GALLERY_KEPT_H
#define KAO_TESTS_GALLERY_KEPT_H

#include "gallery/gallery.h"
#include "support/fixture.h"

enum { KEPT_BYTES = 400 };

bool kept_on_server(void);
/* How often something is done: so many times, fewer on a server, where each takes longer. */
int kept_times(int n);
/* The key that galleries are made and opened with; NULL: they are in the clear. */
const void *kept_key(void);
/* The gallery's name, as kao_gallery_open takes it. */
void kept_path(const fixture *f, const char *name, char path[KEPT_BYTES]);
/* That of the first model's index. */
void kept_index(kao_gallery *g, char path[KEPT_BYTES]);
/* The gallery's own database, past the gallery. */
kao_db *kept_db(fixture *f, const char *path);
/* A unit vector in the plane of the first two numbers; gives `to`. */
const float *at_degrees(float *to, size_t dim, double degrees);
/* One statement there; its parameters as in kao_db_run. */
#define KEPT_RUN(f, path, ...)                                                         \
 do {                                                                                  \
  kao_db *kept_db_ = kept_db(f, path);                                                 \
  if (kao_db_begin(kept_db_, &(f)->err) ||                                             \
      kao_db_run(kept_db_, &(f)->err, __VA_ARGS__) ||                                  \
      kao_db_commit(kept_db_, &(f)->err))                                              \
   fail_msg("%s", (f)->err.msg);                                                       \
  kao_db_close(kept_db_);                                                              \
 } while (0)

#endif
