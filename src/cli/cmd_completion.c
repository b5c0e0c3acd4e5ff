/* kao completion: what a shell needs to complete kao's commands and options, from their tables. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

typedef struct completion_args {
    char none; /* no options of its own */
} completion_args;

const cli_option cli_completion_options[] = { { .name = NULL } };

static const cli_option help_option = {
    .name = "help", .letter = 'h', .kind = CLI_FLAG, .help = "show this"
};

/* The words that an option's value is one of, "a|b"; NULL: any text. */
static const char *words_of(const cli_option *o)
{
    if (o->kind == CLI_WORD || o->kind == CLI_FACES)
        return o->value;
    /* of texts, those that are shown as words: --cpu ref|avx2 */
    return o->kind == CLI_TEXT && o->value && strchr(o->value, '|') ? o->value : NULL;
}

static bool is_file(const cli_option *o)
{
    return (o->kind == CLI_TEXT || o->kind == CLI_LIST) && !words_of(o);
}

/* The words that a command's first operand is one of: "info|run FILE"; 0 bytes: none. */
static size_t first_words(const cli_command *c)
{
    const size_t n = strcspn(c->operands, " ");

    return n && c->operands[0] >= 'a' && c->operands[0] <= 'z' &&
                   memchr(c->operands, '|', n)
               ? n
               : 0;
}

/* Those of n bytes of a|b|N with `with` between; N: what is no word itself. */
static void put_words(const char *words, size_t n, const char *with)
{
    const char *between = "";

    for (size_t i = 0, k = 0; i < n; i += k + 1) {
        k = strcspn(words + i, "|");
        k = k < n - i ? k : n - i;
        if (words[i] >= 'A' && words[i] <= 'Z')
            continue;
        printf("%s%.*s", between, (int)k, words + i);
        between = with;
    }
}

/* Text inside single quotes, with a backslash before each of `special`. */
static void put_quoted(const char *s, const char *special)
{
    for (; *s; s++)
        if (*s == '\'')
            fputs("'\\''", stdout);
        else {
            if (strchr(special, *s))
                putchar('\\');
            putchar(*s);
        }
}

/* Each option of a command, the help that all have last. */
#define EACH_OPTION(o, c)                                                              \
 for (const cli_option *o = (c)->options->name ? (c)->options : &help_option; o;       \
      o = next_option(o))

static const cli_option *next_option(const cli_option *o)
{
    return o == &help_option ? NULL : o[1].name ? o + 1 : &help_option;
}

/* ---- bash ---- */

static void bash_option(const cli_option *o)
{
    const char *words = words_of(o);

    if (o->kind == CLI_FLAG)
        return;
    printf("        --%s", o->name);
    if (o->letter)
        printf("|-%c", o->letter);
    printf(") ");
    if (words) {
        printf("_kao_words \"");
        put_words(words, strlen(words), " ");
        printf("\"; return ;;\n");
    } else {
        printf("%sreturn ;;\n", is_file(o) ? "_kao_files; " : "");
    }
}

static void bash_command(const cli_command *c)
{
    const size_t n = first_words(c);

    printf("    %s)\n        case $prev in\n", c->name);
    EACH_OPTION(o, c)
    bash_option(o);
    printf("        esac\n        case $cur in -*) _kao_words \"");
    EACH_OPTION(o, c)
    printf("%s--%s", o == c->options ? "" : " ", o->name);
    printf("\"; return ;; esac\n");
    if (n) {
        printf("        [ \"$COMP_CWORD\" = 2 ] && { _kao_words \"");
        put_words(c->operands, n, " ");
        printf("\"; return; }\n");
    }
    printf("        ;;\n");
}

