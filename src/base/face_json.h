/* A face as JSON, the same in every command and in the server's API. Of the program. */
#ifndef KAO_BASE_FACE_JSON_H
#define KAO_BASE_FACE_JSON_H

#include "base/json.h"
#include "kao/face.h"
#include "kao/image.h"

/* The face in pixels of the upright picture in the file. */
kao_face kao_face_in_file(const kao_image *image, const kao_face *face);
/* [x, y, width, height], in hundredths of a pixel. */
kao_json *kao_box_json(const kao_face *in_file);
/* {"box":..,"score":..,"landmarks":..,"turned":..} and "masked" where the detector tells. */
kao_json *kao_face_json(const kao_face *in_file, uint32_t turned);

#endif
