/* kao model make: the field's architectures as ONNX files, with seeded weights. */
#include "cli/model_make.h"

#include <stdio.h>

#include "base/context.h"
#include "base/file.h"
#include "train/arch.h"

int cli_model_make(kao_context *ctx, char *const *items, int n, uint32_t seed)
{
    kao_error err = { 0 };
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (n != 2) {
        fprintf(stderr, "kao model: wanted make NAME FILE.onnx; NAME is one of");
        for (size_t i = 0; kao_arch_name(i); i++)
            fprintf(stderr, "%s %s", i ? "," : "", kao_arch_name(i));
        fprintf(stderr, "\n");
        return CLI_BAD;
    }
    kao_status st = kao_arch_make(&ctx->mem, items[0], seed, &bytes, &size, &err);

    if (!st)
        st = kao_file_write(&ctx->mem, items[1], bytes, size, &err);
    kao_free(&ctx->mem, bytes);
    if (st) /* no file is read */
        return cli_report_unwritten("model", st, &err);
    printf("%s: %s, %zu bytes\n", items[1], items[0], size);
    return CLI_YES;
}
