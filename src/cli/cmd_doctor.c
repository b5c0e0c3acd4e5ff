/* kao doctor: what works here, and what to do about what does not. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cpu.h"
#include "base/cpus.h"
#include "base/hash.h"
#include "cli/commands.h"
#include "cli/photo.h"
#include "kao/detector.h"
#include "kao/embedder.h"
#include "kao/gallery.h"
#include "media/video.h"
#include "server/certificate.h"
#include "server/server.h"

typedef struct doctor_args {
    bool json;
} doctor_args;

const cli_option cli_doctor_options[] = {
    { "json", 0, CLI_FLAG, offsetof(doctor_args, json), NULL, "one JSON object" },
    { .name = NULL },
};

typedef enum codec_state { WORKS, BROKEN, LEFT_OUT } codec_state;

static codec_state state_of(kao_status st, bool right)
{
    return st == KAO_E_UNSUPPORTED ? LEFT_OUT : st || !right ? BROKEN : WORKS;
}

static codec_state check_codec(kao_context *ctx, kao_image_format format)
{
    uint8_t pixels[3 * 16 * 16];
    kao_image image = { .rgb = pixels, .width = 16, .height = 16, .row_bytes = 48 };
    kao_image back = { 0 };
    uint8_t *bytes = NULL;
    size_t n = 0;

    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 5 % 251);
    kao_status st = kao_image_encode(ctx, &image, format, 0, &bytes, &n, NULL);

    if (!st)
        st = kao_image_decode(ctx, bytes, n, NULL, &back, NULL);
    bool right = back.width == 16 && back.height == 16;

    if (!st && right && format == KAO_IMAGE_PNG)
        right = memcmp(back.rgb, pixels, sizeof pixels) == 0;
    kao_image_free_bytes(ctx, bytes);
    kao_image_free(ctx, &back);
    return state_of(st, right);
}

/* A white picture of 2 x 2 as lossless WebP. */
static codec_state check_webp(kao_context *ctx)
{
    static const uint8_t file[] = { 'R',  'I',  'F',  'F',  0x1c, 0,    0,    0,
                                    'W',  'E',  'B',  'P',  'V',  'P',  '8',  'L',
                                    0x0f, 0,    0,    0,    0x2f, 0x01, 0x40, 0,
                                    0,    0x07, 0x10, 0xfd, 0x8f, 0xfe, 0x07, 0x22,
                                    0xa2, 0xff, 0x01, 0 };
    kao_image back = { 0 };
    const kao_status st = kao_image_decode(ctx, file, sizeof file, NULL, &back, NULL);
    const bool right = back.width == 2 && back.height == 2;

    kao_image_free(ctx, &back);
    return state_of(st, right);
}

/* libheif is looked for when a picture comes: the head of one is enough to see whether it is
 * there. */
static codec_state check_heif(kao_context *ctx)
{
    static const char head[] = "\0\0\0\x18"
                               "ftypheic\0\0\0\0mif1heic";
    kao_image back = { 0 };
    const kao_status st =
        kao_image_decode(ctx, head, sizeof head - 1, NULL, &back, NULL);

    kao_image_free(ctx, &back);
    return st == KAO_E_UNSUPPORTED ? LEFT_OUT : WORKS;
}

/* gdk-pixbuf too; a white pixel. */
static codec_state check_gif(kao_context *ctx)
{
    static const uint8_t file[] = { 'G', 'I',  'F', '8', '9',  'a', 1,   0,  1,
                                    0,   0x80, 0,   0,   255,  255, 255, 0,  0,
                                    0,   ',',  0,   0,   0,    0,   1,   0,  1,
                                    0,   0,    2,   2,   0x44, 1,   0,   ';' };
    kao_image back = { 0 };
    const kao_status st = kao_image_decode(ctx, file, sizeof file, NULL, &back, NULL);
    const bool right = back.width == 1 && back.height == 1 && back.rgb[0] == 255;

    kao_image_free(ctx, &back);
    return state_of(st, right);
}

