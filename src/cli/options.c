/* See options.h. Operands may stand between options; argv is reordered in place. */
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "kao/face.h"

/* ---- values ---- */

static bool parse_count(const char *s, uint32_t *to)
{
    char *end = NULL;
    const unsigned long v = strtoul(s, &end, 10);

    if (s[0] < '0' || s[0] > '9' || *end || v < 1 || v > 65536)
        return false;
    *to = (uint32_t)v;
    return true;
}

static bool parse_float(const char *s, float *to)
{
    double v = 0;

    if (!kao_text_number(&s, &v) || *s)
        return false;
    *to = (float)v;
    return true;
}

static bool parse_double(const char *s, double *to)
{
    return kao_text_number(&s, to) && !*s;
}

static bool parse_word(const char *words, const char *s, int *to)
{
    const size_t n = strlen(s);
    int i = 0;

    for (const char *p = words; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL, i++)
        if (n > 0 && strcspn(p, "|") == n && strncmp(p, s, n) == 0) {
            *to = i;
            return true;
        }
    return false;
}

static bool parse_faces(const char *s, cli_faces *to)
{
    static const char words[] = "largest|center|best|error|all";
    int i = 0;

    *to = (cli_faces){ .choice = KAO_CHOOSE_LARGEST };
    if (!parse_word(words, s, &i))
        return parse_count(s, &to->nth);
    to->all = i == 4;
    to->choice = to->all ? KAO_CHOOSE_LARGEST : i;
    return true;
}

static bool set(const cli_option *o, const char *value, void *args)
{
    void *to = (char *)args + o->offset;
    float *number = to;
    cli_list *list = to;

    switch (o->kind) {
    case CLI_FLAG:
        *(bool *)to = true;
        return true;
    case CLI_TEXT:
        *(const char **)to = value;
        return value[0] != '\0'; /* as a folder it would be the root */
    case CLI_LIST:
        if (list->n == CLI_LIST_MAX)
            return false;
        list->items[list->n++] = value;
        return true;
    case CLI_COUNT:
        return parse_count(value, to);
    case CLI_PORT:
        if (strcmp(value, "0") == 0) {
            *(uint32_t *)to = 0;
            return true;
        }
        return parse_count(value, to) && *(uint32_t *)to < 65536;
    case CLI_COSINE:
        return parse_float(value, number) && *number >= -1 && *number <= 1;
    case CLI_SCORE:
        return parse_float(value, number) && *number > 0 && *number <= 1;
    case CLI_RATE:
        return parse_double(value, to) && *(double *)to > 0 && *(double *)to <= 1;
    case CLI_SECONDS:
        return parse_float(value, number) && *number > 0 && *number <= 86400;
    case CLI_PIXELS:
        return parse_float(value, number) && *number >= 0 && *number <= 65535;
    case CLI_WORD:
        return parse_word(o->value, value, to);
    case CLI_FACES:
        return parse_faces(value, to);
    }
    return false;
}

static const char *wanted(const cli_option *o)
{
    switch (o->kind) {
    case CLI_COUNT:
        return "a number from 1 to 65536";
    case CLI_PORT:
        return "a number from 0 to 65535";
    case CLI_COSINE:
        return "a number from -1 to 1";
    case CLI_SCORE:
    case CLI_RATE:
        return "a number above 0, 1 at most";
    case CLI_SECONDS:
        return "a number above 0, 86400 at most";
    case CLI_PIXELS:
        return "a number from 0 to 65535";
    case CLI_LIST:
        return "64 at most";
    default:
        return o->value;
    }
}

/* ---- the line ---- */

static const cli_option *find(const cli_option *options, const char *arg,
                              const char **value)
{
    const size_t n = strcspn(arg, "=");

    *value = NULL;
    for (const cli_option *o = options; o->name; o++) {
        if (arg[1] == '-' && strncmp(arg + 2, o->name, n - 2) == 0 &&
            o->name[n - 2] == '\0') {
            *value = arg[n] ? arg + n + 1 : NULL;
            return o;
        }
        if (arg[1] != '-' && o->letter == arg[1]) { /* -j2 or -j 2 */
            *value = arg[2] ? arg + 2 : NULL;
            return o;
        }
    }
    return NULL;
}

static bool parse_option(const char *command, const cli_option *options, int argc,
                         char **argv, int *i, void *args)
{
    const char *value = NULL, *arg = argv[*i];
    const cli_option *o = find(options, arg, &value);

    if (!o) {
        fprintf(stderr, "kao %s: unknown option %s (see kao %s --help)\n", command, arg,
                command);
        return false;
    }
    if (o->kind == CLI_FLAG && value) {
        fprintf(stderr, "kao %s: --%s takes no value\n", command, o->name);
        return false;
    }
    if (o->kind != CLI_FLAG && !value) {
        if (*i + 1 >= argc) {
            fprintf(stderr, "kao %s: --%s needs a value: %s\n", command, o->name,
                    o->kind == CLI_LIST ? o->value : wanted(o));
            return false;
        }
        value = argv[++*i];
    }
    if (!set(o, value, args)) {
        fprintf(stderr, "kao %s: --%s %s: wanted %s\n", command, o->name, value,
                wanted(o));
        return false;
    }
    return true;
}

bool cli_parse(const char *command, const cli_option *options, int argc, char **argv,
               void *args, cli_operands *rest, bool *help)
{
    *rest = (cli_operands){ 0, argv + 1 };
    *help = false;
    for (int i = 1; i < argc; i++) {
        char *arg = argv[i];

        if (strcmp(arg, "--") == 0) {
            while (++i < argc)
                rest->items[rest->n++] = argv[i];
        } else if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
            *help = true;
            return true;
        } else if (arg[0] != '-' || arg[1] == '\0') {
            rest->items[rest->n++] = arg;
        } else if (!parse_option(command, options, argc, argv, &i, args)) {
            return false;
        }
    }
    return true;
}

enum { HELP_INDENT = 30, HELP_WIDTH = 88 };

/* From column HELP_INDENT on, broken between words. */
static void print_wrapped(const char *text)
{
    size_t room = HELP_WIDTH - HELP_INDENT;

    while (*text) {
        const size_t n = strcspn(text, " ");

        if (n > room) {
            printf("\n%*s", HELP_INDENT, "");
            room = HELP_WIDTH - HELP_INDENT;
        }
        printf("%.*s", (int)n, text);
        text += n;
        room -= n < room ? n : room;
        if (*text == ' ') {
            text++;
            if (strcspn(text, " ") < room) {
                putchar(' ');
                room--;
            } else {
                room = 0;
            }
        }
    }
    putchar('\n');
}

void cli_print_options(const cli_option *options)
{
    for (const cli_option *o = options; o->name; o++) {
        char left[64], letter[8] = "    ";

        if (o->letter)
            snprintf(letter, sizeof letter, "-%c, ", o->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        if (strlen(left) > 26)
            printf("  %s\n%*s", left, HELP_INDENT, "");
        else
            printf("  %-26s  ", left);
        print_wrapped(o->help);
    }
    printf("  %-26s  %s\n", "-h, --help", "show this");
}
