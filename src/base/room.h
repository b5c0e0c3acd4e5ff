/* Room in lists that grow, of a kao_mem. */
#ifndef KAO_BASE_ROOM_H
#define KAO_BASE_ROOM_H

#include <string.h>

#include "base/mem.h"

/* list: a pointer to the list's pointer, whatever it points to; it then has room for n items of
 * `size` bytes, *cap in all. False where memory runs out; the list is as it was. */
static inline bool kao_room(kao_mem *mem, void *list, size_t *cap, size_t n,
                            size_t size)
{
    void *old = NULL;

    if (n <= *cap)
        return true;
    const size_t wanted = n > 8 ? 2 * n : 16;

    memcpy(&old, list, sizeof old);
    void *bigger = wanted > PTRDIFF_MAX / size
                       ? NULL
                       : kao_grow(mem, old, *cap * size, wanted * size);

    if (!bigger)
        return false;
    memcpy(list, &bigger, sizeof bigger);
    *cap = wanted;
    return true;
}

#endif
