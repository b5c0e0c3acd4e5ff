/* What is asked of an XMP packet: which way is up (xmp.c), and whether it may be read at all. */
#ifndef KAO_IMAGE_XMP_H
#define KAO_IMAGE_XMP_H

#include "base/reader.h"
#include "kao/status.h"

enum {
    KAO_XMP_NO_MEMORY = 255,
    KAO_XMP_DEPTH = 64, /* elements in one another; what lies deeper is not looked at */
};

/* The orientation, 1 to 8, that a packet gives its picture; 0 where it gives none, is no XML,
 * declares a document type, or costs too much; KAO_XMP_NO_MEMORY. */
uint8_t kao_xmp_orientation(kao_span packet);

/* KAO_E_LIMIT: what expat would copy of namespaces is many times the packet, or the first part of
 * one (whole: false); KAO_E_NOMEM. What is no XML is found by who reads it. xmp_cost.c */
kao_status kao_xmp_check_cost(kao_span packet, bool whole);

#endif
