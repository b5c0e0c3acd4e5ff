/* Cards: parse "key = value" lines, merge sources, say what is missing. */
#include "face/card.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "face/card_keys.h"
#include "face/detector_family.h"
#include "face/model.h"

enum { CARD_BYTES = 64 << 10, CARD_ROWS = 128 };

typedef struct row {
    const char *key, *value, *source;
    const char *same; /* the last source that has it, too, with this value */
} row;

struct kao_card {
    kao_mem *mem;
    kao_arena arena;
    row rows[CARD_ROWS];
    size_t n_rows;
    bool preset_read;
    const char *fed; /* the last source that says how pictures come to the network */
    const char *otherwise; /* the last one that says it otherwise than one before */
    bool is_fed_anew;
    char missing[160];
};

/* n bytes more of the card were not to be had. */
static kao_status no_room(const kao_card *c, size_t n, kao_error *err)
{
    if (kao_arena_full(&c->arena, n))
        return kao_fail(err, KAO_E_LIMIT, "card: more than %zu bytes", c->arena.limit);
    return kao_fail(err, KAO_E_NOMEM, "card: out of memory");
}

static size_t place_of(const kao_card *c, const char *key)
{
    size_t i = 0;

    while (i < c->n_rows && strcmp(c->rows[i].key, key) != 0)
        i++;
    return i;
}

static const row *find_row(const kao_card *c, const char *key)
{
    const size_t i = place_of(c, key);

    return i < c->n_rows ? &c->rows[i] : NULL;
}

static unsigned what_is(const char *key)
{
    unsigned is = 0;

    (void)kao_card_key(key, &is);
    return is;
}

/* 112 is 112x112. */
static bool says_same(const char *key, const char *a, const char *b)
{
    uint32_t w[2] = { 0 }, h[2] = { 0 };

    return strcmp(a, b) == 0 ||
           (strcmp(key, "input.size") == 0 && kao_card_parse_size(a, &w[0], &h[0]) &&
            kao_card_parse_size(b, &w[1], &h[1]) && w[0] == w[1] && h[0] == h[1]);
}

/* After a source was read: where an earlier one feeds the network otherwise, nothing counts that this
 * one has measured. */
static void drop_measured(kao_card *c, const char *source)
{
    bool otherwise = c->otherwise && strcmp(c->otherwise, source) == 0;
    size_t n = 0;

    for (size_t i = 0; i < c->n_rows; i++) {
        const row *r = &c->rows[i];

        otherwise |= c->fed && strcmp(c->fed, source) == 0 &&
                     what_is(r->key) & KAO_CARD_OPTIONAL &&
                     !kao_card_is_default(r->key, r->value) &&
                     strcmp(r->source, source) != 0 &&
                     (!r->same || strcmp(r->same, source) != 0);
    }
    for (size_t i = 0; otherwise && i < c->n_rows; i++)
        if (strcmp(c->rows[i].source, source) != 0 ||
            !(what_is(c->rows[i].key) & KAO_CARD_MEASURED))
            c->rows[n++] = c->rows[i];
    if (otherwise)
        c->n_rows = n;
    c->is_fed_anew |= otherwise;
}

/* The first source of a key wins; one source gives it once. */
static kao_status add_row(kao_card *c, const char *key, const char *value,
                          const char *source, kao_error *err)
{
    const bool fed = what_is(key) & KAO_CARD_FED;
    const size_t place = place_of(c, key);
    row *have = place < c->n_rows ? &c->rows[place] : NULL;

    if (fed)
        c->fed = source;
    if (have && strcmp(have->source, source) == 0)
        return kao_fail(err, KAO_E_FORMAT, "the key \"%.60s\" stands there twice", key);
    if (have && says_same(key, have->value, value))
        have->same = source;
    else if (have && fed)
        c->otherwise = source;
    if (have)
        return KAO_OK;
    if (c->n_rows == CARD_ROWS)
        return kao_fail(err, KAO_E_LIMIT, "card: more than %d rows", CARD_ROWS);
    row *r = &c->rows[c->n_rows];

    r->key = kao_arena_str(&c->arena, key, strlen(key));
    if (!r->key)
        return no_room(c, strlen(key) + 1, err);
    r->value = kao_arena_str(&c->arena, value, strlen(value));
    if (!r->value)
        return no_room(c, strlen(value) + 1, err);
    r->source = source;
    r->same = NULL;
    c->n_rows++;
    return KAO_OK;
}

