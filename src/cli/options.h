/* Command-line options from tables: parsing, range checks and help come from the rows. */
#ifndef KAO_CLI_OPTIONS_H
#define KAO_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum cli_kind {
    CLI_FLAG,    /* bool */
    CLI_TEXT,    /* const char *, borrowed from argv */
    CLI_LIST,    /* cli_list: may be given several times */
    CLI_COUNT,   /* uint32_t, 1..65536 */
    CLI_PORT,    /* uint32_t, 0..65535 */
    CLI_COSINE,  /* float, -1..1 */
    CLI_SCORE,   /* float, above 0, 1 at most */
    CLI_RATE,    /* double, the same: 1e-4 is to be what a curve's end is */
    CLI_SECONDS, /* float, above 0, 86400 at most */
    CLI_PIXELS,  /* float, 0..65535 */
    CLI_WORD,    /* int: index among words, separated by '|' in `value` */
    CLI_FACES,   /* cli_faces */
} cli_kind;

typedef struct cli_option {
    const char *name; /* without dashes; NULL ends the table */
    char letter;      /* or 0 */
    cli_kind kind;
    size_t offset;     /* of the field in the command's struct */
    const char *value; /* how help shows it: "FILE"; of CLI_WORD: the words */
    const char *help;
} cli_option;

enum { CLI_LIST_MAX = 64 };

typedef struct cli_list {
    size_t n;
    const char *items[CLI_LIST_MAX];
} cli_list;

/* --faces largest|center|best|all|error|N */
typedef struct cli_faces {
    int choice;   /* a kao_choice, or: */
    bool all;     /* every face */
    uint32_t nth; /* 1, 2 ..: the n-th best; 0: not given */
} cli_faces;

typedef struct cli_operands { /* what is left beside the options; borrowed from argv */
    int n;
    char **items;
} cli_operands;

/* Parse argv[1..]; "--" ends the options, "-" is an operand. On failure one line on stderr
 * that begins with "kao COMMAND: ", and false. *help: --help was asked for. */
bool cli_parse(const char *command, const cli_option *options, int argc, char **argv,
               void *args, cli_operands *rest, bool *help);

/* The rows as help text on stdout. */
void cli_print_options(const cli_option *options);

#endif
