/* .npy: magic, version, length, then a Python dictionary as text, padded with spaces so that
 * the data begins at a multiple of 64 (numpy.lib.format). The dictionary has three keys in
 * any order; it is read as text and never evaluated. */
#include "base/npy.h"

#include <stdio.h>
#include <string.h>

static const char magic[6] = { '\x93', 'N', 'U', 'M', 'P', 'Y' };

static size_t item_bytes(const char *descr)
{
    static const struct {
        const char *descr;
        size_t n;
    } items[] = {
        { "<f4", 4 }, { "<f8", 8 }, { "<f2", 2 }, { "<i8", 8 },
        { "<i4", 4 }, { "<i2", 2 }, { "|i1", 1 }, { "<u8", 8 },
        { "<u4", 4 }, { "<u2", 2 }, { "|u1", 1 }, { "|b1", 1 },
    };

    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        if (strcmp(items[i].descr, descr) == 0)
            return items[i].n;
    return 0;
}

/* The text behind 'key': in the dictionary, or NULL. */
static const char *value_of(const char *dict, const char *key)
{
    char quoted[24];

    snprintf(quoted, sizeof quoted, "'%s':", key);
    const char *p = strstr(dict, quoted);

    if (!p)
        return NULL;
    for (p += strlen(quoted); *p == ' '; p++)
        ;
    return p;
}

static bool parse_shape(kao_npy *npy, const char *p)
{
    if (!p || *p++ != '(')
        return false;
    for (;;) {
        while (*p == ' ' || *p == ',')
            p++;
        if (*p == ')')
            return true;
        int64_t v = 0;

        if (*p < '0' || *p > '9' || npy->rank == KAO_NPY_MAX_RANK)
            return false;
        for (; *p >= '0' && *p <= '9'; p++)
            if (__builtin_mul_overflow(v, 10, &v) ||
                __builtin_add_overflow(v, *p - '0', &v))
                return false;
        npy->dims[npy->rank++] = v;
    }
}

static kao_status parse_dict(kao_npy *npy, const char *dict, kao_error *err)
{
    const char *descr = value_of(dict, "descr"),
               *order = value_of(dict, "fortran_order");

    if (!descr || descr[0] != '\'' || !strchr(descr + 1, '\'') ||
        strchr(descr + 1, '\'') - descr > 6)
        return kao_fail(err, KAO_E_FORMAT, ".npy: no plain descr in its header");
    memcpy(npy->descr, descr + 1, (size_t)(strchr(descr + 1, '\'') - descr - 1));
    npy->item_bytes = item_bytes(npy->descr);
    if (!npy->item_bytes)
        return kao_fail(err, KAO_E_UNSUPPORTED, ".npy: element type %s", npy->descr);
    if (!order || strncmp(order, "False", 5) != 0)
        return kao_fail(err, KAO_E_UNSUPPORTED, ".npy: not in C order");
    if (!parse_shape(npy, value_of(dict, "shape")))
        return kao_fail(err, KAO_E_FORMAT,
                        ".npy: malformed shape, or more than %d axes",
                        KAO_NPY_MAX_RANK);
    return KAO_OK;
}

kao_status kao_npy_parse(kao_npy *npy, kao_span bytes, kao_error *err)
{
    kao_reader r = kao_reader_of(bytes);
    char dict[1024];

    *npy = (kao_npy){ .rank = 0 };
    const kao_span head = kao_reader_take(&r, sizeof magic);

    if (!head.p || memcmp(head.p, magic, sizeof magic) != 0)
        return kao_fail(err, KAO_E_FORMAT, "not a .npy file");
    const uint8_t major = kao_reader_u8(&r);

    kao_reader_u8(&r);
    if (!r.bad && major != 1 && major != 2)
        return kao_fail(err, KAO_E_UNSUPPORTED, ".npy: format version %u", major);
    const kao_span length = kao_reader_take(&r, major == 2 ? 4 : 2);
    const size_t n = !length.p    ? 0
                     : major == 2 ? kao_le32(length.p)
                                  : kao_le16(length.p);
    const kao_span text = kao_reader_take(&r, n);

    if (r.bad || n >= sizeof dict)
        return kao_fail(err, KAO_E_FORMAT, ".npy: its header is cut short or too long");
    memcpy(dict, text.p, n);
    dict[n] = '\0';
    const kao_status st = parse_dict(npy, dict, err);

    if (st)
        return st;
    size_t want = npy->item_bytes;

    for (int32_t i = 0; i < npy->rank; i++)
        if (__builtin_mul_overflow(want, npy->dims[i], &want))
            return kao_fail(err, KAO_E_LIMIT, ".npy: its shape is too large");
    if (kao_reader_left(&r) < want)
        return kao_fail(err, KAO_E_FORMAT,
                        ".npy: %zu bytes of data, its shape wants %zu",
                        kao_reader_left(&r), want);
    npy->data = kao_reader_take(&r, want);
    return KAO_OK;
}

kao_status kao_npy_format(kao_mem *mem, const char *descr, const int64_t *dims,
                          int32_t rank, const void *data, uint8_t **bytes, size_t *n,
                          kao_error *err)
{
    char dict[512];
    size_t total = item_bytes(descr);
    int at = snprintf(dict, sizeof dict,
                      "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);

    *bytes = NULL;
    *n = 0;
    if (total == 0 || rank < 0 || rank > KAO_NPY_MAX_RANK)
        return kao_fail(err, KAO_E_ARG, ".npy: type %s, %d axes", descr, rank);
    for (int32_t i = 0; i < rank; i++) {
        at +=
            snprintf(dict + at, sizeof dict - (size_t)at, "%lld, ", (long long)dims[i]);
        if (__builtin_mul_overflow(total, dims[i], &total))
            return kao_fail(err, KAO_E_LIMIT, ".npy: the shape is too large");
    }
    at += snprintf(dict + at, sizeof dict - (size_t)at, "), }");
    const size_t head = kao_round_up(sizeof magic + 4 + (size_t)at + 1, 64);
    uint8_t *p = total < SIZE_MAX - head ? kao_alloc(mem, head + total) : NULL;

    if (!p)
        return kao_fail(err, KAO_E_NOMEM, ".npy: out of memory: %zu bytes", total);
    memset(p, ' ', head);
    memcpy(p, magic, sizeof magic);
    p[6] = 1;
    p[7] = 0;
    p[8] = (uint8_t)((head - 10) & 255);
    p[9] = (uint8_t)((head - 10) >> 8);
    memcpy(p + 10, dict, (size_t)at);
    p[head - 1] = '\n';
    if (total)
        memcpy(p + head, data, total);
    *bytes = p;
    *n = head + total;
    return KAO_OK;
}
