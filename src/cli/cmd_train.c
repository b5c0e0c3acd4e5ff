/* kao train: a training run from a recipe. A workshop command. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/context.h"
#include "base/cpu.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/train_curves.h"
#include "train/trainer.h"

typedef struct train_args {
    const char *state, *init, *cpu;
    uint32_t threads, steps;
} train_args;

const cli_option cli_train_options[] = {
    { "state", 's', CLI_TEXT, offsetof(train_args, state), "FOLDER",
      "where checkpoint, log and model go [$XDG_STATE_HOME/kao/NAME]" },
    { "init", 'i', CLI_TEXT, offsetof(train_args, init), "FILE.onnx",
      "begin a new run with these weights and their counter of views" },
    { "steps", 'n', CLI_COUNT, offsetof(train_args, steps), "N",
      "end after so many steps, with a checkpoint [the recipe's end]" },
    { "threads", 't', CLI_COUNT, offsetof(train_args, threads), "N",
      "threads [all CPUs]" },
    { "cpu", 0, CLI_TEXT, offsetof(train_args, cpu), KAO_CPU_CHOICES,
      "widest kernels to use [native; KAO_CPU]" },
    { .name = NULL },
};

static kao_cancel *stop; /* for the signal handler */

static void on_signal(int number)
{
    (void)number;
    kao_cancel_request(stop);
}

static void on_signals(void (*handler)(int))
{
    const struct sigaction action = { .sa_handler = handler };

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL); /* mpirun passes it on, and waits */
}

static void show(void *user, uint64_t step, uint64_t steps, double loss, double rate,
                 double left)
{
    const bool terminal = *(const bool *)user;

    if (terminal)
        fprintf(stderr, "\rstep %llu of %llu, loss %.4f, %.0f views/s, %.1f h left   ",
                (unsigned long long)step, (unsigned long long)steps, loss, rate,
                left / 3600);
}

static void note(void *user, const char *line)
{
    const bool terminal = *(const bool *)user;

    fprintf(stderr, "%s%s\n", terminal ? "\r" : "", line);
}

/* $XDG_STATE_HOME/kao/NAME, or ~/.local/state/kao/NAME. */
static bool usual_state(const char *name, char *to, size_t cap)
{
    const size_t n = cli_user_path(to, cap, "XDG_STATE_HOME", ".local/state", name);

    return n > 0 && n < cap;
}

static kao_status run(kao_context *ctx, kao_ranks *ranks, const train_args *args,
                      const cli_operands *rest, kao_error *err)
{
    kao_recipe r;
    char state[4096];
    bool terminal = isatty(STDERR_FILENO);
    kao_status st = kao_recipe_read(&r, &ctx->mem, rest->items[0], err);

    for (int i = 1; !st && i < rest->n; i++)
        st = kao_recipe_set(&r, rest->items[i], err);
    st = kao_ranks_agree(ranks, st, err);
    if (!st && !args->state && !usual_state(r.name, state, sizeof state))
        st = kao_fail(err, KAO_E_ARG, "no home folder: give --state");
    if (st)
        return st;
    const bool leads = kao_ranks_index(ranks) == 0;
    const kao_trainer_options o = { .init = args->init,
                                    .state = args->state ? args->state : state,
                                    .cancel = stop,
                                    .ranks = ranks,
                                    .progress = leads ? show : NULL,
                                    .note = leads ? note : NULL,
                                    .user = &terminal,
                                    .most_steps = args->steps };

    on_signals(on_signal);
    st = kao_train(ctx, &r, &o, err);
    if (terminal && leads)
        fprintf(stderr, "\n");
    if (!st && leads)
        st = cli_train_curves(ctx, o.state, r.name, err);
    if (!st && leads)
        printf("%s/%s.onnx\n", o.state, r.name);
    return st;
}

int cli_train_run(int argc, char **argv)
{
    train_args args = { .state = NULL };
    cli_operands rest;
    kao_context *ctx = NULL;
    kao_ranks *ranks = NULL;
    kao_error err = { 0 };
    int status = CLI_BAD;

    if (!cli_begin("train", argc, argv, &args, &rest, &status))
        return status;
    if (rest.n < 1) {
        fprintf(stderr, "kao train: no recipe given (see kao train --help)\n");
        return CLI_BAD;
    }
    kao_status st = cli_context(&ctx, args.threads, args.cpu, &err);

    if (!st)
        st = kao_cancel_create(ctx, &stop, &err);
    if (!st)
        st = kao_ranks_begin(&ranks, &ctx->mem, stop, &err);
    if (!st)
        st = run(ctx, ranks, &args, &rest, &err);
    if (st)
        status =
            kao_ranks_leads(ranks) ? cli_report("train", st, &err) : cli_status_of(st);
    kao_ranks_end(ranks, st);
    on_signals(
        SIG_IGN); /* there is nothing left to stop, and soon nothing to tell it by */
    kao_cancel_destroy(stop);
    kao_context_destroy(ctx);
    if (st)
        return status;
    return cli_finish("train", CLI_YES);
}
