/* See face_json.h. */
#include "base/face_json.h"

#include <math.h>

kao_face kao_face_in_file(const kao_image *image, const kao_face *face)
{
    const float k = image->reduction > 1 ? (float)image->reduction : 1;
    kao_face f = *face;

    kao_image_full_point(image, face->x, face->y, &f.x, &f.y);
    f.width *= k;
    f.height *= k;
    for (uint32_t i = 0; i < face->n_points; i++)
        kao_image_full_point(image, face->points[i].x, face->points[i].y,
                             &f.points[i].x, &f.points[i].y);
    return f;
}

kao_json *kao_hundredths_json(float v)
{
    return kao_json_number(round((double)v * 100) / 100);
}

kao_json *kao_box_json(const kao_face *f)
{
    kao_json *box = kao_json_array();

    kao_json_add(box, kao_hundredths_json(f->x));
    kao_json_add(box, kao_hundredths_json(f->y));
    kao_json_add(box, kao_hundredths_json(f->width));
    kao_json_add(box, kao_hundredths_json(f->height));
    return box;
}

kao_json *kao_points_json(const kao_point *p, size_t n)
{
    kao_json *points = kao_json_array();

    for (size_t i = 0; i < n; i++) {
        kao_json *point = kao_json_array();

        kao_json_add(point, kao_hundredths_json(p[i].x));
        kao_json_add(point, kao_hundredths_json(p[i].y));
        kao_json_add(points, point);
    }
    return points;
}

kao_json *kao_face_json(const kao_face *f, uint32_t turned)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "box", kao_box_json(f));
    kao_json_set(o, "score", kao_json_float(f->score));
    kao_json_set(o, "landmarks",
                 kao_points_json(
                     f->points, f->n_points)); /* empty where the detector gives none */
    kao_json_set(o, "turned", kao_json_integer(turned));
    if (f->mask != KAO_MASK_UNTOLD) /* most detectors do not tell */
        kao_json_set(o, "masked", kao_json_bool(f->mask == KAO_MASK_WORN));
    return o;
}

kao_json *kao_outcomes_json(uint32_t outcomes)
{
    static const kao_outcome all[] = { KAO_BLURRED, KAO_DARK, KAO_EXTREME_POSE,
                                       KAO_MASKED };
    kao_json *list = kao_json_array();

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (outcomes & (uint32_t)all[i])
            kao_json_add(list, kao_json_string(kao_outcome_name(all[i])));
    return list;
}
