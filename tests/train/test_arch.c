/* The field's architectures: as many parameters and multiply-adds as are published, a plan for
 * each, the same bytes for the same seed. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "train/arch.h"

static bool ends_in(const char *s, const char *end)
{
    return strlen(s) > strlen(end) && strcmp(s + strlen(s) - strlen(end), end) == 0;
}

/* Floats of the initialisers, but for running statistics and sizes of a resize. */
static int64_t parameters(const kao_network *net)
{
    int64_t n = 0;

    for (uint32_t v = 0; v < net->onnx.n_values; v++) {
        const kao_onnx_tensor *t = net->onnx.constants[v];
        const char *name = net->onnx.value_names[v];

        if (t && t->dtype == KAO_F32 && !ends_in(name, ".m") && !ends_in(name, ".v") &&
            strcmp(name, "twice") != 0)
            n += t->n;
    }
    return n;
}

static void published(void **state)
{
    static const struct {
        const char *name;
        int64_t colors, side, parameters, outputs, numbers;
    } rows[] = {
        { "iresnet18", 3, 112, 24025600, 1, 512 },
        { "iresnet100", 3, 112, 65156160, 1, 512 },
        { "mobilefacenet", 3, 112, 1003136, 1, 128 },
        { "mbf", 3, 112, 2059520, 1, 512 },
        { "resnet_face18", 1, 128, 25627081, 1, 512 },
        { "yolov3_face", 3, 416, 61523734, 3, 18 * 13 * 13 },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_tensor in = { .dtype = KAO_F32,
                                .rank = 4,
                                .dims = { 1, rows[i].colors, rows[i].side,
                                          rows[i].side } };
        uint8_t *bytes = NULL;
        size_t n = 0;
        kao_network *net = NULL;
        kao_session *s = NULL;

        assert_int_equal(
            kao_arch_make(&f->ctx->mem, rows[i].name, 1, &bytes, &n, &f->err), KAO_OK);
        if (kao_network_parse(f->ctx, &net, (kao_span){ bytes, n }, rows[i].name,
                              &f->err))
            fail_msg("%s", f->err.msg);
        if (parameters(net) != rows[i].parameters)
            fail_msg("%s: %lld parameters, want %lld", rows[i].name,
                     (long long)parameters(net), (long long)rows[i].parameters);
        assert_int_equal(kao_session_create(&s, net, NULL, NULL), KAO_OK);
        assert_int_equal(kao_session_bind(s, 0, &in, NULL), KAO_OK);
        if (kao_session_prepare(s, &f->err))
            fail_msg("%s", f->err.msg);
        assert_int_equal(net->onnx.n_outputs, rows[i].outputs);
        assert_int_equal(kao_tensor_count(kao_session_output(s, 0)), rows[i].numbers);
        kao_session_destroy(s);
        kao_network_destroy(net);
        kao_free(&f->ctx->mem, bytes);
    }
}

static void seeds(void **state)
{
    fixture *f = *state;
    uint8_t *bytes[3] = { NULL };
    size_t n[3];

    for (int i = 0; i < 3; i++)
        assert_int_equal(kao_arch_make(&f->ctx->mem, "mobilefacenet", i == 2 ? 8 : 7,
                                       &bytes[i], &n[i], &f->err),
                         KAO_OK);
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(bytes[0], bytes[1], n[0]);
    assert_true(n[0] == n[2] && memcmp(bytes[0], bytes[2], n[0]) != 0);
    for (int i = 0; i < 3; i++)
        kao_free(&f->ctx->mem, bytes[i]);
    assert_int_equal(
        kao_arch_make(&f->ctx->mem, "mobilefacenet2", 1, &bytes[0], &n[0], &f->err),
        KAO_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published),
        cmocka_unit_test(seeds),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
