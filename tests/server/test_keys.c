/* The list of access keys on the disk, sessions, and lock-outs by a clock of the test's. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/hosts.h"
#include "server/keys.h"
#include "server/lockout.h"
#include "server/rate.h"

static char folder[] = "/tmp/kao keys 顔 XXXXXX", path[64];
static kao_mem mem;

static int setup(void **state)
{
    (void)state;
    kao_mem_init(&mem, NULL);
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/g.kao.keys", folder);
    return 0;
}

static int teardown(void **state)
{
    char lock[80];

    (void)state;
    snprintf(lock, sizeof lock, "%s.lock", path);
    unlink(lock);
    unlink(path);
    return rmdir(folder) || atomic_load(&mem.live);
}

static void start_anew(void)
{
    unlink(path);
}

static size_t find_in_file(const char *what)
{
    static char text[1 << 16];
    FILE *f = fopen(path, "r");
    size_t n = 0;

    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    for (const char *p = strstr(text, what); p; p = strstr(p + 1, what))
        n++;
    return n;
}

static void made_and_found(void **state)
{
    char text[SECRET_TEXT], other[SECRET_TEXT], loud[SECRET_TEXT], bare[SECRET_TEXT];
    kao_key made, second;
    kao_keys k;
    kao_error err = { 0 };
    struct stat info;

    (void)state;
    start_anew();
    assert_int_equal(kao_keys_load(&k, &mem, path, &err), KAO_OK);
    assert_int_equal(k.n, 0);
    kao_keys_free(&k);
    assert_int_equal(kao_keys_add(&mem, path, "phone 顔", 1000, &made, text, &err),
                     KAO_OK);
    assert_int_equal(kao_keys_add(&mem, path, "door", 1001, &second, other, &err),
                     KAO_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_string_not_equal(text, other);
    assert_string_not_equal(text, made.id);
    assert_int_equal(find_in_file(text), 0);
    assert_int_equal(find_in_file(made.id), 1);

    assert_int_equal(kao_keys_load(&k, &mem, path, &err), KAO_OK);
    assert_int_equal(k.n, 2);
    assert_string_equal(kao_keys_find(&k, text)->name, "phone 顔");
    assert_string_equal(kao_keys_find(&k, other)->id, second.id);
    size_t n = 0;

    for (size_t i = 0; text[i]; i++) {
        loud[i] = (char)(text[i] >= 'a' && text[i] <= 'f' ? text[i] - 32 : text[i]);
        if (text[i] != '-')
            bare[n++] = text[i];
    }
    loud[SECRET_TEXT - 1] = bare[n] = '\0';
    assert_string_equal(kao_keys_find(&k, loud)->id, made.id);
    assert_string_equal(kao_keys_find(&k, bare)->id, made.id);
    /* each digit counts; an id is no key */
    for (size_t i = 0; text[i]; i++) {
        char wrong[SECRET_TEXT];

        memcpy(wrong, text, sizeof wrong);
        wrong[i] = text[i] == '-' ? 'x' : text[i] == '0' ? '1' : '0';
        assert_null(kao_keys_find(&k, wrong));
    }
    assert_null(kao_keys_find(&k, made.id));
    assert_null(kao_keys_find(&k, ""));
    assert_null(kao_keys_find(&k, "00000000-0000-0000-0000-000000000000"));
    text[SECRET_TEXT - 2] = '\0';
    assert_null(kao_keys_find(&k, text));
    kao_keys_free(&k);
}

static void names(void **state)
{
    static const char *const bad[] = {
        "",
        "a\nb",
        "a\"b",
        "\xff",
        "0123456789abcdef0123456789abcdef",
        "0123456789012345678901234567890123456789012345678901234567890123456789"
    };
    char text[SECRET_TEXT];
    kao_key made;
    kao_error err;

    (void)state;
    start_anew();
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(kao_keys_add(&mem, path, bad[i], 1, &made, text, &err),
                         KAO_E_ARG);
    assert_int_equal(kao_keys_add(&mem, path, "a", 1, &made, text, &err), KAO_OK);
    assert_int_equal(kao_keys_add(&mem, path, "a", 2, &made, text, &err),
                     KAO_E_CONFLICT);
    assert_int_equal(kao_keys_revoke(&mem, path, "b", 2, &err), KAO_E_NOT_FOUND);
    assert_int_equal(kao_keys_revoke(&mem, path, "a", 3, &err), KAO_OK);
    assert_int_equal(kao_keys_revoke(&mem, path, "a", 4, &err), KAO_E_NOT_FOUND);
    assert_int_equal(kao_keys_add(&mem, path, "a", 5, &made, text, &err), KAO_OK);
    assert_int_equal(kao_keys_revoke(&mem, path, made.id, 6, &err), KAO_OK);
}

