/* kao: the program. Finds the subcommand; the rest is in cmd_*.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

/* The number of a standard stream that is closed goes to the next file that is opened, and
 * messages would be written into that. Such a stream is opened on nothing, the other way
 * round: using it fails as it did. */
static bool hold_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return false;
    return true;
}

static void usage(FILE *f)
{
    size_t n = 0;
    const cli_command *c = cli_commands(&n);

    fprintf(f, "kao %s: face recognition\n\nusage: kao COMMAND [OPTION]...\n\n",
            kao_version());
    for (size_t i = 0; i < n; i++)
        fprintf(f, "  %-10s %s\n", c[i].name, c[i].summary);
    fprintf(f, "\nkao COMMAND --help tells more.\nExit status: 0 yes or done, 1 no, "
               "2 no usable face, 3 bad input or usage, 4 fault.\n");
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 ||
           strcmp(word, "-h") == 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    if (!hold_streams()) {
        fprintf(stderr,
                "kao: a standard stream is closed, and no /dev/null in its place\n");
        return CLI_FAULT;
    }
    cli_set_program(argv[0]);

    /* kao help WORD */
    const char *about = strcmp(name, "help") == 0 && argc > 2 && !asks_for_help(argv[2])
                            ? argv[2]
                            : NULL;

    if (about && cli_command_find(about)) {
        cli_print_help(cli_command_find(about));
        return cli_finish("help", CLI_YES);
    }
    if (!about && asks_for_help(name)) {
        usage(stdout);
        return cli_finish("help", CLI_YES);
    }
    if (about) /* which is none */
        name = about;
    else if (strcmp(name, "--version") == 0)
        name = "version";
    const cli_command *c = cli_command_find(name);

    if (!c) {
        if (argc > 1)
            fprintf(stderr, "kao: unknown command \"%s\"\n\n", name);
        usage(stderr);
        return CLI_BAD;
    }
    return c->run(argc - 1, argv + 1);
}