/* text is changed. name: of the file, for messages. */
static kao_status parse_text(kao_card *c, char *text, const char *name,
                             const char *source, kao_error *err)
{
    kao_status st = KAO_OK;
    int number = 0;

    for (char *line = kao_text_begin(text), *next = NULL; !st && line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        number++;
        line = kao_text_trim(line);
        if (strchr(line, '\r')) /* all lines in one, perhaps behind a '#' */
            return kao_fail(err, KAO_E_FORMAT,
                            "%s: line %d has a carriage return inside: lines end in LF "
                            "or CR LF",
                            name, number);
        if (line[0] == '\0' || line[0] == '#')
            continue;
        char *equals = strchr(line, '=');

        if (!equals)
            return kao_fail(err, KAO_E_FORMAT, "%s: line %d is not \"key = value\"",
                            name, number);
        *equals = '\0';
        const char *key = kao_text_trim(line), *value = kao_text_trim(equals + 1);

        if (!kao_card_key(key, NULL))
            return kao_fail(err, KAO_E_FORMAT, "%s: line %d: unknown key \"%.60s\"",
                            name, number, key);
        st = add_row(c, key, value, source, err);
        if (st)
            kao_error_prefix(err, st, "%s: line %d", name, number);
    }
    drop_measured(c, source);
    return st;
}

static kao_status read_sidecar(kao_card *c, const char *path, kao_error *err)
{
    const size_t cap = strlen(path) + sizeof ".card";
    char *name = kao_arena_alloc(&c->arena, cap);
    kao_file f = { 0 };
    kao_error own = { 0 };

    if (!name)
        return no_room(c, cap, err);
    snprintf(name, cap, "%s.card", path);
    kao_status st = kao_file_open(&f, c->mem, name, CARD_BYTES, &own);

    /* there is none, or can be none beside so long a name */
    if (st == KAO_E_IO && (own.sys == ENOENT || own.sys == ENAMETOOLONG))
        return KAO_OK;
    if (st) {
        if (err)
            *err = own;
        return st;
    }
    char *text = kao_arena_str(&c->arena, f.bytes.p, f.bytes.n);

    st = !text ? no_room(c, f.bytes.n + 1, err)
         : strlen(text) != f.bytes.n
             ? kao_fail(err, KAO_E_FORMAT, "%s: not a text file", name)
             : parse_text(c, text, name, "sidecar", err);
    kao_file_close(&f);
    return st;
}

static kao_status read_metadata(kao_card *c, const kao_network *net, kao_error *err)
{
    kao_status st = KAO_OK;

    for (uint32_t i = 0; !st && i < net->onnx.n_meta; i++) {
        const char *key = net->onnx.meta[i].key;

        if (strncmp(key, "kao.", 4) != 0)
            continue;
        if (!kao_card_key(key + 4, NULL))
            return kao_fail(err, KAO_E_FORMAT, "%s: metadata: unknown key \"%.60s\"",
                            net->name, key);
        st = add_row(c, key + 4, net->onnx.meta[i].value, "metadata", err);
        if (st)
            kao_error_prefix(err, st, "%s: metadata", net->name);
    }
    drop_measured(c, "metadata");
    return st;
}

/* The built-in card of this file, or NULL. */
static const char *builtin_text(kao_model *m)
{
    char hash[KAO_SHA256_TEXT] = "";

    for (size_t i = 0; i < kao_n_builtin_cards; i++) {
        const kao_builtin_card *b = &kao_builtin_cards[i];

        if (b->bytes != m->bytes.n)
            continue;
        if (!hash[0])
            kao_model_hash(m, hash);
        if (strcmp(hash, b->sha256) == 0)
            return b->text;
    }
    return NULL;
}

