/* libmosquitto, by which kao watch tells an MQTT broker, looked for when that is asked for (dlopen). Its header
 * is needed where kao is built; in a build without it there is no --mqtt. */
#ifndef KAO_CLI_MOSQUITTO_H
#define KAO_CLI_MOSQUITTO_H

#include <mosquitto.h>

/* clang-format off */
#define KAO_MOSQUITTO_CALLS(X)                                                               \
    X(mosquitto_connack_string) X(mosquitto_connect) X(mosquitto_connect_callback_set)       \
    X(mosquitto_destroy) X(mosquitto_disconnect) X(mosquitto_disconnect_callback_set)        \
    X(mosquitto_lib_init) X(mosquitto_loop_start) X(mosquitto_loop_stop) X(mosquitto_new)    \
    X(mosquitto_publish) X(mosquitto_publish_callback_set) X(mosquitto_strerror)             \
    X(mosquitto_int_option) X(mosquitto_username_pw_set)              \
    X(mosquitto_will_set)
/* clang-format on */

typedef struct kao_mosquitto {
#define KAO_MOSQUITTO_FIELD(name) __typeof__(name) *name;
    KAO_MOSQUITTO_CALLS(KAO_MOSQUITTO_FIELD)
#undef KAO_MOSQUITTO_FIELD
} kao_mosquitto;

#endif
