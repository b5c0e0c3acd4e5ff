/* A sidecar card beside a small model: read, and all of its keys asked for by type. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/context.h"
#include "base/file.h"
#include "face/card.h"
#include "target.h"

static char path[64], sidecar[80]; /* of the model, of its card */

static void clean_up(void)
{
    unlink(sidecar);
}

static void start(kao_context **ctx, kao_model **m)
{
    /* opset 13, an empty graph */
    static const uint8_t model[] = { 0x42, 2, 0x10, 13, 0x3a, 0 };
    const kao_context_options options = { .n_threads = 1 };

    snprintf(path, sizeof path, "/tmp/kao-fuzz-card-%u", (unsigned)getpid());
    snprintf(sidecar, sizeof sidecar, "%s.card", path);
    atexit(clean_up);
    FUZZ_CHECK(kao_context_create(ctx, &options, NULL) == KAO_OK);
    FUZZ_CHECK(kao_model_open_bytes(*ctx, m, model, sizeof model, path, NULL, NULL) ==
               KAO_OK);
}

static void ask(const kao_card *c)
{
    static const char *const words[] = { "rgb", "bgr" };
    const char *key = NULL, *value = NULL, *source = NULL;
    kao_error err = { 0 };

    for (size_t i = 0; kao_card_row(c, i, &key, &value, &source); i++) {
        float v[3] = { 0 };
        uint32_t w = 1, h = 1;
        int index = 0;

        FUZZ_CHECK(strcmp(kao_card_get(c, key), value) == 0 && source[0]);
        if (kao_card_floats(c, key, v, 3, &err) == KAO_OK)
            FUZZ_CHECK(v[0] == v[0]);
        if (kao_card_size(c, key, &w, &h, &err) == KAO_OK)
            FUZZ_CHECK(w >= 1 && h >= 1 && w <= 16384 && h <= 16384);
        if (kao_card_word(c, key, words, 2, &index, &err) == KAO_OK)
            FUZZ_CHECK(index == 0 || index == 1);
    }
    FUZZ_CHECK(kao_card_missing(c) != NULL);
    (void)kao_card_require(c, "embedder", path, &err);
    (void)kao_card_require(c, "detector", path, &err);
    FUZZ_CHECK(!strchr(err.msg, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static kao_context *ctx;
    static kao_model *m;
    kao_card *c = NULL;
    kao_error err = { 0 };

    if (!ctx)
        start(&ctx, &m);
    const size_t live = atomic_load(&ctx->mem.live);
    FILE *f = fopen(sidecar, "wb");

    if (!f || fwrite(data, 1, n, f) != n || fclose(f) != 0)
        return 0;
    const kao_status st = kao_card_build(&c, m, path, NULL, &err);

    FUZZ_CHECK((st == KAO_OK) == (c != NULL));
    FUZZ_CHECK(!st || (err.code == st && err.msg[0] && !strchr(err.msg, '\n')));
    if (c)
        ask(c);
    kao_card_destroy(c);
    FUZZ_CHECK(atomic_load(&ctx->mem.live) == live);
    return 0;
}
