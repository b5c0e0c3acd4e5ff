/* kao serve: the app in a browser, and the API for programs. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/gallery_use.h"
#include "cli/qr.h"
#include "server/certificate.h"
#include "server/hosts.h"
#include "server/keys.h"
#include "server/server.h"

typedef struct serve_args {
    cli_gallery_options use;
    cli_list hosts, sources, webhooks;
    const char *address, *tls, *webhook_ca;
    bool plain;
    uint32_t port, workers, queue, rate;
    double fpir;
} serve_args;

const cli_option cli_serve_options[] = {
    { "port", 'p', CLI_PORT, offsetof(serve_args, port), "N",
      "of this machine; 0: a free one [8087]" },
    { "address", 0, CLI_TEXT, offsetof(serve_args, address), "IP",
      "127.0.0.1 or ::1: programs and browsers of this machine; 0.0.0.0: others too, "
      "by "
      "HTTPS and with a key [127.0.0.1]" },
    { "host", 0, CLI_LIST, offsetof(serve_args, hosts), "NAME",
      "a further name under which it is reached; several times: all of them" },
    { "tls", 0, CLI_TEXT, offsetof(serve_args, tls), "FOLDER",
      "where its certificates are [kao/tls in the user's settings folder]" },
    { "plain", 0, CLI_FLAG, offsetof(serve_args, plain), NULL,
      "HTTP for others, too: keys and pictures can be read on the way" },
    { "source", 0, CLI_LIST, offsetof(serve_args, sources), "[NAME=]SOURCE",
      "a camera to watch: an address (rtsp://, http://, ..), /dev/videoN, a file, a "
      "folder of pictures; several times: up to 8" },
    { "webhook", 0, CLI_LIST, offsetof(serve_args, webhooks), "URL",
      "an address that gets what cameras see, each event by POST; several times: all "
      "of them" },
    { "webhook-ca", 0, CLI_TEXT, offsetof(serve_args, webhook_ca), "FILE",
      "certificates (PEM) by which https:// webhooks are trusted, instead of those "
      "that "
      "the system trusts" },
    CLI_GALLERY_OPTION(serve_args),
    CLI_GALLERY_KEY_OPTION(serve_args),
    { "fpir", 0, CLI_RATE, offsetof(serve_args, fpir), "X",
      "so many of a stranger's faces may be taken for somebody [0.01]" },
    { "jobs", 'j', CLI_COUNT, offsetof(serve_args, workers), "N",
      "requests worked on at once [one for each thread]" },
    { "queue", 0, CLI_COUNT, offsetof(serve_args, queue), "N",
      "requests that may wait; more are told to come again [64]" },
    { "rate", 0, CLI_COUNT, offsetof(serve_args, rate), "N",
      "requests a second of one client that ask for work; more are told to come again "
      "[50 "
      "of "
      "other machines, any number of this one]" },
    CLI_GALLERY_MODEL_OPTIONS(serve_args),
    CLI_GALLERY_MACHINE_OPTIONS(serve_args),
    { .name = NULL },
};

/* What serving takes beside the gallery. */
typedef struct access_use {
    kao_mem mem;
    char keys[4096];
    kao_hosts hosts;
    const char *names[HOSTS_MOST];
    kao_certificate certificate;
    bool wide, demanded;
} access_use;

/* All threads that are made from here on leave these signals to the one that waits for them; a file
 * that may not grow, and a client that has gone, are errors of a call, not the end of the server. */