static void bash(const cli_command *c, size_t n)
{
    printf("# bash completion for kao: source it, or put it into\n"
           "# ~/.local/share/bash-completion/completions/kao\n"
           "_kao_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\"); }\n"
           "_kao_files() {\n"
           "    compopt -o filenames 2>/dev/null\n"
           "    mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
           "}\n"
           "_kao() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    COMPREPLY=()\n"
           "    if [ \"$COMP_CWORD\" = 1 ]; then\n"
           "        _kao_words \"");
    for (size_t i = 0; i < n; i++)
        printf("%s ", c[i].name);
    printf("help --help --version\"\n        return\n    fi\n"
           "    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < n; i++)
        bash_command(&c[i]);
    printf("    esac\n    _kao_files\n}\ncomplete -F _kao kao\n");
}

/* ---- zsh ---- */

static void zsh_option(const cli_option *o)
{
    const char *words = words_of(o);

    /* alone, or with its letter: '(-m --model)'{-m,--model}'[what]:VALUE:values'; with * instead of
     * what it shuts out where it may be given again */
    if (o->letter && o->kind == CLI_LIST)
        printf("        '*'{-%c,--%s}'", o->letter, o->name);
    else if (o->letter)
        printf("        '(-%c --%s)'{-%c,--%s}'", o->letter, o->name, o->letter,
               o->name);
    else
        printf("        '%s--%s", o->kind == CLI_LIST ? "*" : "", o->name);
    printf("[");
    put_quoted(o->help, "[]\\:");
    printf("]");
    if (o->kind != CLI_FLAG) {
        printf(":%s:", is_file(o) ? "file" : "value");
        if (words) {
            printf("(");
            put_words(words, strlen(words), " ");
            printf(")");
        } else {
            printf("%s", is_file(o) ? "_files" : " ");
        }
    }
    printf("' \\\n");
}

static void zsh(const cli_command *c, size_t n)
{
    printf("#compdef kao\n# zsh completion for kao: put it as _kao into a folder of "
           "$fpath\n_kao() {\n"
           "    local -a commands=(\n");
    for (size_t i = 0; i < n; i++) {
        printf("        '%s:", c[i].name);
        put_quoted(c[i].summary, ":\\");
        printf("'\n");
    }
    printf("    )\n    if (( CURRENT == 2 )); then\n"
           "        _describe command commands\n        return\n    fi\n"
           "    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n"
           "    case $command in\n");
    for (size_t i = 0; i < n; i++) {
        const size_t first = first_words(&c[i]);

        printf("    %s) _arguments -s \\\n", c[i].name);
        EACH_OPTION(o, &c[i])
        zsh_option(o);
        if (first) {
            printf("        '1:what:(");
            put_words(c[i].operands, first, " ");
            printf(")' \\\n");
        }
        printf("        '*:file:_files' ;;\n");
    }
    printf("    esac\n}\n_kao \"$@\"\n");
}

/* ---- fish ---- */

static void fish_option(const cli_command *c, const cli_option *o)
{
    const char *words = words_of(o);

    printf("complete -c kao -n '__fish_seen_subcommand_from %s' -l %s", c->name,
           o->name);
    if (o->letter)
        printf(" -s %c", o->letter);
    if (words) {
        printf(" -x -a '");
        put_words(words, strlen(words), " ");
        printf("'");
    } else if (o->kind != CLI_FLAG) {
        printf(" %s", is_file(o) ? "-r" : "-x");
    }
    printf(" -d '");
    for (const char *s = o->help; *s; s++) { /* fish has its own quoting */
        if (*s == '\'' || *s == '\\')
            putchar('\\');
        putchar(*s);
    }
    printf("'\n");
}

static void fish(const cli_command *c, size_t n)
{
    printf("# fish completion for kao: put it as kao.fish into "
           "~/.config/fish/completions\n");
    for (size_t i = 0; i < n; i++) {
        const size_t first = first_words(&c[i]);

        printf("complete -c kao -n __fish_use_subcommand -f -a %s -d \"%s\"\n",
               c[i].name, c[i].summary);
        if (first) {
            printf("complete -c kao -n '__fish_seen_subcommand_from %s' -a '",
                   c[i].name);
            put_words(c[i].operands, first, " ");
            printf("'\n");
        }
        EACH_OPTION(o, &c[i])
        fish_option(&c[i], o);
    }
}

/* ---- the command ---- */

int cli_completion_run(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*put)(const cli_command *c, size_t n);
    } shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
    completion_args args = { 0 };
    cli_operands rest;
    int status = CLI_BAD;
    size_t n = 0;

    if (!cli_begin("completion", argc, argv, &args, &rest, &status))
        return status;
    const cli_command *c = cli_commands(&n);

    for (size_t i = 0; rest.n == 1 && i < sizeof shells / sizeof shells[0]; i++)
        if (strcmp(rest.items[0], shells[i].name) == 0) {
            shells[i].put(c, n);
            return cli_finish("completion", CLI_YES);
        }
    fprintf(stderr, "kao completion: wanted bash, zsh or fish\n");
    return CLI_BAD;
}
