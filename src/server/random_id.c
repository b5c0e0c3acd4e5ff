/* See random_id.h. */
#include "server/random_id.h"

#include <sodium.h>

void kao_random_id(char id[RANDOM_ID_BYTES])
{
    unsigned char bytes[(RANDOM_ID_BYTES - 1) / 2];

    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(id, RANDOM_ID_BYTES, bytes, sizeof bytes);
}
