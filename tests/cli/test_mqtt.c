/* A broker that takes all and acknowledges nothing: what waits for it is bounded. libmosquitto is played here. */
#include "support/unit.h"

#include <errno.h>
#include <stdio.h>

#include "base/cancel.h"
#include "base/library.h"
#include "cli/mosquitto.h"
#include "cli/watch_mqtt.h"

static struct broker {
    void *user;
    void (*connected)(struct mosquitto *, void *, int);
    void (*published)(struct mosquitto *, void *, int);
    int n_published;
    bool is_prompt;  /* what comes is acknowledged */
    bool refuses;    /* the library takes nothing */
    kao_cancel stop; /* requested while it connects, where it is absent */
    bool is_absent;
    char last[256];
} broker;

/* ---- libmosquitto ---- */

static struct mosquitto *make(const char *id, bool clean, void *user)
{
    (void)id, (void)clean;
    broker.user = user;
    return (struct mosquitto *)&broker;
}

static int fine(void)
{
    return MOSQ_ERR_SUCCESS;
}

static void on_connect(struct mosquitto *m, void (*f)(struct mosquitto *, void *, int))
{
    (void)m;
    broker.connected = f;
}

static void on_publish(struct mosquitto *m, void (*f)(struct mosquitto *, void *, int))
{
    (void)m;
    broker.published = f;
}

static int reach(struct mosquitto *m, const char *host, int port, int seconds)
{
    (void)m, (void)host, (void)port, (void)seconds;
    if (!broker.is_absent)
        return MOSQ_ERR_SUCCESS;
    kao_cancel_request(&broker.stop);
    errno = EINTR;
    return MOSQ_ERR_ERRNO;
}

static int begin(struct mosquitto *m)
{
    broker.connected(m, broker.user, 0);
    return MOSQ_ERR_SUCCESS;
}

static int publish(struct mosquitto *m, int *id, const char *topic, int n,
                   const void *text, int qos, bool keep)
{
    (void)m, (void)id, (void)keep;
    assert_int_equal(qos, 1);
    if (broker.refuses)
        return MOSQ_ERR_NOMEM;
    broker.n_published++;
    snprintf(broker.last, sizeof broker.last, "%s %.*s", topic, n, (const char *)text);
    if (broker.is_prompt)
        broker.published(m, broker.user, 1);
    return MOSQ_ERR_SUCCESS;
}

static void acknowledge(int n)
{
    for (int i = 0; i < n; i++)
        broker.published(NULL, broker.user, i);
}

void *kao_library_open(const char *soname)
{
    return strcmp(soname, "libmosquitto.so.1") == 0 ? &broker : NULL;
}

