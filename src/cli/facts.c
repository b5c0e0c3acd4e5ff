/* See facts.h. */
#include "cli/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/face_json.h"
#include "cli/models.h"
#include "cli/photo.h"

/* Also the keys of the JSON; the detector's own points are "landmarks" there. */
static const char *const words[CLI_ANALYSERS] = {
    [KAO_ANALYSE_LANDMARKS] = "landmarks",
    [KAO_ANALYSE_QUALITY] = "quality",
    [KAO_ANALYSE_POSE] = "pose",
    [KAO_ANALYSE_LIVENESS] = "liveness",
};

/* ---- models ---- */

static kao_status open_one(kao_context *ctx, size_t kind, const char *name,
                           kao_model *models[CLI_ANALYSERS], kao_error *err)
{
    cli_model found;

    if (models[kind])
        return kao_fail(err, KAO_E_ARG, "two models for %s", words[kind]);
    kao_status st = cli_find_model(name, &found, err);

    if (!st)
        st = cli_open_model(ctx, &found, NULL, &models[kind], err);
    if (st)
        return st;
    const char *is = kao_card_get(kao_model_card(models[kind]), "kind");

    if (is && strcmp(is, words[kind]) != 0)
        return kao_fail(err, KAO_E_UNKNOWN_MODEL, "%s: a model of kind %s, wanted %s",
                        found.path, is, words[kind]);
    return KAO_OK;
}

kao_status cli_facts_open(kao_context *ctx, const cli_list *with, const char *liveness,
                          kao_model *models[CLI_ANALYSERS], kao_error *err)
{
    kao_status st =
        liveness ? open_one(ctx, KAO_ANALYSE_LIVENESS, liveness, models, err) : KAO_OK;

    for (size_t i = 0; !st && i < with->n; i++) {
        const char *text = with->items[i];
        const size_t n = strcspn(text, "=");
        size_t kind = 0;

        while (kind < CLI_ANALYSERS &&
               (strlen(words[kind]) != n || strncmp(words[kind], text, n) != 0))
            kind++;
        if (kind == CLI_ANALYSERS || !text[n] || !text[n + 1])
            return kao_fail(
                err, KAO_E_ARG,
                "--with %.60s: wanted landmarks, quality, pose or liveness, "
                "=, a model",
                text);
        st = open_one(ctx, kind, text + n + 1, models, err);
    }
    return st;
}

/* ---- faces ---- */

static kao_status keep_points(const kao_image *image, const kao_analysis *a,
                              cli_facts *f, kao_error *err)
{
    f->points = calloc(a->n_points, sizeof *f->points);
    if (!f->points)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    f->n_points = a->n_points;
    for (size_t i = 0; i < a->n_points; i++)
        kao_image_full_point(image, a->points[i].x, a->points[i].y, &f->points[i].x,
                             &f->points[i].y);
    return KAO_OK;
}

kao_status cli_facts_add(kao_analyser *const analysers[CLI_ANALYSERS],
                         const kao_image *image, const kao_face *face, cli_facts *f,
                         kao_error *err)
{
    const kao_view view = kao_image_view(image);
    kao_status st = KAO_OK;

    for (unsigned kind = 0; !st && kind < CLI_ANALYSERS; kind++) {
        kao_analysis a = KAO_ANALYSIS_INIT;

        if (!analysers[kind])
            continue;
        f->asked |= 1u << kind;
        st = kao_analyse(analysers[kind], &view, face, &a, err);
        if (st == KAO_E_NO_FACE) {
            st = KAO_OK;
            continue;
        }
        if (!st && kind == KAO_ANALYSE_LANDMARKS)
            st = keep_points(image, &a, f, err);
        if (st)
            break;
        f->told |= 1u << kind;
        if (kind == KAO_ANALYSE_QUALITY)
            f->quality = a.quality;
        if (kind == KAO_ANALYSE_LIVENESS)
            f->live = a.live;
        if (kind == KAO_ANALYSE_POSE) {
            f->yaw = a.yaw;
            f->pitch = a.pitch;
            f->roll = a.roll;
        }
    }
    return st;
}

kao_status cli_facts_measure(kao_context *ctx, const kao_image *image,
                             const kao_face *face, cli_facts *f, kao_error *err)
{
    const kao_view view = kao_image_view(image);
    kao_quality q = KAO_QUALITY_INIT;
    const kao_status st = kao_quality_of(ctx, &view, face, &q, err);

    if (st == KAO_E_NO_FACE || st == KAO_E_TOO_SMALL)
        return KAO_OK;
    if (!st)
        f->picture = q;
    return st;
}

static const struct {
    kao_outcome outcome;
    const char *words;
} advice[] = {
    { KAO_BLURRED,
      "the face is blurred: a sharper picture would tell more (nearer, in focus)" },
    { KAO_DARK, "the face is dark: more light on it would tell more" },
    { KAO_EXTREME_POSE,
      "the face is turned far aside: one that looks into the camera would tell more" },
    { KAO_MASKED, "the lower face seems to be covered: without a mask" },
};

