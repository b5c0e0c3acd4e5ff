/* See masks.h. */
#include "train/masks.h"

#include <math.h>
#include <string.h>

#include "image/image.h"

typedef struct vec {
    float x, y;
} vec;

enum { CORNERS = 8 };

typedef enum pattern { PLAIN, STRIPES, CHECKS, DOTS, PATTERNS } pattern;

typedef struct mask {
    vec corners[CORNERS];
    vec along, down, middle; /* of the face: u, v, where it begins */
    float eyes, height;      /* D, H */
    float color[2][KAO_RGB]; /* of cloth and of its pattern */
    pattern pattern;
    float period; /* of the pattern, pixels */
    float light;  /* of the face: the cloth is lit like it */
    float folds;  /* depth of three folds across, 0: none */
    bool straps;
} mask;

static vec at(vec o, float a, vec u, float b, vec v)
{
    return (vec){ o.x + a * u.x + b * v.x, o.y + a * u.y + b * v.y };
}

static float dot(vec a, vec b)
{
    return a.x * b.x + a.y * b.y;
}

static vec minus(vec a, vec b)
{
    return (vec){ a.x - b.x, a.y - b.y };
}

static vec mean_of(kao_point a, kao_point b)
{
    return (vec){ (a.x + b.x) / 2, (a.y + b.y) / 2 };
}

/* ---- shape ---- */

static bool place(kao_random *r, mask *k, const kao_point p[KAO_FACE_POINTS])
{
    const vec e = mean_of(p[0], p[1]), q = mean_of(p[3], p[4]), n = { p[2].x, p[2].y };
    const vec eyes = { p[1].x - p[0].x, p[1].y - p[0].y };
    const float D = hypotf(eyes.x, eyes.y);

    if (!(D > 1))
        return false;
    const vec u = { eyes.x / D, eyes.y / D }, v = { -u.y, u.x };
    const float H = dot(minus(q, e), v), yaw = dot(minus(n, e), u) / D;

    if (!(H > D / 4) || fabsf(yaw) > 0.45f)
        return false;
    const float narrow = 1 - 0.8f * fabsf(yaw);
    const float left = yaw < 0 ? narrow : 1, right = yaw > 0 ? narrow : 1;
    /* how high it sits: from the tip of the nose to close under the eyes */
    const float high = kao_random_float(r, -0.05f, 0.12f);

    *k = (mask){ .along = u, .down = v, .middle = e, .eyes = D, .height = H };
    k->corners[0] = at(n, 0, u, -(0.30f + high) * H, v);
    k->corners[1] = at(n, 0.5f * D * right, u, -(0.20f + high) * H, v);
    k->corners[2] = at(n, 0.95f * D * right, u, -(0.12f + high) * H, v);
    k->corners[3] = at(q, 0.72f * D * right, u, 0.30f * H, v);
    k->corners[4] = at(q, 0, u, 0.75f * H, v);
    k->corners[5] = at(q, -0.72f * D * left, u, 0.30f * H, v);
    k->corners[6] = at(n, -0.95f * D * left, u, -(0.12f + high) * H, v);
    k->corners[7] = at(n, -0.5f * D * left, u, -(0.20f + high) * H, v);
    for (int i = 0; i < CORNERS; i++) {
        k->corners[i].x += kao_random_float(r, -0.04f, 0.04f) * D;
        k->corners[i].y += kao_random_float(r, -0.04f, 0.04f) * D;
    }
    return true;
}

/* ---- cloth ---- */

static float light_of(const kao_image *m)
{
    double sum = 0;

    for (uint32_t y = m->height / 4; y < m->height * 3 / 4; y++) {
        const uint8_t *p = kao_image_row(m, y);

        for (uint32_t x = m->width / 4; x < m->width * 3 / 4; x++)
            sum += 0.299 * p[3 * x] + 0.587 * p[3 * x + 1] + 0.114 * p[3 * x + 2];
    }
    return (float)(sum / ((double)(m->height / 2) * (m->width / 2) + 1));
}

