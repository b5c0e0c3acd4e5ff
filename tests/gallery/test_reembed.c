/* Other models for a gallery: all of it or nothing, others' handles, what is removed, index files. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gallery/kept.h"

enum { DIM = 4, PEOPLE = 6 };

typedef struct place {
    fixture *f;
    kao_gallery *g;
    kao_embedder *old, *fresh[2]; /* of 4 numbers, of 4 and of 6 */
    char path[KEPT_BYTES], id[PEOPLE][KAO_UUID_BYTES];
} place;

static kao_embedder *flat_embedder(fixture *f, const char *input, const char *scale,
                                   const char *name, int side)
{
    char card[200];
    pb file = flat_model(input);
    kao_model *m = NULL;
    kao_embedder *e = NULL;

    snprintf(card, sizeof card,
             "kind = embedder\ninput.color = grey\ninput.mean = 0\ninput.scale = %s\n"
             "input.size = %d\ntemplate = arcface-112\n",
             scale, side);
    assert_int_equal(
        kao_model_open_card(f->ctx, &m, fixture_file(f, name, &file), card, &f->err),
        KAO_OK);
    assert_int_equal(kao_embedder_create(m, &e, NULL, &f->err), KAO_OK);
    kao_model_release(m);
    return e;
}

static kao_gallery *open_it(place *p)
{
    const kao_gallery_options o = { .create = 1, .key = kept_key() };
    kao_gallery *g = NULL;

    assert_int_equal(kao_gallery_open(p->f->ctx, &g, p->path, &o, &p->f->err), KAO_OK);
    return g;
}

/* People at 0, 10, 20 .. degrees. */
static place begin(void **state, const char *name)
{
    place p = { .f = *state };
    size_t model = 0;
    float v[DIM];
    const float *const vectors[] = { v };

    p.old = flat_embedder(p.f, "?,1,2,2", "1", "old.onnx", 2);
    p.fresh[0] = flat_embedder(p.f, "?,1,2,2", "2", "new.onnx", 2);
    p.fresh[1] = flat_embedder(p.f, "?,1,3,3", "2", "wide.onnx", 3);
    kept_path(p.f, name, p.path);
    p.g = open_it(&p);
    assert_int_equal(kao_gallery_pin(p.g, p.old, KAO_TTA_NONE, &model, &p.f->err),
                     KAO_OK);
    for (int i = 0; i < PEOPLE; i++) {
        kao_new_sample s = { .size = sizeof s, .vectors = vectors, .quality = NAN };
        int64_t person = 0;

        at_degrees(v, DIM, 10 * i);
        assert_int_equal(kao_gallery_enrol(p.g, &person, NULL, &s, 1, &p.f->err),
                         KAO_OK);
        memcpy(p.id[i], s.id, sizeof s.id);
    }
    return p;
}

static void finish(place *p)
{
    if (kao_gallery_verify(p->g, &p->f->err))
        fail_msg("%s", p->f->err.msg);
    kao_gallery_close(p->g);
    kao_embedder_destroy(p->old);
    kao_embedder_destroy(p->fresh[0]);
    kao_embedder_destroy(p->fresh[1]);
}

/* The new ones: person i at 90 - 10 * i degrees, of both new models. n of them. */
static kao_status replace(place *p, kao_gallery *g, size_t n, uint32_t drop)
{
    enum { WIDE = 9 };
    static float v[PEOPLE][2][WIDE];
    static const float *vectors[PEOPLE][2];
    kao_reembedded s[PEOPLE];
    const kao_embedder *const e[] = { p->fresh[0], p->fresh[1] };
    const kao_tta ttas[] = { KAO_TTA_NONE, KAO_TTA_NONE };

    assert_int_equal(kao_embedder_dim(e[1], KAO_TTA_NONE), WIDE);
    for (int i = 0; i < PEOPLE; i++) {
        for (int m = 0; m < 2; m++) {
            at_degrees(v[i][m], m ? WIDE : DIM, 90 - 10 * i);
            vectors[i][m] = v[i][m];
        }
        s[i] = (kao_reembedded){ .size = sizeof s[i],
                                 .id = p->id[i],
                                 .vectors = vectors[i] };
    }
    return kao_gallery_replace_models(g, e, ttas, 2, s, n, drop, &p->f->err);
}

static int64_t nearest(place *p, kao_gallery *g, size_t model, double degrees)
{
    kao_match m[1] = { { .size = sizeof m[0] } };
    float v[16];
    size_t n = 0;

    at_degrees(v, 16, degrees);
    const kao_status st = kao_gallery_search(g, model, v, 1, m, &n, &p->f->err);

    return st ? -(int64_t)st : n ? m[0].person : 0;
}

