/* See hosts.h. */
#define _DEFAULT_SOURCE /* getifaddrs */
#include "server/hosts.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/listen.h"

bool kao_host_is_address(const char *name)
{
    struct in6_addr any;

    return inet_pton(AF_INET, name, &any) == 1 || inet_pton(AF_INET6, name, &any) == 1;
}

bool kao_host_is_local(const char *name)
{
    return strcmp(name, "127.0.0.1") == 0 || strcmp(name, "::1") == 0 ||
           strcmp(name, "localhost") == 0;
}

static bool is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-._";
    const size_t n = strlen(name);

    return kao_host_is_address(name) || (n > 0 && n < HOST_BYTES && name[0] != '.' &&
                                         name[0] != '-' && strspn(name, letters) == n);
}

bool kao_hosts_add(kao_hosts *h, const char *name)
{
    if (!is_name(name))
        return false;
    for (size_t i = 0; i < h->n; i++)
        if (strcasecmp(h->name[i], name) == 0)
            return true;
    if (h->n == HOSTS_MOST)
        return false;
    snprintf(h->name[h->n++], HOST_BYTES, "%s", name);
    return true;
}

static bool is_link_local(const struct sockaddr *a)
{
    struct sockaddr_in6 v6;

    if (a->sa_family != AF_INET6)
        return false;
    memcpy(&v6, a, sizeof v6);
    return IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr);
}

/* Those of one family that others reach. */
static void add_addresses(kao_hosts *h, const struct ifaddrs *list, int family)
{
    char text[INET6_ADDRSTRLEN];

    for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != family ||
            !(i->ifa_flags & IFF_UP) || (i->ifa_flags & IFF_LOOPBACK) ||
            is_link_local(i->ifa_addr))
            continue;
        kao_address_text(i->ifa_addr, text, sizeof text);
        kao_hosts_add(h, text);
    }
}

/* The one from which packets to other networks go: of several (bridges, tunnels) it is most likely the one that others
 * reach. Nothing is sent to the address, which is one for documentation (RFC 5737). */
static void add_main_address(kao_hosts *h)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9) };
    socklen_t n = sizeof a;
    char text[INET6_ADDRSTRLEN];
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return;
    inet_pton(AF_INET, "192.0.2.1", &a.sin_addr);
    if (connect(fd, (struct sockaddr *)(void *)&a, n) == 0 &&
        getsockname(fd, (struct sockaddr *)(void *)&a, &n) == 0) {
        kao_address_text((struct sockaddr *)(void *)&a, text, sizeof text);
        kao_hosts_add(h, text);
    }
    close(fd);
}

void kao_hosts_of_machine(kao_hosts *h, const char *address)
{
    const bool all = strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
    struct ifaddrs *list = NULL;
    char name[HOST_BYTES] = "", local[HOST_BYTES + 6];
    int n;

    if (!all)
        kao_hosts_add(h, address);
    if (all)
        add_main_address(h);
    if (all && getifaddrs(&list) == 0) {
        add_addresses(h, list, AF_INET);
        if (address[0] == ':')
            add_addresses(h, list, AF_INET6);
        freeifaddrs(list);
    }
    if (gethostname(name, sizeof name - 1) == 0) {
        n = (int)strcspn(name, ".");
        snprintf(local, sizeof local, "%.*s.local", n, name);
        if (n > 0)
            kao_hosts_add(h, local);
    }
    kao_hosts_add(h, "localhost");
    kao_hosts_add(h, "127.0.0.1");
    if (strchr(address, ':'))
        kao_hosts_add(h, "::1");
}