/* A script beside the Latin one, so that fonts are told of as well. */
static const char *label_words(kao_context *ctx)
{
    uint8_t pixels[3 * 64 * 32] = { 0 };
    const kao_image image = {
        .rgb = pixels, .width = 64, .height = 32, .row_bytes = 192
    };
    kao_label l = { 0 };
    const kao_status st =
        kao_image_draw_label(ctx, &image, 0, 32, "1 \xe5\xb1\xb1", 16, (kao_color){ 0 },
                             (kao_color){ 255, 255, 255 }, &l, NULL);

    return st == KAO_E_UNSUPPORTED ? "need Pango and a font, which are not there"
           : st                    ? "BROKEN"
           : l.n_missing           ? "ok; no font for kanji (Debian: fonts-noto-cjk)"
                                   : "ok";
}

typedef struct finding { /* about a default model */
    const char *what;
    cli_role role;
    bool ok;
    cli_model model;
    kao_error err;
} finding;

static void check_model(kao_context *ctx, finding *f)
{
    kao_model *m = NULL;
    kao_detector *d = NULL;
    kao_embedder *e = NULL;
    kao_status st = cli_find_default(f->role, &f->model, &f->err);

    if (!st)
        st = cli_open_model(ctx, &f->model, NULL, &m, &f->err);
    if (!st && f->role == CLI_EMBEDDER)
        st = kao_embedder_create(m, &e, NULL, &f->err);
    else if (!st)
        st = kao_detector_create(m, &d, NULL, &f->err);
    f->ok = st == KAO_OK;
    kao_detector_destroy(d);
    kao_embedder_destroy(e);
    kao_model_release(m);
}

/* What its card says of where a model comes from. */
static const char *const origin_keys[] = { "license", "trained_on", "note" };
enum { N_ORIGINS = sizeof origin_keys / sizeof origin_keys[0] };

static void print_bundled(kao_context *ctx)
{
    const char *name = NULL;
    kao_span file = { 0 };
    const void *bytes = NULL;

    for (size_t i = 0; kao_model_bundled(i, &name, &bytes, &file.n); i++) {
        kao_model *m = NULL;
        kao_error err = { 0 };
        char hash[KAO_SHA256_TEXT];

        file.p = bytes;
        printf("inside     %s: ", name);
        if (!bytes) {
            printf("not in this build\n");
            continue;
        }
        if (kao_model_open_bundled(ctx, &m, name, &err)) {
            printf("%s\n", err.msg);
            continue;
        }
        kao_sha256(file, hash);
        printf("%llu weights, %zu bytes\n%-10s sha256 %s\n",
               (unsigned long long)kao_model_weights(m), file.n, "", hash);
        for (size_t k = 0; k < N_ORIGINS; k++) {
            const char *value = kao_card_get(kao_model_card(m), origin_keys[k]);

            if (value || k == 0)
                printf("%-10s %s: %s\n", "", origin_keys[k],
                       value ? value : "its card does not say");
        }
        kao_model_release(m);
    }
}

static kao_json *bundled_json(kao_context *ctx)
{
    kao_json *list = kao_json_array();
    const char *name = NULL;
    kao_span file = { 0 };
    const void *bytes = NULL;

    for (size_t i = 0; kao_model_bundled(i, &name, &bytes, &file.n); i++) {
        kao_model *m = NULL;
        char hash[KAO_SHA256_TEXT];

        if (!bytes || kao_model_open_bundled(ctx, &m, name, NULL))
            continue;
        kao_json *o = kao_json_object();

        file.p = bytes;
        kao_sha256(file, hash);
        kao_json_set(o, "name", kao_json_string(name));
        kao_json_set(o, "weights", kao_json_integer((int64_t)kao_model_weights(m)));
        kao_json_set(o, "bytes", kao_json_integer((int64_t)file.n));
        kao_json_set(o, "sha256", kao_json_string(hash));
        for (size_t k = 0; k < N_ORIGINS; k++) {
            const char *value = kao_card_get(kao_model_card(m), origin_keys[k]);

            kao_json_set(o, origin_keys[k], kao_json_string(value));
        }
        kao_json_add(list, o);
        kao_model_release(m);
    }
    return list;
}

/* For other machines: "ok", or why not: in err. */
static const char *https_words(kao_error *err)
{
    return kao_certificate_ready(err) == KAO_OK ? "ok" : err->msg;
}

static const char *server_words(kao_error *err)
{
    return kao_server_ready(err) == KAO_OK ? "ok" : err->msg;
}

