/* The face regions of an XMP packet as it has them, and where more of them go. */
#ifndef KAO_IMAGE_XMP_REGIONS_H
#define KAO_IMAGE_XMP_REGIONS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/reader.h"
#include "kao/regions.h"

enum { KAO_PACKET_MOST = 4 << 20 };

#define KAO_NS_RDF  "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define KAO_NS_MWG  "http://www.metadataworkinggroup.com/schemas/regions/"
#define KAO_NS_AREA "http://ns.adobe.com/xmp/sType/Area#"
#define KAO_NS_DIM  "http://ns.adobe.com/xap/1.0/sType/Dimensions#"

typedef struct kao_xmp_regions {
    kao_arena arena; /* of the list and the names */
    kao_region *list;
    size_t n;
    bool is_foreign; /* it is not in UTF-8: nothing can be put between its bytes */
    bool has_bag, has_rdf;        /* a list of regions, rdf:RDF */
    bool has_regions, takes_list; /* mwg-rs:Regions; a list can be put before its end */
    bool is_empty;                /* a list of no entries: nothing can be put into it */
    size_t bag_end, regions_end,
        rdf_end; /* where their end tags stand; of an empty element behind it */
} kao_xmp_regions;

/* KAO_E_FORMAT, KAO_E_LIMIT, KAO_E_NOMEM; on failure there is nothing to free. */
kao_status kao_xmp_regions_read(kao_mem *mem, kao_xmp_regions *x, kao_span packet,
                                kao_error *err);
void kao_xmp_regions_free(kao_xmp_regions *x);

#endif
