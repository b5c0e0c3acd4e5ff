/* See models.h. */
#include "cli/models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/command.h"

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

/* The one inside the program; false: there is none of that name. */
static bool take_bundled(const char *name, cli_model *m)
{
    const char *have = NULL;

    for (size_t i = 0; kao_model_bundled(i, &have, &m->bytes, &m->n_bytes); i++)
        if (strcmp(have, name) == 0) {
            snprintf(m->path, sizeof m->path, "%s", name);
            return m->bytes != NULL;
        }
    m->bytes = NULL;
    return false;
}

kao_status cli_find_model(const char *name, cli_model *m, kao_error *err)
{
    char folder[4096], looked[160] = "";
    size_t at = 0;

    *m = (cli_model){ .bytes = NULL };
    if (strchr(name, '/') || is_file(name)) {
        if ((size_t)snprintf(m->path, sizeof m->path, "%s", name) >= sizeof m->path)
            return kao_fail(err, KAO_E_ARG, "%s: the path is too long", name);
        return KAO_OK;
    }
    for (size_t i = 0; cli_model_folder(i, folder, sizeof folder); i++)
        for (int k = 0; k < 2; k++)
            if ((size_t)snprintf(m->path, sizeof m->path, "%s/%s%s", folder, name,
                                 k ? ".onnx" : "") < sizeof m->path &&
                is_file(m->path))
                return KAO_OK;
    if (take_bundled(name, m))
        return KAO_OK;
    for (size_t i = 0; at < sizeof looked && cli_model_folder(i, folder, sizeof folder);
         i++)
        at += (size_t)snprintf(looked + at, sizeof looked - at, "%s%s", i ? ", " : "",
                               folder);
    return kao_fail(err, KAO_E_IO,
                    "model \"%.80s\" not found: give a path, or set KAO_MODELS to its "
                    "folder (looked inside the program, in %s)",
                    name, looked);
}

kao_status cli_find_default(cli_role role, cli_model *m, kao_error *err)
{
    static const struct {
        const char *bundled, *other;
    } names[] = { [CLI_DETECTOR] = { CLI_BUNDLED_DETECTOR, CLI_OTHER_DETECTOR },
                  [CLI_EMBEDDER] = { CLI_BUNDLED_EMBEDDER, CLI_OTHER_EMBEDDER } };

    if (take_bundled(names[role].bundled, m))
        return KAO_OK;
    const kao_status st = cli_find_model(names[role].other, m, err);

    return st ? kao_error_prefix(err, st, "no %s in this build", names[role].bundled)
              : KAO_OK;
}

kao_status cli_open_model(kao_context *ctx, const cli_model *m, const char *card,
                          kao_model **out, kao_error *err)
{
    if (m->bytes && !card)
        return kao_model_open_bundled(ctx, out, m->path, err);
    return m->bytes ? kao_model_open_bytes(ctx, out, m->bytes, m->n_bytes, m->path,
                                           card, err)
                    : kao_model_open_card(ctx, out, m->path, card, err);
}
