/* What kao watch shows: boxes and names on the frame, and beside it a panel with a row for each
 * person: name, similarity, their last pictures, as the ailia SDK's sample has it. */
#ifndef KAO_CLI_WATCH_DRAW_H
#define KAO_CLI_WATCH_DRAW_H

#include <stdbool.h>

#include "kao/watch.h"

typedef struct cli_panel cli_panel;

/* Gives the name of a person of the gallery, borrowed until the next call, or NULL. */
typedef const char *cli_name_of(void *user, int64_t person);

/* width, height: of the frames. panel false: boxes alone. */
cli_panel *cli_panel_open(kao_context *ctx, uint32_t width, uint32_t height,
                          bool panel);
void cli_panel_close(cli_panel *p); /* NULL is fine */
/* The size of what is drawn. */
void cli_panel_size(const cli_panel *p, uint32_t *width, uint32_t *height);
/* The picture of a frame, borrowed until the next call. Frames of another size are fitted in.
 * KAO_E_NOMEM, KAO_E_LIMIT. */
kao_status cli_panel_draw(cli_panel *p, const kao_view *frame, double time,
                          const kao_watched *seen, cli_name_of *name, void *user,
                          const kao_image **out, kao_error *err);

#endif
