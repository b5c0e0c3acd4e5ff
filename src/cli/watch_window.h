/* The window of kao watch --window. One thread. */
#ifndef KAO_CLI_WATCH_WINDOW_H
#define KAO_CLI_WATCH_WINDOW_H

#include <stdbool.h>

#include "kao/image.h"

typedef struct cli_window cli_window;

/* For pictures of this size, which it fits to its own. KAO_E_UNSUPPORTED (no SDL2, no screen), KAO_E_NOMEM. */
kao_status cli_window_open(cli_window **out, const char *title, uint32_t width,
                           uint32_t height, kao_error *err);
/* False: whoever looks has closed it (by its button, Escape or q). */
bool cli_window_show(cli_window *w, const kao_image *image);
void cli_window_close(cli_window *w); /* NULL is fine */

#endif
