/* A gallery into a file: see gallery_files.h. */
#include "cli/gallery_files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/gallery_json.h"
#include "base/text.h"
#include "base/npy.h"
#include "cli/gallery_chips.h"

static kao_status out_of_memory(kao_error *err)
{
    return kao_fail(err, KAO_E_NOMEM, "out of memory");
}

size_t cli_gallery_models(cli_gallery *u, kao_gallery_model m[KAO_GALLERY_MODELS])
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
    kao_json_set(o, "kao_gallery", kao_json_integer(CLI_GALLERY_FORM));
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
    snprintf(text, sizeof text, ",%s,%s,", s->id, kao_time_text(s->time, time));
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

static void put_chip(export *x, kao_json *o, const char *id)
{
    kao_bytes chip = { .mem = &x->mem, .max = KAO_CHIP_MAX_BYTES },
              text = { .mem = &x->mem, .max = 2 * KAO_CHIP_MAX_BYTES };
    char form[CLI_FORM_BYTES];

    x->st = cli_gallery_chip_of(x->u, id, &chip, form, x->err);
    if (!x->st && chip.n) {
        if (kao_base64_add(&text, chip.p, chip.n) && kao_bytes_add(&text, "", 1)) {
            kao_json_set(o, "chip", kao_json_string((const char *)text.p));
            kao_json_set(o, "chip_form", kao_json_string(form));
        } else {
            x->st = out_of_memory(x->err);
        }
    }
    kao_bytes_free(&text);
    kao_bytes_free(&chip);
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
        kao_json_set(o, "source", kao_json_string(s->source));
        kao_json_set(o, "quality", kao_json_float(s->quality));
        kao_json_set(o, "vectors", vectors_json(x, s->id));
        if (!x->st)
            put_chip(x, o, s->id);
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
        kao_json_set(o, "name", kao_json_string(p->name));
        kao_json_set(o, "note", kao_json_string(p->note));
        kao_json_set(o, "external", kao_json_string(p->external));
        kao_json_set(o, "groups", kao_groups_json(p->groups));
        kao_json_set(o, "ignored", kao_json_bool(p->ignored));
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

/* Behind the people that it is about. */
static int take_fact(void *user, const kao_fact *f)
{
    export *x = user;
    kao_json *o = kao_json_object();
    const bool apart = f->kind == KAO_FACT_APART;

    kao_json_set(o, "fact", kao_json_string(apart ? "apart" : "not"));
    kao_json_set(o, "person", kao_json_integer(f->person));
    if (apart)
        kao_json_set(o, "other", kao_json_integer(f->other));
    else
        kao_json_set(o, "sample", kao_json_string(f->sample));
    return !put_line(x, o);
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
    x.b = (kao_bytes){ .mem = &x.mem, .max = CLI_GALLERY_FILE_MOST };
    x.n_models = cli_gallery_models(u, x.models);
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
    if (!st && !x.csv && !x.vectors)
        st = kao_gallery_facts(u->g, take_fact, &x, err);
    st = st ? st : x.st;
    if (!st && x.vectors)
        st = write_npy(&x, path, err);
    else if (!st)
        st = kao_file_write(&x.mem, path, x.b.p, x.b.n, err);
    kao_bytes_free(&x.b);
    kao_free(&x.mem, x.vector);
    return st;
}