static kao_status read_builtin(kao_card *c, kao_model *m, kao_error *err)
{
    const char *have = builtin_text(m);
    char *text = have ? kao_arena_str(&c->arena, have, strlen(have)) : NULL;

    return !have  ? KAO_OK
           : text ? parse_text(c, text, "built-in card", "card", err)
                  : no_room(c, strlen(have) + 1, err);
}

/* Whether a built-in card that was not read feeds the network as this one does. */
static bool feeds_alike(const kao_card *c, const char *text)
{
    char line[80], said[80];

    for (size_t i = 0; i < c->n_rows; i++) {
        const row *r = &c->rows[i];
        const unsigned is = what_is(r->key);

        snprintf(line, sizeof line, "\n%s = ", r->key);
        const char *at = is & KAO_CARD_FED ? strstr(text, line) : NULL;

        if (at)
            at += strlen(line);
        snprintf(said, sizeof said, "%.*s", at ? (int)strcspn(at, "\n") : 0,
                 at ? at : "");
        if (at && !says_same(r->key, said, r->value))
            return false;
        if (!at && is & KAO_CARD_OPTIONAL && !kao_card_is_default(r->key, r->value) &&
            strstr(text, "\ntemplate = "))
            return false;
    }
    return !c->is_fed_anew;
}

bool kao_card_usual_norm(kao_model *m, float usual[2])
{
    static const char key[] = "\nquality.norm = ";
    const char *text = NULL, *at = NULL;
    double v[2] = { 0 };

    if (kao_card_get(m->card, "quality.norm"))
        return kao_card_each(m->card, "quality.norm", usual, 2, NULL) == KAO_OK;
    text = builtin_text(m);
    at = text ? strstr(text, key) : NULL;
    if (!at || !feeds_alike(m->card, text))
        return false;
    at += strlen(key);
    for (int i = 0; i < 2; i++, at += strspn(at, " "))
        if (!kao_text_number(&at, &v[i]))
            return false;
    usual[0] = (float)v[0];
    usual[1] = (float)v[1];
    return true;
}

/* A preset stands for the keys that its source, and those before, do not give themselves. */
static kao_status read_preset(kao_card *c, const char *model, kao_error *err)
{
    const char *name = kao_card_get(c, "preset");

    if (!name || c->preset_read)
        return KAO_OK;
    const char *text = kao_preset_find(name);

    if (!text)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: card: preset = %.60s: ailia-arcface or ailia-arcface-eq",
                        model, name);
    char *own = kao_arena_str(&c->arena, text, strlen(text));

    c->preset_read = true;
    return own ? parse_text(c, own, name, "preset", err)
               : no_room(c, strlen(text) + 1, err);
}

/* What the file itself states: the picture size, if it is fixed, and the layout. */
static kao_status read_structure(kao_card *c, const kao_network *net, kao_error *err)
{
    const kao_detector_family *family = kao_detector_recognise(net);
    kao_status st = KAO_OK;
    char text[48];

    if (net->onnx.n_inputs == 1 && net->onnx.inputs[0].rank == 4) {
        const int64_t *d = net->onnx.inputs[0].dims;

        const bool last = d[1] != 3 && d[3] == 3; /* channels last */
        const int64_t width = d[last ? 2 : 3], height = d[last ? 1 : 2];

        if ((last || d[1] == 3 || d[1] == 1) && width > 0 && height > 0) {
            snprintf(text, sizeof text, "%lldx%lld", (long long)width,
                     (long long)height);
            st = add_row(c, "input.size", text, "structure", err);
        }
    }
    if (st || !family)
        return st;
    st = add_row(c, "kind", "detector", "structure", err);
    return st ? st : add_row(c, "family", family->name, "structure", err);
}

static void find_missing(kao_card *c)
{
    const char *kind = kao_card_get(c, "kind");
    size_t n = 0, i = 0;

    c->missing[0] = '\0';
    if (kind && strcmp(kind, "detector") == 0) {
        if (!kao_card_get(c, "family"))
            snprintf(c->missing, sizeof c->missing, "family");
        return;
    }
    for (const char *key = NULL;
         n < sizeof c->missing && (key = kao_card_needed(kind, &i)) != NULL;)
        if (!kao_card_get(c, key))
            n += (size_t)snprintf(c->missing + n, sizeof c->missing - n, "%s%s",
                                  n ? ", " : "", key);
}

