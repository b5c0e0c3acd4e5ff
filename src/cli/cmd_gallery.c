/* kao gallery: the care of a gallery. One row a verb. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/gallery_form.h"
#include "base/gallery_json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/gallery_chips.h"
#include "cli/gallery_doctor.h"
#include "cli/gallery_reembed.h"
#include "cli/gallery_use.h"

typedef struct gallery_args {
    cli_gallery_options use;
    const char *new_key_file;
    bool take_back, drop_missing, json;
} gallery_args;

const cli_option cli_gallery_options_table[] = {
    CLI_GALLERY_OPTION(gallery_args),
    CLI_GALLERY_KEY_OPTION(gallery_args),
    { "encrypt", 0, CLI_FLAG, offsetof(gallery_args, use.make_key), NULL,
      "create: encrypted by --key-file, which is made where it is not there" },
    { "new-key-file", 0, CLI_TEXT, offsetof(gallery_args, new_key_file), "FILE",
      "rekey: the key from now on; made where it is not there" },
    CLI_GALLERY_NETWORK_OPTIONS(gallery_args),
    { "not", 0, CLI_FLAG, offsetof(gallery_args, take_back), NULL,
      "ignore: no longer ignored" },
    { "drop-missing", 0, CLI_FLAG, offsetof(gallery_args, drop_missing), NULL,
      "reembed: samples of which neither chip nor picture is there are forgotten" },
    { "json", 0, CLI_FLAG, offsetof(gallery_args, json), NULL,
      "stats, facts, history, doctor: as JSON" },
    { .name = NULL },
};

typedef struct job {
    const gallery_args *args;
    cli_gallery use;
    char **words; /* behind the verb */
    int n_words;
    int status;
    bool writes; /* what fails from here on is a file that is written */
} job;

/* ---- verbs ---- */

static kao_status do_create(job *j, kao_error *err)
{
    (void)err;
    printf("%s: a gallery for", j->use.shown);
    for (size_t i = 0; i < j->use.n; i++)
        printf("%s %s", i ? "," : "", kao_model_name(j->use.models[i]));
    printf("\n");
    return KAO_OK;
}

static kao_status do_stats(job *j, kao_error *err)
{
    kao_gallery_stats s = { .size = sizeof s };
    kao_gallery_model m = { .size = sizeof m };
    const kao_status st = kao_gallery_stats_of(j->use.g, &s, err);

    if (st)
        return st;
    if (!j->args->json) {
        printf("%s%s\n%llu people, %llu with a name; %llu samples; %llu changes; %llu "
               "bytes\n",
               j->use.shown, s.encrypted ? ", encrypted" : "",
               (unsigned long long)s.n_people, (unsigned long long)s.n_named,
               (unsigned long long)s.n_samples, (unsigned long long)s.n_changes,
               (unsigned long long)s.n_bytes);
        for (size_t i = 0; kao_gallery_model_at(j->use.g, i, &m); i++)
            printf("model %zu: %s, %u numbers, id %.16s...\n", i + 1, m.name, m.dim,
                   m.id);
        return KAO_OK;
    }
    kao_json *o = kao_json_object(), *models = kao_json_array();

    for (size_t i = 0; kao_gallery_model_at(j->use.g, i, &m); i++) {
        kao_json *model = kao_json_object();

        kao_json_set(model, "name", kao_json_string(m.name));
        kao_json_set(model, "id", kao_json_string(m.id));
        kao_json_set(model, "dim", kao_json_integer(m.dim));
        kao_json_add(models, model);
    }
    kao_json_set(o, "gallery", kao_json_string(j->use.shown));
    kao_json_set(o, "people", kao_json_integer((int64_t)s.n_people));
    kao_json_set(o, "named", kao_json_integer((int64_t)s.n_named));
    kao_json_set(o, "samples", kao_json_integer((int64_t)s.n_samples));
    kao_json_set(o, "changes", kao_json_integer((int64_t)s.n_changes));
    kao_json_set(o, "bytes", kao_json_integer((int64_t)s.n_bytes));
    kao_json_set(o, "schema", kao_json_integer(s.schema));
    kao_json_set(o, "encrypted", kao_json_bool(s.encrypted != 0));
    kao_json_set(o, "models", models);
    j->status = cli_print_json("gallery", o);
    return KAO_OK;
}

