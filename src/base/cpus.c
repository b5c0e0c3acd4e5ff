/* CPUs at hand. Control groups (kernel documentation, cgroup-v2.rst "cpu.max" and
 * sched-bwc.rst): /proc/self/cgroup has a line "ID:CONTROLLERS:PATH" for each hierarchy; in
 * version 2 ID is 0 and CONTROLLERS empty. The group's folder and each above it may hold
 *
 *   version 2   cpu.max             "QUOTA PERIOD", or "max PERIOD"
 *   version 1   cpu.cfs_quota_us    QUOTA, or -1
 *               cpu.cfs_period_us   PERIOD
 *
 * in microseconds: QUOTA of CPU time in each PERIOD. In a container PATH may be the host's
 * and name no folder here; the levels that are missing are skipped, and the walk ends at the
 * mount, which then is the container's own group. Mounts are looked for at their usual place
 * alone. */
#define _GNU_SOURCE /* sched_getaffinity */

#include "base/cpus.h"

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_CPUS = 8192, MAX_PATH = 4096, MAX_TEXT = 8192 };

/* A small file of the kernel's as text; what does not fit is cut off. */
static bool read_text(const char *path, char *text, size_t size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t got = 0;

    if (fd < 0)
        return false;
    while (n < size - 1 && (got = read(fd, text + n, size - 1 - n)) > 0)
        n += (size_t)got;
    close(fd);
    text[n] = '\0';
    return got >= 0;
}

/* The CPUs that a folder's files grant; 0: no limit there. */
static double folder_quota(const char *folder, bool v2)
{
    char path[MAX_PATH + 32], text[64], period_text[64], *end;
    const char *period = period_text;

    snprintf(path, sizeof path, "%s/%s", folder, v2 ? "cpu.max" : "cpu.cfs_quota_us");
    if (!read_text(path, text, sizeof text))
        return 0;
    const long long quota = strtoll(text, &end, 10); /* "max": 0 */

    if (v2) {
        period = end;
    } else {
        snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
        if (!read_text(path, period_text, sizeof period_text))
            return 0;
    }
    const long long us = strtoll(period, NULL, 10);

    return quota > 0 && us > 0 ? (double)quota / (double)us : 0;
}

/* The least quota from mount/group up to mount. */
static double tree_quota(const char *root, const char *mount, const char *group,
                         bool v2)
{
    char folder[MAX_PATH];
    const int top = snprintf(folder, sizeof folder, "%s%s", root, mount);
    const int n = snprintf(folder, sizeof folder, "%s%s%s", root, mount, group);
    double least = 0;

    if (top < 0 || n < top || (size_t)n >= sizeof folder)
        return 0;
    for (size_t end = (size_t)n;;) {
        folder[end] = '\0';
        const double quota = folder_quota(folder, v2);

        if (quota > 0 && (least == 0 || quota < least))
            least = quota;
        if (end <= (size_t)top)
            return least;
        do {
            end--;
        } while (end > (size_t)top && folder[end] != '/');
    }
}

static bool has_word(const char *list, const char *word)
{
    const size_t n = strlen(word);

    for (const char *p = list; *p; p += *p == ',') {
        const size_t len = strcspn(p, ",");

        if (len == n && memcmp(p, word, n) == 0)
            return true;
        p += len;
    }
    return false;
}

/* One line of /proc/self/cgroup, cut into its fields. */
static double line_quota(const char *root, char *line)
{
    char mount[128], *controllers = strchr(line, ':'), *group;

    if (!controllers)
        return 0;
    *controllers++ = '\0';
    group = strchr(controllers, ':');
    if (!group)
        return 0;
    *group++ = '\0';
    if (strcmp(line, "0") == 0 && !*controllers) {
        const double quota = tree_quota(root, "/sys/fs/cgroup", group, true);

        return quota > 0 ? quota
                         : tree_quota(root, "/sys/fs/cgroup/unified", group, true);
    }
    if (!has_word(controllers, "cpu"))
        return 0;
    snprintf(mount, sizeof mount, "/sys/fs/cgroup/%.100s", controllers);
    const double quota = tree_quota(root, mount, group, false);

    return quota > 0 ? quota : tree_quota(root, "/sys/fs/cgroup/cpu", group, false);
}

static double find_quota(const char *root)
{
    char path[MAX_PATH], text[MAX_TEXT], *rest = NULL;
    double least = 0;

    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    if (!read_text(path, text, sizeof text))
        return 0;
    for (char *line = strtok_r(text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        const double quota = line_quota(root, line);

        if (quota > 0 && (least == 0 || quota < least))
            least = quota;
    }
    return least;
}

kao_cpus kao_cpus_find(const char *root)
{
    cpu_set_t set[MAX_CPUS / CPU_SETSIZE];
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    kao_cpus c = { .online = online < 1 ? 1 : (uint32_t)online,
                   .quota = find_quota(root) };

    c.allowed = c.online;
    if (sched_getaffinity(0, sizeof set, set) == 0 && CPU_COUNT_S(sizeof set, set) > 0)
        c.allowed = (uint32_t)CPU_COUNT_S(sizeof set, set);
    c.usable = c.allowed;
    if (c.quota > 0 && c.quota < c.usable) {
        const uint32_t whole = (uint32_t)c.quota; /* below usable */

        c.usable = whole + (c.quota > whole);
    }
    return c;
}
