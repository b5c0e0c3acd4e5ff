/* See watch_mqtt.h. libmosquitto's own thread talks to the broker, and comes back to one that was away. */
#include "cli/watch_mqtt.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/library.h"
#include "base/text.h"
#include "cli/mosquitto.h"

enum {
    PORT = 1883,
    PORT_TLS = 8883,
    KEEP_ALIVE_S = 30,
    ENTRY_S = 10, /* for the broker's word at the beginning */
    AWAY_S = 5,   /* for what a broker that is away has not acknowledged at the end, */
    FAREWELL_S = 30, /* and one that is there */
    LOOK_MS = 50,
    TOPIC_MOST = 1024, /* a name may have a thousand bytes: cut */
    PART_MOST = 256,
};

typedef struct address {
    char user[PART_MOST], password[PART_MOST], host[PART_MOST], prefix[PART_MOST];
    int port;
    bool tls;
} address;

struct cli_mqtt {
    kao_mosquitto calls;
    struct mosquitto *client;
    address at;
    char camera[PART_MOST];
    pthread_mutex_t lock; /* for what follows, which the library's thread sets */
    bool answered, is_there, told_away;
    int answer; /* of the broker, to the first connection */
    uint64_t sent, acknowledged;
    uint64_t left_out; /* as too many waited */
    bool told_full;
};

/* ---- the address ---- */

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* n bytes of a URL, %XX decoded. False: too long, or no such code. */
static bool take_part(const char *from, size_t n, char to[PART_MOST])
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        char c = from[i];

        if (c == '%') {
            if (n - i < 3 || hex(from[i + 1]) < 0 || hex(from[i + 2]) < 0)
                return false;
            c = (char)(hex(from[i + 1]) * 16 + hex(from[i + 2]));
            i += 2;
        }
        if (k + 1 >= PART_MOST || c == '\0')
            return false;
        to[k++] = c;
    }
    to[k] = '\0';
    return true;
}

/* Behind the scheme: HOST[:PORT], with an address of IPv6 in brackets. */
static bool take_host(const char *from, size_t n, address *a)
{
    const char *end = from + n, *port = memchr(from, ':', n);

    if (n && *from == '[') {
        const char *close = memchr(from, ']', n);

        if (!close || !take_part(from + 1, (size_t)(close - from) - 1, a->host))
            return false;
        port = close + 1 < end ? close + 1 : NULL;
        if (port && *port != ':')
            return false;
    } else if (!take_part(from, port ? (size_t)(port - from) : n, a->host)) {
        return false;
    }
    if (!port)
        return a->host[0];
    long number = 0;

    for (const char *c = port + 1; c < end; c++) {
        if (*c < '0' || *c > '9' || number > 65535)
            return false;
        number = number * 10 + (*c - '0');
    }
    a->port = (int)number;
    return a->host[0] && number > 0 && number <= 65535;
}

static bool take_address(const char *url, address *a)
{
    a->tls = strncmp(url, "mqtts://", 8) == 0;
    if (!a->tls && strncmp(url, "mqtt://", 7) != 0)
        return false;
    a->port = a->tls ? PORT_TLS : PORT;
    const char *rest = url + (a->tls ? 8 : 7), *slash = strchr(rest, '/');
    size_t n = slash ? (size_t)(slash - rest) : strlen(rest);
    const char *host = rest;

    for (size_t i = 0; i < n; i++) /* the last one: a password may have some */
        host = rest[i] == '@' ? rest + i + 1 : host;
    if (host > rest) {
        const size_t who = (size_t)(host - rest) - 1;
        const char *colon = memchr(rest, ':', who);

        if (!take_part(rest, colon ? (size_t)(colon - rest) : who, a->user) ||
            (colon &&
             !take_part(colon + 1, who - (size_t)(colon - rest) - 1, a->password)) ||
            (a->password[0] && !a->user[0])) /* whom nobody would ask for it */
            return false;
        n -= who + 1;
    }
    snprintf(a->prefix, sizeof a->prefix, "kao");
    if (slash && slash[1] && !take_part(slash + 1, strlen(slash + 1), a->prefix))
        return false;
    /* no wildcards, which nothing can be told to */
    return take_host(host, n, a) && !strpbrk(a->prefix, "+#");
}

