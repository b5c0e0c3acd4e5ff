/* Where no library can be looked for names stay as they are. */
#include "base/compose.h"

void kao_text_compose(char *text, size_t cap)
{
    (void)text, (void)cap;
}
