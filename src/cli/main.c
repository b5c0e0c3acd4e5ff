/* kao: the program. Finds the subcommand; the rest is in cmd_*.c. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static void usage(FILE *f)
{
    size_t n = 0;
    const cli_command *c = cli_commands(&n);

    fprintf(f, "kao %s: face recognition\n\nusage: kao COMMAND [OPTION]...\n\n",
            kao_version());
    for (size_t i = 0; i < n; i++)
        fprintf(f, "  %-9s %s\n", c[i].name, c[i].summary);
    fprintf(f, "\nkao COMMAND --help tells more.\nExit status: 0 yes or done, 1 no, "
               "2 no usable face, 3 bad input or usage, 4 fault.\n");
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    cli_set_program(argv[0]);

    const bool help = strcmp(name, "help") == 0;

    if (help && argc > 2 && cli_command_find(argv[2])) {
        cli_print_help(cli_command_find(argv[2]));
        return cli_finish("help", CLI_YES);
    }
    if (help && argc > 2)
        name = argv[2]; /* which is none */
    else if (help || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        usage(stdout);
        return cli_finish("help", CLI_YES);
    }
    if (strcmp(name, "--version") == 0)
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
