/* Cameras of the server's own: sources that its owner names when it is started, each watched by a
 * thread of its own as kao watch does it. What they see becomes events of the gallery.
 *
 * Requests go before them: their threads are nice. A camera that cannot be reached is tried again
 * and again, after a pause that grows; a file ends. No pixel is kept but those of the newest frame,
 * small, in memory. */
#ifndef KAO_SERVER_CAMERA_H
#define KAO_SERVER_CAMERA_H

#include "kao/watch.h"
#include "server/camera_source.h"
#include "server/stream.h"
#include "server/worker.h"

enum { CAMERAS_MOST = 8 };

typedef struct kao_cameras kao_cameras;

/* Those of o->sources; nothing runs yet. o is borrowed. KAO_E_ARG: a source that is none, a name that
 * stands twice, too many. */
kao_status kao_cameras_create(kao_context *ctx, const kao_server_options *o,
                              kao_streams *streams, kao_cameras **out, kao_error *err);
kao_status kao_cameras_start(kao_cameras *all, kao_error *err);
/* They stop; whoever is there leaves. False: after a second one of them has not: the system looks up the name
 * in its address, which nothing can break off. It goes on with what it has then, until the process ends. NULL is fine. */
bool kao_cameras_stop(kao_cameras *all);
void kao_cameras_destroy(kao_cameras *all); /* stopped before. NULL is fine */

size_t kao_cameras_count(const kao_cameras *all);
/* By name or number (from 1): its number; 0: there is none. */
size_t kao_camera_find(const kao_cameras *all, const char *text);
/* {"camera":..,"name":..,"source":..,"state":..,"error":..,"frames":..,"fps":..,"width":..,
 * "height":..,"people":..} */
kao_json *kao_camera_json(kao_cameras *all, size_t number);
/* The newest picture, a JPEG, behind what `to` has. KAO_E_CONFLICT: there is none yet. *goes_on:
 * more will come. */
kao_status kao_camera_picture(kao_cameras *all, size_t number, kao_bytes *to,
                              bool *goes_on, kao_error *err);

/* Somebody was forgotten: no picture that was taken before is shown any more. */
void kao_cameras_drop_pictures(kao_cameras *all);

/* ---- camera_picture.c ---- */

/* A frame, small, with boxes and names on it, as a JPEG. */
kao_status kao_camera_draw(kao_worker *w, const kao_view *frame,
                           const kao_watched *seen, kao_bytes *jpeg, kao_error *err);
/* The piece of a stream (multipart/x-mixed-replace) that shows this JPEG. */
#define CAMERA_EDGE "kao-picture"
bool kao_camera_part(const kao_bytes *jpeg, kao_bytes *to);

#endif
