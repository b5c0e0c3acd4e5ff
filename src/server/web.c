/* Which file of the app a path is. */
#include <string.h>

#include "server/routes.h"
#include "server/web.h"

bool kao_web_find(kao_call *c)
{
    const char *path = strcmp(c->path, "/") == 0        ? "/index.html"
                       : strcmp(c->path, "/trust") == 0 ? "/trust.html"
                                                        : c->path;

    if (strcmp(c->method, "GET") != 0 && strcmp(c->method, "HEAD") != 0)
        return false;
    for (size_t i = 0; i < kao_n_web_files; i++) {
        const kao_web_file *f = &kao_web_files[i];
        const char *has = kao_call_header(c, "if-none-match");

        if (strcmp(f->path, path) != 0)
            continue;
        c->type = f->type;
        c->etag = f->etag;
        c->still = f->bytes;
        c->n_still = f->n;
        c->status = 200;
        if (has && strcmp(has, f->etag) == 0) {
            c->status = 304;
            c->n_still = 0;
        }
        return true;
    }
    return false;
}
