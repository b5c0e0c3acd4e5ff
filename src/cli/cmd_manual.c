/* kao manual: the manual page in man's own form (man(7)), from the tables of commands and
 * options. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

typedef struct manual_args {
    char none; /* no options of its own */
} manual_args;

const cli_option cli_manual_options[] = { { .name = NULL } };

/* Text where roff gives no character a meaning. at_start: of a line, where '.' and '\'' have one. */
static void put(const char *s, bool at_start)
{
    for (; *s; s++) {
        if (at_start && (*s == '.' || *s == '\''))
            fputs("\\&", stdout);
        at_start = *s == '\n';
        if (*s == '\\')
            fputs("\\e", stdout);
        else if (*s == '-')
            fputs("\\-", stdout);
        else
            putchar(*s);
    }
}

static void put_option(const cli_option *o)
{
    printf(".TP\n\\fB");
    if (o->letter)
        printf("\\-%c\\fR, \\fB", o->letter);
    put("--", false);
    put(o->name, false);
    printf("\\fR");
    if (o->value) {
        printf(" \\fI");
        put(o->value, false);
        printf("\\fR");
    }
    printf("\n");
    put(o->help, true);
    printf("\n");
}

static void put_command(const cli_command *c)
{
    printf(".SS \"kao %s\"\n", c->name);
    put(c->summary, true);
    printf("\n.PP\n.B kao %s\n[\\fIOPTION\\fR]... ", c->name);
    put(c->operands, false);
    printf("\n");
    if (c->details) {
        printf(".PP\n.nf\n");
        put(c->details, true);
        printf("\n.fi\n");
    }
    for (const cli_option *o = c->options; o->name; o++)
        put_option(o);
}

static const char description[] =
    ".SH DESCRIPTION\n"
    "Face recognition: faces found, compared, turned into vectors, by networks in ONNX "
    "files on an engine\nof its own; nothing is fetched and nothing leaves the "
    "machine.\n"
    "Each command has \\fB\\-\\-help\\fR (\\fB\\-h\\fR); most have "
    "\\fB\\-\\-json\\fR, one object a line. \\fB\\-\\-\\fR ends the options.\n";
static const char ending[] =
    ".SH \"EXIT STATUS\"\n"
    "0 yes or done, 1 no (a different person), 2 no usable face, 3 bad input or usage, "
    "4 fault; of a list, the highest.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B KAO_MODELS\nfolders, with colons between, where models are looked up by "
    "name\n"
    ".TP\n.B KAO_CPU\nthe widest kernels to use; \\-\\-cpu comes first\n"
    ".TP\n.B KAO_PROGRESS_MS\nmilliseconds after which a list shows its progress on a "
    "terminal\n"
    ".TP\n.B KAO_GALLERY\nthe gallery; \\-\\-gallery comes first\n"
    ".TP\n.B KAO_GALLERY_KEY_FILE\nthe file with its key; \\-\\-key\\-file comes "
    "first\n"
    ".TP\n.B KAO_MQTT\nthe broker of kao watch; \\-\\-mqtt comes first\n"
    ".TP\n.B XDG_DATA_HOME, XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_CACHE_HOME\nfolders "
    "whose kao/ has the usual gallery, the server's certificate, training runs, and "
    "indices of galleries on a PostgreSQL server\n"
    ".SH FILES\n"
    ".TP\n.I MODEL.onnx.card\nwhat a model's tensors mean, where the file itself does "
    "not say\n"
    ".SH NOTES\n"
    "A similarity is no proof of presence: a photograph of a person is that person to "
    "kao.\n";

int cli_manual_run(int argc, char **argv)
{
    manual_args args = { 0 };
    cli_operands rest;
    int status = CLI_BAD;
    size_t n = 0;

    if (!cli_begin("manual", argc, argv, &args, &rest, &status))
        return status;
    if (!cli_no_operands("manual", &rest))
        return CLI_BAD;
    const cli_command *c = cli_commands(&n);

    printf(".TH KAO 1 \"\" \"kao %s\" \"User Commands\"\n.SH NAME\nkao \\- face "
           "recognition\n.SH SYNOPSIS\n.B kao\n\\fICOMMAND\\fR [\\fIOPTION\\fR]...\n",
           kao_version());
    fputs(description, stdout);
    printf(".SH COMMANDS\n");
    for (size_t i = 0; i < n; i++)
        put_command(&c[i]);
    fputs(ending, stdout);
    return cli_finish("manual", CLI_YES);
}