static void dress(kao_random *r, mask *k, const kao_image *m)
{
    /* what is worn most: white, surgical blue and green, black; else any colour */
    static const float usual[][KAO_RGB] = {
        { 235, 238, 240 }, { 150, 190, 215 }, { 130, 185, 205 },
        { 150, 200, 185 }, { 40, 40, 44 },    { 225, 200, 205 },
    };
    const uint32_t n = sizeof usual / sizeof usual[0];

    for (int i = 0; i < 2; i++)
        for (int c = 0; c < KAO_RGB; c++)
            k->color[i][c] = kao_random_float(r, 20, 245);
    if (kao_random_below(r, 4))
        memcpy(k->color[0], usual[kao_random_below(r, n)], sizeof k->color[0]);
    k->pattern =
        kao_random_below(r, 4) ? PLAIN : (pattern)kao_random_below(r, PATTERNS);
    k->period = kao_random_float(r, 0.1f, 0.35f) * k->eyes;
    k->folds = kao_random_below(r, 2) ? kao_random_float(r, 0.05f, 0.2f) : 0;
    k->straps = kao_random_below(r, 3) > 0;
    k->light = fminf(fmaxf(light_of(m) / 128, 0.35f), 1.25f) *
               kao_random_float(r, 0.85f, 1.15f);
}

/* Which of the two colours is at a point given along and down the face. */
static int thread_at(const mask *k, float a, float b)
{
    const long x = lroundf(a / k->period), y = lroundf(b / k->period);
    const float dx = a / k->period - (float)x, dy = b / k->period - (float)y;

    switch (k->pattern) {
    case STRIPES:
        return y & 1;
    case CHECKS:
        return (x + y) & 1;
    case DOTS:
        return dx * dx + dy * dy < 0.08f;
    default:
        return 0;
    }
}

/* ---- pixels ---- */

/* Distance of p to the segment from a to b. */
static float distance(vec p, vec a, vec b)
{
    const vec ab = minus(b, a), ap = minus(p, a);
    const float n = dot(ab, ab);
    const float s = n > 0 ? fminf(fmaxf(dot(ap, ab) / n, 0), 1) : 0;

    return hypotf(ap.x - s * ab.x, ap.y - s * ab.y);
}

/* How much of the pixel at p is covered: an edge one pixel soft. */
static float cover(const mask *k, vec p)
{
    bool inside = false;
    float near = INFINITY;

    for (int i = 0, j = CORNERS - 1; i < CORNERS; j = i++) {
        const vec a = k->corners[i], b = k->corners[j];

        if ((a.y > p.y) != (b.y > p.y) &&
            p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x)
            inside = !inside;
        near = fminf(near, distance(p, a, b));
    }
    return fminf(fmaxf(0.5f + (inside ? near : -near), 0), 1);
}

/* From both ends of the mask to the ears and beyond. */
static float strap_cover(const mask *k, vec p)
{
    float best = 0;

    for (int side = -1; side <= 1; side += 2) {
        const vec from = k->corners[side > 0 ? 2 : 6],
                  low = k->corners[side > 0 ? 3 : 5];
        const vec ear =
            at(from, (float)side * k->eyes, k->along, -0.35f * k->height, k->down);

        best = fmaxf(best, 0.9f - distance(p, from, ear));
        best = fmaxf(best, 0.9f - distance(p, low, ear));
    }
    return fminf(fmaxf(best, 0), 1);
}

static void paint(const mask *k, vec p, float share, uint8_t *rgb)
{
    const vec d = minus(p, k->middle);
    const float a = dot(d, k->along), b = dot(d, k->down);
    const float *color = k->color[thread_at(k, a, b)];
    /* darker downwards and to the sides; folds across */
    const float shade =
        (1.08f - 0.16f * b / (2 * k->height) - 0.12f * fabsf(a) / k->eyes) *
        (1 + k->folds * sinf(b / k->height * 14));

    for (int c = 0; c < KAO_RGB; c++) {
        const float v = fminf(fmaxf(color[c] * k->light * shade, 0), 255);

        rgb[c] = (uint8_t)((float)rgb[c] + share * (v - (float)rgb[c]) + 0.5f);
    }
}

bool kao_mask_draw(kao_random *r, const kao_image *m,
                   const kao_point points[KAO_FACE_POINTS])
{
    mask k;

    if (!place(r, &k, points))
        return false;
    dress(r, &k, m);
    for (uint32_t y = 0; y < m->height; y++) {
        uint8_t *row = kao_image_row(m, y);

        for (uint32_t x = 0; x < m->width; x++) {
            const vec p = { (float)x, (float)y };
            const float share =
                fmaxf(cover(&k, p), k.straps ? 0.8f * strap_cover(&k, p) : 0);

            if (share > 0)
                paint(&k, p, share, row + 3 * (size_t)x);
        }
    }
    return true;
}
