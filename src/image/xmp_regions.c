/* See xmp_regions.h. Packets are read by expat.
 *
 *     <rdf:RDF>
 *       <rdf:Description>
 *         <mwg-rs:Regions>                       its parts as elements or attributes, with or
 *           <mwg-rs:AppliedToDimensions .../>    without an rdf:Description around them
 *           <mwg-rs:RegionList>
 *             <rdf:Bag>
 *               <rdf:li>
 *                 <rdf:Description mwg-rs:Name="Ana" mwg-rs:Type="Face">
 *                   <mwg-rs:Area stArea:x="0.5" stArea:y="0.4" stArea:w="0.2" stArea:h="0.3"
 *                                stArea:unit="normalized"/>
 *
 * Bounds are those of xmp.c. A document type is refused. */
#include "image/xmp_regions.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include <expat.h>

#include "base/text.h"
#include "image/xmp.h"

enum {
    VALUE_MOST = 1024, /* a longer name is none */
};

typedef enum property {
    NOTHING,
    NAME,
    TYPE,
    AREA_X,
    AREA_Y,
    AREA_W,
    AREA_H,
    UNIT,
    PROPERTIES
} property;

static const char *const property_names[PROPERTIES] = {
    NULL,
    KAO_NS_MWG " Name",
    KAO_NS_MWG " Type",
    KAO_NS_AREA " x",
    KAO_NS_AREA " y",
    KAO_NS_AREA " w",
    KAO_NS_AREA " h",
    KAO_NS_AREA " unit",
};

typedef struct item { /* a region as the file has it */
    char value[PROPERTIES][VALUE_MOST + 1];
} item;

typedef struct reading {
    XML_Parser parser;
    kao_span packet;
    kao_xmp_regions *out;
    uint32_t depth; /* of the open element; those below, from 1; 0: not open */
    uint32_t rdf, regions, region_list, bag, li, area;
    uint32_t of_li,
        of_area; /* whose properties they are: themselves, or the description in them */
    property open; /* whose text is read */
    uint32_t open_at;
    size_t n_text;
    item now;
    bool too_deep, has_doctype, no_memory;
} reading;

static property property_of(const char *name)
{
    for (int i = NAME; i < PROPERTIES; i++)
        if (strcmp(name, property_names[i]) == 0)
            return (property)i;
    return NOTHING;
}

static void take(reading *r, property p, const char *text, size_t n)
{
    if (n > VALUE_MOST)
        n = 0;
    memcpy(r->now.value[p], text, n);
    r->now.value[p][n] = '\0';
}

static bool is_description(const char *name)
{
    return strcmp(name, KAO_NS_RDF " Description") == 0;
}

/* Within a region. What else it may have inside, such as its Extensions, says nothing of it. */
static void start_in_item(reading *r, const char *name)
{
    const uint32_t parent = r->area ? r->of_area : r->of_li;
    const property p = property_of(name);

    if (r->open || r->depth != parent + 1)
        return;
    if (is_description(name) && parent == (r->area ? r->area : r->li)) {
        *(r->area ? &r->of_area : &r->of_li) = r->depth;
    } else if (!r->area && strcmp(name, KAO_NS_MWG " Area") == 0) {
        r->area = r->of_area = r->depth;
    } else if (p && (p >= AREA_X) == (r->area > 0)) {
        r->open = p;
        r->open_at = r->depth;
        r->n_text = 0;
    }
}

static void take_attributes(reading *r, const char **attributes)
{
    const bool of_area = r->area && (r->depth == r->area || r->depth == r->of_area),
               of_li = !r->area && (r->depth == r->li || r->depth == r->of_li);

    for (; r->li && attributes[0]; attributes += 2) {
        const property p = property_of(attributes[0]);

        if (p >= AREA_X ? of_area : p && of_li)
            take(r, p, attributes[1], strlen(attributes[1]));
    }
}

