/* kao doctor: what works here, and what to do about what does not. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cpu.h"
#include "cli/commands.h"
#include "kao/detector.h"
#include "kao/embedder.h"

typedef struct doctor_args {
    int unused;
} doctor_args;

const cli_option cli_doctor_options[] = { { .name = NULL } };

static bool check_codec(kao_context *ctx, kao_image_format format)
{
    uint8_t pixels[3 * 16 * 16];
    kao_image image = { .rgb = pixels, .width = 16, .height = 16, .row_bytes = 48 };
    kao_image back = { 0 };
    uint8_t *bytes = NULL;
    size_t n = 0;

    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 5 % 251);
    bool ok = kao_image_encode(ctx, &image, format, 0, &bytes, &n, NULL) == KAO_OK &&
              kao_image_decode(ctx, bytes, n, NULL, &back, NULL) == KAO_OK &&
              back.width == 16 && back.height == 16;

    if (ok && format == KAO_IMAGE_PNG)
        ok = memcmp(back.rgb, pixels, sizeof pixels) == 0;
    kao_image_free_bytes(ctx, bytes);
    kao_image_free(ctx, &back);
    return ok;
}

/* A white picture of 2 x 2 as lossless WebP. */
static bool check_webp(kao_context *ctx)
{
    static const uint8_t file[] = { 'R',  'I',  'F',  'F',  0x1c, 0,    0,    0,
                                    'W',  'E',  'B',  'P',  'V',  'P',  '8',  'L',
                                    0x0f, 0,    0,    0,    0x2f, 0x01, 0x40, 0,
                                    0,    0x07, 0x10, 0xfd, 0x8f, 0xfe, 0x07, 0x22,
                                    0xa2, 0xff, 0x01, 0 };
    kao_image back = { 0 };
    const bool ok =
        kao_image_decode(ctx, file, sizeof file, NULL, &back, NULL) == KAO_OK &&
        back.width == 2 && back.height == 2;

    kao_image_free(ctx, &back);
    return ok;
}

static bool check_model(kao_context *ctx, const char *what, const char *name,
                        bool embedder)
{
    char path[4096];
    kao_error err = { 0 };
    kao_detector *d = NULL;
    kao_embedder *e = NULL;
    kao_status st = cli_find_model(name, path, sizeof path, &err);

    if (!st && embedder)
        st = kao_embedder_open(ctx, &e, path, &err);
    else if (!st)
        st = kao_detector_open(ctx, &d, path, &err);
    printf("%-10s %s\n", what, st ? err.msg : path);
    kao_detector_destroy(d);
    kao_embedder_destroy(e);
    return st == KAO_OK;
}

int cli_doctor_run(int argc, char **argv)
{
    doctor_args args = { 0 };
    cli_operands rest;
    kao_context *ctx = NULL;
    kao_error err = { 0 };
    char folder[4096];
    struct stat info;
    int status = CLI_BAD;

    if (!cli_begin("doctor", argc, argv, &args, &rest, &status))
        return status;
    if (!cli_no_operands("doctor", &rest))
        return CLI_BAD;
    const kao_status st = cli_context(&ctx, 0, NULL, &err);

    if (st)
        return cli_report("doctor", st, &err);
    const uint32_t cpu = kao_cpu_detect();

    printf("version    kao %s\n", kao_version());
    printf("cpu        has %s%s%s; uses %s kernels\n", kao_cpu_name(cpu),
           cpu & KAO_CPU_VNNI ? " vnni" : "", cpu & KAO_CPU_BF16 ? " bf16" : "",
           kao_context_cpu(ctx));
    printf("threads    %u of %u CPUs\n", kao_context_threads(ctx), kao_cpu_count());
    const bool jpeg = check_codec(ctx, KAO_IMAGE_JPEG),
               png = check_codec(ctx, KAO_IMAGE_PNG), webp = check_webp(ctx);

    printf("pictures   JPEG %s, PNG %s, WebP %s\n", jpeg ? "ok" : "BROKEN",
           png ? "ok" : "BROKEN", webp ? "ok" : "BROKEN");
    for (size_t i = 0; cli_model_folder(i, folder, sizeof folder); i++)
        printf("models in  %s%s\n", folder,
               stat(folder, &info) == 0 ? "" : " (not there)");
    const bool detector = check_model(ctx, "detector", CLI_DEFAULT_DETECTOR, false);
    const bool embedder = check_model(ctx, "embedder", CLI_DEFAULT_EMBEDDER, true);

    kao_context_destroy(ctx);
    status = jpeg && png && webp ? detector && embedder ? CLI_YES : CLI_BAD : CLI_FAULT;
    printf("%s\n",
           status == CLI_YES ? "all is well"
           : status == CLI_BAD
               ? "verify, detect and embed need --detector and --model, or KAO_MODELS"
               : "a picture library is broken");
    return cli_finish("doctor", status);
}
