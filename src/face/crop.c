/* Crops about a face's box. See crop.h; the names are kao_crop's. */
#include "face/crop.h"

#include <math.h>
#include <stddef.h>

#include "face/card.h"
#include "image/view.h"

float kao_template_margin(const kao_template *t)
{
    return t->size >= offsetof(kao_template, margin) + sizeof t->margin ? t->margin : 0;
}

static uint32_t crop_of(const kao_template *t)
{
    return t->size >= offsetof(kao_template, crop) + sizeof t->crop ? t->crop
                                                                    : KAO_CROP_SQUARE;
}

kao_status kao_card_template(const kao_card *card, uint32_t width, uint32_t height,
                             kao_template *out, kao_error *err)
{
    kao_status st =
        kao_template_find(out, kao_card_get(card, "template"), width, height, err);
    float margin = st ? 0 : out->margin;

    if (!st)
        st = kao_card_floats(card, "template.margin", &margin, 1, err);
    if (st || !kao_card_get(card, "template.margin"))
        return st;
    if (out->margin == 0)
        return kao_fail(err, KAO_E_FORMAT,
                        "card: template.margin: a template by points has none");
    if (!(margin >= 0.5f && margin <= 8))
        return kao_fail(err, KAO_E_FORMAT,
                        "card: template.margin = %g: wanted 0.5 to 8", (double)margin);
    out->margin = margin;
    return KAO_OK;
}

uint32_t kao_face_turn(const kao_face *f)
{
    if (f->n_points < 2)
        return 0;
    const double dx = (double)f->points[1].x - (double)f->points[0].x,
                 dy = (double)f->points[1].y - (double)f->points[0].y;

    if (fabs(dx) >= fabs(dy) || isnan(dx + dy))
        return dx < 0 ? 180 : 0;
    return dy < 0 ? 90 : 270; /* the line of the eyes points up, down */
}

typedef struct
    rectangle { /* from the picture's corner, which lies half a pixel before the
                              first pixel's centre */
    double x, y, width, height;
} rectangle;

/* The points (x, y) of a picture of w x h pixels when it is turned clockwise. */
static void turn_matrix(uint32_t turned, double w, double h, double t[6])
{
    static const double by[4][4] = {
        { 1, 0, 0, 1 }, { 0, -1, 1, 0 }, { -1, 0, 0, -1 }, { 0, 1, -1, 0 }
    };
    const double *r = by[turned / 90 % 4];

    t[0] = r[0];
    t[1] = r[1];
    t[2] = r[0] + r[1] < 0 ? (turned == 90 ? h : w) - 1 : 0;
    t[3] = r[2];
    t[4] = r[3];
    t[5] = r[2] + r[3] < 0 ? (turned == 180 ? h : w) - 1 : 0;
}

static rectangle turned_box(const kao_face *f, const double t[6])
{
    const double x0 = (double)f->x, y0 = (double)f->y;
    const double x1 = x0 + (double)f->width, y1 = y0 + (double)f->height;
    const double ax = t[0] * x0 + t[1] * y0 + t[2], bx = t[0] * x1 + t[1] * y1 + t[2];
    const double ay = t[3] * x0 + t[4] * y0 + t[5], by = t[3] * x1 + t[4] * y1 + t[5];

    return (rectangle){ fmin(ax, bx) + 0.5, fmin(ay, by) + 0.5, fabs(bx - ax),
                        fabs(by - ay) };
}

/* What is shown of a picture of w x h pixels. */
static rectangle shown(rectangle box, uint32_t crop, double margin, double w, double h)
{
    rectangle r = { 0, 0, box.width * margin, box.height * margin };

    if (crop == KAO_CROP_SQUARE)
        r.width = r.height = fmax(r.width, r.height);
    if (crop == KAO_CROP_INSIDE) {
        const double k = fmin(1, fmin(w / r.width, h / r.height));

        r.width *= k;
        r.height *= k;
    }
    r.x = box.x + (box.width - r.width) / 2;
    r.y = box.y + (box.height - r.height) / 2;
    if (crop == KAO_CROP_INSIDE) {
        r.x = fmin(r.x, w - r.width);
        r.y = fmin(r.y, h - r.height);
    }
    if (crop != KAO_CROP_BOX) {
        r.x = fmax(r.x, 0);
        r.y = fmax(r.y, 0);
    }
    return r;
}

kao_status kao_crop_fit(const kao_face *f, const kao_template *to, const kao_view *view,
                        uint32_t turned, double m[6], kao_error *err)
{
    const bool lies = turned % 180 != 0;
    uint32_t width = 0, height = 0;
    double t[6];

    kao_view_upright_size(view, &width, &height);
    turn_matrix(turned, width, height, t);
    const rectangle r =
        shown(turned_box(f, t), crop_of(to), (double)kao_template_margin(to),
              lies ? height : width, lies ? width : height);

    if (!(r.width > 0 && r.height > 0) || !isfinite(r.width) || !isfinite(r.height) ||
        !isfinite(r.x) || !isfinite(r.y))
        return kao_fail(err, KAO_E_NO_FACE, "a face whose box is empty");
    const double sx = to->width / r.width, sy = to->height / r.height;

    m[0] = sx * t[0];
    m[1] = sx * t[1];
    m[2] = sx * t[2] + (0.5 - r.x) * sx - 0.5;
    m[3] = sy * t[3];
    m[4] = sy * t[4];
    m[5] = sy * t[5] + (0.5 - r.y) * sy - 0.5;
    return KAO_OK;
}
