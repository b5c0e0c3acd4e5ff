/* Model files and the files beside them that hold external tensors. */
#include "onnx/parser.h"

#include <string.h>

typedef struct fetcher {
    kao_onnx_model *m;
    const char *path; /* of the model */
    uint64_t taken;   /* bytes of tensors so far */
} fetcher;

static bool is_safe_location(const char *s)
{
    if (s[0] == '/' || s[0] == '\0' || strchr(s, '\\'))
        return false;
    for (const char *p = s; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
        if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || p[2] == '\0'))
            return false;
    return true;
}

/* The file of external data, opened once; KAO_OK and *number, or a failure. */
static kao_status open_external(fetcher *x, const char *location, size_t *number,
                                kao_error *err)
{
    kao_onnx_model *m = x->m;
    const char *slash = strrchr(x->path, '/');
    const size_t dir = slash ? (size_t)(slash - x->path) + 1 : 0, n = strlen(location);

    for (size_t i = 0; i < m->n_external; i++)
        if (strcmp(m->external_names[i], location) == 0) {
            *number = i;
            return KAO_OK;
        }
    if (m->n_external == KAO_MAX_EXTERNAL)
        return kao_fail(err, KAO_E_LIMIT, "more than %d files of external data",
                        KAO_MAX_EXTERNAL);
    char *full = kao_arena_alloc(&m->arena, dir + n + 1);

    if (!full)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    memcpy(full, x->path, dir);
    memcpy(full + dir, location, n + 1);
    const kao_status st = kao_file_open(&m->external[m->n_external], m->arena.mem, full,
                                        KAO_MAX_FILE, err);

    if (st)
        return st;
    m->n_bytes += m->external[m->n_external].bytes.n;
    m->external_names[m->n_external] = location;
    *number = m->n_external++;
    return KAO_OK;
}

/* Tensors may share bytes, but all of a tensor may be looked at: a few lines for each must not
 * make that endless. */
static kao_status fetch(void *user, const char *location, uint64_t offset,
                        uint64_t length, bool has_length, kao_span *out, kao_error *err)
{
    fetcher *x = user;
    size_t number = 0;

    if (!is_safe_location(location))
        return kao_fail(err, KAO_E_FORMAT,
                        "external data in \"%s\": only files beside the model are read",
                        location);
    const kao_status st = open_external(x, location, &number, err);

    if (st)
        return st;
    const kao_span bytes = x->m->external[number].bytes;

    if (offset > bytes.n || (has_length && length > bytes.n - offset))
        return kao_fail(err, KAO_E_FORMAT,
                        "external data in \"%s\" ends after its %zu bytes", location,
                        bytes.n);
    out->p = bytes.p + offset;
    out->n = has_length ? (size_t)length : bytes.n - (size_t)offset;
    x->taken += out->n;
    return x->taken <= KAO_MAX_SHARED * x->m->n_bytes
               ? KAO_OK
               : kao_fail(err, KAO_E_LIMIT,
                          "external data: tensors take more than %d times the bytes "
                          "there are",
                          KAO_MAX_SHARED);
}

kao_status kao_onnx_load(kao_onnx_model *m, kao_mem *mem, const char *path,
                         kao_error *err)
{
    *m = (kao_onnx_model){ 0 };
    kao_arena_init(&m->arena, mem, KAO_MAX_GRAPH_HEAP);
    kao_status st = kao_file_open(&m->file, mem, path, KAO_MAX_FILE, err);

    if (st)
        return st;
    fetcher x = { .m = m, .path = path };
    const kao_onnx_external external = { fetch, &x };

    st = kao_onnx_parse_model(m, m->file.bytes, &external, err);
    if (st) {
        kao_onnx_free(m);
        return kao_error_prefix(err, st, "%s", path);
    }
    return KAO_OK;
}

void kao_onnx_free(kao_onnx_model *m)
{
    for (size_t i = 0; i < m->n_external; i++)
        kao_file_close(&m->external[i]);
    kao_file_close(&m->file);
    kao_arena_fini(&m->arena);
    *m = (kao_onnx_model){ 0 };
}
