/* kao gallery reembed: other models for a gallery. */
#ifndef KAO_CLI_GALLERY_REEMBED_H
#define KAO_CLI_GALLERY_REEMBED_H

#include "cli/gallery_use.h"

typedef struct cli_reembedding { /* what it came to */
    size_t by_chip, by_source, missing;
} cli_reembedding;

/* u: without networks; for o's models, or the two inside the program. A sample that can be made
 * from neither its chip nor its picture is told on stderr; KAO_E_CONFLICT: there are some, and the
 * gallery stays as it is, unless drop. */
kao_status cli_gallery_reembed(cli_gallery *u, const cli_gallery_options *o, bool drop,
                               cli_reembedding *r, kao_error *err);

#endif
