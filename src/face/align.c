/* Alignment by five points.
 *
 * In two dimensions the least-squares similarity (Umeyama, PAMI 13(4), 1991, eq. 40-42) has
 * a closed form. With both point sets centred, (x, y) -> (u, v), Q = sum(x^2 + y^2):
 *     a = sum(x*u + y*v) / Q,  b = sum(x*v - y*u) / Q,  M = [a -b tx; b a ty]
 * A mirrored face has no good similarity: the fit shrinks it to a dot. Such a fit leaves
 * residuals of many pixels, a real face's about one, so the residual tells them apart. */
#include "face/align.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

/* In template pixels of 112: faces in profile reach about 6, mirrored ones 20 and more. */
static const double worst_residual_px = 14;

double kao_fit_similarity(const kao_point *from, const kao_point *to, int n,
                          double m[6])
{
    double cx = 0, cy = 0, cu = 0, cv = 0, q = 0, a = 0, b = 0, rest = 0;

    for (int i = 0; i < n; i++) {
        cx += (double)from[i].x / n;
        cy += (double)from[i].y / n;
        cu += (double)to[i].x / n;
        cv += (double)to[i].y / n;
    }
    for (int i = 0; i < n; i++) {
        const double x = (double)from[i].x - cx, y = (double)from[i].y - cy;
        const double u = (double)to[i].x - cu, v = (double)to[i].y - cv;

        q += x * x + y * y;
        a += x * u + y * v;
        b += x * v - y * u;
    }
    if (!(q > 0) || !isfinite(q) || !isfinite(a) || !isfinite(b))
        return -1;
    a /= q;
    b /= q;
    m[0] = a;
    m[1] = -b;
    m[2] = cu - a * cx + b * cy;
    m[3] = b;
    m[4] = a;
    m[5] = cv - b * cx - a * cy;
    for (int i = 0; i < n; i++) {
        const double x = (double)from[i].x, y = (double)from[i].y;
        const double dx = m[0] * x + m[1] * y + m[2] - (double)to[i].x;
        const double dy = m[3] * x + m[4] * y + m[5] - (double)to[i].y;

        rest += dx * dx + dy * dy;
    }
    return sqrt(rest / n);
}

bool kao_face_template(const char *name, uint32_t width, uint32_t height,
                       kao_point points[KAO_FACE_POINTS])
{
    /* deepinsight/insightface, python-package utils/face_align.py, for 112 x 112 */
    static const kao_point arcface[KAO_FACE_POINTS] = {
        { 38.2946f, 51.6963f }, { 73.5318f, 51.5014f }, { 56.0252f, 71.7366f },
        { 41.5493f, 92.3655f }, { 70.7299f, 92.2041f },
    };

    if (strcmp(name, "arcface-112") != 0 || width != height)
        return false;
    for (int i = 0; i < KAO_FACE_POINTS; i++) {
        points[i].x = arcface[i].x * (float)width / 112;
        points[i].y = arcface[i].y * (float)height / 112;
    }
    return true;
}

kao_status kao_face_fit(const kao_face *face, const kao_point *target, double m[6],
                        kao_error *err)
{
    const double unit = ((double)target[1].x - (double)target[0].x) / 35.2372;

    for (int i = 0; i < KAO_FACE_POINTS; i++)
        if (!isfinite(face->points[i].x) || !isfinite(face->points[i].y))
            return kao_fail(err, KAO_E_NO_FACE,
                            "a face with points that are no numbers");
    const double rms = kao_fit_similarity(face->points, target, KAO_FACE_POINTS, m);

    if (rms < 0)
        return kao_fail(err, KAO_E_NO_FACE, "a face whose points coincide");
    if (rms > worst_residual_px * unit)
        return kao_fail(err, KAO_E_NO_FACE,
                        "the points do not fit a face (%.0f pixels off): mirrored?",
                        rms);
    return KAO_OK;
}
