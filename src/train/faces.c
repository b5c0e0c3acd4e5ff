/* See faces.h. */
#include "train/faces.h"

#include <math.h>
#include <stdatomic.h>

#include "base/random.h"
#include "image/tensor.h"
#include "image/warp.h"
#include "kao/align.h"
#include "train/arch.h"
#include "train/facts.h"
#include "train/views.h"

/* Where a crop goes in its view: about the middles of both. */
typedef struct place {
    double a, b, x, y; /* cosine and sine times scale; shift */
} place;

static place random_place(kao_random *r)
{
    const double turn = (double)kao_random_float(r, -5, 5) * 3.14159265358979 / 180,
                 scale = (double)kao_random_float(r, 0.9f, 1.1f);

    return (place){ .a = scale * cos(turn),
                    .b = scale * sin(turn),
                    .x = (double)kao_random_float(r, -4, 4),
                    .y = (double)kao_random_float(r, -4, 4) };
}

/* From a crop of this size to its view. */
static void matrix(uint32_t width, uint32_t height, const place *p, bool mirrored,
                   double m[6])
{
    const double cx = (width - 1) / 2.0, cy = (height - 1) / 2.0,
                 half = (KAO_FACES_SIDE - 1) / 2.0, side = mirrored ? -1 : 1;

    m[0] = side * p->a;
    m[1] = -p->b;
    m[2] = half + p->x - m[0] * cx - m[1] * cy;
    m[3] = side * p->b;
    m[4] = p->a;
    m[5] = half + p->y - m[3] * cx - m[4] * cy;
}

static kao_status put(const kao_pack *faces, size_t i, const place *p, bool mirrored,
                      const kao_image *to)
{
    kao_image face = { 0 };
    double m[6];

    kao_status st = kao_pack_picture_open(faces, i, &face, NULL);

    if (st)
        return st;
    const kao_view view = kao_image_view(&face);

    matrix(face.width, face.height, p, mirrored, m);
    (void)kao_warp(&view, m, to); /* m can be inverted */
    kao_image_free(faces->ctx, &face);
    return st;
}

/* Where a template's points come to lie, left and right as one sees them. */
static void put_points(const place *p, bool mirrored, kao_point points[KAO_FACE_POINTS])
{
    static const int swapped[KAO_FACE_POINTS] = { 1, 0, 2, 4, 3 };
    kao_template t;
    double m[6];

    (void)kao_template_find(&t, "arcface-112", KAO_FACES_SIDE, KAO_FACES_SIDE, NULL);
    matrix(KAO_FACES_SIDE, KAO_FACES_SIDE, p, mirrored, m);
    for (int i = 0; i < KAO_FACE_POINTS; i++) {
        const kao_point *q = &t.points[mirrored ? swapped[i] : i];

        points[i] = (kao_point){
            .x = (float)(m[0] * (double)q->x + m[1] * (double)q->y + m[2]),
            .y = (float)(m[3] * (double)q->x + m[4] * (double)q->y + m[5])
        };
    }
}

/* m = m + share * (other - m) */
static void blend(const kao_image *m, const kao_image *other, float share)
{
    for (uint32_t y = 0; y < m->height; y++) {
        uint8_t *p = kao_image_row(m, y);
        const uint8_t *q = kao_image_row(other, y);

        for (uint32_t i = 0; i < m->width * KAO_RGB; i++)
            p[i] = (uint8_t)((float)p[i] + share * (float)(q[i] - p[i]) + 0.5f);
    }
}

/* A box of one colour, or of noise, over part of the face. */
static void erase(kao_random *r, const kao_image *m)
{
    const uint32_t w = 16 + kao_random_below(r, 40), h = 16 + kao_random_below(r, 40);
    const uint32_t x = kao_random_below(r, m->width - w),
                   y = kao_random_below(r, m->height - h);
    const bool noisy = kao_random_below(r, 3) == 0;
    uint8_t color[KAO_RGB];

    for (int c = 0; c < KAO_RGB; c++)
        color[c] = (uint8_t)kao_random_below(r, 256);
    for (uint32_t v = y; v < y + h; v++) {
        uint8_t *p = kao_image_row(m, v) + (size_t)x * KAO_RGB;

        for (uint32_t i = 0; i < w * KAO_RGB; i++)
            p[i] = noisy ? (uint8_t)kao_random_below(r, 256) : color[i % KAO_RGB];
    }
}

static kao_status spoil(const kao_face_views *s, kao_random *r, const kao_image *m,
                        const kao_image *room)
{
    const uint32_t kind = kao_random_below(r, 9);

    kao_status st = KAO_OK;

    if (kind < 2)
        st = kao_views_blur(&s->faces.ctx->mem, m, room,
                            (double)kao_random_float(r, 1.3f, 3.5f));
    if (!st && (kind == 1 || kind == 2))
        st = kao_views_jpeg(s->faces.ctx, m, 20 + kao_random_below(r, 70));
    if (kao_random_below(r, 12) == 0)
        erase(r, m);
    return st;
}