static void sessions(void **state)
{
    char text[SECRET_TEXT], session[KEY_SESSION_BYTES], wrong[KEY_SESSION_BYTES];
    kao_key made, other;
    kao_keys k;
    kao_error err;

    (void)state;
    start_anew();
    assert_int_equal(kao_keys_add(&mem, path, "a", 1, &made, text, &err), KAO_OK);
    assert_int_equal(kao_keys_add(&mem, path, "b", 1, &other, text, &err), KAO_OK);
    assert_int_equal(kao_keys_load(&k, &mem, path, &err), KAO_OK);
    kao_keys_session(&k, &made, 5000, session);
    assert_string_equal(kao_keys_of_session(&k, session, 4999)->name, "a");
    assert_string_equal(kao_keys_of_session(&k, session, 5000)->name, "a");
    assert_null(kao_keys_of_session(&k, session, 5001));
    for (size_t i = 0; session[i]; i++) {
        memcpy(wrong, session, sizeof wrong);
        wrong[i] = session[i] == '7' ? '8' : '7';
        assert_null(kao_keys_of_session(&k, wrong, 1));
    }
    /* another key's id before the same end */
    memcpy(wrong, session, sizeof wrong);
    memcpy(wrong, other.id, SECRET_TEXT - 1);
    assert_null(kao_keys_of_session(&k, wrong, 1));
    assert_null(kao_keys_of_session(&k, "", 1));
    assert_null(kao_keys_of_session(&k, made.id, 1));
    kao_keys_free(&k);
    /* of the same file, after its key was revoked; of another file */
    assert_int_equal(kao_keys_revoke(&mem, path, "a", 2, &err), KAO_OK);
    assert_int_equal(kao_keys_load(&k, &mem, path, &err), KAO_OK);
    assert_null(kao_keys_find(&k, text) ? NULL : "b is good");
    assert_null(kao_keys_of_session(&k, session, 1));
    kao_keys_free(&k);
}

static void full(void **state)
{
    static kao_key all[KEYS_MOST];
    char name[16], text[SECRET_TEXT];
    kao_key made;
    kao_keys k = { .mem = &mem };
    kao_error err;

    (void)state;
    start_anew();
    for (int i = 0; i < KEYS_MOST; i++) {
        snprintf(name, sizeof name, "k%d", i);
        assert_int_equal(kao_keys_add(&mem, path, name, i, &all[i], text, &err),
                         KAO_OK);
    }
    assert_int_equal(kao_keys_add(&mem, path, "more", 1, &made, text, &err),
                     KAO_E_LIMIT);
    assert_int_equal(kao_keys_revoke(&mem, path, "k7", 9, &err), KAO_OK);
    assert_int_equal(kao_keys_revoke(&mem, path, "k3", 10, &err), KAO_OK);
    assert_int_equal(kao_keys_add(&mem, path, "more", 1, &made, text, &err), KAO_OK);
    assert_int_equal(kao_keys_load(&k, &mem, path, &err), KAO_OK);
    assert_int_equal(k.n, KEYS_MOST);
    assert_string_equal(k.list[3].name, "k3"); /* revoked later: still told */
    assert_string_equal(k.list[7].name, "k8");
    assert_string_equal(kao_keys_find(&k, text)->name, "more");
    kao_keys_free(&k);
}

static void damaged(void **state)
{
    static const char *const texts[] = {
        "",
        "x",
        "[]",
        "{\"format\":2,\"secret\":\"\",\"keys\":[]}",
        "{\"format\":1,\"secret\":\"00\",\"keys\":[]}",
        "{\"format\":1,\"secret\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\","
        "\"keys\":[{\"id\":\"x\",\"name\":\"a\"}]}",
    };
    char text[SECRET_TEXT];
    kao_key made;
    kao_keys k;
    kao_error err;

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        FILE *f = fopen(path, "w");

        assert_non_null(f);
        fputs(texts[i], f);
        fclose(f);
        assert_int_equal(kao_keys_load(&k, &mem, path, &err), KAO_E_FORMAT);
        assert_non_null(strstr(err.msg, path));
        assert_null(k.list);
        assert_int_equal(kao_keys_add(&mem, path, "a", 1, &made, text, &err),
                         KAO_E_FORMAT);
        assert_int_equal(find_in_file("\"name\""), i == 5 ? 1 : 0); /* as it was */
    }
}

