/* The file of an encrypted gallery's key: a line that says what it is, and the key in hexadecimal digits.
 *
 *     kao gallery key 1
 *     64 digits */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/seal.h"
#include "base/secret.h"
#include "kao/gallery.h"

static const char head[] = "kao gallery key 1\n";

enum {
    HEAD = sizeof head - 1,
    DIGITS = 2 * KAO_GALLERY_KEY,
    FILE_BYTES = HEAD + DIGITS + 1
};

/* The folder, so that the name stays. */
static bool sync_folder(const char *path)
{
    char folder[4096];
    const char *last = strrchr(path, '/');
    const int n = last ? (int)(last - path) + 1 : 1;

    if ((size_t)snprintf(folder, sizeof folder, "%.*s", n, last ? path : ".") >=
        sizeof folder)
        return false;
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return errno == EACCES; /* one that cannot be read cannot be synced */
    const bool fine = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;

    close(fd);
    return fine;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        const ssize_t k = write(fd, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

kao_status kao_gallery_key_make(const char *path, kao_error *err)
{
    char text[FILE_BYTES + 1];
    uint8_t key[KAO_GALLERY_KEY];

    if (!path || !path[0])
        return kao_fail(err, KAO_E_ARG, "no name for a key file");
    const int fd =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0 && errno == EEXIST)
        return kao_fail(err, KAO_E_CONFLICT, "%s: is there already, and stays", path);
    if (fd < 0)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s: cannot be made", path);
    kao_secret_random(key, sizeof key);
    memcpy(text, head, HEAD);
    kao_secret_hex(key, sizeof key, text + HEAD);
    text[FILE_BYTES - 1] = '\n';
    bool fine = write_all(fd, text, FILE_BYTES) && fsync(fd) == 0;
    int sys = fine ? 0 : errno;

    if (close(fd) != 0 && fine) {
        fine = false;
        sys = errno;
    }
    if (fine && !sync_folder(path)) {
        fine = false;
        sys = errno;
    }
    kao_seal_wipe(key, sizeof key);
    kao_seal_wipe(text, sizeof text);
    if (fine)
        return KAO_OK;
    unlink(path);
    return kao_fail_sys(err, KAO_E_IO, sys, "%s: cannot be written", path);
}

/* Up to the end, or to more than there may be; -1: errno says why not. */
static ssize_t read_all(int fd, char *to, size_t cap)
{
    size_t n = 0;

    while (n < cap) {
        const ssize_t k = read(fd, to + n, cap - n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -1;
        if (k == 0)
            break;
        n += (size_t)k;
    }
    return (ssize_t)n;
}

/* A newline at the end may be missing. */
static bool parse(char *text, size_t n, uint8_t key[KAO_GALLERY_KEY])
{
    if (n > 0 && text[n - 1] == '\n')
        n--;
    if (n != HEAD + DIGITS || memcmp(text, head, HEAD) != 0)
        return false;
    text[n] = '\0';
    return kao_secret_of_hex(text + HEAD, key, KAO_GALLERY_KEY);
}

kao_status kao_gallery_key_read(const char *path, uint8_t key[KAO_GALLERY_KEY],
                                uint32_t *is_open, kao_error *err)
{
    char text[FILE_BYTES + 2];
    struct stat info;

    if (is_open)
        *is_open = 0;
    if (!path || !path[0] || !key)
        return kao_fail(err, KAO_E_ARG, "no key file, or no room for a key");
    memset(key, 0, KAO_GALLERY_KEY);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s", path);
    /* a pipe has no permissions that say something */
    if (is_open && fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        *is_open = (info.st_mode & 077) != 0;
    const ssize_t n = read_all(fd, text, FILE_BYTES + 1);
    const int sys = errno;
    const bool fine = n >= 0 && parse(text, (size_t)n, key);

    close(fd);
    kao_seal_wipe(text, sizeof text);
    if (n < 0)
        return kao_fail_sys(err, KAO_E_IO, sys, "%s", path);
    return fine ? KAO_OK
                : kao_fail(err, KAO_E_FORMAT,
                           "%s: no key file of a gallery, or a damaged one", path);
}

void kao_gallery_key_wipe(uint8_t key[KAO_GALLERY_KEY])
{
    kao_seal_wipe(key, KAO_GALLERY_KEY);
}
