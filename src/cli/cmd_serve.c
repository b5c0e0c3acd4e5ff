/* kao serve: the app in a browser, and the API for programs. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/gallery_use.h"
#include "server/server.h"

typedef struct serve_args {
    cli_gallery_options use;
    const char *address;
    uint32_t port, workers, queue;
    double fpir;
} serve_args;

const cli_option cli_serve_options[] = {
    { "port", 'p', CLI_PORT, offsetof(serve_args, port), "N",
      "of this machine; 0: a free one [8087]" },
    { "address", 0, CLI_TEXT, offsetof(serve_args, address), "IP",
      "127.0.0.1 or ::1: programs and browsers of this machine [127.0.0.1]" },
    CLI_GALLERY_OPTION(serve_args),
    { "fpir", 0, CLI_RATE, offsetof(serve_args, fpir), "X",
      "so many of a stranger's faces may be taken for somebody [0.01]" },
    { "jobs", 'j', CLI_COUNT, offsetof(serve_args, workers), "N",
      "requests worked on at once [one for each thread]" },
    { "queue", 0, CLI_COUNT, offsetof(serve_args, queue), "N",
      "requests that may wait; more are told to come again [64]" },
    CLI_GALLERY_MODEL_OPTIONS(serve_args),
    CLI_GALLERY_MACHINE_OPTIONS(serve_args),
    { .name = NULL },
};

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
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

static int serve(const serve_args *args, cli_gallery *use, const sigset_t *set)
{
    const char *temporary = getenv("TMPDIR");
    const bool v6 = args->address && strchr(args->address, ':');
    kao_server_options o = { .address = args->address,
                             .port = (uint16_t)args->port,
                             .gallery = use->path,
                             .temporary = temporary && temporary[0] ? temporary : NULL,
                             .detector = use->crew.detector,
                             .n_models = use->n,
                             .workers = args->workers,
                             .queue = args->queue,
                             .fpir = isnan(args->fpir) ? 0 : args->fpir };
    kao_server *server = NULL;
    kao_error err = { 0 };
    int number = 0;

    memcpy(o.models, use->models, sizeof o.models);
    const kao_status st = kao_server_start(use->crew.ctx, &server, &o, &err);

    if (st)
        return cli_report("serve", st, &err);
    printf("kao: http://%s%s%s:%u/\n", v6 ? "[" : "",
           args->address ? args->address : "127.0.0.1", v6 ? "]" : "",
           kao_server_port(server));
    const int status = cli_finish("serve", CLI_YES);

    if (!status) {
        fprintf(stderr,
                "Open this address in a browser. Gallery: %s. Ctrl-C ends it.\n",
                use->path);
        sigwait(set, &number);
    }
    kao_server_stop(server);
    return status;
}

int cli_serve_run(int argc, char **argv)
{
    serve_args args = { .port = 8087, .fpir = (double)NAN };
    cli_operands rest;
    cli_gallery use;
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
    status = serve(&args, &use, &set);
    cli_gallery_close(&use);
    return status;
}
