/* A face as JSON, the same in every command and in the server's API. Of the program. */
#ifndef KAO_BASE_FACE_JSON_H
#define KAO_BASE_FACE_JSON_H

#include "base/json.h"
#include "kao/face.h"
#include "kao/image.h"
#include "kao/quality.h"

/* The face in pixels of the upright picture in the file. */
kao_face kao_face_in_file(const kao_image *image, const kao_face *face);
/* Rounded to hundredths: of a pixel or a degree they say all there is to say. */
kao_json *kao_hundredths_json(float v);
/* [[x, y], ..] */
kao_json *kao_points_json(const kao_point *points, size_t n);
/* [x, y, width, height] */
kao_json *kao_box_json(const kao_face *in_file);
/* {"box":..,"score":..,"landmarks":..,"turned":..} and "masked" where the detector tells. */
kao_json *kao_face_json(const kao_face *in_file, uint32_t turned);

/* The words of kao_outcome bits. */
kao_json *kao_outcomes_json(uint32_t outcomes);

#endif
