/* See random_id.h. */
#include "server/random_id.h"

#include "base/secret.h"

void kao_random_id(char id[RANDOM_ID_BYTES])
{
    unsigned char bytes[(RANDOM_ID_BYTES - 1) / 2];

    kao_secret_random(bytes, sizeof bytes);
    kao_secret_hex(bytes, sizeof bytes, id);
}
