/* See listen.h. */
#include "server/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

kao_status kao_listen(const char *address, uint16_t *port, int *listening,
                      kao_error *err)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(*port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(*port) };
    const bool is_v6 = strchr(address, ':') != NULL;
    struct sockaddr *at =
        is_v6 ? (struct sockaddr *)(void *)&v6 : (struct sockaddr *)(void *)&v4;
    socklen_t bytes = is_v6 ? sizeof v6 : sizeof v4;
    const int on = 1;

    if (inet_pton(is_v6 ? AF_INET6 : AF_INET, address,
                  is_v6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1)
        return kao_fail(err, KAO_E_ARG, "%s: no address", address);
    const int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, at, bytes) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, at, &bytes) != 0) {
        const kao_status st =
            kao_fail_sys(err, KAO_E_IO, errno, "%s port %u", address, *port);

        if (fd >= 0)
            close(fd);
        return st;
    }
    *port = ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
    *listening = fd;
    return KAO_OK;
}

void kao_address_text(const struct sockaddr *from, char *to, size_t cap)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    to[0] = '\0';
    if (from && from->sa_family == AF_INET) {
        memcpy(&v4, from, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, to, (socklen_t)cap);
    } else if (from && from->sa_family == AF_INET6) {
        memcpy(&v6, from, sizeof v6);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
            inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, to, (socklen_t)cap);
        else
            inet_ntop(AF_INET6, &v6.sin6_addr, to, (socklen_t)cap);
    }
}
