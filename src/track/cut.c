/* Has the camera cut? Two frames of one scene are much alike when they are made very small; of
 * two scenes they are not. */
#include <stdlib.h>
#include <string.h>

#include "track/track.h"

/* Mean difference of a sample, of 255. In the example clip, where people fill half the frame, it
 * is 8 at most; at the cuts of composed scenes before one wall over 30. A cut that is missed is
 * found by the next embedding of each face; one that is none costs an embedding each. */
static const int differs_from = 20;

kao_status kao_cut_look(kao_watcher *w, const kao_view *view, bool *cut, kao_error *err)
{
    uint8_t now[KAO_CUT_BYTES];
    const kao_image small = { .rgb = now,
                              .width = KAO_CUT_WIDTH,
                              .height = KAO_CUT_HEIGHT,
                              .row_bytes = 3 * KAO_CUT_WIDTH };
    const kao_status st = kao_image_resize(w->ctx, view, &small, err);
    int sum = 0;

    if (st)
        return st;
    for (size_t i = 0; i < KAO_CUT_BYTES; i++)
        sum += abs(now[i] - w->before[i]);
    *cut = w->width && (sum > differs_from * KAO_CUT_BYTES || view->width != w->width ||
                        view->height != w->height);
    memcpy(w->before, now, sizeof now);
    w->width = view->width;
    w->height = view->height;
    return KAO_OK;
}