static void all_or_nothing(void **state)
{
    place p = begin(state, "all.kao");
    kao_gallery_model m = { .size = sizeof m };
    size_t model = 9;
    float v[16];

    assert_int_equal(kao_gallery_remove_sample(p.g, p.id[5], NULL), KAO_OK);
    assert_int_equal(nearest(&p, p.g, 0, 11), 2);
    assert_int_equal(kao_gallery_pin(p.g, p.fresh[0], KAO_TTA_NONE, &model, &p.f->err),
                     KAO_E_CONFLICT);
    assert_non_null(strstr(p.f->err.msg, "kao gallery reembed"));
    /* the removed one is wanted, too: undo could bring it back */
    assert_int_equal(replace(&p, p.g, 5, 0), KAO_E_CONFLICT);
    assert_non_null(strstr(p.f->err.msg, "1 sample without vectors"));
    assert_int_equal(nearest(&p, p.g, 0, 11), 2);
    assert_int_equal(kao_gallery_model_at(p.g, 1, &m), 0);
    assert_int_equal(replace(&p, p.g, 6, 0), KAO_OK);
    assert_int_equal(kao_gallery_model_at(p.g, 1, &m), 1);
    assert_string_equal(m.name, "wide.onnx");
    assert_int_equal(nearest(&p, p.g, 0, 81), 2);
    assert_int_equal(nearest(&p, p.g, 1, 72), 3);
    assert_int_equal(kao_gallery_pin(p.g, p.fresh[0], KAO_TTA_NONE, &model, NULL),
                     KAO_OK);
    assert_int_equal(model, 0);
    assert_int_equal(kao_gallery_pin(p.g, p.old, KAO_TTA_NONE, &model, NULL),
                     KAO_E_CONFLICT);
    assert_int_equal(kao_gallery_undo(p.g, 0, NULL, &p.f->err),
                     KAO_OK); /* the removal */
    assert_int_equal(nearest(&p, p.g, 0, 40), 6);
    assert_int_equal(kao_gallery_vector(p.g, p.id[5], 1, v, NULL), KAO_OK);
    assert_float_equal(v[0], .7660444f, 1e-6); /* cos 40 degrees */
    finish(&p);
}

static int count_name(void *user, const kao_change *c)
{
    *(int *)user += strstr(c->detail, "Annabella") != NULL;
    return 0;
}

static void the_missing_are_dropped(void **state)
{
    place p = begin(state, "dropped.kao");
    kao_gallery_stats s = { .size = sizeof s };
    float v[DIM] = { 1 };
    const float *const vectors[] = { v };
    kao_new_sample more = { .size = sizeof more, .vectors = vectors, .quality = NAN };
    int64_t ana = 6;
    int named = 0;

    assert_int_equal(kao_gallery_rename(p.g, ana, "Annabella", NULL), KAO_OK);
    assert_int_equal(kao_gallery_enrol(p.g, &ana, NULL, &more, 1, NULL), KAO_OK);
    assert_int_equal(kao_gallery_not(p.g, p.id[5], 1, NULL, NULL), KAO_OK);
    assert_int_equal(kao_gallery_set_note(p.g, 6, "still here", NULL), KAO_OK);
    assert_int_equal(replace(&p, p.g, 4, 1), KAO_OK);
    assert_int_equal(kao_gallery_stats_of(p.g, &s, NULL), KAO_OK);
    assert_int_equal(s.n_samples, 4);
    assert_int_equal(s.n_people, 6);
    assert_int_equal(nearest(&p, p.g, 0, 81), 2);
    assert_int_equal(nearest(&p, p.g, 0, 40), 4);
    /* what touched no dropped sample can be undone */
    assert_int_equal(kao_gallery_undo(p.g, 0, NULL, NULL), KAO_OK);
    while (kao_gallery_undo(p.g, 0, NULL, &p.f->err) == KAO_OK)
        ;
    /* what was said of a sample that was dropped is not found any more when its person is forgotten */
    assert_int_equal(kao_gallery_forget(p.g, ana, NULL, &p.f->err), KAO_OK);
    assert_int_equal(kao_gallery_history(p.g, count_name, &named, NULL), KAO_OK);
    assert_int_equal(named, 0);
    finish(&p);
}