enum { JPEG, PNG, WEBP, HEIF, PIXBUF, N_CODECS };
static const struct {
    const char *name;
    const char *library; /* looked for at run time; NULL: linked */
} codec_rows[N_CODECS] = { { "JPEG", NULL },
                           { "PNG", NULL },
                           { "WebP", NULL },
                           { "HEIC and AVIF", "libheif" },
                           { "GIF, BMP, TIFF and ICO", "gdk-pixbuf" } };
static const char *const codec_words[] = { "ok", "BROKEN", "left out of this build" };

static const char *video_words(void)
{
    kao_error err = { 0 };

    if (kao_video_ready(&err) == KAO_OK)
        return "ok";
    return strcmp(err.msg, codec_words[LEFT_OUT]) == 0
               ? codec_words[LEFT_OUT]
               : "needs FFmpeg's libraries, which are not there (Debian: libavformat, "
                 "libswscale)";
}

static const char *gallery_words(const char *name)
{
    kao_error err = { 0 };

    if (kao_gallery_ready(name, &err) == KAO_OK)
        return "ok";
    return strcmp(err.msg, codec_words[LEFT_OUT]) == 0
               ? codec_words[LEFT_OUT]
               : "needs libpq, which is not there (Debian: libpq5)";
}

static bool is_there(const char *folder)
{
    struct stat info;

    return stat(folder, &info) == 0;
}

static void print_cpus(const kao_context *ctx)
{
    const kao_cpus c = kao_cpus_find("");
    char quota[48] = "no quota";

    if (c.quota > 0)
        snprintf(quota, sizeof quota, "a quota of %.2f", c.quota);
    printf("threads    %u; the machine has %u CPU%s, this process may use %u, %s\n",
           kao_context_threads(ctx), c.online, c.online == 1 ? "" : "s", c.allowed,
           quota);
}

static void print_text(kao_context *ctx, const codec_state *codecs,
                       const finding *models)
{
    kao_error err = { 0 };
    const uint32_t cpu = kao_cpu_detect();
    char folder[4096];

    printf("version    kao %s\n", kao_version());
    printf("cpu        has %s%s%s%s; uses %s kernels\n", kao_cpu_name(cpu),
           cpu & KAO_CPU_VNNI ? " vnni" : "", cpu & KAO_CPU_BF16 ? " bf16" : "",
           cpu & KAO_CPU_DOTPROD ? " dotprod" : "", kao_context_cpu(ctx));
    print_cpus(ctx);
    printf("pictures   ");
    for (int i = 0; i < N_CODECS; i++) {
        printf("%s%s ", i ? "; " : "", codec_rows[i].name);
        if (codecs[i] == LEFT_OUT && codec_rows[i].library)
            printf("need %s, which is not there", codec_rows[i].library);
        else
            printf("%s", codec_words[codecs[i]]);
    }
    printf("; orientation in XMP %s\n", codec_words[KAO_WITH_XMP ? WORKS : LEFT_OUT]);
    printf("labels     %s\n", label_words(ctx));
    printf("video      %s\n", video_words());
    printf("galleries  %s; on PostgreSQL %s\n", gallery_words("people.kao"),
           gallery_words("postgresql://"));
    printf("server     %s\n", server_words(&err));
    printf("https      %s\n", https_words(&err));
    for (size_t i = 0; cli_model_folder(i, folder, sizeof folder); i++)
        printf("models in  %s%s\n", folder, is_there(folder) ? "" : " (not there)");
    print_bundled(ctx);
    for (int i = 0; i < 2; i++)
        printf("%-10s %s\n", models[i].what,
               models[i].ok ? models[i].model.path : models[i].err.msg);
}

