/* See priors.h. */
#include "face/priors.h"

#include <math.h>

static const float of_centre = .1f, of_size = .2f; /* the "variances" */

/* Cells along a side of level i. */
static int64_t cells_of(const kao_priors *p, uint32_t i, int64_t side)
{
    const int64_t stride = p->level[i].stride;

    if (p->rule != KAO_PRIOR_DOWN)
        return (side + stride - 1) / stride;
    int64_t n = (side + 1) / 2 / 2;

    for (int64_t s = 4; s < stride; s *= 2)
        n /= 2;
    return n;
}

static uint32_t sizes_of(const kao_priors *p, uint32_t i)
{
    uint32_t n = 0;

    while (n < KAO_PRIOR_SIZES && p->level[i].sizes[n] > 0)
        n++;
    return n;
}

int64_t kao_priors_count(const kao_priors *p, int64_t width, int64_t height)
{
    int64_t n = 0;

    for (uint32_t i = 0; i < p->n_levels; i++)
        n += cells_of(p, i, width) * cells_of(p, i, height) * sizes_of(p, i);
    return n;
}

static void set_prior(kao_prior_walk *w)
{
    const float stride = (float)w->priors->level[w->level].stride,
                size = w->priors->level[w->level].sizes[w->size];
    const float x = (float)w->column + .5f, y = (float)w->row + .5f;
    const float width = (float)w->width, height = (float)w->height;

    w->prior = (kao_prior){ x * stride, y * stride, size, size };
    if (w->priors->rule == KAO_PRIOR_EVEN)
        w->prior =
            (kao_prior){ x / (float)w->columns * width, y / (float)w->rows * height,
                         fminf(size, width), fminf(size, height) };
}

/* To the first cell of this level, or of the next that has any. */
static int enter_level(kao_prior_walk *w)
{
    for (; w->level < w->priors->n_levels; w->level++) {
        w->columns = cells_of(w->priors, w->level, w->width);
        w->rows = cells_of(w->priors, w->level, w->height);
        w->column = w->row = 0;
        w->size = 0;
        if (w->columns > 0 && w->rows > 0 && sizes_of(w->priors, w->level) > 0) {
            set_prior(w);
            return 1;
        }
    }
    return 0;
}

int kao_prior_begin(kao_prior_walk *w, const kao_priors *p, int64_t width,
                    int64_t height)
{
    *w = (kao_prior_walk){ .priors = p, .width = width, .height = height };
    return enter_level(w);
}

int kao_prior_next(kao_prior_walk *w)
{
    w->at++;
    if (++w->size == sizes_of(w->priors, w->level)) {
        w->size = 0;
        w->column++;
    }
    if (w->column == w->columns) {
        w->column = 0;
        w->row++;
    }
    if (w->row == w->rows) {
        w->level++;
        return enter_level(w);
    }
    set_prior(w);
    return 1;
}

kao_face kao_prior_face(const kao_prior *p, float score, const float *box,
                        const float *points, uint32_t n)
{
    const float width = p->width * expf(of_size * box[2]);
    const float height = p->height * expf(of_size * box[3]);
    kao_face f = { .x = p->cx + of_centre * box[0] * p->width - width / 2,
                   .y = p->cy + of_centre * box[1] * p->height - height / 2,
                   .width = width,
                   .height = height,
                   .score = score,
                   .n_points = n };

    for (uint32_t k = 0; k < n; k++)
        f.points[k] = (kao_point){ p->cx + of_centre * points[2 * k] * p->width,
                                   p->cy + of_centre * points[2 * k + 1] * p->height };
    return f;
}
