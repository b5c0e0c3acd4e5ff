/* kao version. */
#include <stdio.h>

#include "cli/commands.h"

typedef struct version_args {
    int unused;
} version_args;

const cli_option cli_version_options[] = { { .name = NULL } };

int cli_version_run(int argc, char **argv)
{
    version_args args = { 0 };
    cli_operands rest;
    int status = CLI_BAD;

    if (!cli_begin("version", argc, argv, &args, &rest, &status))
        return status;
    if (!cli_no_operands("version", &rest))
        return CLI_BAD;
    printf("kao %s\n", kao_version());
    return cli_finish("version", CLI_YES);
}
