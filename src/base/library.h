/* Libraries that are looked for when they are needed, not when the program starts. */
#ifndef KAO_BASE_LIBRARY_H
#define KAO_BASE_LIBRARY_H

#include <stdbool.h>

/* NULL where the machine has none. It stays for the life of the process (its threads, types and
 * caches may), so that opening it again is a look into a list; close by dlclose. */
void *kao_library_open(const char *soname);
/* One symbol into *to, a pointer to a function; false: it is not there, *to is NULL. */
bool kao_library_find(void *library, const char *name, void *to);

#endif
