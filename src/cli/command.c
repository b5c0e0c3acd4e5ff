/* See command.h. The program alone reads the environment: KAO_CPU, KAO_MODELS, and jobs.c
 * KAO_PROGRESS_MS. */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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
        return CLI_NO_FACE;
    case KAO_E_NOMEM:
    case KAO_E_BAD_EMBEDDING:
        return CLI_FAULT;
    default:
        return CLI_BAD;
    }
}

int cli_report(const char *name, kao_status status, const kao_error *err)
{
    fprintf(stderr, "kao %s: %s\n", name, err->msg);
    return cli_status_of(status);
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

/* ---- models ---- */

static bool is_file(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* Part i of a colon-separated list; empty ones do not count. NULL past the last. */
static const char *list_part(const char *list, size_t i, size_t *n)
{
    while (list && *(list += strspn(list, ":"))) {
        *n = strcspn(list, ":");
        if (i-- == 0)
            return list;
        list += *n;
    }
    return NULL;
}

static const char *program; /* argv[0] */

void cli_set_program(const char *name)
{
    program = name;
}

/* From /proc; where that is not there, from a program name with a folder in it. */
static bool program_path(char *path, size_t cap)
{
    const ssize_t n = readlink("/proc/self/exe", path, cap - 1);

    if (n > 0) {
        path[n] = '\0';
        return (size_t)n < cap - 1;
    }
    return program && strchr(program, '/') &&
           (size_t)snprintf(path, cap, "%s", program) < cap;
}

static bool beside_program(char *path, size_t cap)
{
    if (!program_path(path, cap))
        return false;
    char *slash = strrchr(path, '/');

    if (!slash || (size_t)(slash - path) + sizeof "/models" > cap)
        return false;
    memcpy(slash, "/models", sizeof "/models");
    return true;
}

bool cli_model_folder(size_t i, char *path, size_t cap)
{
    const char *env = getenv("KAO_MODELS"), *part = NULL;
    size_t n_parts = 0, n = 0;

    for (; (part = list_part(env, n_parts, &n)) != NULL; n_parts++)
        if (n_parts == i)
            return (size_t)snprintf(path, cap, "%.*s", (int)n, part) < cap;
    if (i == n_parts)
        return (size_t)snprintf(path, cap, "%s/models", KAO_DATA_DIR) < cap;
    return i == n_parts + 1 && beside_program(path, cap);
}

kao_status cli_find_model(const char *name, char *path, size_t cap, kao_error *err)
{
    char folder[4096], looked[160] = "";
    size_t at = 0;

    if (strchr(name, '/') || is_file(name)) {
        if ((size_t)snprintf(path, cap, "%s", name) >= cap)
            return kao_fail(err, KAO_E_ARG, "%s: the path is too long", name);
        return KAO_OK;
    }
    for (size_t i = 0; cli_model_folder(i, folder, sizeof folder); i++)
        for (int k = 0; k < 2; k++)
            if ((size_t)snprintf(path, cap, "%s/%s%s", folder, name, k ? ".onnx" : "") <
                    cap &&
                is_file(path))
                return KAO_OK;
    for (size_t i = 0; at < sizeof looked && cli_model_folder(i, folder, sizeof folder);
         i++)
        at += (size_t)snprintf(looked + at, sizeof looked - at, "%s%s", i ? ", " : "",
                               folder);
    return kao_fail(
        err, KAO_E_IO,
        "model \"%s\" not found in %s (give a path, or set KAO_MODELS to its "
        "folder)",
        name, looked);
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
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}
