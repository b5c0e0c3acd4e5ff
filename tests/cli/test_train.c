/* kao train and signals: none is taken by what is given back at the end. The trainer is played here. */
#include "support/unit.h"

#include <signal.h>
#include <stdio.h>

#include "base/cancel.h"
#include "cli/commands.h"
#include "cli/train_curves.h"
#include "train/trainer.h"

static struct scene {
    bool trains_on_signals; /* kao_train was called, and a signal came to its cancel */
    bool ended;
    int frees; /* after the end */
} scene;

/* ---- what cmd_train.c stands on ---- */

bool cli_begin(const char *name, int argc, char **argv, void *args, cli_operands *rest,
               int *status)
{
    (void)name, (void)args, (void)status;
    *rest = (cli_operands){ argc - 1, argv + 1 };
    return true;
}

static void *take(void *user, size_t size, size_t align)
{
    void *p = NULL;

    (void)user;
    return posix_memalign(&p, align, size) ? NULL : p;
}

static const int numbers[] = { SIGINT, SIGTERM, SIGUSR1 };

/* A handler that came now would find the cancel gone. */
static void give_back(void *user, void *block)
{
    (void)user;
    for (size_t i = 0; scene.ended && i < COUNT(numbers); i++) {
        struct sigaction now;

        sigaction(numbers[i], NULL, &now);
        assert_true(now.sa_handler == SIG_IGN);
        scene.frees++;
    }
    free(block);
}

kao_status cli_context(kao_context **out, uint32_t threads, const char *cpu,
                       kao_error *err)
{
    static const kao_allocator blocks = { take, give_back, NULL };
    const kao_context_options o = { .n_threads = 1, .allocator = &blocks };

    (void)threads, (void)cpu;
    return kao_context_create(out, &o, err);
}

int cli_report(const char *name, kao_status status, const kao_error *err)
{
    (void)name, (void)err;
    return (int)status;
}

int cli_status_of(kao_status status)
{
    return (int)status;
}

int cli_finish(const char *name, int status)
{
    (void)name;
    return status;
}

kao_status cli_train_curves(kao_context *ctx, const char *state, const char *title,
                            kao_error *err)
{
    (void)ctx, (void)state, (void)title, (void)err;
    return KAO_OK;
}

size_t cli_user_path(char *to, size_t cap, const char *variable, const char *usual,
                     const char *name)
{
    (void)variable, (void)usual;
    return (size_t)snprintf(to, cap, "/nowhere/%s",
                            name); /* nothing is written there */
}

kao_status kao_ranks_begin(kao_ranks **out, kao_mem *mem, const kao_cancel *cancel,
                           kao_error *err)
{
    (void)mem, (void)cancel, (void)err;
    *out = NULL;
    return KAO_OK;
}

void kao_ranks_end(kao_ranks *r, kao_status st)
{
    (void)r, (void)st;
    scene.ended = true;
}

uint32_t kao_ranks_index(const kao_ranks *r)
{
    (void)r;
    return 0;
}

bool kao_ranks_leads(const kao_ranks *r)
{
    (void)r;
    return true;
}

kao_status kao_ranks_agree(kao_ranks *r, kao_status st, kao_error *err)
{
    (void)r, (void)err;
    return st;
}

kao_status kao_recipe_read(kao_recipe *r, kao_mem *mem, const char *path,
                           kao_error *err)
{
    (void)mem, (void)path, (void)err;
    memset(r, 0, sizeof *r);
    memcpy(r->name, "played", sizeof "played");
    return KAO_OK;
}

kao_status kao_recipe_set(kao_recipe *r, const char *assignment, kao_error *err)
{
    (void)r, (void)assignment, (void)err;
    return KAO_OK;
}

kao_status kao_train(kao_context *ctx, const kao_recipe *r,
                     const kao_trainer_options *o, kao_error *err)
{
    (void)ctx, (void)r, (void)err;
    scene.trains_on_signals = true;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        kao_cancel_reset((kao_cancel *)(uintptr_t)o->cancel);
        raise(numbers[i]);
        scene.trains_on_signals &= kao_cancelled(o->cancel);
    }
    return KAO_OK;
}

/* ---- the test ---- */

static void signals(void **state)
{
    char command[] = "train", recipe[] = "played.recipe",
         *argv[] = { command, recipe, NULL };

    (void)state;
    assert_int_equal(cli_train_run(2, argv), CLI_YES);
    assert_true(scene.trains_on_signals);
    assert_true(scene.ended && scene.frees > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(signals) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
