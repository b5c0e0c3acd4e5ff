/* See gallery_files.h. */
#include "cli/gallery_files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/npy.h"

enum { FORM = 1, FILE_BYTES_MOST = 1 << 30, SAMPLES_MOST = 100000 };

/* The same picture's vector, through a text and back. */
static const float the_same = .99999f;

static kao_status out_of_memory(kao_error *err)
{
    return kao_fail(err, KAO_E_NOMEM, "out of memory");
}

static size_t models_of(cli_gallery *u, kao_gallery_model m[KAO_GALLERY_MODELS])
{
    size_t n = 0;

    while (n < KAO_GALLERY_MODELS) {
        m[n] = (kao_gallery_model){ .size = sizeof m[n] };
        if (!kao_gallery_model_at(u->g, n, &m[n]))
            break;
        n++;
    }
    return n;
}

/* ---- out ---- */

typedef struct export
{
    cli_gallery *u;
    kao_mem mem;
    kao_bytes b;
    kao_gallery_model models[KAO_GALLERY_MODELS];
    size_t n_models;
    float *vector; /* room for one of any model */
    size_t rows;   /* samples so far */
    /* of the person that is being told: */
    int64_t person;
    char *name;
    kao_json *samples;
    bool vectors, csv; /* what is written */
    kao_status st;
    kao_error *err;
}
export;

static bool put_line(export *x, kao_json *o)
{
    char *text = kao_json_text(o);
    const bool fine = text && kao_bytes_add(&x->b, text, strlen(text)) &&
                      kao_bytes_add(&x->b, "\n", 1);

    free(text);
    if (!fine)
        x->st = out_of_memory(x->err);
    return fine;
}

static kao_json *text_or_null(const char *s)
{
    return s ? kao_json_string(s) : kao_json_null();
}

static bool put_head(export *x)
{
    kao_json *o = kao_json_object(), *models = kao_json_array();

    for (size_t i = 0; i < x->n_models; i++) {
        kao_json *m = kao_json_object();

        kao_json_set(m, "name", kao_json_string(x->models[i].name));
        kao_json_set(m, "id", kao_json_string(x->models[i].id));
        kao_json_set(m, "dim", kao_json_integer(x->models[i].dim));
        kao_json_add(models, m);
    }
    kao_json_set(o, "kao_gallery", kao_json_integer(FORM));
    kao_json_set(o, "models", models);
    return put_line(x, o);
}

static bool put_csv(export *x, const kao_sample *s)
{
    char text[96], time[32];
    bool fine = true;

    snprintf(text, sizeof text, "%lld,", (long long)s->person);
    fine = kao_bytes_add(&x->b, text, strlen(text)) &&
           kao_bytes_add_csv(&x->b, x->name ? x->name : "");
    snprintf(text, sizeof text, ",%s,%s,", s->id, cli_time_text(s->time, time));
    fine = fine && kao_bytes_add(&x->b, text, strlen(text)) &&
           kao_bytes_add_csv(&x->b, s->source ? s->source : "");
    if (isnan(s->quality))
        snprintf(text, sizeof text, ",\n");
    else
        snprintf(text, sizeof text, ",%.3f\n", (double)s->quality);
    return fine && kao_bytes_add(&x->b, text, strlen(text));
}

static kao_json *vectors_json(export *x, const char *id)
{
    kao_json *all = kao_json_array();

    for (size_t m = 0; !x->st && m < x->n_models; m++) {
        kao_json *one = kao_json_array();

        x->st = kao_gallery_vector(x->u->g, id, m, x->vector, x->err);
        for (uint32_t i = 0; !x->st && i < x->models[m].dim; i++)
            kao_json_add(one, kao_json_float(x->vector[i]));
        kao_json_add(all, one);
    }
    return all;
}

static int take_sample(void *user, const kao_sample *s)
{
    export *x = user;

    x->rows++;
    if (x->csv) {
        if (!put_csv(x, s))
            x->st = out_of_memory(x->err);
    } else if (x->vectors) {
        x->st = kao_gallery_vector(x->u->g, s->id, 0, x->vector, x->err);
        if (!x->st &&
            !kao_bytes_add(&x->b, x->vector, x->models[0].dim * sizeof *x->vector))
            x->st = out_of_memory(x->err);
    } else {
        kao_json *o = kao_json_object();

        kao_json_set(o, "id", kao_json_string(s->id));
        kao_json_set(o, "time", kao_json_integer(s->time));
        kao_json_set(o, "source", text_or_null(s->source));
        kao_json_set(o, "quality", kao_json_float(s->quality));
        kao_json_set(o, "vectors", vectors_json(x, s->id));
        kao_json_add(x->samples, o);
    }
    return x->st != KAO_OK;
}

