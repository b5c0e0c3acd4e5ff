/* See call.h. */
#include "server/call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/text.h"
#include "server/compreface.h"
#include "server/spool.h"
#include "server/stream.h"

/* ---- reading ---- */

const char *kao_call_query(const kao_call *c, const char *name)
{
    for (size_t i = 0; i < c->n_query; i++)
        if (strcmp(c->query[i].name, name) == 0)
            return c->query[i].value;
    return NULL;
}

const char *kao_call_header(const kao_call *c, const char *name)
{
    for (size_t i = 0; i < c->n_headers; i++)
        if (strcasecmp(c->headers[i].name, name) == 0)
            return c->headers[i].value;
    return NULL;
}

bool kao_call_is_japanese(const kao_call *c)
{
    const char *languages = kao_call_header(c, "accept-language");

    return languages && strncasecmp(languages, "ja", 2) == 0;
}

const kao_part *kao_call_part(const kao_call *c, const char *name)
{
    for (size_t i = 0; i < c->n_parts; i++)
        if (strcmp(c->parts[i].name, name) == 0)
            return &c->parts[i];
    return NULL;
}

/* As text of the query or of a form; NULL: see the JSON body. */
static const char *plain(const kao_call *c, const char *name)
{
    const char *s = kao_call_query(c, name);
    const kao_part *p = s ? NULL : kao_call_part(c, name);

    return s ? s : p ? (const char *)p->bytes.p : NULL;
}

bool kao_call_number(const kao_call *c, const char *name, double *to, bool *bad)
{
    const char *s = plain(c, name);
    const kao_json *v = s ? NULL : kao_json_get(c->json, name);

    if (!s && !v)
        return false;
    const bool fine = s ? kao_text_number(&s, to) && !*s : kao_json_as_number(v, to);

    *bad |= !fine;
    return fine;
}

bool kao_call_integer(const kao_call *c, const char *name, int64_t *to, bool *bad)
{
    const char *s = plain(c, name);
    const kao_json *v = s ? NULL : kao_json_get(c->json, name);
    char *end = NULL;

    if (!s && !v)
        return false;
    if (v) {
        const bool fine = kao_json_as_integer(v, to);

        *bad |= !fine;
        return fine;
    }
    errno = 0;
    const long long n = strtoll(s, &end, 10);

    if (errno || end == s || *end) {
        *bad = true;
        return false;
    }
    *to = n;
    return true;
}

bool kao_call_flag(const kao_call *c, const char *name, bool *to, bool *bad)
{
    const char *s = plain(c, name);
    const kao_json *v = s ? NULL : kao_json_get(c->json, name);

    if (!s && !v)
        return false;
    if (v ? kao_json_as_bool(v, to)
          : strcmp(s, "true") == 0 || strcmp(s, "1") == 0 || strcmp(s, "false") == 0 ||
                strcmp(s, "0") == 0) {
        if (s)
            *to = s[0] == 't' || s[0] == '1';
        return true;
    }
    *bad = true;
    return false;
}

bool kao_call_text(const kao_call *c, const char *name, const char **to, bool *bad)
{
    const char *s = plain(c, name);
    const kao_json *v = s ? NULL : kao_json_get(c->json, name);

    if (!s && !v)
        return false;
    if (s)
        *to = s;
    else if (!kao_json_as_text(v, to))
        *bad = true;
    return !*bad;
}

static kao_status from_base64(kao_call *c, const char *name, const char *text,
                              kao_bytes *held, kao_error *err)
{
    const char *comma =
        strncmp(text, "data:", 5) == 0 ? strstr(text, ";base64,") : NULL;

    text = comma ? comma + 8 : text;
    *held = (kao_bytes){ .mem = c->mem, .max = strlen(text) };
    return kao_base64_read(held, text, "\r\n\t ")
               ? KAO_OK
               : kao_fail(err, KAO_E_ARG, "%s: no base64", name);
}

kao_status kao_call_picture(kao_call *c, const char *name, kao_bytes *held,
                            const uint8_t **bytes, size_t *n, kao_error *err)
{
    const kao_part *part = kao_call_part(c, name);
    const kao_json *v = kao_json_get(c->json, name);
    const char *text = NULL;
    kao_status st = KAO_OK;

    *held = (kao_bytes){ .mem = c->mem };
    if (part) {
        *bytes = part->bytes.p;
        *n = part->bytes.n;
    } else if (v) {
        st = kao_json_as_text(v, &text)
                 ? from_base64(c, name, text, held, err)
                 : kao_fail(err, KAO_E_ARG, "%s: wanted a picture in base64", name);
        *bytes = held->p;
        *n = held->n;
    } else {
        *bytes = c->body.p;
        *n = c->json || c->n_parts ? 0 : c->body.n;
    }
    if (!st && *n == 0)
        st = kao_fail(
            err, KAO_E_ARG,
            "%s: no picture: a form's file of this name, base64 in JSON, or the "
            "body itself",
            name);
    return st;
}