static bool is_resource(const char **attributes)
{
    for (; attributes[0]; attributes += 2)
        if (strcmp(attributes[0], KAO_NS_RDF " parseType") == 0)
            return strcmp(attributes[1], "Resource") == 0;
    return false;
}

/* Whether the tag that begins here is an end tag as well: <rdf:Bag/>. */
static bool is_empty(const reading *r)
{
    const size_t end = (size_t)XML_GetCurrentByteIndex(r->parser) +
                       (size_t)XML_GetCurrentByteCount(r->parser);

    return end >= 2 && end <= r->packet.n && r->packet.p[end - 2] == '/';
}

static void on_start(void *user, const char *name, const char **attributes)
{
    reading *r = user;

    if (++r->depth > KAO_XMP_DEPTH) {
        r->too_deep = true;
        XML_StopParser(r->parser, XML_FALSE);
    } else if (!r->rdf) {
        r->rdf = strcmp(name, KAO_NS_RDF " RDF") == 0 ? r->depth : 0;
        r->out->is_empty = r->out->is_empty || (r->rdf && is_empty(r));
    } else if (!r->regions) {
        r->regions = r->depth == r->rdf + 2 && strcmp(name, KAO_NS_MWG " Regions") == 0
                         ? r->depth
                         : 0;
        if (r->regions) {
            r->out->has_regions = true;
            r->out->takes_list = is_resource(attributes) && !is_empty(r);
        }
    } else if (!r->region_list) {
        r->region_list = strcmp(name, KAO_NS_MWG " RegionList") == 0 ? r->depth : 0;
    } else if (!r->bag) {
        r->bag =
            strcmp(name, KAO_NS_RDF " Bag") == 0 || strcmp(name, KAO_NS_RDF " Seq") == 0
                ? r->depth
                : 0;
        r->out->is_empty = r->out->is_empty || (r->bag && is_empty(r));
    } else if (!r->li) {
        if (strcmp(name, KAO_NS_RDF " li") != 0)
            return;
        r->li = r->of_li = r->depth;
        memset(&r->now, 0, sizeof r->now);
    } else {
        start_in_item(r, name);
    }
    take_attributes(r, attributes);
}

static void on_text(void *user, const char *text, int n)
{
    reading *r = user;

    for (int i = 0; r->open && r->depth == r->open_at && i < n; i++, r->n_text++)
        if (r->n_text <= VALUE_MOST)
            r->now.value[r->open][r->n_text < VALUE_MOST ? r->n_text : VALUE_MOST] =
                text[i];
}

static bool number_of(const char *text, float *to)
{
    double v = 0;

    while (*text == ' ' || *text == '\n' || *text == '\t' || *text == '\r')
        text++;
    if (!kao_text_number(&text, &v) || !(fabs(v) < 100))
        return false;
    *to = (float)v;
    return true;
}

static void end_item(reading *r)
{
    kao_region x = { .name = "" };
    const item *i = &r->now;

    if ((i->value[TYPE][0] && strcasecmp(i->value[TYPE], "Face") != 0) ||
        (i->value[UNIT][0] && strcmp(i->value[UNIT], "normalized") != 0) ||
        !number_of(i->value[AREA_X], &x.x) || !number_of(i->value[AREA_Y], &x.y) ||
        !number_of(i->value[AREA_W], &x.width) ||
        !number_of(i->value[AREA_H], &x.height) || x.width <= 0 || x.height <= 0 ||
        r->out->n == KAO_REGIONS_MOST)
        return;
    x.name = kao_arena_str(&r->out->arena, i->value[NAME], strlen(i->value[NAME]));
    if (!x.name) {
        r->no_memory = true;
        XML_StopParser(r->parser, XML_FALSE);
        return;
    }
    r->out->list[r->out->n++] = x;
}

static void end_in_item(reading *r)
{
    if (r->area == r->depth)
        r->area = 0;
    else if (r->area && r->of_area == r->depth)
        r->of_area = r->area;
    else if (r->of_li == r->depth)
        r->of_li = r->li;
}