static kao_status do_rename(job *j, kao_error *err)
{
    int64_t person = 0;
    const kao_status st = cli_person_of(&j->use, j->words[0], &person, err);

    return st ? st : kao_gallery_rename(j->use.g, person, j->words[1], err);
}

static kao_status do_note(job *j, kao_error *err)
{
    int64_t person = 0;
    const kao_status st = cli_person_of(&j->use, j->words[0], &person, err);
    const char *note = j->words[1][0] ? j->words[1] : NULL;

    return st ? st : kao_gallery_set_note(j->use.g, person, note, err);
}

static kao_status do_merge(job *j, kao_error *err)
{
    int64_t into = 0, from = 0;
    kao_status st = cli_person_of(&j->use, j->words[0], &into, err);

    if (!st)
        st = cli_person_of(&j->use, j->words[1], &from, err);
    return st ? st : kao_gallery_merge(j->use.g, into, from, err);
}

static kao_status do_remove(job *j, kao_error *err)
{
    int64_t person = 0;
    const kao_status st = cli_person_of(&j->use, j->words[0], &person, err);

    return st ? st : kao_gallery_remove_person(j->use.g, person, err);
}

static kao_status do_move(job *j, kao_error *err)
{
    int64_t person = 0;
    const kao_status st = cli_person_of(&j->use, j->words[1], &person, err);

    return st ? st : kao_gallery_move_sample(j->use.g, j->words[0], &person, err);
}

static kao_status do_split(job *j, kao_error *err)
{
    int64_t person = 0;
    const kao_status st = kao_gallery_move_sample(j->use.g, j->words[0], &person, err);

    if (!st)
        printf("#%lld\n", (long long)person);
    return st;
}

/* ---- what somebody says ---- */

static kao_status do_group(job *j, kao_error *err)
{
    int64_t person = 0;
    const kao_status st = cli_person_of(&j->use, j->words[0], &person, err);

    return st ? st
              : kao_gallery_set_groups(j->use.g, person,
                                       (const char *const *)j->words + 1,
                                       (size_t)j->n_words - 1, err);
}

static kao_status do_apart(job *j, kao_error *err)
{
    int64_t a = 0, b = 0;
    kao_status st = cli_person_of(&j->use, j->words[0], &a, err);

    if (!st)
        st = cli_person_of(&j->use, j->words[1], &b, err);
    return st ? st : kao_gallery_keep_apart(j->use.g, a, b, err);
}

static kao_status do_not(job *j, kao_error *err)
{
    int64_t person = 0, owner = 0;
    kao_status st = cli_person_of(&j->use, j->words[1], &person, err);

    if (!st)
        st = kao_gallery_not(j->use.g, j->words[0], person, &owner, err);
    if (!st)
        printf("#%lld\n", (long long)owner);
    return st;
}

static int take_owner(void *user, const kao_sample *s)
{
    *(int64_t *)user = s->person;
    return 0;
}

static int take_count(void *user, const kao_person *p)
{
    *(uint32_t *)user = p->n_samples;
    return 0;
}

/* A sample's person, who has that one alone: it was somebody's among others by mistake. */
static kao_status person_of_sample(job *j, const char *id, int64_t *person,
                                   kao_error *err)
{
    uint32_t n = 0;
    kao_status st = kao_gallery_sample(j->use.g, id, take_owner, person, err);

    if (!st)
        st = kao_gallery_person(j->use.g, *person, take_count, &n, err);
    return st || n < 2 ? st : kao_gallery_not(j->use.g, id, *person, person, err);
}

/* A name first: who is called like a sample's id is still a person. */
static kao_status do_ignore(job *j, kao_error *err)
{
    int64_t person = 0;
    kao_status st = cli_person_of(&j->use, j->words[0], &person, err);

    if (st == KAO_E_NOT_FOUND && strlen(j->words[0]) == KAO_UUID_BYTES - 1)
        st = j->args->take_back
                 ? kao_gallery_sample(j->use.g, j->words[0], take_owner, &person, err)
                 : person_of_sample(j, j->words[0], &person, err);
    if (!st)
        st = kao_gallery_set_ignored(j->use.g, person, !j->args->take_back, err);
    if (!st)
        printf("#%lld\n", (long long)person);
    return st;
}

