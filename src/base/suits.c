/* See suits.h. */
#include "base/suits.h"

#include <string.h>

#include "base/error.h"

kao_status kao_suits(const kao_detector *d, const kao_embedder *e, kao_error *err)
{
    const kao_template *t = kao_embedder_template(e);
    const char *name = kao_model_name(kao_embedder_model(e));

    if (t->whole)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s takes the whole picture (template = picture), and no faces",
                        name);
    if (kao_detector_points(d) == 0 && t->margin == 0)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s gives faces without points, which %s needs: take another "
                        "detector, or an embedder whose card says template = square",
                        kao_model_name(kao_detector_model(d)), name);
    return KAO_OK;
}

bool kao_has_length_one(const kao_embedder *e)
{
    const char *metric = kao_card_get(kao_model_card(kao_embedder_model(e)), "metric");

    return !metric || strcmp(metric, "euclidean") != 0;
}
