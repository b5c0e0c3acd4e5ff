/* Tiles: overlapping parts of a picture that is too large for a network, each searched alone.
 *
 *     |<------- length ------->|
 *     +--------------------+---+----------------+---+----+
 *     |      tile 0        |   |     tile 1     |   | .. |     all tiles are of one length,
 *     +--------------------+---+----------------+---+----+     spread evenly
 *                          |<->| overlap; a face belongs to the tile on whose side of
 *                                the overlap's middle its centre lies
 *
 * A face of KAO_TILE_KEPT pixels of the level or less lies whole, with something around it, in
 * the tile that it belongs to: it is never kept from a tile that cuts it. */
#ifndef KAO_FACE_TILES_H
#define KAO_FACE_TILES_H

#include <stdbool.h>
#include <stdint.h>

enum { KAO_TILE_OVERLAP = 96, KAO_TILE_KEPT = 64 }; /* pixels of the level */

/* Along one side. */
typedef struct kao_tiling {
    uint32_t n;      /* tiles */
    uint32_t span;   /* of each, in pixels of the level */
    uint32_t length; /* of each, in pixels of the picture */
    uint32_t all;    /* of the picture's side */
} kao_tiling;

/* For a side of `level` pixels that stands for `all` of the picture: tiles of `most` pixels of
 * the level at most. `most` is a multiple of step, and larger than KAO_TILE_OVERLAP + step; so
 * are spans where there is more than one tile. Lengths are even then. */
kao_tiling kao_tiling_of(uint32_t level, uint32_t all, uint32_t most, uint32_t step);
/* Where tile i begins, in pixels of the picture. */
uint32_t kao_tiling_start(const kao_tiling *t, uint32_t i);
/* Whether what has its middle at `centre`, in pixels of the picture, is tile i's. Within a
 * sixteenth of the overlap about its middle both tiles are right. */
bool kao_tiling_owns(const kao_tiling *t, uint32_t i, float centre);

#endif
