/* Subcommands: one row and one file each; and what they share: exit statuses, context. */
#ifndef KAO_CLI_COMMAND_H
#define KAO_CLI_COMMAND_H

#include "base/file.h"
#include "cli/options.h"
#include "kao/context.h"

/* Exit statuses that scripts rely on. A list ends with its highest. */
enum {
    CLI_YES = 0,     /* done; the same person */
    CLI_NO = 1,      /* a different person */
    CLI_NO_FACE = 2, /* no usable face */
    CLI_BAD = 3,     /* bad input or usage */
    CLI_FAULT = 4,   /* memory, writing, internal */
};

typedef struct cli_command {
    const char *name, *operands, *summary;
    const char *details; /* further lines of help, or NULL */
    const cli_option *options;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
} cli_command;

const cli_command *cli_commands(size_t *n);
const cli_command *cli_command_find(const char *name);
void cli_print_help(const cli_command *c);

/* Parse a command's line. True: go on; false: leave with *status (help was shown, or the
 * line was wrong). */
bool cli_begin(const char *name, int argc, char **argv, void *args, cli_operands *rest,
               int *status);

/* The exit status for a failure while reading and computing. */
int cli_status_of(kao_status status);
/* "kao NAME: line" on stderr; gives cli_status_of, CLI_FAULT where a disk is full or not to be written. */
int cli_report(const char *name, kao_status status, const kao_error *err);
/* The same where something was to be written: what the system refuses then is CLI_FAULT. */
int cli_report_unwritten(const char *name, kao_status status, const kao_error *err);

/* A context for --threads (0: all CPUs) and --cpu (NULL: KAO_CPU, else native). */
kao_status cli_context(kao_context **out, uint32_t threads, const char *cpu,
                       kao_error *err);

/* How the program was started: main's argv[0]. */
void cli_set_program(const char *name);

/* Flush stdout; false: what was printed did not get out. */
bool cli_flush(void);
/* Flush stdout; CLI_FAULT with a line on stderr where that fails, else status. */
int cli_finish(const char *name, int status);

/* For commands without operands: false after a line on stderr where there are some. */
bool cli_no_operands(const char *name, const cli_operands *rest);
/* Read a file; "-" is standard input. */
kao_status cli_read(kao_file *f, kao_mem *mem, const char *path, size_t limit,
                    kao_error *err);

double cli_now_ms(void);

/* NAME in the user's folder of a kind: of the path that `variable` holds (an absolute one: else it does not count),
 * else of `usual` in HOME. Gives its length, cap or more where it has no room; 0: neither says where. */
size_t cli_user_path(char *to, size_t cap, const char *variable, const char *usual,
                     const char *name);

#endif