static void on_end(void *user, const char *name)
{
    reading *r = user;
    const XML_Index at = XML_GetCurrentByteIndex(r->parser);

    (void)name;
    if (r->open && r->open_at == r->depth) {
        const size_t n = r->n_text > VALUE_MOST ? 0 : r->n_text;

        r->now.value[r->open][n] = '\0';
        r->open = NOTHING;
    }
    if (r->li == r->depth) {
        end_item(r);
        r->li = 0;
    } else if (r->li) {
        end_in_item(r);
    } else if (r->bag == r->depth) {
        r->bag = 0;
        r->out->has_bag = true;
        r->out->bag_end = (size_t)at;
    } else if (r->region_list == r->depth) {
        r->region_list = 0;
        r->out->is_empty = r->out->is_empty || !r->out->has_bag;
    } else if (r->regions == r->depth) {
        r->regions = 0;
        r->out->regions_end = (size_t)at;
    } else if (r->rdf == r->depth) {
        r->rdf = 0;
        r->out->has_rdf = true;
        r->out->rdf_end = (size_t)at;
    }
    r->depth--;
}

static void on_doctype(void *user, const char *name, const char *system,
                       const char *public, int has_subset)
{
    reading *r = user;

    (void)name, (void)system, (void)public, (void)has_subset;
    r->has_doctype = true;
    XML_StopParser(r->parser, XML_FALSE);
}

static void on_declaration(void *user, const char *version, const char *encoding,
                           int standalone)
{
    reading *r = user;

    (void)version, (void)standalone;
    r->out->is_foreign = encoding && strcasecmp(encoding, "UTF-8") != 0;
}

void kao_xmp_regions_free(kao_xmp_regions *x)
{
    kao_arena_fini(&x->arena);
}

static kao_status failure(const reading *r, kao_error *err)
{
    const enum XML_Error why = XML_GetErrorCode(r->parser);

    if (r->no_memory || why == XML_ERROR_NO_MEMORY)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (r->has_doctype)
        return kao_fail(err, KAO_E_FORMAT, "XMP with a document type");
    if (r->too_deep)
        return kao_fail(err, KAO_E_LIMIT, "XMP of more than %d levels", KAO_XMP_DEPTH);
    return kao_fail(err, KAO_E_FORMAT, "XMP, line %lu: %s",
                    (unsigned long)XML_GetCurrentLineNumber(r->parser),
                    XML_ErrorString(why));
}

kao_status kao_xmp_regions_read(kao_mem *mem, kao_xmp_regions *x, kao_span packet,
                                kao_error *err)
{
    *x = (kao_xmp_regions){ .n = 0 };
    kao_arena_init(&x->arena, mem, kao_gib(1));
    if (packet.n > KAO_PACKET_MOST)
        return kao_fail(err, KAO_E_LIMIT, "an XMP packet of %zu bytes", packet.n);
    kao_status st = kao_xmp_check_cost(packet, true);

    if (st)
        return kao_fail(err, st,
                        st == KAO_E_LIMIT ? "XMP with too long names of namespaces"
                                          : "out of memory");
    reading *r = kao_arena_calloc(&x->arena, 1, sizeof *r);

    x->list = kao_arena_calloc(&x->arena, KAO_REGIONS_MOST, sizeof *x->list);
    if (r && x->list) {
        r->out = x;
        r->packet = packet;
        r->parser = XML_ParserCreateNS(NULL, ' ');
    }
    if (!r || !r->parser) {
        kao_xmp_regions_free(x);
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    XML_SetXmlDeclHandler(r->parser, on_declaration);
    if (XML_Parse(r->parser, (const char *)packet.p, (int)packet.n, 1) != XML_STATUS_OK)
        st = failure(r, err);
    XML_ParserFree(r->parser);
    if (st)
        kao_xmp_regions_free(x);
    return st;
}
