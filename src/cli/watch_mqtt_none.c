/* kao watch --mqtt in a build without libmosquitto's header. */
#include "base/error.h"
#include "cli/watch_mqtt.h"

kao_status cli_mqtt_open(cli_mqtt **out, const cli_mqtt_options *o, kao_error *err)
{
    (void)o;
    *out = NULL;
    return kao_fail(err, KAO_E_UNSUPPORTED,
                    "--mqtt: this kao was built without libmosquitto");
}

bool cli_mqtt_event(cli_mqtt *m, kao_json *event, const kao_track_event *e,
                    const char *name)
{
    (void)m, (void)e, (void)name;
    kao_json_free(event);
    return false;
}

bool cli_mqtt_people(cli_mqtt *m, double time, kao_json *people)
{
    (void)m, (void)time;
    kao_json_free(people);
    return false;
}

void cli_mqtt_close(cli_mqtt *m)
{
    (void)m;
}
