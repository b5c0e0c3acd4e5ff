/* The models linked in: they are the files of models/, are used where they lie, and are opened
 * by name. Which of them a build has depends on that folder alone. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "face/model.h"
#include "kao/embedder.h"
#include "support/fixture.h"
#include "support/shared.h"

static const char *const names[] = { "kao-detect", "kao-face", "kao-face-mask" };

/* The file of that name in the source; false: there is none. */
static bool source_file(fixture *f, const char *name, kao_file *file)
{
    char path[600];

    snprintf(path, sizeof path, "%s/%s.onnx", SOURCE_MODELS, name);
    return kao_file_open(file, &f->ctx->mem, path, KAO_MAX_FILE, NULL) == KAO_OK;
}

static void are_the_files(void **state)
{
    fixture *f = *state;
    const char *name = NULL;
    const void *bytes = NULL;
    size_t n = 0;

    for (size_t i = 0; i < COUNT(names); i++) {
        kao_file file = { 0 };

        assert_true(kao_model_bundled(i, &name, &bytes, &n));
        assert_string_equal(name, names[i]);
        assert_true(kao_model_bundled(i, NULL, NULL, NULL));
        if (!source_file(f, name, &file)) {
            assert_null(bytes);
            assert_int_equal(n, 0);
            continue;
        }
        assert_int_equal(n, file.bytes.n);
        assert_memory_equal(bytes, file.bytes.p, n);
        assert_int_equal((uintptr_t)bytes % 64, 0);
        kao_file_close(&file);
    }
    assert_false(kao_model_bundled(COUNT(names), &name, &bytes, &n));
}

/* Each that is there opens as what it is called, with a card of its own; nothing of the file is
 * copied but what is not aligned in it. */
static void open_by_name(void **state)
{
    fixture *f = *state;
    const void *bytes = NULL;
    size_t n = 0;

    for (size_t i = 0; i < COUNT(names); i++) {
        const bool finder = i == 0;
        kao_model *m = NULL;
        kao_detector *d = NULL;
        kao_embedder *e = NULL;
        char hash[KAO_SHA256_TEXT], want[KAO_SHA256_TEXT];

        kao_model_bundled(i, NULL, &bytes, &n);
        if (!bytes)
            continue;
        assert_int_equal(kao_model_open_bundled(f->ctx, &m, names[i], &f->err), KAO_OK);
        assert_string_equal(kao_model_name(m), names[i]);
        assert_string_equal(kao_card_get(kao_model_card(m), "kind"),
                            finder ? "detector" : "embedder");
        assert_string_equal(kao_card_missing(kao_model_card(m)), "");
        assert_ptr_equal(m->bytes.p, bytes);
        assert_int_equal(m->bytes.n, n);
        kao_sha256((kao_span){ bytes, n }, want);
        kao_model_hash(m, hash);
        assert_string_equal(hash, want);
        /* a number takes two bytes at least */
        assert_true(kao_model_weights(m) > 1000 && kao_model_weights(m) < n / 2);
        assert_int_equal(finder ? kao_detector_create(m, &d, NULL, &f->err)
                                : kao_embedder_create(m, &e, NULL, &f->err),
                         KAO_OK);
        kao_model_release(m);
        kao_detector_destroy(d);
        kao_embedder_destroy(e);
    }
}

static void refused(fixture *f, const char *name)
{
    kao_model *m = (kao_model *)1;

    assert_int_equal(kao_model_open_bundled(f->ctx, &m, name, &f->err),
                     KAO_E_UNKNOWN_MODEL);
    assert_non_null(strstr(f->err.msg, "in this build of kao; it has: "));
    assert_non_null(strstr(f->err.msg, name));
    assert_null(m);
}

static void unknown_names(void **state)
{
    static const char *const wrong[] = { "", "kao-detec", "kao-detect.onnx",
                                         "KAO-DETECT", "./kao-detect" };
    fixture *f = *state;
    kao_model *m = (kao_model *)1;
    const void *bytes = NULL;

    for (size_t i = 0; i < COUNT(wrong); i++)
        refused(f, wrong[i]);
    for (size_t i = 0; i < COUNT(names); i++)
        if (kao_model_bundled(i, NULL, &bytes, NULL) && !bytes)
            refused(f, names[i]);
    assert_int_equal(kao_model_open_bundled(f->ctx, &m, NULL, NULL), KAO_E_ARG);
    assert_null(m);
    assert_int_equal(kao_model_open_bundled(NULL, &m, names[0], NULL), KAO_E_ARG);
    assert_int_equal(kao_model_open_bundled(f->ctx, NULL, names[0], NULL), KAO_E_ARG);
}

static void without_memory(void **state)
{
    fixture *f = *state;
    const size_t live = atomic_load(&f->ctx->mem.live);
    const void *bytes = NULL;
    bool fired = true;

    kao_model_bundled(0, NULL, &bytes, NULL);
    for (int i = 0; bytes && fired; i++) {
        kao_model *m = NULL;

        kao_fault_arm(&f->ctx->mem, KAO_FAULT_ALLOC, i);
        const kao_status st = kao_model_open_bundled(f->ctx, &m, names[0], &f->err);

        fired = kao_fault_disarm(&f->ctx->mem, KAO_FAULT_ALLOC);
        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        assert_true((m == NULL) == fired);
        kao_model_release(m);
        assert_int_equal(atomic_load(&f->ctx->mem.live), live);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_the_files),
        cmocka_unit_test(open_by_name),
        cmocka_unit_test(unknown_names),
        cmocka_unit_test(without_memory),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
