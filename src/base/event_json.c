/* See event_json.h. */
#include "base/event_json.h"

#include <math.h>

#include "base/face_json.h"
#include "base/odds.h"

const char *kao_event_name(kao_track_event_kind kind)
{
    switch (kind) {
    case KAO_TRACK_APPEARED:
        return "appear";
    case KAO_TRACK_IDENTIFIED:
        return "identified";
    case KAO_TRACK_RENAMED:
        return "renamed";
    case KAO_TRACK_LEFT:
        return "leave";
    }
    return "";
}

kao_json *kao_event_json(const kao_track_event *e, uint64_t frame, double wall,
                         const char *name, const kao_calibration *c, kao_tta tta)
{
    kao_json *o = kao_json_object();
    const bool told = !isnan(e->similarity);
    const kao_odds odds =
        told ? kao_odds_of(c, tta, e->similarity, 1) : (kao_odds){ .known = false };

    kao_json_set(o, "event", kao_json_string(kao_event_name(e->kind)));
    kao_json_set(o, "time", kao_json_number(round(e->time * 1000) / 1000));
    if (!isnan(wall))
        kao_json_set(o, "wall", kao_json_wall(wall));
    kao_json_set(o, "frame", kao_json_integer((int64_t)frame));
    kao_json_set(o, "track", kao_json_integer(e->id));
    if (e->kind == KAO_TRACK_RENAMED)
        kao_json_set(o, "was", kao_json_integer(e->was));
    kao_json_set(o, "person",
                 e->person ? kao_json_integer(e->person) : kao_json_null());
    kao_json_set(o, "name", kao_json_string(name));
    kao_json_set(o, "box", kao_box_json(&e->face));
    kao_json_set(o, "similarity",
                 told ? kao_json_float(e->similarity) : kao_json_null());
    kao_json_set(o, "far", odds.known ? kao_json_number(odds.far) : kao_json_null());
    return o;
}
