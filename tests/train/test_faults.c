/* What goes wrong in the middle of a run: failing memory, files that cannot be written or read,
 * a loss that is no number. The checkpoint on disk is always a whole one, and going on from it
 * gives the bits of a run that nothing happened to. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "train/pack_made.h"

enum { STEPS = 8 };

static kao_recipe recipe(const fixture *f)
{
    kao_recipe r = made_recipe(f);

    snprintf(r.task, sizeof r.task, "detector");
    snprintf(r.scenes, sizeof r.scenes, "made");
    r.size = 64;
    r.batch = 2;
    r.steps = STEPS;
    snprintf(r.teacher, sizeof r.teacher, "%s", f->detector);
    return r;
}

/* Steps one at a time, each disturbed at another place, until no fault fires any more. */
static void disturbed(fixture *f, kao_fault kind, kao_status wanted)
{
    const kao_recipe r = recipe(f);
    int failed = 0;

    assert_int_equal(train_run(f, &r, "parts", 1), KAO_OK);
    for (int i = 0;; i += kind == KAO_FAULT_IO ? 1 : 1 + i / 6) {
        kao_fault_arm(&f->ctx->mem, kind, i);
        const kao_status st = train_run(f, &r, "parts", 1);

        if (!kao_fault_disarm(&f->ctx->mem, kind)) {
            assert_int_equal(st, KAO_OK);
            break;
        }
        failed += st != KAO_OK;
        if (st && (st != wanted || !f->err.msg[0] || strchr(f->err.msg, '\n')))
            fail_msg("fault %d: %s: %s", i, kao_status_name(st), f->err.msg);
    }
    assert_true(failed > 2);
    assert_int_equal(train_run(f, &r, "parts", 0), KAO_OK);
    same_models(f, "whole", "parts");
    remove_run(f, "parts");
}

static void fails_and_goes_on(void **state)
{
    fixture *f = *state;
    const kao_recipe r = recipe(f);

    make_scene_pack(f);
    assert_int_equal(train_run(f, &r, "whole", 0), KAO_OK);
    disturbed(f, KAO_FAULT_IO, KAO_E_IO);
    disturbed(f, KAO_FAULT_ALLOC, KAO_E_NOMEM);
    remove_run(f, "whole");
}

static void no_number(void **state)
{
    fixture *f = *state;
    kao_recipe r = recipe(f);

    make_scene_pack(f);
    r.clip = 0;
    r.rate = 1e30; /* the first step throws the weights away */
    if (train_run(f, &r, "whole", 1))
        fail_msg("%s", f->err.msg);
    kao_file before = read_run(f, "whole", "run.state");

    assert_int_equal(train_run(f, &r, "whole", 0), KAO_E_UNSUPPORTED);
    if (!strstr(f->err.msg, "the loss is no number"))
        fail_msg("%s", f->err.msg);
    kao_file after = read_run(f, "whole", "run.state");

    assert_int_equal(before.bytes.n, after.bytes.n);
    assert_memory_equal(before.bytes.p, after.bytes.p, before.bytes.n);
    kao_file_close(&before);
    kao_file_close(&after);
    r.rate = 5e-3;
    snprintf(r.precision, sizeof r.precision, "float8");
    assert_int_equal(train_run(f, &r, "none", 1), KAO_E_ARG);
    assert_non_null(strstr(f->err.msg, "precision = float8"));
    remove_run(f, "none");
    remove_run(f, "whole");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fails_and_goes_on),
        cmocka_unit_test(no_number),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
