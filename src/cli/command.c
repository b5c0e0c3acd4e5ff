/* See command.h. The program reads the environment where it needs it, KAO_CPU here; libkao does not,
 * but for galleries on a PostgreSQL server (kao/context.h). docs/cli.md has all variables. */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

void cli_print_help(const cli_command *c)
{
    printf("usage: kao %s", c->name);
    if (c->options->name)
        printf(" [OPTION]...");
    printf("%s%s\n%s\n\n", c->operands[0] ? " " : "", c->operands, c->summary);
    if (c->details)
        printf("%s\n\n", c->details);
    cli_print_options(c->options);
}

bool cli_begin(const char *name, int argc, char **argv, void *args, cli_operands *rest,
               int *status)
{
    const cli_command *c = cli_command_find(name);
    bool help = false;

    *status = CLI_BAD;
    if (!cli_parse(name, c->options, argc, argv, args, rest, &help))
        return false;
    if (help) {
        cli_print_help(c);
        *status = cli_finish(name, CLI_YES);
    }
    return !help;
}

int cli_status_of(kao_status status)
{
    switch (status) {
    case KAO_OK:
        return CLI_YES;
    case KAO_E_NO_FACE:
    case KAO_E_SEVERAL_FACES:
    case KAO_E_TOO_SMALL:
    case KAO_E_NOT_LIVE:
        return CLI_NO_FACE;
    case KAO_E_NOMEM:
    case KAO_E_BAD_EMBEDDING:
        return CLI_FAULT;
    default:
        return CLI_BAD;
    }
}

/* What the system says of nothing that is read. */
static bool is_of_writing(int sys)
{
    return sys == ENOSPC || sys == EDQUOT || sys == EFBIG || sys == EROFS;
}

int cli_report(const char *name, kao_status status, const kao_error *err)
{
    fprintf(stderr, "kao %s: %s\n", name, err->msg);
    return status == KAO_E_IO && is_of_writing(err->sys) ? CLI_FAULT
                                                         : cli_status_of(status);
}

int cli_report_unwritten(const char *name, kao_status status, const kao_error *err)
{
    const int s = cli_report(name, status, err);

    return status == KAO_E_IO ? CLI_FAULT : s;
}

kao_status cli_context(kao_context **out, uint32_t threads, const char *cpu,
                       kao_error *err)
{
    const char *env = getenv("KAO_CPU");
    const kao_context_options o = { .n_threads = threads,
                                    .cpu = cpu             ? cpu
                                           : env && env[0] ? env
                                                           : NULL };

    const kao_status st = kao_context_create(out, &o, err);

    /* A thread that cannot start is the machine's fault, not the input's. */
    return st == KAO_E_IO ? KAO_E_NOMEM : st;
}

static int write_errno; /* of the first write to stdout that failed */

bool cli_flush(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    if (!write_errno)
        write_errno = errno;
    return false;
}

int cli_finish(const char *name, int status)
{
    if (cli_flush())
        return status;
    fprintf(stderr, "kao %s: cannot write the output: %s\n", name,
            strerror(write_errno));
    return CLI_FAULT;
}

bool cli_no_operands(const char *name, const cli_operands *rest)
{
    if (rest->n)
        fprintf(stderr, "kao %s: takes no argument: %s\n", name, rest->items[0]);
    return rest->n == 0;
}

kao_status cli_read(kao_file *f, kao_mem *mem, const char *path, size_t limit,
                    kao_error *err)
{
    if (strcmp(path, "-") == 0)
        return kao_file_drain(f, mem, STDIN_FILENO, path, limit, err);
    return kao_file_open(f, mem, path, limit, err);
}

double cli_now_ms(void)
{
    return kao_clock_seconds() * 1e3;
}

size_t cli_user_path(char *to, size_t cap, const char *variable, const char *usual,
                     const char *name)
{
    const char *set = getenv(variable), *home = getenv("HOME");

    if (set && set[0] == '/')
        return (size_t)snprintf(to, cap, "%s/kao/%s", set, name);
    return home && home[0]
               ? (size_t)snprintf(to, cap, "%s/%s/kao/%s", home, usual, name)
               : 0;
}