static int tell_fact(void *user, const kao_fact *f)
{
    job *j = user;

    if (!j->args->json && f->kind == KAO_FACT_APART)
        printf("%lld\t#%lld and #%lld are two people\n", (long long)f->number,
               (long long)f->person, (long long)f->other);
    else if (!j->args->json)
        printf("%lld\t%s is not #%lld\n", (long long)f->number, f->sample,
               (long long)f->person);
    if (!j->args->json)
        return 0;
    j->status = cli_print_json("gallery", kao_fact_json(f));
    return j->status;
}

static kao_status do_facts(job *j, kao_error *err)
{
    return kao_gallery_facts(j->use.g, tell_fact, j, err);
}

/* ---- changes ---- */

/* The number that a word is; 0 for no word. */
static kao_status number_of(const char *word, const char *what, int64_t *n,
                            kao_error *err)
{
    char *end = NULL;

    errno = 0;
    *n = word ? strtoll(word, &end, 10) : 0;
    return word && (errno || *end || *n < 1)
               ? kao_fail(err, KAO_E_ARG, "%.40s: wanted the number of a %s", word,
                          what)
               : KAO_OK;
}

static kao_status do_drop(job *j, kao_error *err)
{
    int64_t n = 0;
    const kao_status st = number_of(j->words[0], "fact", &n, err);

    return st ? st : kao_gallery_drop_fact(j->use.g, n, err);
}

static kao_status do_undo(job *j, kao_error *err)
{
    int64_t undone = 0, n = 0;
    kao_status st = number_of(j->words[0], "change", &n, err);

    if (!st)
        st = kao_gallery_undo(j->use.g, n, &undone, err);

    if (!st)
        printf("undone: change %lld\n", (long long)undone);
    return st;
}

static int tell_change(void *user, const kao_change *c)
{
    job *j = user;
    char text[32];
    const char *when = kao_time_text(c->time, text);

    if (!j->args->json) {
        printf("%lld\t%s\t%s\t%s%s\n", (long long)c->number, when, c->action, c->detail,
               c->undone ? " (undone)" : "");
        return 0;
    }
    kao_json *o = kao_json_object();

    kao_json_set(o, "change", kao_json_integer(c->number));
    kao_json_set(o, "time", kao_json_string(when));
    kao_json_set(o, "action", kao_json_string(c->action));
    kao_json_set(o, "detail", kao_json_string(c->detail));
    kao_json_set(o, "undone", kao_json_bool(c->undone));
    j->status = cli_print_json("gallery", o);
    return j->status;
}

static kao_status do_history(job *j, kao_error *err)
{
    return kao_gallery_history(j->use.g, tell_change, j, err);
}

static kao_status do_verify(job *j, kao_error *err)
{
    const kao_status st = kao_gallery_verify(j->use.g, err);

    if (!st)
        printf("%s: whole\n", j->use.shown);
    return st;
}

static kao_status do_compact(job *j, kao_error *err)
{
    uint64_t before = 0, after = 0;
    const kao_status st = kao_gallery_compact(j->use.g, &before, &after, err);

    if (!st)
        printf("%s: %llu bytes, were %llu\n", j->use.shown, (unsigned long long)after,
               (unsigned long long)before);
    return st;
}

static kao_status do_doctor(job *j, kao_error *err)
{
    return cli_gallery_doctor(&j->use, j->args->json, &j->status, err);
}

static kao_status export_as(job *j, const char *path, kao_gallery_form form,
                            kao_error *err)
{
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    kao_bytes b = { .mem = &mem, .max = KAO_FORM_MOST };
    kao_status st = kao_form_write(j->use.g, form, &b, err);

    j->writes = st == KAO_OK;
    st = st ? kao_error_prefix(err, st, "%s", j->use.shown)
            : kao_file_write(&mem, path, b.p, b.n, err);
    kao_bytes_free(&b);
    return st;
}

static kao_status do_export(job *j, kao_error *err)
{
    const char *path = j->words[0];
    const size_t n = strlen(path);

    if (j->use.has_key)
        fprintf(stderr, "kao gallery: %s: what is written there is not encrypted\n",
                path);

    for (int f = KAO_FORM_LINES; f <= KAO_FORM_VECTORS; f++) {
        const kao_gallery_form form = (kao_gallery_form)f;
        const size_t end = strlen(kao_form_end(form));

        if (n > end && strcmp(path + n - end, kao_form_end(form)) == 0)
            return export_as(j, path, form, err);
    }
    return kao_fail(err, KAO_E_ARG,
                    "%s: its end says what is written: .jsonl, .csv, .npy", path);
}

