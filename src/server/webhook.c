/* See webhook.h. */
#define _GNU_SOURCE /* memmem */
#include "server/webhook.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/library.h"
#include "server/curl.h"
#include "server/events.h"
#include "server/log.h"

enum {
    EVENTS_ONCE = 20, /* after which the gallery keeps how far it is */
    CONNECT_SECONDS = 5,
    ANSWER_SECONDS = 10,
    LOOK_SECONDS = 15,
    BODY_MOST = 64 << 10,
    CA_MOST = 4 << 20,
};

static const double pause_least = 1, pause_most = 60;

typedef struct webhook {
    kao_webhooks *all;
    size_t number; /* from 1 */
    const char *url;
    char shown[KAO_ADDRESS_SHOWN];
    char mark
        [KAO_SHA256_TEXT]; /* by which the gallery knows it; the address may have a password */
    pthread_t thread;
    bool running;
    kao_worker w; /* its gallery alone */
    CURL *curl;
    kao_bytes body;
    int64_t at; /* the last event that it has */
    bool fails; /* which was told */
} webhook;

struct kao_webhooks {
    kao_context *ctx;
    const kao_server_options *o;
    kao_streams *streams;
    kao_curl calls;
    struct curl_slist *head;
    atomic_bool stopping;
    size_t n;
    webhook list[WEBHOOKS_MOST];
};

/* ---- the library ---- */

static kao_status open_library(kao_curl *c, kao_error *err)
{
    void *library = kao_library_open("libcurl-gnutls.so.4");

    library = library ? library : kao_library_open("libcurl.so.4");
    bool found = library != NULL;

#define FIND(name) found = found && kao_library_find(library, #name, &c->name);
    KAO_CURL_CALLS(FIND)
#undef FIND
    if (found && c->curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        return KAO_OK;
    return kao_fail(err, KAO_E_UNSUPPORTED,
                    "--webhook needs libcurl, which is not on this machine; Debian: "
                    "apt-get install libcurl3-gnutls");
}

static size_t drop_answer(char *bytes, size_t size, size_t n, void *user)
{
    (void)bytes, (void)user;
    return size * n;
}

static int is_stopping(void *user, curl_off_t a, curl_off_t b, curl_off_t c,
                       curl_off_t d)
{
    const kao_webhooks *all = user;

    (void)a, (void)b, (void)c, (void)d;
    return atomic_load(&all->stopping);
}

/* No proxy, no other address that an answer leads to. */
static bool prepare(webhook *h)
{
    const kao_curl *c = &h->all->calls;
    const char *ca = h->all->o->webhook_ca;

    h->curl = c->curl_easy_init();
    return h->curl && !c->curl_easy_setopt(h->curl, CURLOPT_URL, h->url) &&
           !c->curl_easy_setopt(h->curl, CURLOPT_PROXY, "") &&
           (!ca || !c->curl_easy_setopt(h->curl, CURLOPT_CAINFO, ca)) &&
           !c->curl_easy_setopt(h->curl, CURLOPT_FOLLOWLOCATION, 0L) &&
           !c->curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L) &&
           !c->curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT,
                                (long)CONNECT_SECONDS) &&
           !c->curl_easy_setopt(h->curl, CURLOPT_TIMEOUT, (long)ANSWER_SECONDS) &&
           !c->curl_easy_setopt(h->curl, CURLOPT_USERAGENT, "kao") &&
           !c->curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, h->all->head) &&
           !c->curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, drop_answer) &&
           !c->curl_easy_setopt(h->curl, CURLOPT_XFERINFOFUNCTION, is_stopping) &&
           !c->curl_easy_setopt(h->curl, CURLOPT_XFERINFODATA, h->all) &&
           !c->curl_easy_setopt(h->curl, CURLOPT_NOPROGRESS, 0L);
}

/* A name that nobody looks up would hold up the end: its thread is left behind then. */
static void hurry(webhook *h)
{
#if LIBCURL_VERSION_NUM >= 0x075700
    h->all->calls.curl_easy_setopt(h->curl, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)h;
#endif
}

