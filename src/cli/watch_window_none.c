/* kao watch --window in a build without SDL2's headers. */
#include "base/error.h"
#include "cli/watch_window.h"

kao_status cli_window_open(cli_window **out, const char *title, uint32_t width,
                           uint32_t height, kao_error *err)
{
    (void)title, (void)width, (void)height;
    *out = NULL;
    return kao_fail(err, KAO_E_UNSUPPORTED,
                    "--window: this kao was built without SDL2");
}

bool cli_window_show(cli_window *w, const kao_image *image)
{
    (void)w, (void)image;
    return true;
}

void cli_window_close(cli_window *w)
{
    (void)w;
}
