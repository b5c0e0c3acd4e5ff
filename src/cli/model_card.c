/* kao model card: a card's lines as metadata of the ONNX file that they are about, so that one
 * file is all there is to carry. The file is opened with the card as its sidecar first: a line
 * that kao would refuse is refused here. */
#include "cli/model_card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "kao/model.h"
#include "onnx/metadata.h"

#define CARD_MAX_BYTES ((size_t)64 << 10)
#define FILE_MAX_BYTES ((size_t)2 << 30) /* of a protobuf message */

enum { ROWS_MAX = 128, KEY_BYTES = 256 };

typedef struct rows {
    kao_onnx_entry entries[ROWS_MAX];
    char keys[ROWS_MAX][KEY_BYTES]; /* with "kao." before them */
    size_t n, n_own;                /* n_own: of the card that was given */
    bool calibrates;                /* it has curves */
} rows;

static bool is_calibration(const char *key)
{
    static const char *const heads[] = { "kao.calibration.", "kao.calibrated.",
                                         "kao.likelihood.", "kao.same." };

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        if (strncmp(key, heads[i], strlen(heads[i])) == 0)
            return true;
    return false;
}

/* The lines of the card, and those that kao has for this very file: with lines put into it it is another
 * one, which kao knows no more; but no curves of these beside curves of the card, which come first. What
 * else the model knows of itself is there already. */
static kao_status take_rows(rows *r, const kao_card *card, const char *name,
                            kao_error *err)
{
    const char *key = NULL, *value = NULL, *source = NULL;

    for (size_t i = 0; kao_card_row(card, i, &key, &value, &source); i++) {
        const bool is_own = strcmp(source, "sidecar") == 0;

        if (!is_own && strcmp(source, "card") != 0)
            continue;
        if (r->n == ROWS_MAX || strlen(key) + 5 > KEY_BYTES)
            return kao_fail(err, KAO_E_LIMIT,
                            "%s: more than %d lines, or a key of more than %d bytes",
                            name, ROWS_MAX, KEY_BYTES - 5);
        snprintf(r->keys[r->n], KEY_BYTES, "kao.%s", key);
        if (!is_own && r->calibrates && is_calibration(r->keys[r->n]))
            continue;
        r->calibrates |= is_own && is_calibration(r->keys[r->n]);
        r->entries[r->n] = (kao_onnx_entry){ r->keys[r->n], value };
        r->n++;
        r->n_own += is_own;
    }
    return r->n_own ? KAO_OK : kao_fail(err, KAO_E_FORMAT, "%s: no lines in it", name);
}

/* The new file's bytes. */
static kao_status put_card(kao_context *ctx, const kao_file *model,
                           const char *card_text, char *const *items, rows *r,
                           kao_bytes *to, kao_error *err)
{
    kao_model *m = NULL;
    kao_status st = kao_model_open_bytes(ctx, &m, model->bytes.p, model->bytes.n,
                                         items[0], card_text, err);

    if (!st)
        st = take_rows(r, kao_model_card(m), items[1], err);
    /* curves that were measured together stay together */
    if (!st)
        st =
            kao_onnx_put_metadata(to, model->bytes, r->entries, r->n,
                                  r->calibrates ? is_calibration : NULL, items[0], err);
    kao_model_release(m);
    return st;
}

int cli_model_card(kao_context *ctx, char *const *items, int n)
{
    kao_error err = { 0 };
    kao_file model = { 0 }, card = { 0 };
    kao_bytes b = { .mem = &ctx->mem, .max = FILE_MAX_BYTES };

    if (n != 3) {
        fprintf(stderr, "kao model: wanted card FILE.onnx CARD OUT.onnx\n");
        return CLI_BAD;
    }
    rows *r = calloc(1, sizeof *r);
    kao_status st = r ? kao_file_open(&model, &ctx->mem, items[0], FILE_MAX_BYTES, &err)
                      : kao_fail(&err, KAO_E_NOMEM, "out of memory");

    if (!st)
        st = kao_file_open(&card, &ctx->mem, items[1], CARD_MAX_BYTES, &err);
    char *text = st ? NULL : kao_calloc(&ctx->mem, card.bytes.n + 1, 1);

    if (!st && !text)
        st = kao_fail(&err, KAO_E_NOMEM, "out of memory");
    if (!st && card.bytes.n)
        memcpy(text, card.bytes.p, card.bytes.n);
    if (!st && strlen(text) != card.bytes.n)
        st = kao_fail(&err, KAO_E_FORMAT, "%s: not a text file", items[1]);
    if (!st)
        st = put_card(ctx, &model, text, items, r, &b, &err);
    const bool writes = st == KAO_OK;

    if (!st)
        st = kao_file_write(&ctx->mem, items[2], b.p, b.n, &err);
    if (!st)
        printf("%s: %zu lines of %s%s\n", items[2], r->n_own, items[1],
               r->n > r->n_own ? ", and those of its built-in card" : "");
    kao_bytes_free(&b);
    kao_free(&ctx->mem, text);
    kao_file_close(&card);
    kao_file_close(&model);
    free(r);
    if (!st)
        return CLI_YES;
    return writes ? cli_report_unwritten("model", st, &err)
                  : cli_report("model", st, &err);
}
