/* What tests of face regions share: packets as programs write them. */
#ifndef KAO_TESTS_IMAGE_XMP_TEXT_H
#define KAO_TESTS_IMAGE_XMP_TEXT_H

#include <math.h>

#include "kao/regions.h"
#include "pictures.h"

#define NS                                                                             \
 "xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' "                              \
 "xmlns:m='http://www.metadataworkinggroup.com/schemas/regions/' "                     \
 "xmlns:d='http://ns.adobe.com/xap/1.0/sType/Dimensions#' "                            \
 "xmlns:a='http://ns.adobe.com/xmp/sType/Area#' xmlns:o='urn:other'"
#define HEAD                                                                           \
 "<x:xmpmeta xmlns:x='adobe:ns:meta/'><r:RDF " NS "><r:Description r:about=''>"
#define TAIL        "</r:Description></r:RDF></x:xmpmeta>"
#define LIST(ITEMS) LIST_BEHIND("", ITEMS)
#define LIST_BEHIND(OTHER, ITEMS)                                                      \
 HEAD OTHER                                                                            \
     "<m:Regions r:parseType='Resource'><m:AppliedToDimensions d:w='40' d:h='30'/>"    \
     "<m:RegionList><r:Bag>" ITEMS "</r:Bag></m:RegionList></m:Regions>" TAIL
#define AREA_AT(X, Y) "a:x='" X "' a:y='" Y "' a:w='0.25' a:h='0.5' a:unit='normalized'"
/* As digiKam and Lightroom write one, as Picasa did, and with elements for everything. */
#define OF_DIGIKAM(NAME)                                                               \
 "<r:li><r:Description m:Name='" NAME                                                  \
 "' m:Type='Face'><m:Area " AREA_AT("0.5", "0.25") "/>"                                \
                                                   "</r:Description></r:li>"
#define OF_PICASA(NAME)                                                                \
 "<r:li m:Type='Face' m:Name='" NAME "'><m:Area " AREA_AT("0.5", "0.25") "/></r:li>"
#define OF_ELEMENTS(NAME)                                                              \
 "<r:li r:parseType='Resource'><m:Name>" NAME "</m:Name><m:Type>Face</m:Type>"         \
 "<m:Area r:parseType='Resource'><a:x> 0.5\n</a:x><a:y>0.25</a:y><a:w>0.25</a:w>"      \
 "<a:h>0.5</a:h><a:unit>normalized</a:unit></m:Area></r:li>"

enum { W = 40, H = 30 }; /* of the pictures */

static const kao_region two[] = { { "Ben & \"Zoë\" <顔>", .25f, .5f, .125f, .25f },
                                  { "", .75f, .5f, .25f, .5f } };

static inline void near(float got, double want)
{
    assert_true(fabs((double)got - want) < 1e-5);
}

#endif
