/* Scans in plain C: one query, and eight. */
#include "kernels/ref/ref.h"

enum { GROUP = 4, WIDTH = 8 };

static size_t scan(const kao_scan_args *a, size_t width)
{
    const size_t group = width == 1 ? 1 : GROUP;
    const int8_t *q = a->queries;
    size_t n_hits = 0;

    for (size_t r = 0; r < a->n_rows; r++) {
        const uint8_t *row = a->rows + r * a->n;

        for (size_t j = 0; j < width; j++) {
            int32_t dot = 0;

            for (size_t i = 0; i < a->n; i++)
                dot += ((int32_t)row[i] - 128) *
                       q[(i / group * width + j) * group + i % group];
            const float value =
                a->scale[r] * a->q_scale[j] * (float)dot +
                (a->norm[r] * a->q_error[j] + a->residual[r] * a->q_norm[j]) +
                a->offset[r];

            if (!(value < a->limit[j]))
                a->hits[n_hits++] = (kao_scan_hit){ (uint32_t)r, (uint32_t)j, value };
        }
    }
    return n_hits;
}

size_t kao_scan_1_ref(const kao_scan_args *a)
{
    return scan(a, 1);
}

size_t kao_scan_8_ref(const kao_scan_args *a)
{
    return scan(a, WIDTH);
}
