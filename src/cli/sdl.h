/* SDL2, by which kao watch shows a window, looked for when that is asked for (dlopen). Its headers are needed
 * where kao is built; in a build without them there is no --window. */
#ifndef KAO_CLI_SDL_H
#define KAO_CLI_SDL_H

#define SDL_MAIN_HANDLED
#include <SDL2/SDL.h>

/* clang-format off */
#define KAO_SDL_CALLS(X)                                                                     \
    X(SDL_CreateRenderer) X(SDL_CreateTexture) X(SDL_CreateWindow) X(SDL_DestroyRenderer)    \
    X(SDL_DestroyTexture) X(SDL_DestroyWindow) X(SDL_GetError) X(SDL_Init) X(SDL_PollEvent)  \
    X(SDL_Quit) X(SDL_RenderClear) X(SDL_RenderCopy) X(SDL_RenderPresent)                    \
    X(SDL_RenderSetLogicalSize) X(SDL_SetHint) X(SDL_SetMainReady) X(SDL_UpdateTexture)
/* clang-format on */

typedef struct kao_sdl {
#define KAO_SDL_FIELD(name) __typeof__(name) *name;
    KAO_SDL_CALLS(KAO_SDL_FIELD)
#undef KAO_SDL_FIELD
} kao_sdl;

#endif
