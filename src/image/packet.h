/* Where a picture keeps its XMP packet, and the picture with another one. */
#ifndef KAO_IMAGE_PACKET_H
#define KAO_IMAGE_PACKET_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"

typedef struct kao_packet {
    kao_span xmp;        /* n 0: none */
    uint8_t orientation; /* 1 to 8; 0: not known, for want of memory */
    bool is_jpeg, is_png;
    bool is_extended; /* a JPEG with parts of a second packet */
    bool
        is_indexed; /* a JPEG that tells, before the block, where further pictures are */
    bool ask; /* of a PNG: more texts, which its decoder reads, may tell how it lies */
    bool
        is_folded; /* likewise: it has no plain packet, but such texts that may hold one */
    size_t at, n; /* the block that has it, or where one would go; of a JPEG or a PNG */
} kao_packet;

/* Of JPEG, PNG and WebP; anything else has none, a TIFF an orientation alone. A damaged file is looked at as far as it goes. */
kao_packet kao_packet_of(kao_span picture);
/* Where is_extended: the second packet that the first one names, if it is whole, into own, which is
 * empty. KAO_E_NOMEM. */
kao_status kao_packet_extension(const kao_packet *p, kao_span picture, kao_bytes *own,
                                kao_error *err);
/* Where is_folded: its packet, if there is one, into own, which is empty and stays as long as p.
 * KAO_E_NOMEM. */
kao_status kao_packet_unfold(kao_packet *p, kao_span picture, kao_bytes *own,
                             kao_error *err);
/* Into to, which is empty: the picture with this packet in the place of p. KAO_E_UNSUPPORTED, KAO_E_LIMIT, KAO_E_NOMEM. */
kao_status kao_packet_put(kao_bytes *to, kao_span picture, const kao_packet *p,
                          kao_span xmp, kao_error *err);

#endif
