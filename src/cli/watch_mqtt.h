/* What kao watch tells an MQTT broker, for home automation. Topics begin with a prefix, `kao` unless the
 * address has another:
 *
 *   kao/available            "online", "offline"; kept; offline also when kao watch dies
 *   kao/events/CAMERA        each event, the object of --json
 *   kao/matches/NAME         the same of "identified" events of people with a name
 *   kao/cameras/CAMERA       who is there: kept, told after each event
 *
 * Messages are acknowledged (QoS 1). While the broker is away they wait in memory, as many as
 * CLI_MQTT_WAITING; later ones are left out, which is told. */
#ifndef KAO_CLI_WATCH_MQTT_H
#define KAO_CLI_WATCH_MQTT_H

#include "base/json.h"
#include "kao/watch.h"

enum { CLI_MQTT_WAITING = 10000 };

typedef struct cli_mqtt cli_mqtt;

typedef struct cli_mqtt_options {
    const char *url;    /* mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT][/PREFIX] */
    const char *camera; /* a level of topics */
    const kao_cancel *cancel;
} cli_mqtt_options;

/* Back when the broker has let it in. KAO_E_ARG (the address), KAO_E_UNSUPPORTED (no libmosquitto),
 * KAO_E_IO, KAO_E_CANCELLED, KAO_E_NOMEM. */
kao_status cli_mqtt_open(cli_mqtt **out, const cli_mqtt_options *o, kao_error *err);
/* event: of kao_event_json, given away. name: of its person, or NULL. */
bool cli_mqtt_event(cli_mqtt *m, kao_json *event, const kao_track_event *e,
                    const char *name);
/* People who are there now: an array, given away. */
bool cli_mqtt_people(cli_mqtt *m, double time, kao_json *people);
/* Tells that it is offline and waits, some seconds at most, until all is with the broker; what did not get
 * there is told on stderr. NULL is fine. */
void cli_mqtt_close(cli_mqtt *m);

#endif