/* Characters that a topic may not have: Unicode's noncharacters, U+FDD0 to U+FDEF and the last two of each plane. */
static bool is_none(const unsigned char *s, size_t n)
{
    if (n == 3 && s[0] == 0xef && s[1] == 0xb7)
        return s[2] >= 0x90 && s[2] <= 0xaf;
    return n >= 3 && s[n - 1] >= 0xbe && s[n - 2] == 0xbf &&
           (n == 3 ? s[0] == 0xef : (s[1] & 0x0f) == 0x0f);
}

/* A level of a topic: what has a meaning in topics, or none, becomes '_'. */
static void put_level(const char *name, char to[PART_MOST])
{
    char whole[PART_MOST], *end = to;

    snprintf(whole, sizeof whole, "%.*s", (int)kao_utf8_cut(name, sizeof whole - 1),
             name);
    kao_text_clean(whole);
    for (const unsigned char *c = (const unsigned char *)whole; *c;) {
        const size_t n = kao_utf8_length(c);
        const bool plain = !strchr("/+#", *c) && !is_none(c, n);

        memcpy(end, plain ? (const char *)c : "_", plain ? n : 1);
        end += plain ? n : 1;
        c += n;
    }
    *end = '\0';
}

/* ---- what the library's thread tells ---- */

static void on_connect(struct mosquitto *client, void *user, int code)
{
    cli_mqtt *m = user;
    char topic[TOPIC_MOST];

    pthread_mutex_lock(&m->lock);
    if (!m->answered)
        m->answer = code;
    m->answered = true;
    const bool back = code == 0 && m->told_away;

    m->is_there = code == 0;
    m->told_away = m->told_away && code != 0;
    m->told_full = m->told_full && code != 0;
    m->sent += code == 0;
    pthread_mutex_unlock(&m->lock);
    if (code)
        return;
    if (back)
        fprintf(stderr, "kao watch: the MQTT broker %s is there again\n", m->at.host);
    snprintf(topic, sizeof topic, "%s/available", m->at.prefix);
    if (m->calls.mosquitto_publish(client, NULL, topic, 6, "online", 1, true)) {
        pthread_mutex_lock(&m->lock);
        m->sent--;
        pthread_mutex_unlock(&m->lock);
    }
}

static void on_disconnect(struct mosquitto *client, void *user, int code)
{
    cli_mqtt *m = user;

    (void)client;
    pthread_mutex_lock(&m->lock);
    const bool tell = code && m->is_there && !m->told_away;

    m->is_there = false;
    m->told_away = m->told_away || tell;
    pthread_mutex_unlock(&m->lock);
    if (tell)
        fprintf(stderr, "kao watch: the MQTT broker %s is away; trying again\n",
                m->at.host);
}

static void on_publish(struct mosquitto *client, void *user, int id)
{
    cli_mqtt *m = user;

    (void)client, (void)id;
    pthread_mutex_lock(&m->lock);
    m->acknowledged++;
    pthread_mutex_unlock(&m->lock);
}

/* ---- opening ---- */

static kao_status open_library(kao_mosquitto *c, kao_error *err)
{
    void *library = kao_library_open("libmosquitto.so.1");
    bool found = library != NULL;

#define FIND(name) found = found && kao_library_find(library, #name, &c->name);
    KAO_MOSQUITTO_CALLS(FIND)
#undef FIND
    if (found && c->mosquitto_lib_init() == MOSQ_ERR_SUCCESS)
        return KAO_OK;
    return kao_fail(err, KAO_E_UNSUPPORTED,
                    "--mqtt needs libmosquitto, which is not on this machine; Debian: "
                    "apt-get install libmosquitto1");
}