/* ---- sending ---- */

/* An answer that another try may change. */
static bool may_change(long status)
{
    return status >= 500 || status == 408 || status == 429;
}

/* An event that the address does not want is told and left out. */
static kao_status post(void *user, int64_t number, kao_json *event, kao_error *err)
{
    webhook *h = user;
    const kao_curl *c = &h->all->calls;
    long status = 0;

    h->body.n = 0;
    if (!kao_json_put(event, &h->body))
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    c->curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE, (long)h->body.n);
    c->curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, h->body.p);
    const CURLcode code = c->curl_easy_perform(h->curl);

    if (atomic_load(&h->all->stopping))
        return kao_fail(err, KAO_E_CANCELLED, "the server stops");
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return kao_fail(
            err, KAO_E_IO,
            "its certificate is of another name, or by nobody who is trusted "
            "(--webhook-ca)");
    if (code)
        return kao_fail(err, KAO_E_IO, "%s", c->curl_easy_strerror(code));
    c->curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
    if (may_change(status))
        return kao_fail(err, KAO_E_IO, "it answers %ld", status);
    if (status < 200 || status > 299)
        kao_log(h->all->o, "webhook %zu (%s): event %lld was refused: %ld", h->number,
                h->shown, (long long)number, status);
    return KAO_OK;
}

/* All there are; false: it has to be tried again. */
static bool deliver(webhook *h)
{
    kao_error err = { 0 };
    int64_t before = h->at;
    kao_status st = KAO_OK;

    do {
        before = h->at;
        st = kao_events_read(&h->w, &h->at, EVENTS_ONCE, post, h, &err);
        if (h->at != before) { /* whatever came then: these were taken */
            kao_error own = { 0 };
            const kao_status kept =
                kao_gallery_set_event_mark(h->w.gallery, h->mark, h->at, &own);

            if (!st && kept)
                err = own;
            st = st ? st : kept;
        }
    } while (!st && h->at != before && !atomic_load(&h->all->stopping));
    if (st && st != KAO_E_CANCELLED && !h->fails)
        kao_log(h->all->o, "webhook %zu (%s): %s; trying again", h->number, h->shown,
                err.msg);
    else if (!st && h->fails)
        kao_log(h->all->o, "webhook %zu (%s): it takes events again", h->number,
                h->shown);
    h->fails = st != KAO_OK;
    return !st;
}

static void *run(void *user)
{
    webhook *h = user;
    double pause = pause_least, until = 0;
    uint64_t seen = 0;

    do {
        const double now = kao_clock_seconds();

        if (now < until)
            continue;
        if (deliver(h)) {
            pause = pause_least;
        } else {
            until = now + pause;
            pause = pause < pause_most / 2 ? 2 * pause : pause_most;
        }
    } while (kao_streams_wait_events(h->all->streams, &seen,
                                     until > kao_clock_seconds() ? 1 : LOOK_SECONDS));
    return NULL;
}

/* ---- all ---- */

/* The first time it gets what is new from now on; what it has of another gallery says nothing. */
static kao_status find_mark(webhook *h, kao_error *err)
{
    uint32_t known = 0;
    int64_t last = 0;

    kao_sha256((kao_span){ (const uint8_t *)h->url, strlen(h->url) }, h->mark);
    kao_status st = kao_gallery_event_mark(h->w.gallery, h->mark, &h->at, &known, err);

    if (!st)
        st = kao_gallery_last_event(h->w.gallery, &last, err);
    if (st || (known && h->at <= last))
        return st;
    h->at = last;
    return kao_gallery_set_event_mark(h->w.gallery, h->mark, h->at, err);
}

