/* Pixels to floats through a table: a byte has 256 values, so (v - mean) * scale is
 * computed 256 times a channel and looked up for each pixel. That is exact by
 * definition, and taking every third byte apart is what costs the time, not the
 * arithmetic. */
#include "image/tensor.h"

#if defined(__GNUC__) && !defined(__clang__)
# pragma GCC optimize("O3")
#endif

typedef struct tensor_tables {
    float of[3][256];
} tensor_tables;

static void fill_tables(tensor_tables *t, const kao_tensor_form *form)
{
    for (int c = 0; c < 3; c++)
        for (int v = 0; v < 256; v++)
            t->of[c][v] = ((float)v - form->mean[c]) * form->scale[c];
}

/* n pixels, each `step` bytes from the one before. */
static inline void step_row(float *restrict out, const uint8_t *restrict p,
                            ptrdiff_t step, size_t n, bool bgr, const tensor_tables *t)
{
    const int first = bgr ? 2 : 0, third = 2 - first;

    for (size_t i = 0; i < n; i++, out += 3) {
        const uint8_t *at = p + (ptrdiff_t)i * step;

        out[0] = t->of[0][at[first]];
        out[1] = t->of[1][at[1]];
        out[2] = t->of[2][at[third]];
    }
}

void kao_view_to_tensor(const kao_view *v, const kao_tensor_form *form, float *out)
{
    const size_t n = v->width;
    const bool bgr = form->order == KAO_TENSOR_BGR;
    tensor_tables t;

    fill_tables(&t, form);
    for (uint32_t y = 0; y < v->height; y++) {
        const uint8_t *p = kao_view_rgb(v, 0, y);

        if (form->order == KAO_TENSOR_GREY) {
            for (size_t i = 0; i < n; i++)
                out[form->mirror ? n - 1 - i : i] = t.of[0][kao_grey(p + i * KAO_RGB)];
            out += n;
            continue;
        }
        if (form->mirror)
            step_row(out, p + (n - 1) * KAO_RGB, -KAO_RGB, n, bgr, &t);
        else
            step_row(out, p, KAO_RGB, n, bgr, &t);
        out += n * 3;
    }
}

static float *fill_pixels(float *out, uint32_t n, uint8_t value, const tensor_tables *t)
{
    for (uint32_t x = 0; x < n; x++)
        for (int c = 0; c < 3; c++)
            *out++ = t->of[c][value];
    return out;
}

void kao_view_to_canvas(const kao_view *v, uint32_t turned, const kao_tensor_form *form,
                        const kao_canvas *canvas, float *out)
{
    const bool swap = turned % 180 != 0, bgr = form->order == KAO_TENSOR_BGR;
    const uint32_t w = swap ? v->height : v->width, h = swap ? v->width : v->height;
    const ptrdiff_t down = v->stride[0];
    tensor_tables t;

    fill_tables(&t, form);
    out = fill_pixels(out, canvas->y * canvas->width, canvas->fill, &t);
    for (uint32_t y = 0; y < h; y++) {
        out = fill_pixels(out, canvas->x, canvas->fill, &t);
        if (turned == 0) /* a constant step: the usual case is worth it */
            step_row(out, kao_view_rgb(v, 0, y), KAO_RGB, w, bgr, &t);
        else if (turned == 90)
            step_row(out, kao_view_rgb(v, y, v->height - 1), -down, w, bgr, &t);
        else if (turned == 180)
            step_row(out, kao_view_rgb(v, v->width - 1, v->height - 1 - y), -KAO_RGB, w,
                     bgr, &t);
        else
            step_row(out, kao_view_rgb(v, v->width - 1 - y, 0), down, w, bgr, &t);
        out = fill_pixels(out + (size_t)w * 3, canvas->width - canvas->x - w,
                          canvas->fill, &t);
    }
    fill_pixels(out, (canvas->height - canvas->y - h) * canvas->width, canvas->fill,
                &t);
}