kao_status kao_faces_view(const kao_face_views *s, uint64_t i, const kao_image *image,
                          const kao_image *room, kao_point points[KAO_FACE_POINTS])
{
    const uint32_t n = (uint32_t)s->faces.n;
    kao_random r = kao_random_stream(s->seed, i, 2);
    const place p = random_place(&r);
    const bool mirrored = kao_random_below(&r, 2);

    kao_status st = put(&s->faces, kao_random_below(&r, n), &p, mirrored, image);

    put_points(&p, mirrored, points);
    if (!st && kao_random_below(&r, 2)) {
        const bool turned = kao_random_below(&r, 2);

        st = put(&s->faces, kao_random_below(&r, n), &p, turned, room);
        if (!st)
            blend(image, room, kao_random_float(&r, 0, 1));
    }
    if (st)
        return st;
    if (kao_random_below(&r, 2))
        kao_views_recolor(&r, image, 0.8f, 15);
    return spoil(s, &r, image, room);
}

kao_status kao_faces_labelled(const kao_face_views *s, uint64_t i,
                              const kao_image *image, uint32_t *identity)
{
    kao_random r = kao_random_stream(s->seed, i, 6);
    const uint32_t face = kao_random_below(&r, (uint32_t)s->faces.n);
    const bool mirrored = kao_random_below(&r, 2);
    const place at = { .a = 1,
                       .x = (double)kao_random_below(&r, 17) - 8,
                       .y = (double)kao_random_below(&r, 17) - 8 };

    *identity = s->faces.pictures[face].identity;
    return put(&s->faces, face, &at, mirrored, image);
}

void kao_faces_put(const kao_image *view, size_t i, float *batch)
{
    static const kao_tensor_form form = { .order = KAO_TENSOR_RGB,
                                          .mean = { 127.5f, 127.5f, 127.5f },
                                          .scale = { 1 / 128.0f, 1 / 128.0f,
                                                     1 / 128.0f } };
    const kao_view v = kao_image_view(view);

    kao_view_to_tensor(&v, &form,
                       batch + i * KAO_FACES_SIDE * KAO_FACES_SIDE * KAO_RGB);
}

static kao_status plain_view(const kao_face_views *s, uint64_t i,
                             const kao_image *image)
{
    static const place middle = { .a = 1 };
    kao_random r = kao_random_stream(s->seed, i, 7);

    return put(&s->faces, kao_random_below(&r, (uint32_t)s->faces.n), &middle, false,
               image);
}

typedef struct plain_job {
    const kao_face_views *s;
    const kao_image *pictures;
    uint32_t each;
    uint64_t first;
    float *batch;
    atomic_int st; /* of one that failed */
} plain_job;

static void one_plain(void *arg, size_t i, uint32_t worker)
{
    plain_job *j = arg;
    const kao_image *picture = &j->pictures[j->each * worker];
    const kao_status st = plain_view(j->s, j->first + i, picture);

    if (st)
        atomic_store(&j->st, (int)st);
    else
        kao_faces_put(picture, i, j->batch);
}

kao_status kao_faces_put_plain(const kao_face_views *s, const kao_image *pictures,
                               uint32_t each, uint64_t first, size_t n, float *batch)
{
    plain_job j = {
        .s = s, .pictures = pictures, .each = each, .first = first, .batch = batch
    };

    kao_pool_run(s->faces.ctx->pool, one_plain, &j, n);
    return (kao_status)atomic_load(&j.st);
}

static void add_facts(kao_facts *f, const kao_recipe *r)
{
    kao_facts_add(f, "kao.kind", "embedder");
    kao_facts_add(f, "kao.input.color", "rgb");
    kao_facts_add(f, "kao.input.mean", "127.5");
    kao_facts_add(f, "kao.input.scale", "1/128");
    kao_facts_add(f, "kao.input.size", "112x112");
    kao_facts_add(f, "kao.template", "arcface-112");
    kao_facts_add(f, "kao.metric", "cosine");
    kao_facts_threshold(f, "kao.threshold.cosine", r->threshold);
}

kao_status kao_faces_write(const kao_face_views *s, const kao_recipe *r, size_t dim,
                           kao_tape *tape, uint64_t views, uint8_t **bytes, size_t *n,
                           kao_error *err)
{
    kao_arch_weights trained = kao_arch_of_tape(tape);
    const kao_pack *const packs[] = { &s->faces, NULL };
    kao_facts facts;

    trained.halves = r->halves > 0;
    kao_facts_begin(&facts, r, views, packs);
    add_facts(&facts, r);
    return kao_arch_face(&tape->net->ctx->mem, false, (int64_t)r->width, (int64_t)dim,
                         &trained, facts.pairs, bytes, n, err);
}
