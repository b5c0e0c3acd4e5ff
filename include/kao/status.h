/* kao/status.h: how every call of the library reports.
 *
 * A call returns a kao_status for control flow and, where the caller passes a
 * kao_error, fills it with one line for people. The library never prints, never
 * exits and keeps no "last error". All functions here are safe in any thread. */
#ifndef KAO_STATUS_H
#define KAO_STATUS_H

#include <stdint.h>

#if defined(__GNUC__)
# define KAO_API __attribute__((visibility("default")))
#else
# define KAO_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Values are ABI: they are appended, never renumbered. */
typedef enum kao_status {
    KAO_OK = 0,
    KAO_E_ARG = 1,            /* the caller broke the contract */
    KAO_E_NOMEM = 2,          /* memory ran out */
    KAO_E_IO = 3,             /* the system refused; errno is in kao_error.sys */
    KAO_E_FORMAT = 4,         /* the bytes are not what they claim to be */
    KAO_E_UNSUPPORTED = 5,    /* valid, but kao does not do it */
    KAO_E_LIMIT = 6,          /* a documented limit was passed */
    KAO_E_NO_FACE = 7,        /* no face was found in the picture */
    KAO_E_SEVERAL_FACES = 8,  /* more than one face, and one was asked for */
    KAO_E_TOO_SMALL = 9,      /* the face is too small to be recognised */
    KAO_E_BAD_EMBEDDING = 10, /* the network gave NaN or a zero vector */
    KAO_E_UNKNOWN_MODEL = 11, /* no card says what the model's tensors mean */
    KAO_E_CANCELLED = 12,     /* the caller's kao_cancel was requested */
    KAO_E_NOT_FOUND = 13,     /* nothing has that name or number */
    KAO_E_CONFLICT = 14,      /* it contradicts what is there */
    KAO_E_NOT_LIVE = 15,      /* the face looks like a picture of a face */
} kao_status;

typedef struct kao_error {
    kao_status code;
    int sys;         /* errno, or 0 */
    uint64_t offset; /* byte offset in the input, or UINT64_MAX */
    char msg[256];   /* one line, UTF-8, no newline, always terminated */
} kao_error;

/* The stable short name of a status, as in JSON output: "no_face". Never NULL. */
KAO_API const char *kao_status_name(kao_status status);

#ifdef __cplusplus
}
#endif
#endif