static int take_person(void *user, const kao_person *p)
{
    export *x = user;
    const bool lines = !x->csv && !x->vectors;

    x->person = p->number;
    x->name = p->name ? kao_strdup(&x->mem, p->name) : NULL;
    if (p->name && !x->name)
        x->st = out_of_memory(x->err);
    kao_json *o = lines ? kao_json_object() : NULL;

    x->samples = lines ? kao_json_array() : NULL;
    if (lines) {
        kao_json_set(o, "person", kao_json_integer(p->number));
        kao_json_set(o, "name", text_or_null(p->name));
        kao_json_set(o, "note", text_or_null(p->note));
        kao_json_set(o, "external", text_or_null(p->external));
    }
    if (!x->st)
        x->st = kao_gallery_samples(x->u->g, p->number, take_sample, x, x->err);
    kao_free(&x->mem, x->name);
    if (lines) {
        kao_json_set(o, "samples", x->samples);
        if (x->st)
            kao_json_free(o);
        else
            put_line(x, o);
    }
    return x->st != KAO_OK;
}

static bool ends_with(const char *path, const char *end)
{
    const size_t n = strlen(path), m = strlen(end);

    return n > m && strcmp(path + n - m, end) == 0;
}

static kao_status write_npy(export *x, const char *path, kao_error *err)
{
    const int64_t dims[2] = { (int64_t)x->rows, x->models[0].dim };
    uint8_t *bytes = NULL;
    size_t n = 0;
    kao_status st = kao_npy_format(&x->mem, "<f4", dims, 2,
                                   x->b.p ? x->b.p : (const void *)"", &bytes, &n, err);

    if (!st)
        st = kao_file_write(&x->mem, path, bytes, n, err);
    kao_free(&x->mem, bytes);
    return st;
}

kao_status cli_gallery_export(cli_gallery *u, const char *path, kao_error *err)
{
    static const char head[] = "person,name,sample,time,source,quality\n";
    export x = { .u = u,
                 .csv = ends_with(path, ".csv"),
                 .vectors = ends_with(path, ".npy"),
                 .err = err };
    uint32_t most = 1;

    if (!x.csv && !x.vectors && !ends_with(path, ".jsonl"))
        return kao_fail(err, KAO_E_ARG,
                        "%s: its end says what is written: .jsonl, .csv, .npy", path);
    kao_mem_init(&x.mem, NULL);
    x.b = (kao_bytes){ .mem = &x.mem, .max = FILE_BYTES_MOST };
    x.n_models = models_of(u, x.models);
    for (size_t m = 0; m < x.n_models; m++)
        most = x.models[m].dim > most ? x.models[m].dim : most;
    if (x.vectors && x.n_models == 0)
        return kao_fail(err, KAO_E_NOT_FOUND, "%s: nobody is in this gallery", u->path);
    x.vector = kao_calloc(&x.mem, most, sizeof *x.vector);
    if (!x.vector)
        return out_of_memory(err);
    if (x.csv)
        kao_bytes_add(&x.b, head, strlen(head));
    else if (!x.vectors)
        put_head(&x);
    kao_status st = x.st ? x.st : kao_gallery_people(u->g, NULL, take_person, &x, err);

    st = st ? st : x.st;
    if (!st && x.vectors)
        st = write_npy(&x, path, err);
    else if (!st)
        st = kao_file_write(&x.mem, path, x.b.p, x.b.n, err);
    kao_bytes_free(&x.b);
    kao_free(&x.mem, x.vector);
    return st;
}

/* ---- in ---- */

typedef struct import {
    cli_gallery *u;
    const char *path;
    size_t line;
    kao_gallery_model models[KAO_GALLERY_MODELS];
    size_t n_models, dims; /* all models' numbers together */
    cli_moved *moved;
} import;

static kao_status wrong(const import *x, const char *what, kao_error *err)
{
    return kao_fail(err, KAO_E_FORMAT, "%s: line %zu: %s", x->path, x->line, what);
}

static kao_status check_head(const import *x, const kao_json *v, kao_error *err)
{
    const kao_json *models = kao_json_get(v, "models");
    int64_t form = 0;

    if (!kao_json_as_integer(kao_json_get(v, "kao_gallery"), &form) || !models)
        return wrong(x, "not what kao gallery export FILE.jsonl writes", err);
    if (form != FORM)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: of a later kao (form %lld)",
                        x->path, (long long)form);
    for (size_t i = 0; i < x->n_models || i < kao_json_length(models); i++) {
        const char *id = "", *name = "";
        const kao_json *m = kao_json_at(models, i);

        kao_json_as_text(kao_json_get(m, "id"), &id);
        kao_json_as_text(kao_json_get(m, "name"), &name);
        if (i >= x->n_models || strcmp(id, x->models[i].id) != 0)
            return kao_fail(
                err, KAO_E_CONFLICT,
                "%s: its model %zu is %s (%.8s..), the gallery's %s (%.8s..)", x->path,
                i + 1, name, id, i < x->n_models ? x->models[i].name : "none",
                i < x->n_models ? x->models[i].id : "");
    }
    return KAO_OK;
}

/* A sample's vectors, one behind the other. */
static bool take_vectors(const import *x, const kao_json *v, float *to)
{
    const kao_json *all = kao_json_get(v, "vectors");

    for (size_t m = 0; m < x->n_models; m++) {
        const kao_json *one = kao_json_at(all, m);

        if (kao_json_length(one) != x->models[m].dim)
            return false;
        for (uint32_t i = 0; i < x->models[m].dim; i++) {
            double n = 0;

            if (!kao_json_as_number(kao_json_at(one, i), &n) || !(fabs(n) < 1e6))
                return false;
            *to++ = (float)n;
        }
    }
    return true;
}

