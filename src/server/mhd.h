/* libmicrohttpd, looked for when a server starts (dlopen): linked, it and the dozen libraries that it
 * needs would be loaded at the start of every run. Its headers are needed where kao is built. */
#ifndef KAO_SERVER_MHD_H
#define KAO_SERVER_MHD_H

#include <microhttpd.h>

#include "kao/status.h"

/* clang-format off */
#define KAO_MHD_CALLS(X)                                                                       \
    X(MHD_add_response_header) X(MHD_create_post_processor)                                \
    X(MHD_create_response_from_buffer) X(MHD_create_response_from_callback)                \
    X(MHD_create_response_from_fd64)                                                       \
    X(MHD_destroy_post_processor) X(MHD_destroy_response) X(MHD_get_connection_info)       \
    X(MHD_get_connection_values) X(MHD_is_feature_supported) X(MHD_lookup_connection_value) \
    X(MHD_post_process) X(MHD_queue_response) X(MHD_quiesce_daemon) X(MHD_resume_connection) \
    X(MHD_start_daemon) X(MHD_stop_daemon) X(MHD_suspend_connection)
/* clang-format on */

typedef struct kao_mhd {
#define KAO_MHD_FIELD(name) __typeof__(name) *name;
    KAO_MHD_CALLS(KAO_MHD_FIELD)
#undef KAO_MHD_FIELD
} kao_mhd;

/* KAO_E_UNSUPPORTED where the machine lacks it; the line says which package has it. */
kao_status kao_mhd_open(kao_mhd *m, kao_error *err);

/* For the library: %XX in place; what is none, and %00, which would end the text, stay as they are. */
size_t kao_mhd_unescape(void *user, struct MHD_Connection *connection, char *s);

#endif