static kao_status fail(const cli_mqtt *m, int code, kao_error *err)
{
    if (code == MOSQ_ERR_NOMEM)
        return kao_fail(err, KAO_E_NOMEM, "--mqtt: out of memory");
    return kao_fail(err, KAO_E_IO, "--mqtt: %s:%d: %s", m->at.host, m->at.port,
                    code == MOSQ_ERR_ERRNO ? strerror(errno)
                                           : m->calls.mosquitto_strerror(code));
}

static void nap(void)
{
    const struct timespec t = { 0, LOOK_MS * 1000000L };

    nanosleep(&t, NULL);
}

/* Until the broker has said something to the first connection. */
static kao_status wait_for_answer(cli_mqtt *m, const kao_cancel *cancel, kao_error *err)
{
    const double begun = kao_clock_seconds();

    for (;;) {
        pthread_mutex_lock(&m->lock);
        const bool answered = m->answered;
        const int answer = m->answer;

        pthread_mutex_unlock(&m->lock);
        if (answered)
            return answer == 0 ? KAO_OK
                               : kao_fail(err, KAO_E_IO, "--mqtt: %s:%d: %s",
                                          m->at.host, m->at.port,
                                          m->calls.mosquitto_connack_string(answer));
        if (kao_cancelled(cancel))
            return kao_fail(err, KAO_E_CANCELLED, "cancelled");
        if (kao_clock_seconds() - begun > ENTRY_S)
            return kao_fail(err, KAO_E_IO, "--mqtt: %s:%d: no answer", m->at.host,
                            m->at.port);
        nap();
    }
}

