/* SQLite in a build without it: no gallery of that kind can be opened, so nothing else is called. */
#include "gallery/db_calls.h"

static kao_status ready(const char *name, kao_error *err)
{
    (void)name;
    return kao_fail(err, KAO_E_UNSUPPORTED, "left out of this build");
}

static kao_status refuse(kao_mem *mem, kao_db **out, const char *name,
                         const kao_db_options *options, kao_error *err)
{
    (void)mem, (void)out, (void)options;
    return kao_fail(err, KAO_E_UNSUPPORTED, "%s: galleries are not in this build",
                    name);
}

const kao_db_calls kao_db_sqlite = { .ready = ready, .open = refuse };