static void hold_signals(sigset_t *set)
{
    const struct sigaction ignored = { .sa_handler = SIG_IGN };

    sigaction(SIGXFSZ, &ignored, NULL);
    sigaction(SIGPIPE, &ignored, NULL);
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

/* ---- others ---- */

/* Others reach the address: there has to be a key. The first one is made here. */
static kao_status need_key(access_use *a, kao_error *err)
{
    char text[SECRET_TEXT];
    kao_keys keys;
    kao_key made;
    bool good = false;
    kao_status st = kao_keys_load(&keys, &a->mem, a->keys, err);

    for (size_t i = 0; !st && i < keys.n; i++)
        good |= keys.list[i].revoked == 0;
    if (!st && !good && keys.n == 0) {
        st = kao_keys_add(&a->mem, a->keys, "first", (int64_t)time(NULL), &made, text,
                          err);
        if (!st)
            fprintf(stderr,
                    "The key \"first\": %s\nIt is shown this once. kao key add, list "
                    "and revoke have more.\n",
                    text);
    } else if (!st && !good) {
        st = kao_fail(err, KAO_E_ARG,
                      "%s: all keys are revoked: kao key add NAME makes one", a->keys);
    }
    kao_keys_free(&keys);
    return st;
}

/* --tls, else kao/tls in XDG_CONFIG_HOME or ~/.config: devices trust what is in there for years. */
static kao_status open_certificate(access_use *a, const char *given, kao_error *err)
{
    char folder[4000];
    const size_t n = given ? (size_t)snprintf(folder, sizeof folder, "%s", given)
                           : cli_user_path(folder, sizeof folder, "XDG_CONFIG_HOME",
                                           ".config", "tls");

    if (n == 0 || n >= sizeof folder)
        return kao_fail(err, KAO_E_ARG,
                        "no --tls of a usual length, and neither "
                        "XDG_CONFIG_HOME nor HOME say where one is");
    return kao_certificate_open(&a->certificate, &a->mem, folder, &a->hosts,
                                (int64_t)time(NULL), err);
}

static kao_status open_access(access_use *a, const serve_args *args, kao_error *err)
{
    kao_keys keys = { 0 };

    kao_mem_init(&a->mem, NULL);
    kao_status st = cli_keys_path(&args->use, a->keys, sizeof a->keys, err);

    a->wide = args->address && !kao_host_is_local(args->address);
    for (size_t i = 0; !st && i < args->hosts.n; i++)
        if (!kao_hosts_add(&a->hosts, args->hosts.items[i]))
            st = a->hosts.n == HOSTS_MOST
                     ? kao_fail(err, KAO_E_ARG, "--host: %d names at most", HOSTS_MOST)
                     : kao_fail(err, KAO_E_ARG, "--host %.80s: no name of a machine",
                                args->hosts.items[i]);
    if (!st && a->wide)
        kao_hosts_of_machine(&a->hosts, args->address);
    for (size_t i = 0; i < a->hosts.n; i++)
        a->names[i] = a->hosts.name[i];
    if (!st && a->wide && !args->plain)
        st = open_certificate(a, args->tls, err);
    if (!st && a->wide) /* at last: it is shown once, so the rest has to be well */
        st = need_key(a, err);
    if (!st)
        st = kao_keys_load(&keys, &a->mem, a->keys, err);
    a->demanded = a->wide || keys.n > 0;
    kao_keys_free(&keys);
    return st;
}

static void log_line(void *user, const char *line)
{
    (void)user;
    fprintf(stderr, "%s\n", line);
}

/* ---- serving ---- */

/* "http://127.0.0.1:8087": where it is found, by others the first of its names. */
static void address_of(const access_use *a, const serve_args *args, uint16_t port,
                       char *to, size_t cap)
{
    const char *name = a->wide && a->hosts.n ? a->hosts.name[0]
                       : args->address       ? args->address
                                             : "127.0.0.1";
    const bool v6 = strchr(name, ':') != NULL;

    snprintf(to, cap, "http%s://%s%s%s:%u", a->certificate.key ? "s" : "",
             v6 ? "[" : "", name, v6 ? "]" : "", port);
}

/* The way in for a browser that has no key yet; on a terminal also for a phone's camera. */
static void offer_code(kao_server *server, access_use *a, const char *address)
{
    char code[KAO_SERVER_CODE_BYTES], link[HOST_BYTES + 128];
    kao_bytes picture = { .mem = &a->mem, .max = 1 << 20 };
    kao_error err = { 0 };

    kao_server_code(server, code);
    snprintf(link, sizeof link, "%s/%s#code=%s", address,
             a->certificate.ca ? "trust" : "", code);
    if (a->wide && isatty(STDERR_FILENO)) {
        if (cli_qr(&picture, link, &err) == KAO_OK)
            fwrite(picture.p, 1, picture.n, stderr);
        else
            fprintf(stderr, "%s\n", err.msg);
    }
    kao_bytes_free(&picture);
    fprintf(stderr,
            "For one browser, within ten minutes: %s\nkill -USR1 %ld shows another "
            "one.\n",
            link, (long)getpid());
}

static int serve(const serve_args *args, cli_gallery *use, access_use *a,
                 const sigset_t *set)
{
    const char *temporary = getenv("TMPDIR");
    kao_server_options o = { .address = args->address,
                             .port = (uint16_t)args->port,
                             .gallery = use->path,
                             .gallery_key = use->has_key ? use->key : NULL,
                             .temporary = temporary && temporary[0] ? temporary : NULL,
                             .detector = use->crew.detector,
                             .n_models = use->n,
                             .workers = args->workers,
                             .queue = args->queue,
                             .rate = args->rate,
                             .fpir = isnan(args->fpir) ? 0 : args->fpir,
                             .keys = a->keys,
                             .demand_keys = a->wide,
                             .hosts = a->names,
                             .n_hosts = a->hosts.n,
                             .tls_key = a->certificate.key,
                             .tls_certificate = a->certificate.certificate,
                             .ca = a->certificate.ca,
                             .sources = args->sources.items,
                             .n_sources = args->sources.n,
                             .webhooks = args->webhooks.items,
                             .n_webhooks = args->webhooks.n,
                             .webhook_ca = args->webhook_ca,
                             .plain = args->plain,
                             .log = log_line };
    kao_server *server = NULL;
    kao_error err = { 0 };
    char address[HOST_BYTES + 32];
    int number = SIGUSR1;

    memcpy(o.models, use->models, sizeof o.models);
    const kao_status st = kao_server_start(use->crew.ctx, &server, &o, &err);

    if (st)
        return cli_report("serve", st, &err);
    address_of(a, args, kao_server_port(server), address, sizeof address);
    printf("kao: %s/\n", address);
    const int status = cli_finish("serve", CLI_YES);

    if (!status)
        fprintf(stderr,
                "Open this address in a browser. Gallery: %s. Ctrl-C ends it.\n",
                use->shown);
    if (!status && a->certificate.ca)
        fprintf(stderr, "%sThe CA's SHA-256 fingerprint:\n%s\n",
                a->certificate.new_ca
                    ? "A CA was made for this machine; devices have to trust it once.\n"
                    : "",
                a->certificate.fingerprint);
    /* asked for by the signal also where no key was there at the start: one may be by now */
    for (bool offers = a->demanded; !status && number == SIGUSR1; offers = true) {
        if (offers)
            offer_code(server, a, address);
        sigwait(set, &number);
    }
    if (!kao_server_stop(server))
        _exit(status);
    return status;
}

int cli_serve_run(int argc, char **argv)
{
    serve_args args = { .port = 8087, .fpir = (double)NAN };
    cli_operands rest;
    cli_gallery use;
    access_use access = { .wide = false };
    kao_error err = { 0 };
    sigset_t set;
    int status = CLI_BAD;

    if (!cli_begin("serve", argc, argv, &args, &rest, &status))
        return status;
    if (!cli_no_operands("serve", &rest))
        return CLI_BAD;
    kao_status st = kao_server_ready(&err);

    hold_signals(&set);
    if (!st)
        st = cli_gallery_open(&use, &args.use, CLI_GALLERY_CREATE, true, &err);
    if (st)
        return cli_report("serve", st, &err);
    st = open_access(&access, &args, &err);
    status = st ? cli_report("serve", st, &err) : serve(&args, &use, &access, &set);
    kao_certificate_close(&access.certificate);
    cli_gallery_close(&use);
    return status;
}