static int print_json(kao_context *ctx, const codec_state *codecs,
                      const finding *models, int status)
{
    kao_json *o = kao_json_object(), *pictures = kao_json_object(),
             *folders = kao_json_array(), *errors = kao_json_array();
    const kao_cpus cpus = kao_cpus_find("");
    char folder[4096];

    for (int i = 0; i < N_CODECS; i++)
        kao_json_set(pictures, codec_rows[i].name,
                     codecs[i] == LEFT_OUT ? kao_json_null()
                                           : kao_json_bool(codecs[i] == WORKS));
    for (size_t i = 0; cli_model_folder(i, folder, sizeof folder); i++)
        kao_json_add(folders, kao_json_string(folder));
    kao_json_set(o, "version", kao_json_string(kao_version()));
    kao_json_set(o, "cpu", kao_json_string(kao_cpu_name(kao_cpu_detect())));
    kao_json_set(o, "kernels", kao_json_string(kao_context_cpu(ctx)));
    kao_json_set(o, "threads", kao_json_integer(kao_context_threads(ctx)));
    kao_json_set(o, "cpus", kao_json_integer(cpus.online));
    kao_json_set(o, "cpus_allowed", kao_json_integer(cpus.allowed));
    kao_json_set(o, "cpu_quota",
                 cpus.quota > 0 ? kao_json_number(cpus.quota) : kao_json_null());
    kao_json_set(o, "pictures", pictures);
    kao_json_set(o, "xmp", kao_json_bool(KAO_WITH_XMP));
    kao_json_set(o, "labels", kao_json_bool(strncmp(label_words(ctx), "ok", 2) == 0));
    kao_json_set(o, "video", kao_json_bool(strcmp(video_words(), "ok") == 0));
    kao_json_set(o, "galleries",
                 kao_json_bool(strcmp(gallery_words("people.kao"), "ok") == 0));
    kao_json_set(o, "postgresql",
                 kao_json_bool(strcmp(gallery_words("postgresql://"), "ok") == 0));
    kao_json_set(o, "server", kao_json_bool(kao_server_ready(NULL) == KAO_OK));
    kao_json_set(o, "https", kao_json_bool(kao_certificate_ready(NULL) == KAO_OK));
    kao_json_set(o, "folders", folders);
    kao_json_set(o, "inside", bundled_json(ctx));
    for (int i = 0; i < 2; i++) {
        kao_json_set(o, models[i].what,
                     models[i].ok ? kao_json_string(models[i].model.path)
                                  : kao_json_null());
        if (!models[i].ok)
            kao_json_add(errors, cli_error_json(&models[i].err));
    }
    kao_json_set(o, "errors", errors);
    kao_json_set(o, "ok", kao_json_bool(status == CLI_YES));
    return cli_print_json("doctor", o);
}

int cli_doctor_run(int argc, char **argv)
{
    finding models[2] = {
        { .what = "detector", .role = CLI_DETECTOR },
        { .what = "embedder", .role = CLI_EMBEDDER },
    };
    static const char *const verdicts[] = {
        [CLI_YES] = "all is well",
        [CLI_BAD] = "a default model is missing: give --model and --detector, or set "
                    "KAO_MODELS",
        [CLI_FAULT] = "a picture library is broken",
    };
    doctor_args args = { 0 };
    cli_operands rest;
    kao_context *ctx = NULL;
    kao_error err = { 0 };
    int status = CLI_BAD;

    if (!cli_begin("doctor", argc, argv, &args, &rest, &status))
        return status;
    if (!cli_no_operands("doctor", &rest))
        return CLI_BAD;
    const kao_status st = cli_context(&ctx, 0, NULL, &err);

    if (st)
        return cli_report("doctor", st, &err);
    const codec_state codecs[N_CODECS] = { [JPEG] = check_codec(ctx, KAO_IMAGE_JPEG),
                                           [PNG] = check_codec(ctx, KAO_IMAGE_PNG),
                                           [WEBP] = check_webp(ctx),
                                           [HEIF] = check_heif(ctx),
                                           [PIXBUF] = check_gif(ctx) };

    check_model(ctx, &models[0]);
    check_model(ctx, &models[1]);
    status = codecs[JPEG] == BROKEN || codecs[PNG] == BROKEN ||
                     codecs[WEBP] == BROKEN || codecs[PIXBUF] == BROKEN
                 ? CLI_FAULT
             : models[0].ok && models[1].ok ? CLI_YES
                                            : CLI_BAD;
    if (args.json) {
        const int s = print_json(ctx, codecs, models, status);

        status = s > status ? s : status;
    } else {
        print_text(ctx, codecs, models);
        printf("%s\n", verdicts[status]);
    }
    kao_context_destroy(ctx);
    return cli_finish("doctor", status);
}