/* Whatever fails, the list is the old one or the new one. */
static void faults(void **state)
{
    static const kao_fault kinds[] = { KAO_FAULT_ALLOC, KAO_FAULT_IO };
    char first[SECRET_TEXT], text[SECRET_TEXT];
    kao_key made;
    kao_keys k;
    kao_error err;

    (void)state;
    for (size_t f = 0; f < COUNT(kinds); f++) {
        bool fired = true;

        start_anew();
        assert_int_equal(kao_keys_add(&mem, path, "first", 1, &made, first, &err),
                         KAO_OK);
        for (int i = 0; fired; i++) {
            char name[16];

            snprintf(name, sizeof name, "k%d", i);
            kao_fault_arm(&mem, kinds[f], i);
            const kao_status st = kao_keys_add(&mem, path, name, 2, &made, text, &err);

            fired = kao_fault_disarm(&mem, kinds[f]);
            assert_true(fired || st == KAO_OK);
            assert_int_equal(atomic_load(&mem.live), 0);
            assert_int_equal(kao_keys_load(&k, &mem, path, &err), KAO_OK);
            assert_string_equal(kao_keys_find(&k, first)->name, "first");
            if (!st)
                assert_string_equal(kao_keys_find(&k, text)->name, name);
            kao_keys_free(&k);
        }
    }
}

static void lock_out(void **state)
{
    static kao_lockout l;
    uint64_t now = 1000000;

    (void)state;
    for (int i = 0; i < 9; i++)
        assert_int_equal(kao_lockout_failed(&l, "10.0.0.1", now++), 0);
    assert_int_equal(kao_lockout_left(&l, "10.0.0.1", now), 0);
    assert_int_equal(kao_lockout_failed(&l, "10.0.0.1", now), 60);
    assert_int_equal(kao_lockout_left(&l, "10.0.0.1", now), 60);
    assert_int_equal(kao_lockout_left(&l, "10.0.0.1", now + 59), 1);
    assert_int_equal(kao_lockout_left(&l, "10.0.0.1", now + 60), 0);
    assert_int_equal(kao_lockout_left(&l, "10.0.0.2", now), 0);
    now += 60;
    for (uint32_t wanted = 120; wanted <= 3840; wanted *= 2) { /* longer each time */
        for (int i = 0; i < 9; i++)
            assert_int_equal(kao_lockout_failed(&l, "10.0.0.1", now), 0);
        assert_int_equal(kao_lockout_failed(&l, "10.0.0.1", now), wanted);
        now += wanted < 900 ? wanted : 899;
    }
    for (int i = 0; i < 9; i++)
        kao_lockout_failed(&l, "10.0.0.1", now);
    assert_int_equal(kao_lockout_failed(&l, "10.0.0.1", now), 3840);
    now += 901; /* failures fade, the length stays; after a day that goes, too */
    for (int i = 0; i < 9; i++)
        kao_lockout_failed(&l, "10.0.0.1", now);
    now += 901;
    assert_int_equal(kao_lockout_failed(&l, "10.0.0.1", now), 0);
    now += 86401;
    for (int i = 0; i < 9; i++)
        kao_lockout_failed(&l, "10.0.0.1", now);
    assert_int_equal(kao_lockout_failed(&l, "10.0.0.1", now), 60);
}

static void lock_out_of_many(void **state)
{
    static kao_lockout l;
    char client[48];

    (void)state;
    /* one household has 2^64 addresses of IPv6 */
    for (int i = 0; i < 9; i++) {
        snprintf(client, sizeof client, "2001:db8:1:2::%x", i + 1);
        assert_int_equal(kao_lockout_failed(&l, client, 1000), 0);
    }
    assert_int_equal(kao_lockout_failed(&l, "2001:db8:1:2:3:4:5:6", 1000), 60);
    assert_int_equal(kao_lockout_left(&l, "2001:db8:1:2::77", 1001), 59);
    assert_int_equal(kao_lockout_left(&l, "2001:db8:1:3::1", 1001), 0);
    /* more clients than places: the last ones are known */
    for (int i = 0; i < 2000; i++) {
        snprintf(client, sizeof client, "10.1.%d.%d", i / 250, i % 250);
        assert_int_equal(kao_lockout_failed(&l, client, 2000 + (uint64_t)i), 0);
    }
    for (int i = 0; i < 8; i++)
        assert_int_equal(kao_lockout_failed(&l, client, 4000), 0);
    assert_int_equal(kao_lockout_failed(&l, client, 4000), 60);
}