static kao_status do_chips(job *j, kao_error *err)
{
    size_t n = 0;
    const kao_status st =
        cli_gallery_write_chips(&j->use, j->words[0], &n, &j->writes, err);

    if (!st)
        printf("%zu chip%s\n", n, n == 1 ? "" : "s");
    return st;
}

static kao_status do_reembed(job *j, kao_error *err)
{
    cli_reembedding r;
    const kao_status st =
        cli_gallery_reembed(&j->use, &j->args->use, j->args->drop_missing, &r, err);

    if (!st)
        printf("%zu samples by their chips, %zu by their pictures, %zu dropped\n",
               r.by_chip, r.by_source, r.missing);
    return st;
}

static kao_status do_import(job *j, kao_error *err)
{
    const char *path = j->words[0];
    kao_moved m = { 0 };
    kao_file f = { 0 };
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    kao_status st = cli_read(&f, &mem, path, KAO_FORM_MOST, err);

    if (!st)
        st = kao_form_read(&mem, j->use.g, j->use.embedders, path, f.bytes.p, f.bytes.n,
                           NULL, &m, err);
    kao_file_close(&f);

    if (m.people || m.samples || m.known || !st)
        printf("%zu people, %zu samples; %zu samples were there already\n", m.people,
               m.samples, m.known);
    return st;
}

/* ---- encryption ---- */

static kao_status set_key(job *j, const void *key, kao_error *err)
{
    kao_receipt r = { .size = sizeof r };
    const kao_status st = kao_gallery_set_key(j->use.g, key, &r, err);

    if (!st && key)
        printf("%s: encrypted; %llu bytes of %s searched for %u pieces of what stood "
               "there before: %u found\nOut of reach: %s.\n",
               j->use.shown, (unsigned long long)r.n_bytes_searched,
               kao_database_is_address(j->use.path) ? "this machine's index"
                                                    : "its files",
               r.n_pieces, r.n_traces, kao_gallery_out_of_reach(j->use.g));
    else if (!st)
        printf("%s: not encrypted any more\n", j->use.shown);
    return st;
}

/* By the key of a file, which is made where it is not there. */
static kao_status encrypt_by(job *j, const char *path, const char *option,
                             kao_error *err)
{
    uint8_t key[KAO_GALLERY_KEY];
    kao_status st =
        path ? cli_key_read(path, true, key, err)
             : kao_fail(err, KAO_E_ARG, "%s: wanted %s FILE", j->use.shown, option);

    if (!st)
        st = set_key(j, key, err);
    kao_gallery_key_wipe(key);
    return st;
}

static kao_status do_encrypt(job *j, kao_error *err)
{
    return encrypt_by(j, cli_key_file(&j->args->use), "--key-file", err);
}

static kao_status do_rekey(job *j, kao_error *err)
{
    return j->use.has_key
               ? encrypt_by(j, j->args->new_key_file, "--new-key-file", err)
               : kao_fail(err, KAO_E_CONFLICT,
                          "%s: is not encrypted: kao gallery encrypt", j->use.shown);
}

static kao_status do_decrypt(job *j, kao_error *err)
{
    return set_key(j, NULL, err);
}