/* Others who have it open must not compare vectors of one model with those of another. */
static void others_open_it_again(void **state)
{
    place p = begin(state, "others.kao");
    kao_gallery *other = open_it(&p);
    float v[DIM];
    const float *const vectors[] = { v };
    kao_new_sample s = { .size = sizeof s, .vectors = vectors, .quality = NAN };
    int64_t person = 0;
    size_t model = 0;

    at_degrees(v, DIM, 5);
    assert_int_equal(nearest(&p, other, 0, 11), 2);
    assert_int_equal(replace(&p, p.g, 6, 0), KAO_OK);
    assert_int_equal(nearest(&p, other, 0, 11), -KAO_E_CONFLICT);
    assert_non_null(strstr(p.f->err.msg, "replaced meanwhile: open it again"));
    assert_int_equal(kao_gallery_enrol(other, &person, NULL, &s, 1, NULL),
                     KAO_E_CONFLICT);
    assert_int_equal(kao_gallery_pin(other, p.old, KAO_TTA_NONE, &model, NULL),
                     KAO_E_CONFLICT);
    assert_int_equal(kao_gallery_vector(other, p.id[0], 0, v, NULL), KAO_E_CONFLICT);
    assert_int_equal(replace(&p, other, 6, 0), KAO_E_CONFLICT);
    /* what has nothing to do with them goes on */
    assert_int_equal(kao_gallery_rename(other, 1, "Ana", NULL), KAO_OK);
    kao_gallery_close(other);
    other = open_it(&p);
    assert_int_equal(nearest(&p, other, 0, 81), 2);
    kao_gallery_close(other);
    finish(&p);
}

static void index_files_go(void **state)
{
    if (kept_key()) /* there are none */
        skip();
    place p = begin(state, "index.kao");
    char index[420];

    kao_gallery_close(p.g);
    p.f->ctx->index_from = 2;
    p.g = open_it(&p);
    kept_index(p.g, index);
    assert_int_equal(nearest(&p, p.g, 0, 11), 2);
    assert_int_equal(access(index, F_OK), 0);
    assert_int_equal(replace(&p, p.g, 6, 0), KAO_OK);
    assert_int_not_equal(access(index, F_OK), 0);
    assert_int_equal(nearest(&p, p.g, 0, 81), 2);
    assert_int_equal(nearest(&p, p.g, 1, 81), 2);
    assert_int_equal(access(index, F_OK), 0);
    finish(&p);
    p.f->ctx->index_from = 0;
}

static void refused(void **state)
{
    place p = begin(state, "refused.kao");
    const float none[9] = { NAN };
    const float *const bad[] = { none, none };
    const kao_reembedded s = { .size = sizeof s, .id = p.id[0], .vectors = bad };
    const kao_embedder *const e[] = { p.fresh[0], p.fresh[0] };
    const kao_tta ttas[] = { KAO_TTA_NONE, KAO_TTA_NONE };
    kao_gallery *g = p.g;
    kao_error *err = &p.f->err;

    assert_int_equal(kao_gallery_replace_models(g, e, ttas, 1, &s, 1, 0, err),
                     KAO_E_ARG);
    assert_int_equal(kao_gallery_replace_models(g, e, ttas, 2, NULL, 0, 1, err),
                     KAO_E_ARG);
    assert_int_equal(kao_gallery_replace_models(g, e, ttas, 0, NULL, 0, 1, err),
                     KAO_E_ARG);
    assert_int_equal(kao_gallery_replace_models(g, e, ttas, 9, NULL, 0, 1, err),
                     KAO_E_ARG);
    assert_int_equal(kao_gallery_replace_models(g, e, ttas, 1, NULL, 1, 1, err),
                     KAO_E_ARG);
    assert_int_equal(nearest(&p, g, 0, 11), 2);
    finish(&p);
}

static void memory_runs_out(void **state)
{
    place p = begin(state, "faults.kao");
    bool done = false;

    for (long long n = 0; !done; n += kept_on_server() ? 7 : 1) {
        kao_fault_arm(&p.f->ctx->mem, KAO_FAULT_ALLOC, n);
        const kao_status st = replace(&p, p.g, 6, 0);

        done = !kao_fault_disarm(&p.f->ctx->mem, KAO_FAULT_ALLOC);
        if (st != (done ? KAO_OK : KAO_E_NOMEM))
            fail_msg("allocation %lld: %d, %s", n, (int)st, p.f->err.msg);
        kao_gallery_close(p.g);
        p.g = open_it(&p);
        /* as it was, or as it will be: nothing between */
        const bool is_new = nearest(&p, p.g, 0, 81) == 2;

        assert_true(is_new || nearest(&p, p.g, 0, 11) == 2);
        assert_true(is_new || !done);
        if (kao_gallery_verify(p.g, &p.f->err))
            fail_msg("%s", p.f->err.msg);
    }
    finish(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_or_nothing),
        cmocka_unit_test(the_missing_are_dropped),
        cmocka_unit_test(others_open_it_again),
        cmocka_unit_test(index_files_go),
        cmocka_unit_test(refused),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