static kao_status enter(cli_mqtt *m, const kao_cancel *cancel, kao_error *err)
{
    const kao_mosquitto *c = &m->calls;
    char topic[TOPIC_MOST];
    int code = MOSQ_ERR_SUCCESS;

    m->client = c->mosquitto_new(NULL, true, m);
    if (!m->client)
        return kao_fail(err, KAO_E_NOMEM, "--mqtt: out of memory");
    c->mosquitto_connect_callback_set(m->client, on_connect);
    c->mosquitto_disconnect_callback_set(m->client, on_disconnect);
    c->mosquitto_publish_callback_set(m->client, on_publish);
    snprintf(topic, sizeof topic, "%s/available", m->at.prefix);
    code = c->mosquitto_will_set(m->client, topic, 7, "offline", 1, true);
    if (!code && m->at.user[0])
        code = c->mosquitto_username_pw_set(m->client, m->at.user,
                                            m->at.password[0] ? m->at.password : NULL);
    if (!code && m->at.tls) /* who is trusted: as OpenSSL does on this machine */
        code = c->mosquitto_int_option(m->client, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
    if (!code)
        code = c->mosquitto_connect(m->client, m->at.host, m->at.port, KEEP_ALIVE_S);
    if (!code)
        code = c->mosquitto_loop_start(m->client);
    if (code &&
        kao_cancelled(cancel)) /* Ctrl-C: what interrupted it is no broker's fault */
        return kao_fail(err, KAO_E_CANCELLED, "cancelled");
    return code ? fail(m, code, err) : wait_for_answer(m, cancel, err);
}

static void end(cli_mqtt *m)
{
    if (m->client) {
        m->calls.mosquitto_disconnect(m->client);
        m->calls.mosquitto_loop_stop(m->client, true);
        m->calls.mosquitto_destroy(m->client);
    }
    pthread_mutex_destroy(&m->lock);
    free(m);
}

kao_status cli_mqtt_open(cli_mqtt **out, const cli_mqtt_options *o, kao_error *err)
{
    cli_mqtt *m = calloc(1, sizeof *m);

    *out = NULL;
    if (!m || pthread_mutex_init(&m->lock, NULL)) {
        free(m);
        return kao_fail(err, KAO_E_NOMEM, "--mqtt: out of memory");
    }
    put_level(o->camera, m->camera);
    kao_status st = take_address(o->url, &m->at)
                        ? open_library(&m->calls, err)
                        : kao_fail(err, KAO_E_ARG,
                                   "--mqtt: wanted "
                                   "mqtt://[USER[:PASSWORD]@]HOST[:PORT][/PREFIX]");

    if (!st)
        st = enter(m, o->cancel, err);
    if (st) {
        end(m);
        return st;
    }
    *out = m;
    return KAO_OK;
}

/* ---- telling ---- */

static bool tell(cli_mqtt *m, const char *kind, const char *level, const char *text,
                 bool keep)
{
    char topic[TOPIC_MOST];

    snprintf(topic, sizeof topic, "%s/%s%s%s", m->at.prefix, kind, level ? "/" : "",
             level ? level : "");
    pthread_mutex_lock(&m->lock);
    const bool full = m->sent - m->acknowledged >= CLI_MQTT_WAITING,
               is_news = full && !m->told_full;

    m->sent += !full;
    m->left_out += full;
    m->told_full = m->told_full || full;
    pthread_mutex_unlock(&m->lock);
    if (is_news)
        fprintf(
            stderr,
            "kao watch: %d messages wait for the MQTT broker %s: more are left out\n",
            CLI_MQTT_WAITING, m->at.host);
    if (full)
        return true;
    /* what cannot go now waits */
    const int code = m->calls.mosquitto_publish(m->client, NULL, topic,
                                                (int)strlen(text), text, 1, keep);
    const bool ok = code == MOSQ_ERR_SUCCESS || code == MOSQ_ERR_NO_CONN ||
                    code == MOSQ_ERR_CONN_LOST;

    if (ok)
        return true;
    fprintf(stderr, "kao watch: %s: %s\n", topic, m->calls.mosquitto_strerror(code));
    pthread_mutex_lock(&m->lock);
    m->sent--; /* nobody will acknowledge it */
    m->left_out++;
    pthread_mutex_unlock(&m->lock);
    return false;
}

bool cli_mqtt_event(cli_mqtt *m, kao_json *event, const kao_track_event *e,
                    const char *name)
{
    char *text = kao_json_text(event);
    char level[PART_MOST];
    bool ok = text && tell(m, "events", m->camera, text, false);

    if (ok && e->kind == KAO_TRACK_IDENTIFIED && e->person && name && *name) {
        put_level(name, level);
        ok = tell(m, "matches", level, text, false);
    }
    free(text);
    return ok;
}

bool cli_mqtt_people(cli_mqtt *m, double time, kao_json *people)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "camera", kao_json_string(m->camera));
    kao_json_set(o, "time", kao_json_number(time));
    kao_json_set(o, "count", kao_json_integer((int64_t)kao_json_length(people)));
    kao_json_set(o, "people", people);
    char *text = kao_json_text(o);
    const bool ok = text && tell(m, "cameras", m->camera, text, true);

    free(text);
    return ok;
}

void cli_mqtt_close(cli_mqtt *m)
{
    uint64_t left = 0;
    double patience = 0;

    if (!m)
        return;
    const double begun = kao_clock_seconds();

    tell(m, "available", NULL, "offline", true);
    do {
        pthread_mutex_lock(&m->lock);
        left = m->sent - m->acknowledged;
        patience = m->is_there ? FAREWELL_S : AWAY_S;
        pthread_mutex_unlock(&m->lock);
        if (left)
            nap();
    } while (left && kao_clock_seconds() - begun < patience);
    left += m->left_out;
    if (left)
        fprintf(stderr, "kao watch: %llu messages did not reach the MQTT broker\n",
                (unsigned long long)left);
    end(m);
}
