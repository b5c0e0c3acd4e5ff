/* See lockout.h. */
#include "server/lockout.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

typedef struct lockout_place place;

void kao_lockout_client(const char *client, char to[LOCKOUT_CLIENT])
{
    struct in6_addr a;

    snprintf(to, LOCKOUT_CLIENT, "%s", client);
    if (inet_pton(AF_INET6, to, &a) != 1)
        return;
    memset(a.s6_addr + 8, 0, 8);
    inet_ntop(AF_INET6, &a, to, LOCKOUT_CLIENT);
}

uint32_t kao_lockout_left(const kao_lockout *l, const char *client, uint64_t now)
{
    char key[LOCKOUT_CLIENT];

    kao_lockout_client(client, key);
    for (size_t i = 0; i < LOCKOUT_PLACES; i++)
        if (strcmp(l->place[i].client, key) == 0 && l->place[i].until > now)
            return (uint32_t)(l->place[i].until - now);
    return 0;
}

static place *place_of(kao_lockout *l, const char *key)
{
    place *oldest = &l->place[0];

    for (size_t i = 0; i < LOCKOUT_PLACES; i++) {
        place *p = &l->place[i];

        if (strcmp(p->client, key) == 0)
            return p;
        if (p->last < oldest->last)
            oldest = p;
    }
    *oldest = (place){ .failures = 0 };
    snprintf(oldest->client, sizeof oldest->client, "%s", key);
    return oldest;
}

uint32_t kao_lockout_failed(kao_lockout *l, const char *client, uint64_t now)
{
    char key[LOCKOUT_CLIENT];

    kao_lockout_client(client, key);
    place *p = place_of(l, key);

    if (now - p->last > LOCKOUT_FORGETS)
        p->times = 0;
    if (now - p->last > LOCKOUT_FADES)
        p->failures = 0;
    p->last = now;
    if (++p->failures < LOCKOUT_FAILURES)
        return 0;
    p->failures = 0;
    const uint32_t seconds = (uint32_t)LOCKOUT_SECONDS << p->times;

    p->times += p->times < LOCKOUT_DOUBLINGS;
    p->until = now + seconds;
    return seconds;
}