static kao_status begin(webhook *h, kao_error *err)
{
    const kao_gallery_options how = { .key = h->w.o->gallery_key };
    kao_status st =
        kao_gallery_open(h->w.ctx, &h->w.gallery, h->w.o->gallery, &how, err);

    if (!st)
        st = find_mark(h, err);
    if (!st && !prepare(h))
        st = kao_fail(err, KAO_E_ARG, "--webhook %s: no address that can be called",
                      h->shown);
    if (!st)
        hurry(h);
    const int e = st ? 0 : pthread_create(&h->thread, NULL, run, h);

    if (e)
        st = kao_fail_sys(err, KAO_E_IO, e, "a thread could not be started");
    h->running = !st;
    return st;
}

/* Read anew for each connection: that there is something in it is looked at here. */
static kao_status check_ca(kao_webhooks *all, kao_error *err)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    kao_file f = { 0 };
    kao_status st = kao_file_open(&f, &all->ctx->mem, all->o->webhook_ca, CA_MOST, err);

    if (!st && !memmem(f.bytes.p, f.bytes.n, begin, sizeof begin - 1))
        st = kao_fail(err, KAO_E_ARG, "%s: no certificate (PEM) is in it",
                      all->o->webhook_ca);
    kao_file_close(&f);
    return st ? kao_error_prefix(err, st, "--webhook-ca") : KAO_OK;
}

static kao_status add(kao_webhooks *all, const char *url, kao_error *err)
{
    webhook *h = &all->list[all->n++];
    const size_t scheme = strncmp(url, "http://", 7) == 0    ? 7
                          : strncmp(url, "https://", 8) == 0 ? 8
                                                             : 0;

    *h = (webhook){ .all = all,
                    .number = all->n,
                    .url = url,
                    .w = { .ctx = all->ctx, .o = all->o },
                    .body = { .mem = &all->ctx->mem, .max = BODY_MOST } };
    kao_address_show(url, h->shown);
    if (!scheme || !url[scheme])
        return kao_fail(err, KAO_E_ARG,
                        "--webhook %.80s: wanted http:// or https:// and an address",
                        h->shown);
    return begin(h, err);
}

kao_status kao_webhooks_start(kao_context *ctx, const kao_server_options *o,
                              kao_streams *streams, kao_webhooks **out, kao_error *err)
{
    kao_webhooks *all = NULL;
    kao_status st = KAO_OK;

    *out = NULL;
    if (o->n_webhooks == 0)
        return o->webhook_ca
                   ? kao_fail(err, KAO_E_ARG, "--webhook-ca goes with --webhook")
                   : KAO_OK;
    if (o->n_webhooks > WEBHOOKS_MOST)
        return kao_fail(err, KAO_E_ARG, "--webhook: %d at most", WEBHOOKS_MOST);
    all = kao_calloc(&ctx->mem, 1, sizeof *all);
    if (!all)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    all->ctx = ctx;
    all->o = o;
    all->streams = streams;
    *out = all; /* stopped by the caller also after a failure */
    st = open_library(&all->calls, err);
    if (!st) {
        struct curl_slist *type =
            all->calls.curl_slist_append(NULL, "Content-Type: application/json");

        /* no question first: an event is small */
        all->head = type ? all->calls.curl_slist_append(type, "Expect:") : NULL;
        if (type && !all->head)
            all->calls.curl_slist_free_all(type);
        if (!all->head)
            st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    if (!st && o->webhook_ca)
        st = check_ca(all, err);
    for (size_t i = 0; !st && i < o->n_webhooks; i++)
        st = add(all, o->webhooks[i], err);
    return st;
}

void kao_webhooks_stop(kao_webhooks *all)
{
    if (!all)
        return;
    atomic_store(&all->stopping, true);
    for (size_t i = 0; i < all->n; i++) {
        webhook *h = &all->list[i];

        if (h->running)
            pthread_join(h->thread, NULL);
        if (h->curl)
            all->calls.curl_easy_cleanup(h->curl);
        kao_gallery_close(h->w.gallery);
        kao_bytes_free(&h->body);
    }
    if (all->head)
        all->calls.curl_slist_free_all(all->head);
    kao_free(&all->ctx->mem, all);
}
