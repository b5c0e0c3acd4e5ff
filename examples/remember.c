/* Somebody remembered, and found again: a gallery through libkao.
 *
 *     remember GALLERY NAME A.jpg     enrol the largest face
 *     remember GALLERY WHO.jpg        who is it?
 *
 * With the models inside the library. Build against an installed kao:
 *     cc remember.c $(pkg-config --cflags --libs kao) */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <kao/detector.h>
#include <kao/embedder.h>
#include <kao/gallery.h>

typedef struct tools {
    kao_context *ctx;
    kao_model *models[2];
    kao_detector *detector;
    kao_embedder *embedder;
    kao_gallery *gallery;
    size_t model;  /* of the gallery: the embedder */
    float *vector; /* of the face in hand */
} tools;

static kao_status open_all(tools *t, const char *path, kao_error *err)
{
    static const char *const names[] = { "kao-detect", "kao-face" };
    const kao_gallery_options create = { .create = 1 };
    kao_status st = kao_context_create(&t->ctx, NULL, err);

    for (int i = 0; !st && i < 2; i++)
        st = kao_model_open_bundled(t->ctx, &t->models[i], names[i], err);
    if (!st)
        st = kao_detector_create(t->models[0], &t->detector, NULL, err);
    if (!st)
        st = kao_embedder_create(t->models[1], &t->embedder, NULL, err);
    if (!st)
        st = kao_gallery_open(t->ctx, &t->gallery, path, &create, err);
    if (!st)
        st = kao_gallery_pin(t->gallery, t->embedder, KAO_TTA_NONE, &t->model, err);
    if (st)
        return st;
    t->vector = calloc(kao_embedder_dim(t->embedder, KAO_TTA_NONE), sizeof(float));
    return t->vector ? KAO_OK : KAO_E_NOMEM;
}

static void close_all(tools *t)
{
    free(t->vector);
    kao_gallery_close(t->gallery);
    kao_embedder_destroy(t->embedder);
    kao_detector_destroy(t->detector);
    kao_model_release(t->models[0]);
    kao_model_release(t->models[1]);
    kao_context_destroy(t->ctx);
}

/* The largest face's vector. */
static kao_status embed(tools *t, const char *path, kao_error *err)
{
    kao_image photo = { 0 }, chip = { 0 };
    kao_faces faces = KAO_FACES_INIT;
    size_t which = 0;
    kao_status st = kao_image_load(t->ctx, path, NULL, &photo, err);
    kao_view view = kao_image_view(&photo);

    if (!st)
        st = kao_detect(t->detector, &view, NULL, &faces, err);
    if (!st)
        st = kao_face_choose(&faces, KAO_CHOOSE_LARGEST, photo.width, photo.height,
                             &which, err);
    if (!st)
        st = kao_align(t->ctx, &view, kao_face_at(&faces, which),
                       kao_embedder_template(t->embedder), &chip, err);
    view = kao_image_view(&chip);
    if (!st)
        st = kao_embed(t->embedder, &view, 1, KAO_TTA_NONE, t->vector, err);
    kao_image_free(t->ctx, &chip);
    kao_image_free(t->ctx, &photo);
    return st;
}

static kao_status enrol(tools *t, const char *name, const char *path, kao_error *err)
{
    const float *const vectors[] = { t->vector };
    kao_new_sample sample = {
        .size = sizeof sample, .vectors = vectors, .source = path, .quality = NAN
    };
    int64_t person = 0;
    kao_status st = kao_gallery_find(t->gallery, name, &person, err);

    if (st == KAO_OK || st == KAO_E_NOT_FOUND) /* a new person then */
        st = kao_gallery_enrol(t->gallery, &person, name, &sample, 1, err);
    if (!st)
        printf("#%lld %s\n", (long long)person, name);
    return st;
}

static int tell(void *user, const kao_person *p)
{
    printf("%s, %.3f\n", p->name ? p->name : "somebody without a name",
           (double)*(float *)user);
    return 0;
}

/* Known is who is as alike as one stranger in a hundred is to anybody in a gallery of this size. */
static kao_status identify(tools *t, kao_error *err)
{
    kao_match match[1] = { { .size = sizeof match[0] } };
    kao_rate limit = { .size = sizeof limit };
    uint64_t templates = 0;
    size_t n = 0;
    kao_status st =
        kao_gallery_search(t->gallery, t->model, t->vector, 1, match, &n, err);

    if (!st)
        st = kao_gallery_templates(t->gallery, &templates, err);
    if (st)
        return st;
    const double far = templates ? .01 / (double)templates : .01;

    if (n == 0 ||
        !kao_calibration_threshold(kao_embedder_calibration(t->embedder), KAO_TTA_NONE,
                                   far, NULL, &limit) ||
        match[0].similarity < limit.similarity) {
        printf("unknown\n");
        return KAO_OK;
    }
    return kao_gallery_person(t->gallery, match[0].person, tell, &match[0].similarity,
                              err);
}

int main(int argc, char **argv)
{
    tools t = { .ctx = NULL };
    kao_error err = { .msg = "usage: remember GALLERY [NAME] PICTURE" };
    kao_status st = argc == 3 || argc == 4 ? open_all(&t, argv[1], &err) : KAO_E_ARG;

    if (!st)
        st = embed(&t, argv[argc - 1], &err);
    if (!st)
        st = argc == 4 ? enrol(&t, argv[2], argv[3], &err) : identify(&t, &err);
    if (st)
        fprintf(stderr, "remember: %s\n", err.msg);
    close_all(&t);
    return st ? 2 : 0;
}
