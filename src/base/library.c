/* See library.h. */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

void *kao_library_open(const char *soname)
{
    return dlopen(soname, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
}

bool kao_library_find(void *library, const char *name, void *to)
{
    void *symbol = dlsym(library, name);

    memcpy(to, &symbol, sizeof symbol); /* ISO C converts no object pointer to it */
    return symbol != NULL;
}