/* Whether the author of the model or of a sidecar has said all: then nothing compiled in can
 * be meant, and a file of megabytes need not be hashed. The file states its own size. */
static bool is_complete(kao_card *c)
{
    find_missing(c);
    return !c->missing[0] || strcmp(c->missing, "input.size") == 0;
}

static kao_status read_all(kao_card *c, kao_model *m, const char *path,
                           const char *text, kao_error *err)
{
    char *own = text ? kao_arena_str(&c->arena, text, strlen(text)) : NULL;
    kao_status st = KAO_OK;

    if (text) {
        st = own ? parse_text(c, own, "card", path ? "given" : "sidecar", err)
                 : no_room(c, strlen(text) + 1, err);
        if (st)
            kao_error_prefix(err, st, "%s", m->net->name);
    }
    if (!st)
        st = read_preset(c, m->net->name, err);
    if (!st && path)
        st = read_sidecar(c, path, err);
    if (!st)
        st = read_preset(c, m->net->name, err);
    if (!st)
        st = read_metadata(c, m->net, err);
    if (!st)
        st = read_preset(c, m->net->name, err);
    if (!st && !is_complete(c))
        st = read_builtin(c, m, err);
    if (!st) {
        st = read_structure(c, m->net, err);
        if (st)
            kao_error_prefix(err, st, "%s", m->net->name);
    }
    find_missing(c);
    return st;
}

kao_status kao_card_build(kao_card **out, kao_model *m, const char *path,
                          const char *text, kao_error *err)
{
    kao_mem *mem = &m->ctx->mem;
    kao_card *c = kao_calloc(mem, 1, sizeof *c);

    *out = NULL;
    if (!c)
        return kao_fail(err, KAO_E_NOMEM, "card: out of memory");
    c->mem = mem;
    kao_arena_init(&c->arena, mem, 4 * CARD_BYTES);
    const kao_status st = read_all(c, m, path, text, err);

    if (st)
        kao_card_destroy(c);
    else
        *out = c;
    return st;
}

void kao_card_destroy(kao_card *c)
{
    if (!c)
        return;
    kao_arena_fini(&c->arena);
    kao_free(c->mem, c);
}

const char *kao_card_get(const kao_card *c, const char *key)
{
    const row *r = find_row(c, key);

    return r ? r->value : NULL;
}

const char *kao_card_source(const kao_card *c, const char *key)
{
    const row *r = find_row(c, key);

    return r ? r->source : NULL;
}

/* Rows stand in the order of their sources. */
const char *kao_card_first_of(const kao_card *c, const char *a, const char *b)
{
    const row *first = find_row(c, a), *second = find_row(c, b);

    if (!first || !second)
        return first ? a : second ? b : NULL;
    return second < first && strcmp(second->source, first->source) != 0 ? b : a;
}

int kao_card_row(const kao_card *c, size_t i, const char **key, const char **value,
                 const char **source)
{
    if (i >= c->n_rows)
        return 0;
    if (key)
        *key = c->rows[i].key;
    if (value)
        *value = c->rows[i].value;
    if (source)
        *source = c->rows[i].source;
    return 1;
}

const char *kao_card_missing(const kao_card *c)
{
    return c->missing;
}

kao_status kao_card_require(const kao_card *c, const char *kind, const char *path,
                            kao_error *err)
{
    const char *have = kao_card_get(c, "kind");

    if (have && strcmp(have, kind) != 0)
        return kao_fail(err, KAO_E_UNKNOWN_MODEL, "%s: a model of kind %s, wanted %s",
                        path, have, kind);
    if (!have && strcmp(kind, "detector") == 0)
        return kao_fail(
            err, KAO_E_UNKNOWN_MODEL,
            "%s: no detector family knows this network; its card lacks: kind, "
            "family",
            path);
    if (c->missing[0])
        return kao_fail(err, KAO_E_UNKNOWN_MODEL,
                        "%s: unknown %s; its card lacks: %s (write them into %s.card)",
                        path, kind, c->missing, path);
    return KAO_OK;
}
