/* See watch_window.h. */
#include "cli/watch_window.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/library.h"
#include "cli/sdl.h"

struct cli_window {
    kao_sdl calls;
    bool begun;
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *picture;
};

static kao_status open_library(kao_sdl *c, kao_error *err)
{
    void *library = kao_library_open("libSDL2-2.0.so.0");
    bool found = library != NULL;

#define FIND(name) found = found && kao_library_find(library, #name, &c->name);
    KAO_SDL_CALLS(FIND)
#undef FIND
    return found ? KAO_OK
                 : kao_fail(err, KAO_E_UNSUPPORTED,
                            "--window needs SDL2, which is not on this machine; "
                            "Debian: apt-get install libsdl2-2.0-0");
}

kao_status cli_window_open(cli_window **out, const char *title, uint32_t width,
                           uint32_t height, kao_error *err)
{
    cli_window *w = calloc(1, sizeof *w);

    *out = NULL;
    if (!w)
        return kao_fail(err, KAO_E_NOMEM, "--window: out of memory");
    const kao_status st = open_library(&w->calls, err);
    const kao_sdl *c = &w->calls;

    if (st) {
        free(w);
        return st;
    }
    c->SDL_SetMainReady();
    c->SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1"); /* Ctrl-C is the command's */
    c->SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
    w->begun = c->SDL_Init(SDL_INIT_VIDEO) == 0;
    if (w->begun)
        w->window =
            c->SDL_CreateWindow(title, SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
                                (int)width, (int)height, SDL_WINDOW_RESIZABLE);
    if (w->window)
        w->renderer = c->SDL_CreateRenderer(w->window, -1, 0);
    if (w->renderer)
        w->picture =
            c->SDL_CreateTexture(w->renderer, SDL_PIXELFORMAT_RGB24,
                                 SDL_TEXTUREACCESS_STREAMING, (int)width, (int)height);
    if (!w->picture ||
        c->SDL_RenderSetLogicalSize(w->renderer, (int)width, (int)height)) {
        kao_fail(err, KAO_E_UNSUPPORTED, "--window: %s", c->SDL_GetError());
        cli_window_close(w);
        return KAO_E_UNSUPPORTED;
    }
    *out = w;
    return KAO_OK;
}

static bool closes(const SDL_Event *e)
{
    return e->type == SDL_QUIT ||
           (e->type == SDL_KEYDOWN &&
            (e->key.keysym.sym == SDLK_ESCAPE || e->key.keysym.sym == SDLK_q));
}

bool cli_window_show(cli_window *w, const kao_image *image)
{
    const kao_sdl *c = &w->calls;
    bool stays = true;
    SDL_Event e;

    c->SDL_UpdateTexture(w->picture, NULL, image->rgb, (int)image->row_bytes);
    c->SDL_RenderClear(w->renderer);
    c->SDL_RenderCopy(w->renderer, w->picture, NULL, NULL);
    c->SDL_RenderPresent(w->renderer);
    while (c->SDL_PollEvent(&e))
        stays = stays && !closes(&e);
    return stays;
}

void cli_window_close(cli_window *w)
{
    if (!w)
        return;
    const kao_sdl *c = &w->calls;

    if (w->picture)
        c->SDL_DestroyTexture(w->picture);
    if (w->renderer)
        c->SDL_DestroyRenderer(w->renderer);
    if (w->window)
        c->SDL_DestroyWindow(w->window);
    if (w->begun)
        c->SDL_Quit();
    free(w);
}
