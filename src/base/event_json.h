/* An event of a watched video as JSON, the same in kao watch and in the server's API. Of the
 * program. */
#ifndef KAO_BASE_EVENT_JSON_H
#define KAO_BASE_EVENT_JSON_H

#include "base/json.h"
#include "kao/embedder.h"
#include "kao/watch.h"

/* "appear", "identified", "renamed", "leave" */
const char *kao_event_name(kao_track_event_kind kind);

/* {"event":..,"time":..,"wall":..,"frame":..,"track":..,"was":..,"person":..,"name":..,"box":..,
 * "similarity":..,"far":..}: wall (seconds since 1970) not where it is NaN, was of "renamed" alone.
 * c: by which far is told; NULL: it is not. */
kao_json *kao_event_json(const kao_track_event *e, uint64_t frame, double wall,
                         const char *name, const kao_calibration *c, kao_tta tta);

#endif
