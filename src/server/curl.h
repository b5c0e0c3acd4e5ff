/* libcurl, by which webhooks are called, looked for when a server starts that has some (dlopen): linked, it
 * and the two dozen libraries that it needs would be loaded at the start of every run. Its headers are needed
 * where kao is built; in a build without them there are no webhooks. */
#ifndef KAO_SERVER_CURL_H
#define KAO_SERVER_CURL_H

#define CURL_DISABLE_TYPECHECK /* its macros would take the names of the functions */
#include <curl/curl.h>

#include "kao/status.h"

/* clang-format off */
#define KAO_CURL_CALLS(X)                                                                    \
    X(curl_easy_cleanup) X(curl_easy_getinfo) X(curl_easy_init) X(curl_easy_perform)         \
    X(curl_easy_setopt) X(curl_easy_strerror) X(curl_global_init) X(curl_slist_append)       \
    X(curl_slist_free_all)
/* clang-format on */

#undef curl_easy_getinfo
#undef curl_easy_setopt

typedef struct kao_curl {
#define KAO_CURL_FIELD(name) __typeof__(name) *name;
    KAO_CURL_CALLS(KAO_CURL_FIELD)
#undef KAO_CURL_FIELD
} kao_curl;

#endif
