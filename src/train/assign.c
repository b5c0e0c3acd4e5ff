/* See assign.h. */
#include "train/assign.h"

#include <math.h>

enum { NEAREST = 9, CANDIDATES = NEAREST * KAO_DETECT_LEVELS };

typedef struct level {
    size_t first; /* cell */
    int side;     /* cells */
    float stride, prior;
} level;

typedef struct candidate {
    size_t cell;
    float x, y; /* of its prior's centre */
    float overlap;
} candidate;

static void make_levels(size_t size, level levels[KAO_DETECT_LEVELS])
{
    size_t first = 0;

    for (int l = 0; l < KAO_DETECT_LEVELS; l++) {
        const int stride = 8 << l;
        const size_t side = size / (size_t)stride;

        levels[l] = (level){ first, (int)side, (float)stride,
                             3.0f * (float)(1 << l) * (float)stride };
        first += side * side;
    }
}

static float overlap(const kao_box *a, const kao_box *b)
{
    const float w = fminf(a->x + a->width, b->x + b->width) - fmaxf(a->x, b->x),
                h = fminf(a->y + a->height, b->y + b->height) - fmaxf(a->y, b->y);
    const float both = w > 0 && h > 0 ? w * h : 0;

    return both / (a->width * a->height + b->width * b->height - both);
}

/* The nearest cells of a level, nearest first; gives how many. In a corner of the map they lie
 * within 3 by 3, else within 4 of the centre's cell. */
static size_t nearest(const level *l, const kao_box *box, candidate out[NEAREST])
{
    const float cx = box->x + box->width / 2, cy = box->y + box->height / 2;
    const int column = (int)(cx / l->stride), row = (int)(cy / l->stride);
    float far[NEAREST];
    size_t n = 0;

    for (int y = row - 4; y <= row + 4; y++)
        for (int x = column - 4; x <= column + 4; x++) {
            const candidate c = { l->first + (size_t)(y * l->side + x),
                                  (float)x * l->stride, (float)y * l->stride, 0 };
            const float d = (c.x - cx) * (c.x - cx) + (c.y - cy) * (c.y - cy);

            if (x < 0 || y < 0 || x >= l->side || y >= l->side ||
                (n == NEAREST && d >= far[n - 1]))
                continue;
            size_t k = n < NEAREST ? n++ : n - 1;

            for (; k > 0 && far[k - 1] > d; k--) {
                far[k] = far[k - 1];
                out[k] = out[k - 1];
            }
            far[k] = d;
            out[k] = c;
        }
    for (size_t i = 0; i < n; i++) {
        const kao_box prior = { out[i].x - l->prior / 2, out[i].y - l->prior / 2,
                                l->prior, l->prior };

        out[i].overlap = overlap(&prior, box);
    }
    return n;
}

/* The mean of the overlaps and their deviation (over n - 1). */
static float threshold(const candidate *c, size_t n)
{
    float sum = 0, squares = 0;

    for (size_t i = 0; i < n; i++)
        sum += c[i].overlap;
    const float mean = sum / (float)n;

    for (size_t i = 0; i < n; i++)
        squares += (c[i].overlap - mean) * (c[i].overlap - mean);
    return mean + (n > 1 ? sqrtf(squares / (float)(n - 1)) : 0);
}

static void take(const candidate *c, const level *l, const kao_box *box, float *targets,
                 float *best)
{
    float *to = targets + c->cell * KAO_DETECT_CHANNELS;

    if (c->overlap <= best[c->cell])
        return;
    best[c->cell] = c->overlap;
    to[0] = KAO_CELL_TAKEN;
    to[1] = (box->x + box->width / 2 - c->x) / l->stride;
    to[2] = (box->y + box->height / 2 - c->y) / l->stride;
    to[3] = logf(box->width / l->stride);
    to[4] = logf(box->height / l->stride);
}

static void assign_one(const level *levels, const kao_box *box, float *targets,
                       float *best)
{
    candidate all[CANDIDATES];
    size_t end[KAO_DETECT_LEVELS], n = 0;
    /* a hair inside its border, as a share of its size */
    const float hair = 1e-3f * sqrtf(box->width * box->height);

    for (int l = 0; l < KAO_DETECT_LEVELS; l++) {
        n += nearest(&levels[l], box, all + n);
        end[l] = n;
    }
    float least = threshold(all, n), most = 0;
    bool within[CANDIDATES];

    for (size_t i = 0; i < n; i++) {
        const candidate *c = &all[i];

        within[i] = c->x > box->x + hair && c->y > box->y + hair &&
                    c->x < box->x + box->width - hair &&
                    c->y < box->y + box->height - hair;
        most = within[i] ? fmaxf(most, c->overlap) : most;
    }
    least = fminf(least, most);
    for (size_t i = 0, l = 0; i < n; i++) {
        l += i == end[l];
        if (within[i] && all[i].overlap >= least)
            take(&all[i], &levels[l], box, targets, best);
    }
}

/* Cells in a marked box, or next to one that is smaller than they are, do not count. */
static void ignore(const level *l, const kao_box *box, float *targets)
{
    const float cx = box->x + box->width / 2, cy = box->y + box->height / 2,
                half_w = fmaxf(box->width, l->stride) / 2,
                half_h = fmaxf(box->height, l->stride) / 2;

    for (int y = 0; y < l->side; y++)
        for (int x = 0; x < l->side; x++) {
            float *to =
                targets + (l->first + (size_t)(y * l->side + x)) * KAO_DETECT_CHANNELS;

            if (to[0] < KAO_CELL_TAKEN && fabsf((float)x * l->stride - cx) <= half_w &&
                fabsf((float)y * l->stride - cy) <= half_h)
                to[0] = KAO_CELL_IGNORED;
        }
}

void kao_assign_cells(const kao_true_box *boxes, size_t n, size_t size, float *targets,
                      float *best)
{
    level levels[KAO_DETECT_LEVELS];
    size_t cells = 0;

    make_levels(size, levels);
    for (int l = 0; l < KAO_DETECT_LEVELS; l++)
        cells += (size_t)levels[l].side * (size_t)levels[l].side;
    for (size_t i = 0; i < cells; i++)
        targets[i * KAO_DETECT_CHANNELS] = best[i] = 0;
    for (size_t i = 0; i < n; i++)
        if (!boxes[i].marked && boxes[i].box.width > 0 && boxes[i].box.height > 0)
            assign_one(levels, &boxes[i].box, targets, best);
    for (size_t i = 0; i < n; i++)
        for (int l = 0; boxes[i].marked && l < KAO_DETECT_LEVELS; l++)
            ignore(&levels[l], &boxes[i].box, targets);
}
