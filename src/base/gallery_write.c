/* See gallery_form.h: a gallery into bytes. */
#include "base/gallery_form.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/gallery_json.h"
#include "base/text.h"
#include "base/npy.h"

static kao_status out_of_memory(kao_error *err)
{
    return kao_fail(err, KAO_E_NOMEM, "out of memory");
}

/* Why nothing more could be added. */
static kao_status is_full(const kao_bytes *b, kao_error *err)
{
    return b->over ? kao_fail(err, KAO_E_LIMIT, "more than %zu bytes", b->max)
                   : out_of_memory(err);
}

size_t kao_form_models(kao_gallery *g, kao_gallery_model m[KAO_GALLERY_MODELS])
{
    size_t n = 0;

    for (; n < KAO_GALLERY_MODELS; n++) {
        m[n] = (kao_gallery_model){ .size = sizeof m[n] };
        if (!kao_gallery_model_at(g, n, &m[n]))
            break;
    }
    return n;
}

typedef struct export
{
    kao_gallery *g;
    kao_mem *mem;
    kao_bytes *b;
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
    const bool fine = kao_json_put(o, x->b) && kao_bytes_add(x->b, "\n", 1);

    if (!fine)
        x->st = is_full(x->b, x->err);
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
    kao_json_set(o, "kao_gallery", kao_json_integer(KAO_FORM_VERSION));
    kao_json_set(o, "models", models);
    return put_line(x, o);
}

static bool put_csv(export *x, const kao_sample *s)
{
    char text[96], time[32];
    bool fine = true;

    snprintf(text, sizeof text, "%lld,", (long long)s->person);
    fine = kao_bytes_add(x->b, text, strlen(text)) &&
           kao_bytes_add_csv(x->b, x->name ? x->name : "");
    snprintf(text, sizeof text, ",%s,%s,", s->id, kao_time_text(s->time, time));
    fine = fine && kao_bytes_add(x->b, text, strlen(text)) &&
           kao_bytes_add_csv(x->b, s->source ? s->source : "");
    if (isnan(s->quality))
        snprintf(text, sizeof text, ",\n");
    else
        snprintf(text, sizeof text, ",%.3f\n", (double)s->quality);
    return fine && kao_bytes_add(x->b, text, strlen(text));
}

static kao_json *vectors_json(export *x, const char *id)
{
    kao_json *all = kao_json_array();

    for (size_t m = 0; !x->st && m < x->n_models; m++) {
        kao_json *one = kao_json_array();

        x->st = kao_gallery_vector(x->g, id, m, x->vector, x->err);
        for (uint32_t i = 0; !x->st && i < x->models[m].dim; i++)
            kao_json_add(one, kao_json_float(x->vector[i]));
        kao_json_add(all, one);
    }
    return all;
}

typedef struct chip_taking {
    kao_bytes *to;
    char *form;
    bool failed;
} chip_taking;

static void take_chip(void *user, const void *chip, size_t n, const char *form)
{
    chip_taking *t = user;

    t->failed = !kao_bytes_add(t->to, chip, n);
    snprintf(t->form, KAO_CHIP_FORM_BYTES, "%s", form ? form : "");
}

kao_status kao_chip_of(kao_gallery *g, const char *sample, kao_bytes *to,
                       char form[KAO_CHIP_FORM_BYTES], kao_error *err)
{
    chip_taking t = { to, form, false };

    form[0] = '\0';
    const kao_status st = kao_gallery_chip(g, sample, take_chip, &t, err);

    return st ? st : t.failed ? out_of_memory(err) : KAO_OK;
}

static void put_chip(export *x, kao_json *o, const char *id)
{
    kao_bytes chip = { .mem = x->mem, .max = KAO_CHIP_MAX_BYTES },
              text = { .mem = x->mem, .max = 2 * KAO_CHIP_MAX_BYTES };
    char form[KAO_CHIP_FORM_BYTES];

    x->st = kao_chip_of(x->g, id, &chip, form, x->err);
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
            x->st = is_full(x->b, x->err);
    } else if (x->vectors) {
        x->st = kao_gallery_vector(x->g, s->id, 0, x->vector, x->err);
        if (!x->st &&
            !kao_bytes_add(x->b, x->vector, x->models[0].dim * sizeof *x->vector))
            x->st = is_full(x->b, x->err);
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
    x->name = p->name ? kao_strdup(x->mem, p->name) : NULL;
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
        x->st = kao_gallery_samples(x->g, p->number, take_sample, x, x->err);
    kao_free(x->mem, x->name);
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

static kao_status write_npy(export *x, kao_bytes *to, kao_error *err)
{
    const int64_t dims[2] = { (int64_t)x->rows, x->models[0].dim };
    uint8_t *bytes = NULL;
    size_t n = 0;
    kao_status st = kao_npy_format(
        x->mem, "<f4", dims, 2, x->b->p ? x->b->p : (const void *)"", &bytes, &n, err);

    if (!st && !kao_bytes_add(to, bytes, n))
        st = is_full(to, err);
    kao_free(x->mem, bytes);
    return st;
}

const char *kao_form_end(kao_gallery_form form)
{
    static const char *const ends[] = { ".jsonl", ".csv", ".npy" };

    return ends[form];
}

/* Everybody, and, where lines are written, what stands before and behind them. */
static kao_status write_all(export *x, kao_error *err)
{
    static const char head[] = "person,name,sample,time,source,quality\n";
    kao_status st = KAO_OK;

    if (x->csv && !kao_bytes_add(x->b, head, strlen(head)))
        x->st = out_of_memory(err);
    else if (!x->csv && !x->vectors)
        put_head(x);
    if (!x->st)
        st = kao_gallery_people(x->g, NULL, take_person, x, err);
    if (!st && !x->st && !x->csv && !x->vectors)
        st = kao_gallery_facts(x->g, take_fact, x, err);
    return st ? st : x->st;
}

kao_status kao_form_write(kao_gallery *g, kao_gallery_form form, kao_bytes *to,
                          kao_error *err)
{
    kao_bytes rows = { .mem = to->mem, .max = to->max };
    export x = { .g = g,
                 .mem = to->mem,
                 .b = form == KAO_FORM_VECTORS ? &rows : to,
                 .csv = form == KAO_FORM_CSV,
                 .vectors = form == KAO_FORM_VECTORS,
                 .err = err };
    uint32_t most = 1;

    x.n_models = kao_form_models(g, x.models);
    for (size_t i = 0; i < x.n_models; i++)
        most = x.models[i].dim > most ? x.models[i].dim : most;
    if (x.vectors && x.n_models == 0)
        return kao_fail(err, KAO_E_NOT_FOUND, "nobody is in this gallery");
    x.vector = kao_calloc(x.mem, most, sizeof *x.vector);
    if (!x.vector)
        return out_of_memory(err);
    kao_status st = write_all(&x, err);

    if (!st && x.vectors)
        st = write_npy(&x, to, err);
    kao_bytes_free(&rows);
    kao_free(x.mem, x.vector);
    return st;
}
