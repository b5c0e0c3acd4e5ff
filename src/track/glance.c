/* See track.h. */
#include <math.h>

#include "base/error.h"
#include "kao/quality.h"
#include "track/track.h"

/* Eyes so far apart give all that an embedder of 112 pixels can take in. */
static const float enough_px = 36;

float kao_glance_promise(const kao_face *f)
{
    const float apart = kao_face_eye_distance_px(f);
    float turned = 0;

    if (isnan(apart) || f->n_points != KAO_FACE_POINTS)
        return f->score / 2;
    /* from the front the nose is in the middle between the eyes; aside by a half of their
     * distance, the face is turned by 45 degrees and more */
    const float dx = f->points[1].x - f->points[0].x,
                dy = f->points[1].y - f->points[0].y;
    const float nx = f->points[2].x - (f->points[0].x + f->points[1].x) / 2,
                ny = f->points[2].y - (f->points[0].y + f->points[1].y) / 2;

    if (apart > 0)
        turned = 2 * fabsf(nx * dx + ny * dy) / (apart * apart);
    return f->score * (apart < enough_px ? apart / enough_px : 1) *
           (turned < 1 ? 1 - turned * turned * .75f : .25f);
}

kao_status kao_glance_embed(kao_watcher *w, const kao_view *view, kao_glance *g,
                            kao_error *err)
{
    float *vector = w->vectors + (size_t)(g - w->glances) * w->dim;
    kao_embedder *e = w->embedders[w->o.model];
    kao_quality q = KAO_QUALITY_INIT;
    float norm = 0;

    if (g->tried)
        return KAO_OK;
    g->tried = true;
    kao_status st =
        kao_align(w->ctx, view, g->face, kao_embedder_template(e), &g->chip, err);

    if (st == KAO_E_NO_FACE || st == KAO_E_TOO_SMALL)
        return KAO_OK; /* followed by motion alone */
    if (st)
        return st;
    const kao_view chip = kao_image_view(&g->chip);

    st = kao_embed_norms(e, &chip, 1, w->tta, vector, &norm, err);
    if (st == KAO_E_BAD_EMBEDDING)
        return KAO_OK;
    if (st)
        return st;
    g->quality = kao_glance_promise(g->face);
    st = kao_quality_of(w->ctx, view, g->face, &q, err);
    if (!st) {
        kao_quality_norm(&q, e, norm);
        g->quality = q.score;
    } else if (st != KAO_E_NO_FACE && st != KAO_E_TOO_SMALL) {
        return st;
    }
    g->vector = vector;
    return KAO_OK;
}
