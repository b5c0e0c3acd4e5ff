/* kao/regions.h in a build without expat. */
#include "kao/regions.h"

#include "base/error.h"

static kao_status refuse(kao_error *err)
{
    return kao_fail(err, KAO_E_UNSUPPORTED,
                    "regions: this kao was built without expat");
}

kao_status kao_regions_read(kao_context *ctx, const void *picture, size_t n_picture,
                            const void *sidecar, size_t n_sidecar, kao_regions *out,
                            kao_error *err)
{
    (void)ctx, (void)picture, (void)n_picture, (void)sidecar, (void)n_sidecar;
    if (out && out->size >= sizeof *out)
        *out = (kao_regions){ .size = out->size };
    return refuse(err);
}

void kao_regions_free(kao_context *ctx, kao_regions *regions)
{
    (void)ctx, (void)regions;
}

kao_status kao_regions_write(kao_context *ctx, const void *picture, size_t n_picture,
                             const void *sidecar, size_t n_sidecar,
                             const kao_region *list, size_t n, uint32_t width,
                             uint32_t height, uint8_t **out, size_t *n_out,
                             kao_error *err)
{
    (void)sidecar, (void)n_sidecar;
    return kao_regions_embed(ctx, picture, n_picture, list, n, width, height, out,
                             n_out, err);
}

kao_status kao_regions_embed(kao_context *ctx, const void *picture, size_t n_picture,
                             const kao_region *list, size_t n, uint32_t width,
                             uint32_t height, uint8_t **out, size_t *n_out,
                             kao_error *err)
{
    (void)ctx, (void)picture, (void)n_picture, (void)list, (void)n, (void)width,
        (void)height;
    if (out)
        *out = NULL;
    if (n_out)
        *n_out = 0;
    return refuse(err);
}