/* What there is to be done about a mask beside taking it off. */
static const char *more_of_mask(const char *model)
{
    static const char own[] = "kao-face-mask";
    size_t n = 0;
    const char *name = cli_stem(model, &n);

    return n == sizeof own - 1 && strncmp(name, own, n) == 0
               ? " more can be told"
               : ", or with --model kao-face-mask, more can be told";
}

void cli_facts_warn(const char *command, const char *path, const char *model,
                    const cli_facts *f)
{
    for (size_t i = 0; i < sizeof advice / sizeof advice[0]; i++)
        if (f->picture.outcomes & (unsigned)advice[i].outcome)
            fprintf(stderr, "kao %s: %s: warning: %s%s\n", command, path,
                    advice[i].words,
                    advice[i].outcome == KAO_MASKED ? more_of_mask(model) : "");
}

void cli_facts_free(cli_facts *f, size_t n)
{
    for (size_t i = 0; f && i < n; i++)
        free(f[i].points);
    free(f);
}

/* ---- out ---- */

static kao_json *pose_json(const cli_facts *f)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "yaw", kao_hundredths_json(f->yaw));
    kao_json_set(o, "pitch", kao_hundredths_json(f->pitch));
    kao_json_set(o, "roll", kao_hundredths_json(f->roll));
    return o;
}

static bool is_told(const cli_facts *f, unsigned kind)
{
    return f->told >> kind & 1;
}

static kao_json *or_null(float v)
{
    return v == v ? kao_hundredths_json(v) : kao_json_null();
}

static kao_json *picture_json(const cli_facts *f)
{
    const kao_quality *q = &f->picture;
    kao_json *o = kao_json_object();

    kao_json_set(o, "score", kao_json_float(q->score));
    kao_json_set(o, "eye_distance", or_null(q->eye_distance_px));
    kao_json_set(o, "detail", kao_json_float(q->detail));
    kao_json_set(o, "light", kao_json_float(q->light));
    kao_json_set(o, "contrast", kao_json_float(q->contrast));
    kao_json_set(o, "dark", kao_json_float(q->dark));
    kao_json_set(o, "blown", kao_json_float(q->blown));
    kao_json_set(o, "yaw", or_null(q->yaw));
    kao_json_set(o, "pitch", or_null(q->pitch));
    kao_json_set(o, "roll", or_null(q->roll));
    kao_json_set(o, "masked", kao_json_float(q->masked));
    if (q->norm > 0)
        kao_json_set(o, "norm", kao_json_float(q->norm));
    return o;
}

void cli_facts_set(kao_json *face, const cli_facts *f)
{
    if (f->show_picture)
        kao_json_set(face, "facts",
                     f->picture.size ? picture_json(f) : kao_json_null());
    if (f->picture.outcomes || (f->show_picture && f->picture.size))
        kao_json_set(face, "warnings", kao_outcomes_json(f->picture.outcomes));
    if (f->asked >> KAO_ANALYSE_LANDMARKS & 1)
        kao_json_set(face, "dense_landmarks",
                     is_told(f, KAO_ANALYSE_LANDMARKS)
                         ? kao_points_json(f->points, f->n_points)
                         : kao_json_null());
    if (f->asked >> KAO_ANALYSE_QUALITY & 1)
        kao_json_set(face, "quality",
                     is_told(f, KAO_ANALYSE_QUALITY) ? kao_json_float(f->quality)
                                                     : kao_json_null());
    if (f->asked >> KAO_ANALYSE_POSE & 1)
        kao_json_set(face, "pose",
                     is_told(f, KAO_ANALYSE_POSE) ? pose_json(f) : kao_json_null());
    if (f->asked >> KAO_ANALYSE_LIVENESS & 1)
        kao_json_set(face, "live",
                     is_told(f, KAO_ANALYSE_LIVENESS) ? kao_json_float(f->live)
                                                      : kao_json_null());
}

void cli_facts_print(const cli_facts *f)
{
    if (f->show_picture && f->picture.size)
        printf(", picture %.2f", (double)f->picture.score);
    for (size_t i = 0; f->show_picture && i < sizeof advice / sizeof advice[0]; i++)
        if (f->picture.outcomes & (unsigned)advice[i].outcome)
            printf(", %s", kao_outcome_name(advice[i].outcome));
    if (is_told(f, KAO_ANALYSE_LANDMARKS))
        printf(", %zu landmarks", f->n_points);
    if (is_told(f, KAO_ANALYSE_QUALITY))
        printf(", quality %.2f", (double)f->quality);
    if (is_told(f, KAO_ANALYSE_POSE))
        printf(", yaw %.0f, pitch %.0f, roll %.0f", (double)f->yaw, (double)f->pitch,
               (double)f->roll);
    if (is_told(f, KAO_ANALYSE_LIVENESS))
        printf(", live %.3f", (double)f->live);
}

void cli_facts_draw(const kao_image *image, const cli_facts *f, float radius_px)
{
    const float k = image->reduction > 1 ? (float)image->reduction : 1;

    for (size_t i = 0; i < f->n_points;
         i++) /* from the file's pixels to the picture's */
        kao_image_draw_point(image,
                             (f->points[i].x + 0.5f + (float)image->skip_x) / k - 0.5f,
                             (f->points[i].y + 0.5f + (float)image->skip_y) / k - 0.5f,
                             radius_px, (kao_color){ 60, 220, 255 });
}