/* ---- answering ---- */

void kao_answer_json(kao_call *c, unsigned status, kao_json *json)
{
    kao_bytes_free(&c->out);
    c->type = "application/json";
    c->still = NULL;
    if (kao_json_put(json, &c->out) && kao_bytes_add(&c->out, "\n", 1)) {
        c->status = status;
    } else {
        static const char line[] =
            "{\"error\":{\"code\":\"out_of_memory\",\"message\":\"out of memory\"}}\n";

        c->status = 503;
        c->retry_after = 1;
        c->still = line;
        c->n_still = sizeof line - 1;
    }
}

void kao_answer_error(kao_call *c, unsigned status, const char *code,
                      const char *message)
{
    if (kao_compreface_is(c->path)) {
        kao_compreface_translate(c, status, code, message);
        return;
    }
    kao_json *error = kao_json_object(), *o = kao_json_object();
    char id[24];

    snprintf(id, sizeof id, "%016" PRIx64, c->number);
    kao_json_set(error, "code", kao_json_string(code));
    kao_json_set(error, "message", kao_json_string(message));
    kao_json_set(o, "error", error);
    kao_json_set(o, "request_id", kao_json_string(id));
    kao_answer_json(c, status, o);
}

typedef struct answer_row {
    kao_status st;
    unsigned status;
    const char *code;
} answer_row;

/* NULL: none of these. */
static const answer_row *row_of(kao_status st)
{
    static const answer_row rows[] = {
        { KAO_E_ARG, 400, "invalid_argument" },
        { KAO_E_NOMEM, 503, "out_of_memory" },
        { KAO_E_FORMAT, 422, "invalid_image" },
        { KAO_E_UNSUPPORTED, 415, "unsupported" },
        { KAO_E_LIMIT, 413, "too_large" },
        { KAO_E_NO_FACE, 422, "no_face" },
        { KAO_E_SEVERAL_FACES, 422, "several_faces" },
        { KAO_E_TOO_SMALL, 422, "too_small" },
        { KAO_E_BAD_EMBEDDING, 422, "bad_embedding" },
        { KAO_E_CANCELLED, 503, "stopping" },
        { KAO_E_NOT_FOUND, 404, "not_found" },
        { KAO_E_CONFLICT, 409, "conflict" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].st == st)
            return &rows[i];
    return NULL;
}

void kao_answer_busy(kao_call *c, unsigned seconds, const char *message)
{
    c->retry_after = seconds;
    kao_answer_error(c, 503, "busy", message);
}

const char *kao_answer_code(kao_status st)
{
    const answer_row *row = row_of(st);

    return row ? row->code : kao_status_name(st);
}

void kao_answer_status(kao_call *c, kao_status st, const kao_error *err)
{
    const answer_row *row = row_of(st);
    const unsigned status = row ? row->status : 500;

    if (status == 503)
        c->retry_after = 1;
    kao_answer_error(c, status, kao_answer_code(st), err->msg);
}

void kao_answer(kao_call *c, kao_status st, const kao_error *err, unsigned status,
                kao_json *json)
{
    if (!st) {
        kao_answer_json(c, status, json);
        return;
    }
    kao_json_free(json);
    kao_answer_status(c, st, err);
}

void kao_answer_bad(kao_call *c, const char *name, const char *wanted)
{
    char line[256];

    snprintf(line, sizeof line, "%s: wanted %s", name, wanted);
    kao_answer_error(c, 400, "invalid_argument", line);
}

void kao_call_fini(kao_call *c)
{
    for (size_t i = 0; i < c->n_query; i++) {
        kao_free(c->mem, c->query[i].name);
        kao_free(c->mem, c->query[i].value);
    }
    for (size_t i = 0; i < c->n_headers; i++) {
        kao_free(c->mem, c->headers[i].name);
        kao_free(c->mem, c->headers[i].value);
    }
    for (size_t i = 0; i < c->n_parts; i++) {
        kao_free(c->mem, c->parts[i].name);
        kao_free(c->mem, c->parts[i].file);
        kao_bytes_free(&c->parts[i].bytes);
    }
    kao_json_free(c->json);
    kao_spool_close(c->spool);
    kao_stream_close(c->stream);
    kao_free(c->mem, c->spool_name);
    if (c->has_file)
        close(c->file);
    kao_bytes_free(&c->body);
    kao_bytes_free(&c->out);
    kao_free(c->mem, c->path);
}
