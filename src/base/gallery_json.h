/* People and samples of a gallery as JSON, the same in commands and in the server's API. Of the
 * program. */
#ifndef KAO_BASE_GALLERY_JSON_H
#define KAO_BASE_GALLERY_JSON_H

#include "base/json.h"
#include "kao/gallery.h"

/* "2026-11-29T07:00:00Z" */
kao_json *kao_time_json(int64_t seconds);
/* The groups of kao_person, a line each, as a list of texts. */
kao_json *kao_groups_json(const char *groups);
/* {"person":..,"name":..,"external":..,"note":..,"groups":[..],"ignored":..,"created":..,"n_samples":..} */
kao_json *kao_person_json(const kao_person *p);
/* {"sample":..,"person":..,"time":..,"source":..,"quality":..} */
kao_json *kao_sample_json(const kao_sample *s);
/* {"fact":..,"time":..,"kind":"apart" or "not","person":..,"other":..,"sample":..} */
kao_json *kao_fact_json(const kao_fact *f);

#endif
