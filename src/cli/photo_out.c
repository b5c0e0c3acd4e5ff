/* What commands print, draw and name by: faces and errors as JSON, marks on a picture, stems. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "cli/photo.h"

const char *cli_stem(const char *path, size_t *n)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *dot = strrchr(name, '.');

    *n = dot && dot != name ? (size_t)(dot - name) : strlen(name);
    return name;
}

char *cli_path_in(const char *folder, const char *name)
{
    size_t n = strlen(folder);

    while (n > 0 && folder[n - 1] == '/')
        n--;
    const size_t cap = n + strlen(name) + 2;
    char *path = malloc(cap);

    if (path)
        snprintf(path, cap, "%.*s/%s", (int)n, folder, name);
    return path;
}

static int by_stem(const void *a, const void *b)
{
    size_t n = 0, m = 0;
    const char *x = cli_stem(*(char *const *)a, &n),
               *y = cli_stem(*(char *const *)b, &m);
    const int c = strncmp(x, y, n < m ? n : m);

    return c        ? c
           : n != m ? (n > m) - (n < m)
                    : strcmp(*(char *const *)a, *(char *const *)b);
}

int cli_check_stems(const char *command, char **paths, size_t n)
{
    char **sorted = calloc(n, sizeof *sorted);
    bool clash = false;

    if (!sorted) {
        fprintf(stderr, "kao %s: out of memory\n", command);
        return CLI_FAULT;
    }
    memcpy(sorted, paths, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_stem);
    for (size_t i = 1; i < n && !clash; i++) {
        size_t k = 0, m = 0;
        const char *x = cli_stem(sorted[i - 1], &k), *y = cli_stem(sorted[i], &m);

        clash =
            k == m && strncmp(x, y, k) == 0 && strcmp(sorted[i - 1], sorted[i]) != 0;
        if (clash)
            fprintf(
                stderr,
                "kao %s: %s and %s would be written to the same name: give them in two "
                "runs, to two folders\n",
                command, sorted[i - 1], sorted[i]);
    }
    free(sorted);
    return clash ? CLI_BAD : CLI_YES;
}

bool cli_is_stream(const char *path)
{
    struct stat info;

    return strcmp(path, "-") == 0 ||
           (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode));
}

bool cli_is_no_picture(const char *path, kao_status read)
{
    static const char *const ends[] = { "jpg",  "jpeg", "png", "webp", "heic", "heif",
                                        "avif", "gif",  "bmp", "tif",  "tiff", "ico" };
    const char *dot = strrchr(path, '.');
    bool named = false;

    for (size_t i = 0; dot && i < sizeof ends / sizeof ends[0]; i++)
        named = named || strcasecmp(dot + 1, ends[i]) == 0;
    return !named && (read == KAO_E_FORMAT || read == KAO_E_UNSUPPORTED);
}

kao_json *cli_error_json(const kao_error *err)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "code", kao_json_string(kao_status_name(err->code)));
    kao_json_set(o, "message", kao_json_string(err->msg));
    return o;
}

/* Pixel centres are at whole numbers, at any size. */
static float scaled(float at, float by)
{
    return (at + 0.5f) * by - 0.5f;
}

kao_face cli_face_scaled(const kao_face *face, float across, float down)
{
    kao_face f = *face;

    f.x = scaled(f.x, across);
    f.y = scaled(f.y, down);
    f.width *= across;
    f.height *= down;
    for (uint32_t i = 0; i < f.n_points; i++) {
        f.points[i].x = scaled(f.points[i].x, across);
        f.points[i].y = scaled(f.points[i].y, down);
    }
    return f;
}

void cli_draw_face(const kao_image *image, const kao_face *f, kao_color color)
{
    kao_image_draw_box(image, f->x, f->y, f->x + f->width, f->y + f->height, 0, color);
    for (uint32_t i = 0; i < f->n_points; i++)
        kao_image_draw_point(image, f->points[i].x, f->points[i].y, 1 + f->width / 60,
                             (kao_color){ 255, 220, 0 });
}

kao_status cli_label_face(kao_context *ctx, const kao_image *image, const kao_face *f,
                          const char *text, kao_color color, kao_error *err)
{
    const float longer =
        (float)(image->width > image->height ? image->width : image->height);
    /* by the face, so that those of a crowd do not hide each other */
    const float px = fmaxf(11, fminf(f->height / 6, longer / 30));
    const kao_status st = kao_image_draw_label(
        ctx, image, f->x, f->y, text, px, (kao_color){ 0, 0, 0 }, color, NULL, err);

    return st == KAO_E_UNSUPPORTED ? KAO_OK : st; /* a machine without Pango or fonts */
}

int cli_print_json(const char *name, kao_json *json)
{
    char *text = kao_json_text(json);

    if (!text) {
        fprintf(stderr, "kao %s: out of memory\n", name);
        return CLI_FAULT;
    }
    puts(text);
    free(text);
    return cli_flush() ? CLI_YES
                       : CLI_FAULT; /* now: a reader of the pipe waits for it */
}

int cli_report_object(const char *command, const char *key, const char *name, bool json,
                      kao_status st, const kao_error *err)
{
    const int status = cli_report(command, st, err);

    if (!json)
        return status;
    kao_json *o = kao_json_object();

    kao_json_set(o, key, kao_json_string(name));
    kao_json_set(o, "error", cli_error_json(err));
    const int s = cli_print_json(command, o);

    return s > status ? s : status;
}