/* Whose sample of this vector there is; 0: nobody's. */
static kao_status whose(const import *x, const float *vector, int64_t *person,
                        kao_error *err)
{
    kao_match m[1] = { { .size = sizeof m[0] } };
    size_t n = 0;
    const kao_status st = kao_gallery_search(x->u->g, 0, vector, 1, m, &n, err);

    *person = !st && n && m[0].similarity >= the_same ? m[0].person : 0;
    return st;
}

typedef struct arrival { /* a person on the way in */
    kao_new_sample *samples;
    const float **vectors; /* KAO_GALLERY_MODELS for each */
    float *numbers;
    size_t n;
    int64_t person;
} arrival;

static kao_status take_sample_in(import *x, const kao_json *v, arrival *a,
                                 kao_error *err)
{
    float *numbers = a->numbers + a->n * x->dims;
    kao_new_sample *s = &a->samples[a->n];
    double quality = (double)NAN;
    int64_t person = 0;

    *s = (kao_new_sample){ .size = sizeof *s,
                           .vectors = a->vectors + a->n * KAO_GALLERY_MODELS };
    if (!take_vectors(x, v, numbers))
        return wrong(x, "vectors that are missing, of another length, or no numbers",
                     err);
    const kao_status st = whose(x, numbers, &person, err);

    if (st)
        return st;
    if (person) {
        x->moved->known++;
        a->person = a->person ? a->person : person;
        return KAO_OK;
    }
    for (size_t m = 0, at = 0; m < x->n_models; at += x->models[m].dim, m++)
        a->vectors[a->n * KAO_GALLERY_MODELS + m] = numbers + at;
    kao_json_as_text(kao_json_get(v, "source"), &s->source);
    kao_json_as_number(kao_json_get(v, "quality"), &quality);
    s->quality = quality >= 0 && quality <= 1 ? (float)quality : NAN;
    kao_json_as_integer(kao_json_get(v, "time"), &s->time);
    a->n++;
    return KAO_OK;
}

static kao_status enrol(import *x, const kao_json *v, arrival *a, kao_error *err)
{
    const char *name = NULL, *note = NULL, *external = NULL;
    const bool fresh = a->person == 0;

    kao_json_as_text(kao_json_get(v, "name"), &name);
    kao_json_as_text(kao_json_get(v, "note"), &note);
    kao_json_as_text(kao_json_get(v, "external"), &external);
    kao_status st = kao_gallery_enrol(x->u->g, &a->person, fresh ? name : NULL,
                                      a->samples, a->n, err);

    if (!st && fresh && note)
        st = kao_gallery_set_note(x->u->g, a->person, note, err);
    if (!st && fresh && external)
        st = kao_gallery_set_external(x->u->g, a->person, external, err);
    if (!st) {
        x->moved->people += fresh;
        x->moved->samples += a->n;
    }
    return st;
}

static kao_status take_person_in(import *x, const kao_json *v, kao_error *err)
{
    const kao_json *samples = kao_json_get(v, "samples");
    const size_t n = kao_json_length(samples);
    arrival a = { .n = 0 };

    if (!samples || n > SAMPLES_MOST)
        return wrong(x, "no \"samples\", or too many", err);
    a.samples = calloc(n + 1, sizeof *a.samples);
    a.vectors = calloc((n + 1) * KAO_GALLERY_MODELS, sizeof *a.vectors);
    a.numbers = calloc((n + 1) * x->dims, sizeof *a.numbers);
    kao_status st = a.samples && a.vectors && a.numbers ? KAO_OK : out_of_memory(err);

    for (size_t i = 0; !st && i < n; i++)
        st = take_sample_in(x, kao_json_at(samples, i), &a, err);
    if (!st && a.n)
        st = enrol(x, v, &a, err);
    free(a.numbers);
    free(a.vectors);
    free(a.samples);
    return st;
}

static kao_status take_line(void *user, const kao_json *v, size_t line, kao_error *err)
{
    import *x = user;

    x->line = line;
    return line == 1 ? check_head(x, v, err) : take_person_in(x, v, err);
}

kao_status cli_gallery_import(cli_gallery *u, const char *path, cli_moved *moved,
                              kao_error *err)
{
import x = {.u = u, .path = path, .line = 1, .moved = moved };
    kao_file f = { 0 };
    kao_mem mem;

    *moved = (cli_moved){ 0 };
    kao_mem_init(&mem, NULL);
    x.n_models = models_of(u, x.models);
    for (size_t m = 0; m < x.n_models; m++)
        x.dims += x.models[m].dim;
    kao_status st = cli_read(&f, &mem, path, FILE_BYTES_MOST, err);

    if (!st && f.bytes.n == 0)
        st = wrong(&x, "the file is empty", err);
    if (!st)
        st = kao_json_lines((const char *)f.bytes.p, f.bytes.n, path, take_line, &x,
                            err);
    kao_file_close(&f);
    return st;
}