static void hosts(void **state)
{
    static kao_hosts h;
    char many[32];

    (void)state;
    assert_true(kao_hosts_add(&h, "face.example"));
    assert_true(kao_hosts_add(&h, "FACE.example"));
    assert_int_equal(h.n, 1);
    assert_true(kao_hosts_add(&h, "2001:db8::1") && kao_hosts_add(&h, "10.0.0.1"));
    assert_false(kao_hosts_add(&h, "") || kao_hosts_add(&h, "a b") ||
                 kao_hosts_add(&h, "-a") || kao_hosts_add(&h, "a:80") ||
                 kao_hosts_add(&h, "http://a"));
    kao_hosts_of_machine(&h, "0.0.0.0");
    bool local = false, network = true;

    for (size_t i = 3; i < h.n; i++) {
        local |= strcmp(h.name[i], "localhost") == 0;
        network &= strcmp(h.name[i], "0.0.0.0") != 0;
    }
    assert_true(local && network);
    while (h.n < HOSTS_MOST) {
        snprintf(many, sizeof many, "m%zu", h.n);
        assert_true(kao_hosts_add(&h, many));
    }
    assert_false(kao_hosts_add(&h, "more"));
}

static void rate_limit(void **state)
{
    static kao_rate_limit r = { .rate = 2 }, none, slow = { .rate = .25 };
    const char *const a = "10.0.0.1", *const b = "10.0.0.2";
    char many[LOCKOUT_CLIENT];

    (void)state;
    for (int i = 0; i < 4; i++) /* twice the rate at once */
        assert_int_equal(kao_rate_take(&r, a, 100), 0);
    assert_int_equal(kao_rate_take(&r, a, 100), 1);
    assert_int_equal(kao_rate_take(&r, b, 100), 0); /* others are others */
    assert_int_equal(kao_rate_take(&r, a, 100.5), 0);
    assert_int_equal(kao_rate_take(&r, a, 100.5), 1);
    for (int i = 0; i < 4; i++) /* a long pause is not saved up */
        assert_int_equal(kao_rate_take(&r, a, 1e6), 0);
    assert_int_equal(kao_rate_take(&r, a, 1e6), 1);
    assert_int_equal(kao_rate_take(&slow, a, 0), 0);
    assert_int_equal(kao_rate_take(&slow, a, 0), 4);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(kao_rate_take(&none, a, 0), 0);
    /* one household's IPv6 */
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            kao_rate_take(&r, i % 2 ? "2001:db8:1:2::5" : "2001:db8:1:2::9", 1e6), 0);
    assert_int_equal(kao_rate_take(&r, "2001:db8:1:2::7", 1e6), 1);
    assert_int_equal(kao_rate_take(&r, "2001:db8:1:3::5", 1e6), 0);
    /* who was here longest ago goes, not who was here just now */
    for (int i = 0; i < RATE_PLACES - 1; i++) {
        snprintf(many, sizeof many, "10.1.%d.%d", i / 200, i % 200);
        assert_int_equal(kao_rate_take(&r, many, 1e6 + 1), 0);
    }
    assert_int_equal(kao_rate_take(&r, many, 1e6 + 1), 0);
    assert_int_equal(kao_rate_take(&r, many, 1e6 + 1), 0);
    assert_int_equal(kao_rate_take(&r, many, 1e6 + 1), 0);
    assert_int_equal(kao_rate_take(&r, many, 1e6 + 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_and_found),   cmocka_unit_test(names),
        cmocka_unit_test(sessions),         cmocka_unit_test(full),
        cmocka_unit_test(damaged),          cmocka_unit_test(faults),
        cmocka_unit_test(lock_out),         cmocka_unit_test(rate_limit),
        cmocka_unit_test(lock_out_of_many), cmocka_unit_test(hosts),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
