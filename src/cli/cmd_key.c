/* kao key: who may ask a gallery's server from elsewhere. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/gallery_json.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/gallery_use.h"
#include "server/keys.h"

typedef struct key_args {
    cli_gallery_options use;
    bool json;
} key_args;

const cli_option cli_key_options[] = {
    CLI_GALLERY_OPTION(key_args),
    { "json", 0, CLI_FLAG, offsetof(key_args, json), NULL, "one JSON object a key" },
    { .name = NULL },
};

typedef struct job {
    const key_args *args;
    kao_mem mem;
    char path[4096];
    const char *word;
    int status;
} job;

static kao_json *key_json(const kao_key *key)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "name", kao_json_string(key->name));
    kao_json_set(o, "id", kao_json_string(key->id));
    kao_json_set(o, "created", kao_time_json(key->created));
    kao_json_set(o, "revoked",
                 key->revoked ? kao_time_json(key->revoked) : kao_json_null());
    return o;
}

static kao_status do_add(job *j, kao_error *err)
{
    char text[SECRET_TEXT];
    kao_key made;
    kao_status st = cli_gallery_folder(j->path, err);

    if (!st)
        st = kao_keys_add(&j->mem, j->path, j->word, (int64_t)time(NULL), &made, text,
                          err);
    if (st)
        return st;
    if (j->args->json) {
        kao_json *o = key_json(&made);

        kao_json_set(o, "key", kao_json_string(text));
        j->status = cli_print_json("key", o);
        return KAO_OK;
    }
    printf("%s\n", text);
    fprintf(stderr, "The key \"%s\" is shown this once; kept is only what checks it.\n",
            made.name);
    return KAO_OK;
}

static kao_status do_list(job *j, kao_error *err)
{
    char created[KAO_TIME_BYTES], revoked[KAO_TIME_BYTES];
    kao_keys keys;
    const kao_status st = kao_keys_load(&keys, &j->mem, j->path, err);

    for (size_t i = 0; !st && !j->status && i < keys.n; i++) {
        const kao_key *key = &keys.list[i];

        if (j->args->json)
            j->status = cli_print_json("key", key_json(key));
        else
            printf("%s\t%s\t%s%s%s\n", key->name, key->id,
                   kao_time_text(key->created, created),
                   key->revoked ? "\trevoked " : "",
                   key->revoked ? kao_time_text(key->revoked, revoked) : "");
    }
    kao_keys_free(&keys);
    return st;
}

static kao_status do_revoke(job *j, kao_error *err)
{
    return kao_keys_revoke(&j->mem, j->path, j->word, (int64_t)time(NULL), err);
}

static const struct verb {
    const char *name;
    int words; /* behind it */
    kao_status (*run)(job *j, kao_error *err);
} verbs[] = {
    { "add", 1, do_add },
    { "list", 0, do_list },
    { "revoke", 1, do_revoke },
};

int cli_key_run(int argc, char **argv)
{
    key_args args = { .json = false };
    cli_operands rest;
    kao_error err = { 0 };
    const struct verb *v = NULL;
    int status = CLI_BAD;

    if (!cli_begin("key", argc, argv, &args, &rest, &status))
        return status;
    for (size_t i = 0; rest.n && i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(rest.items[0], verbs[i].name) == 0)
            v = &verbs[i];
    if (!v || rest.n - 1 != v->words) {
        fprintf(stderr, "kao key: wanted add NAME, list, or revoke NAME|ID\n");
        return CLI_BAD;
    }
    job j = { .args = &args, .word = rest.n > 1 ? rest.items[1] : "" };

    kao_mem_init(&j.mem, NULL);
    kao_status st = cli_keys_path(&args.use, j.path, sizeof j.path, &err);

    if (!st)
        st = v->run(&j, &err);
    status = st ? cli_report("key", st, &err) : j.status;
    return cli_finish("key", status);
}