static const struct verb {
    const char *name;
    int least, most; /* words behind it */
    cli_gallery_for what;
    bool networks;
    kao_status (*run)(job *j, kao_error *err);
} verbs[] = {
    { "create", 0, 0, CLI_GALLERY_CREATE, true, do_create },
    { "stats", 0, 0, CLI_GALLERY_READ, false, do_stats },
    { "rename", 2, 2, CLI_GALLERY_WRITE, false, do_rename },
    { "note", 2, 2, CLI_GALLERY_WRITE, false, do_note },
    { "merge", 2, 2, CLI_GALLERY_WRITE, false, do_merge },
    { "remove", 1, 1, CLI_GALLERY_WRITE, false, do_remove },
    { "move", 2, 2, CLI_GALLERY_WRITE, false, do_move },
    { "split", 1, 1, CLI_GALLERY_WRITE, false, do_split },
    { "group", 1, 1 + KAO_GROUPS_MOST, CLI_GALLERY_WRITE, false, do_group },
    { "apart", 2, 2, CLI_GALLERY_WRITE, false, do_apart },
    { "not", 2, 2, CLI_GALLERY_WRITE, false, do_not },
    { "ignore", 1, 1, CLI_GALLERY_WRITE, false, do_ignore },
    { "facts", 0, 0, CLI_GALLERY_READ, false, do_facts },
    { "drop", 1, 1, CLI_GALLERY_WRITE, false, do_drop },
    { "undo", 0, 1, CLI_GALLERY_WRITE, false, do_undo },
    { "history", 0, 0, CLI_GALLERY_READ, false, do_history },
    { "chips", 1, 1, CLI_GALLERY_READ, false, do_chips },
    { "reembed", 0, 0, CLI_GALLERY_WRITE, false, do_reembed },
    { "export", 1, 1, CLI_GALLERY_READ, false, do_export },
    { "import", 1, 1, CLI_GALLERY_CREATE, true, do_import },
    { "verify", 0, 0, CLI_GALLERY_READ, false, do_verify },
    { "doctor", 0, 0, CLI_GALLERY_READ, true, do_doctor },
    { "compact", 0, 0, CLI_GALLERY_WRITE, false, do_compact },
    { "encrypt", 0, 0, CLI_GALLERY_WRITE, false, do_encrypt },
    { "rekey", 0, 0, CLI_GALLERY_WRITE, false, do_rekey },
    { "decrypt", 0, 0, CLI_GALLERY_WRITE, false, do_decrypt },
};

static bool has_json(const struct verb *v)
{
    return v->run == do_stats || v->run == do_facts || v->run == do_history ||
           v->run == do_doctor;
}

/* Options of some verbs alone. */
static bool fits(const gallery_args *a, const struct verb *v)
{
    static const char message[] = "kao gallery: --not is of ignore, --drop-missing of "
                                  "reembed, --encrypt of create, --new-key-file of "
                                  "rekey, --json of stats, facts, history and doctor\n";
    const bool fine = (!a->take_back || v->run == do_ignore) &&
                      (!a->drop_missing || v->run == do_reembed) &&
                      (!a->use.make_key || v->run == do_create) &&
                      (!a->new_key_file || v->run == do_rekey) &&
                      (!a->json || has_json(v));

    if (!fine)
        fputs(message, stderr);
    return fine;
}

int cli_gallery_run(int argc, char **argv)
{
    gallery_args args = { .json = false };
    cli_operands rest;
    kao_error err = { 0 };
    const struct verb *v = NULL;
    int status = CLI_BAD;

    if (!cli_begin("gallery", argc, argv, &args, &rest, &status))
        return status;
    for (size_t i = 0; rest.n && i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(rest.items[0], verbs[i].name) == 0)
            v = &verbs[i];
    if (!v || rest.n - 1 < v->least || rest.n - 1 > v->most) {
        fprintf(stderr, "kao gallery: %s%s (see kao gallery --help)\n",
                rest.n ? rest.items[0] : "wanted what to do",
                !rest.n ? ""
                : v     ? ": another number of words is wanted"
                        : ": there is no such thing to do");
        return CLI_BAD;
    }
    char *none[1] = { NULL };
    if (!fits(&args, v))
        return CLI_BAD;
    args.use.without_key = v->run == do_encrypt;
    job j = { .args = &args,
              .words = rest.n > 1 ? rest.items + 1 : none,
              .n_words = rest.n - 1 };
    kao_status st = cli_gallery_open(&j.use, &args.use, v->what, v->networks, &err);

    if (st == KAO_E_CONFLICT && v->run == do_encrypt)
        kao_fail(&err, st, "%s: is encrypted already: kao gallery rekey", j.use.shown);
    if (st)
        return cli_report("gallery", st, &err);
    st = v->run(&j, &err);
    status = !st        ? j.status
             : j.writes ? cli_report_unwritten("gallery", st, &err)
                        : cli_report("gallery", st, &err);
    cli_gallery_close(&j.use);
    return cli_finish("gallery", status);
}