bool kao_library_find(void *library, const char *name, void *to)
{
    static const struct {
        const char *name;
        void (*function)(void);
    } rows[] = {
        { "mosquitto_new", (void (*)(void))make },
        { "mosquitto_connect_callback_set", (void (*)(void))on_connect },
        { "mosquitto_publish_callback_set", (void (*)(void))on_publish },
        { "mosquitto_connect", (void (*)(void))reach },
        { "mosquitto_loop_start", (void (*)(void))begin },
        { "mosquitto_publish", (void (*)(void))publish },
    };
    void (*function)(void) = (void (*)(void))fine;

    assert_ptr_equal(library, &broker);
    for (size_t i = 0; i < COUNT(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            function = rows[i].function;
    memcpy(to, &function, sizeof function);
    return true;
}

/* ---- the test ---- */

static void event(cli_mqtt *m, int64_t track)
{
    const kao_track_event e = { .kind = KAO_TRACK_APPEARED };
    kao_json *o = kao_json_object();

    kao_json_set(o, "track", kao_json_integer(track));
    assert_true(cli_mqtt_event(m, o, &e, NULL));
}

static void what_waits_is_bounded(void **state)
{
    const cli_mqtt_options o = { .url = "mqtt://user:word@[::1]:1884/home",
                                 .camera = "door/1" };
    cli_mqtt *m = NULL;
    kao_error err;

    (void)state;
    assert_int_equal(cli_mqtt_open(&m, &o, &err), KAO_OK);
    assert_string_equal(broker.last, "home/available online");
    for (int i = 1; i < CLI_MQTT_WAITING; i++)
        event(m, i);
    assert_int_equal(broker.n_published, CLI_MQTT_WAITING);
    assert_string_equal(broker.last, "home/events/door_1 {\"track\":9999}");
    for (int i = 0; i < 100; i++)
        event(m, CLI_MQTT_WAITING + i);
    assert_int_equal(broker.n_published, CLI_MQTT_WAITING);
    acknowledge(1);
    event(m, 1);
    event(m, 2);
    assert_int_equal(broker.n_published, CLI_MQTT_WAITING + 1);
    assert_string_equal(broker.last, "home/events/door_1 {\"track\":1}");
    acknowledge(CLI_MQTT_WAITING);
    event(m, 3);
    assert_string_equal(broker.last, "home/events/door_1 {\"track\":3}");
    acknowledge(1);
    broker.is_prompt = true;
    cli_mqtt_close(m);
    assert_string_equal(broker.last, "home/available offline");
}

/* libmosquitto publishes to no topic with a noncharacter. */
static void what_names_are_in_topics(void **state)
{
    static const struct {
        const char *name, *level;
    } rows[] = {
        { "Ana 顔", "Ana 顔" },
        { "a/b+c#", "a_b_c_" },
        { "\xef\xb7\x8f\xef\xb7\x90\xef\xb7\xaf\xef\xb7\xb0",
          "\xef\xb7\x8f__\xef\xb7\xb0" }, /* U+FDCF .. FDF0 */
        { "\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf", "\xef\xbf\xbd__" },
        { "\xf0\x9f\xbf\xbd\xf0\x9f\xbf\xbe", "\xf0\x9f\xbf\xbd_" }, /* U+1FFFE */
        { "\xf4\x8f\xbf\xbf\xf0\x9f\xae\xbf", "_\xf0\x9f\xae\xbf" },
        { "\xe3\xbf\xbe", "\xe3\xbf\xbe" }, /* U+3FFE */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const cli_mqtt_options o = { .url = "mqtt://h", .camera = rows[i].name };
        char wanted[64];
        cli_mqtt *m = NULL;
        kao_error err;

        broker.is_prompt = true;
        assert_int_equal(cli_mqtt_open(&m, &o, &err), KAO_OK);
        event(m, 1);
        snprintf(wanted, sizeof wanted, "kao/events/%s {\"track\":1}", rows[i].level);
        assert_string_equal(broker.last, wanted);
        cli_mqtt_close(m);
    }
}

/* Nobody acknowledges what the library did not take: it does not wait, and is not waited for. */
static void what_is_refused_does_not_wait(void **state)
{
    const cli_mqtt_options o = { .url = "mqtt://h", .camera = "door" };
    cli_mqtt *m = NULL;
    kao_error err;

    (void)state;
    broker.is_prompt = true;
    assert_int_equal(cli_mqtt_open(&m, &o, &err), KAO_OK);
    broker.is_prompt = false;
    broker.refuses = true;
    assert_false(cli_mqtt_people(m, 1, kao_json_array()));
    broker.refuses = false;
    broker.n_published = 0;
    for (int i = 0; i < CLI_MQTT_WAITING; i++)
        event(m, i);
    assert_int_equal(broker.n_published, CLI_MQTT_WAITING);
    acknowledge(CLI_MQTT_WAITING);
    broker.is_prompt = true;
    cli_mqtt_close(m);
}

static void what_is_interrupted_is_cancelled(void **state)
{
    const cli_mqtt_options o = { .url = "mqtt://h",
                                 .camera = "door",
                                 .cancel = &broker.stop };
    cli_mqtt *m = NULL;
    kao_error err;

    (void)state;
    broker.is_absent = true;
    assert_int_equal(cli_mqtt_open(&m, &o, &err), KAO_E_CANCELLED);
    assert_null(m);
    broker.is_absent = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_is_bounded),
        cmocka_unit_test(what_names_are_in_topics),
        cmocka_unit_test(what_is_refused_does_not_wait),
        cmocka_unit_test(what_is_interrupted_is_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
