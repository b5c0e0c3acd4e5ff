/* The folder of certificates: made, kept, renewed when names or time demand it. What is in them is looked at by
 * OpenSSL in access_tls.py, not by the library that made them. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/certificate.h"

static char folder[] = "/tmp/kao tls 顔 XXXXXX", tls[64];
static const char *const files[] = { "ca.key", "ca.crt", "server.key", "server.crt" };
static kao_mem mem;
static const int64_t start = 1800000000, day = 86400;

static void path_of(const char *name, char to[128])
{
    snprintf(to, 128, "%s/%s", tls, name);
}

static void start_anew(void)
{
    char path[128];

    for (size_t i = 0; i < COUNT(files); i++) {
        path_of(files[i], path);
        unlink(path);
    }
    rmdir(tls);
}

static int setup(void **state)
{
    (void)state;
    kao_mem_init(&mem, NULL);
    if (!mkdtemp(folder))
        return 1;
    snprintf(tls, sizeof tls, "%s/a/tls", folder);
    return 0;
}

static int teardown(void **state)
{
    char above[64];

    (void)state;
    start_anew();
    snprintf(above, sizeof above, "%s/a", folder);
    rmdir(above);
    return rmdir(folder) || atomic_load(&mem.live);
}

typedef struct opened {
    bool new_ca, new_server;
} opened;

/* One start of a server: what of the folder is new with it. */
static opened open_at(int64_t now, const char *const *names)
{
    static char ca[1 << 16], server[1 << 16];
    kao_hosts hosts = { .n = 0 };
    kao_certificate c;
    kao_error err = { 0 };

    for (; *names; names++)
        assert_true(kao_hosts_add(&hosts, *names));
    if (kao_certificate_open(&c, &mem, tls, &hosts, now, &err))
        fail_msg("%s", err.msg);
    const opened o = { strcmp(ca, c.ca) != 0, strcmp(server, c.certificate) != 0 };

    assert_int_equal(o.new_ca, c.new_ca);
    assert_int_equal(strlen(c.fingerprint), 32 * 3 - 1);
    snprintf(ca, sizeof ca, "%s", c.ca);
    snprintf(server, sizeof server, "%s", c.certificate);
    kao_certificate_close(&c);
    return o;
}

static void renewal(void **state)
{
    static const char *const first[] = { "192.168.1.5", "localhost", NULL },
                             *const moved[] = { "10.7.7.7", "fd00::5", "box.local",
                                                NULL },
                             *const named[] = { "face.example", "10.7.7.7", NULL };
    static const unsigned modes[] = { 0600, 0644, 0600, 0644 };
    const mode_t mask = umask(022);
    char path[128];
    struct stat info;
    opened o;

    (void)state;
    start_anew();
    o = open_at(start, first);
    assert_true(o.new_ca && o.new_server);
    for (size_t i = 0; i < COUNT(files); i++) {
        path_of(files[i], path);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, modes[i]);
    }
    umask(mask);
    assert_int_equal(stat(tls, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    o = open_at(start + 300 * day, first);
    assert_false(o.new_ca || o.new_server);
    o = open_at(start + 300 * day, (const char *const[]){ "localhost", NULL });
    assert_false(o.new_ca || o.new_server); /* fewer names: it still is for them */
    /* another private address: another certificate by the CA that devices trust */
    o = open_at(start + 300 * day, moved);
    assert_true(!o.new_ca && o.new_server);
    /* 30 days before its end */
    o = open_at(start + 666 * day, moved);
    assert_false(o.new_ca || o.new_server);
    o = open_at(start + 668 * day, moved);
    assert_true(!o.new_ca && o.new_server);
    /* a public name, for which the CA may not speak */
    o = open_at(start + 668 * day, named);
    assert_true(o.new_ca && o.new_server);
    o = open_at(start + 668 * day, named);
    assert_false(o.new_ca || o.new_server);
    o = open_at(start + (668 + 3650 - 31) * day, named);
    assert_true(!o.new_ca && o.new_server);
    o = open_at(start + (668 + 3650 - 29) * day, named);
    assert_true(o.new_ca && o.new_server);
}

static void put(const char *name, const char *text)
{
    char path[128];

    path_of(name, path);
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void damaged(void **state)
{
    static const char *const names[] = { "localhost", NULL };
    kao_hosts hosts = { .n = 0 };
    kao_certificate c;
    kao_error err = { 0 };
    char path[128];

    (void)state;
    kao_hosts_add(&hosts, "localhost");
    for (size_t i = 0; i < COUNT(files); i++) {
        start_anew();
        open_at(start, names);
        put(files[i], "-----BEGIN nothing");
        assert_int_equal(kao_certificate_open(&c, &mem, tls, &hosts, start, &err),
                         KAO_E_FORMAT);
        assert_non_null(strstr(err.msg, files[i]));
        assert_null(c.key);
    }
    /* half of a pair is none */
    start_anew();
    open_at(start, names);
    path_of("server.key", path);
    unlink(path);
    const opened o = open_at(start, names);

    assert_true(!o.new_ca && o.new_server);
}

/* A key of before beside a certificate of now, as a fault between two writes leaves them. */
static void half_replaced(void **state)
{
    static const char *const names[] = { "localhost", NULL };
    static const char *const pairs[][2] = { { "ca.key", "ca.crt" },
                                            { "server.key", "server.crt" } };
    char path[128], old[4096];

    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        start_anew();
        open_at(start, names);
        path_of(pairs[i][0], path);
        FILE *f = fopen(path, "r");

        assert_non_null(f);
        old[fread(old, 1, sizeof old - 1, f)] = '\0';
        fclose(f);
        unlink(path);
        open_at(start, names);
        put(pairs[i][0], old);
        const opened o = open_at(start, names);

        assert_int_equal(o.new_ca, i == 0);
        assert_true(o.new_server);
        assert_false(open_at(start, names).new_server);
    }
}

/* Whatever fails, the next start finds a folder that it can use. */
static void faults(void **state)
{
    static const kao_fault kinds[] = { KAO_FAULT_ALLOC, KAO_FAULT_IO };
    kao_hosts hosts = { .n = 0 };
    kao_certificate c;
    kao_error err = { 0 };

    (void)state;
    kao_hosts_add(&hosts, "localhost");
    for (size_t f = 0; f < COUNT(kinds); f++) {
        bool fired = true;

        for (int i = 0; fired; i++) {
            start_anew();
            kao_fault_arm(&mem, kinds[f], i);
            const kao_status st =
                kao_certificate_open(&c, &mem, tls, &hosts, start, &err);

            fired = kao_fault_disarm(&mem, kinds[f]);
            assert_true(fired || st == KAO_OK);
            if (st)
                assert_null(c.key);
            kao_certificate_close(&c);
            assert_int_equal(atomic_load(&mem.live), 0);
            assert_int_equal(kao_certificate_open(&c, &mem, tls, &hosts, start, &err),
                             KAO_OK);
            kao_certificate_close(&c);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renewal),
        cmocka_unit_test(damaged),
        cmocka_unit_test(half_replaced),
        cmocka_unit_test(faults),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
