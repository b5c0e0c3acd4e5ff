/* What namespaces would cost, told before expat is asked to resolve them.
 *
 * It copies the namespace of every attribute that has a prefix. Of a packet whose one half is a
 * namespace and the other such attributes it copies its size squared: a thousand million bytes and
 * more of 100 KiB, which deflate to some hundred in a PNG. So a packet is first read without
 * namespaces, and refused where attributes times the longest namespace so far come to more than
 * packets of real programs have: some four bytes for each of theirs. */
#include "image/xmp.h"

#include <string.h>

#include <expat.h>

enum { TIMES_MOST = 16, FREE = 1 << 16 };

typedef struct cost {
    XML_Parser parser;
    uint32_t depth;
    uint64_t longest, spent, most; /* characters */
} cost;

static void on_start(void *user, const char *name, const char **attributes)
{
    cost *c = user;
    uint64_t n = 0;

    (void)name;
    for (; attributes[0]; attributes += 2, n++) {
        const bool declares = strncmp(attributes[0], "xmlns", 5) == 0;
        const size_t length = declares ? strlen(attributes[1]) : 0;

        c->longest = length > c->longest ? length : c->longest;
    }
    c->spent += n * c->longest;
    /* readers stop there; expat keeps some fifty times the bytes of open elements */
    if (c->spent > c->most || ++c->depth > KAO_XMP_DEPTH)
        XML_StopParser(c->parser, XML_FALSE);
}

static void on_end(void *user, const char *name)
{
    cost *c = user;

    (void)name;
    c->depth--;
}

/* Readers stop there, too: no entity is ever declared. */
static void on_doctype(void *user, const char *name, const char *system,
                       const char *public, int has_subset)
{
    const cost *c = user;

    (void)name, (void)system, (void)public, (void)has_subset;
    XML_StopParser(c->parser, XML_FALSE);
}

kao_status kao_xmp_check_cost(kao_span packet, bool whole)
{
    cost c = { .parser = XML_ParserCreate(NULL),
               .most = (uint64_t)packet.n * TIMES_MOST + FREE };

    if (!c.parser)
        return KAO_E_NOMEM;
    XML_SetUserData(c.parser, &c);
    XML_SetElementHandler(c.parser, on_start, on_end);
    XML_SetStartDoctypeDeclHandler(c.parser, on_doctype);
    const bool fine = XML_Parse(c.parser, (const char *)packet.p, (int)packet.n,
                                whole) == XML_STATUS_OK;
    const bool no_memory = !fine && XML_GetErrorCode(c.parser) == XML_ERROR_NO_MEMORY;

    XML_ParserFree(c.parser);
    return no_memory ? KAO_E_NOMEM : c.spent > c.most ? KAO_E_LIMIT : KAO_OK;
}
