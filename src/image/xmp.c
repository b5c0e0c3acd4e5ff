/* The property tiff:Orientation of an XMP packet, read by expat.
 *
 *     <x:xmpmeta> ?
 *       <rdf:RDF>
 *         <rdf:Description tiff:Orientation="6">           either as an attribute
 *           <tiff:Orientation>6</tiff:Orientation>         or as an element
 *
 * at this place alone: the same name deeper within describes another thing, such as the picture
 * that this one was made of. Prefixes are free; names are told by their namespaces.
 *
 * What a packet can cost is bounded: MAX_BYTES of it are looked at, KAO_XMP_DEPTH elements deep, and
 * its namespaces are weighed first (xmp_cost.c). A document type, which alone can declare entities
 * (and entities of entities), ends the reading.
 * The value counts once it has been read, whatever comes behind it: a packet may be padded, or
 * longer than what is looked at.
 *
 * Source: XMP Specification part 1 (ISO 16684-1) 7.4, 7.5, 7.9.2.2; part 2, 3.2.5. */
#include "image/xmp.h"

#include <string.h>

#include <expat.h>

enum {
    MAX_BYTES = 4 << 20,
    MAX_VALUE = 15 /* characters of the value, spaces around it too */
};

#define RDF         "http://www.w3.org/1999/02/22-rdf-syntax-ns# "
#define ORIENTATION "http://ns.adobe.com/tiff/1.0/ Orientation"

typedef struct xmp {
    XML_Parser parser;
    uint32_t depth;       /* of the element that is open */
    uint32_t rdf;         /* where rdf:RDF is, its rdf:Description; 0: not open */
    uint32_t description; /* depths count from 1 */
    uint32_t property;
    char value[MAX_VALUE + 1];
    size_t n; /* of the value; more than MAX_VALUE: too long */
    uint8_t found;
} xmp;

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One digit, 1 to 8, and spaces. */
static void take_value(xmp *x, const char *text)
{
    while (is_space(*text))
        text++;
    const char digit = *text;

    if (digit < '1' || digit > '8')
        return;
    for (text++; is_space(*text); text++)
        ;
    if (*text)
        return;
    x->found = (uint8_t)(digit - '0');
    XML_StopParser(x->parser, XML_FALSE);
}

static void on_start(void *user, const char *name, const char **attributes)
{
    xmp *x = user;

    if (++x->depth > KAO_XMP_DEPTH) {
        XML_StopParser(x->parser, XML_FALSE);
    } else if (!x->rdf) {
        x->rdf = strcmp(name, RDF "RDF") == 0 ? x->depth : 0;
    } else if (!x->description) {
        if (x->depth != x->rdf + 1 || strcmp(name, RDF "Description") != 0)
            return;
        x->description = x->depth;
        for (; attributes[0] && !x->found; attributes += 2)
            if (strcmp(attributes[0], ORIENTATION) == 0)
                take_value(x, attributes[1]);
    } else if (x->depth == x->description + 1 && strcmp(name, ORIENTATION) == 0) {
        x->property = x->depth;
        x->n = 0;
    } else if (x->property) {
        x->n = MAX_VALUE + 1; /* it has a structure: no number */
    }
}

static void on_text(void *user, const char *text, int n)
{
    xmp *x = user;

    if (!x->property || x->depth != x->property)
        return;
    for (int i = 0; i < n && x->n <= MAX_VALUE; i++, x->n++)
        if (x->n < MAX_VALUE)
            x->value[x->n] = text[i];
}

static void on_end(void *user, const char *name)
{
    xmp *x = user;

    (void)name;
    if (x->property == x->depth) {
        x->property = 0;
        if (x->n <= MAX_VALUE) {
            x->value[x->n] = 0;
            take_value(x, x->value);
        }
    }
    if (x->description == x->depth)
        x->description = 0;
    if (x->rdf == x->depth)
        x->rdf = 0;
    x->depth--;
}

static void on_doctype(void *user, const char *name, const char *system,
                       const char *public, int has_subset)
{
    const xmp *x = user;

    (void)name;
    (void)system;
    (void)public;
    (void)has_subset;
    XML_StopParser(x->parser, XML_FALSE);
}

uint8_t kao_xmp_orientation(kao_span packet)
{
    const bool whole = packet.n <= MAX_BYTES;

    packet.n = whole ? packet.n : MAX_BYTES;
    const kao_status cost = kao_xmp_check_cost(packet, whole);
    xmp x = { .parser = cost ? NULL : XML_ParserCreateNS(NULL, ' ') };

    if (!x.parser)
        return cost == KAO_E_LIMIT ? 0 : KAO_XMP_NO_MEMORY;
    XML_SetUserData(x.parser, &x);
    XML_SetElementHandler(x.parser, on_start, on_end);
    XML_SetCharacterDataHandler(x.parser, on_text);
    XML_SetStartDoctypeDeclHandler(x.parser, on_doctype);
    /* in one piece: a long token would be looked at again with each */
    const bool fine = XML_Parse(x.parser, (const char *)packet.p, (int)packet.n,
                                whole) == XML_STATUS_OK;
    const bool no_memory = !fine && XML_GetErrorCode(x.parser) == XML_ERROR_NO_MEMORY;

    XML_ParserFree(x.parser);
    return x.found ? x.found : no_memory ? KAO_XMP_NO_MEMORY : 0;
}
