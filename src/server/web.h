/* The app's files, inside the program (tools/embed_web.py). */
#ifndef KAO_SERVER_WEB_H
#define KAO_SERVER_WEB_H

#include <stddef.h>

typedef struct kao_web_file {
    const char *path; /* "/js/app.js" */
    const char *type, *etag;
    const unsigned char *bytes;
    size_t n;
} kao_web_file;

extern const kao_web_file kao_web_files[];
extern const size_t kao_n_web_files;

#endif
