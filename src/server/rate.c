/* See rate.h. */
#include "server/rate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double most(const kao_rate_limit *r)
{
    return fmax(2 * r->rate, 1);
}

static struct rate_place *place_of(kao_rate_limit *r, const char *key, double now)
{
    struct rate_place *oldest = &r->place[0];

    for (size_t i = 0; i < RATE_PLACES; i++) {
        struct rate_place *p = &r->place[i];

        if (strcmp(p->client, key) == 0)
            return p;
        if (!p->client[0] || (oldest->client[0] && p->last < oldest->last))
            oldest = p;
    }
    *oldest = (struct rate_place){ .tokens = most(r), .last = now };
    snprintf(oldest->client, sizeof oldest->client, "%s", key);
    return oldest;
}

unsigned kao_rate_take(kao_rate_limit *r, const char *client, double now)
{
    char key[LOCKOUT_CLIENT];

    if (r->rate <= 0)
        return 0;
    kao_lockout_client(client, key);
    struct rate_place *p = place_of(r, key, now);

    p->tokens = fmin(p->tokens + (now - p->last) * r->rate, most(r));
    p->last = now;
    if (p->tokens >= 1) {
        p->tokens--;
        return 0;
    }
    return (unsigned)ceil((1 - p->tokens) / r->rate);
}
