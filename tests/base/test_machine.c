/* What the machine has: CPUs and their share, levels of kernels, SHA-256 by instructions. */
#define _GNU_SOURCE /* sched_setaffinity */

#include "support/unit.h"

#include <sched.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cpu.h"
#include "base/cpus.h"
#include "base/half.h"
#include "base/hash.h"
#include "base/mem.h"
#include "kao/context.h"
#include "kernels/kernels.h"
#include <sodium.h>

/* ---- CPUs ---- */

/* Write text to root/path, making the folders; text NULL: remove it. */
static void put(const char *root, const char *path, const char *text)
{
    char full[512];
    const int n = snprintf(full, sizeof full, "%s/%s", root, path);

    assert_in_range(n, 1, sizeof full - 1);
    if (!text) {
        remove(full);
        return;
    }
    for (char *p = full + strlen(root) + 1; *p; p++)
        if (*p == '/') {
            *p = '\0';
            mkdir(full, 0700);
            *p = '/';
        }
    FILE *f = fopen(full, "w");

    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

typedef struct group_file {
    const char *path, *text;
} group_file;

static void quotas(void **state)
{
#define V2      "sys/fs/cgroup/"
#define CPUACCT "sys/fs/cgroup/cpu,cpuacct/"
    static const struct {
        const char *what, *cgroup; /* /proc/self/cgroup */
        group_file files[4];
        double quota;
    } rows[] = {
        { "no files", NULL, { { NULL, NULL } }, 0 },
        { "v2, none", "0::/a/b\n", { { V2 "a/b/cpu.max", "max 100000\n" } }, 0 },
        { "v2", "0::/a/b\n", { { V2 "a/b/cpu.max", "50000 100000\n" } }, 0.5 },
        { "v2, other period", "0::/a\n", { { V2 "a/cpu.max", "30000 20000\n" } }, 1.5 },
        { "v2, the parent grants less",
          "0::/a/b\n",
          { { V2 "a/b/cpu.max", "400000 100000\n" },
            { V2 "a/cpu.max", "150000 100000\n" } },
          1.5 },
        { "v2, the parent grants more",
          "0::/a/b\n",
          { { V2 "a/b/cpu.max", "50000 100000\n" },
            { V2 "a/cpu.max", "150000 100000\n" } },
          0.5 },
        { "v2, no file between",
          "0::/a/b/c\n",
          { { V2 "a/cpu.max", "200000 100000\n" } },
          2 },
        { "v2, a container", "0::/\n", { { V2 "cpu.max", "250000 100000\n" } }, 2.5 },
        { "v2, the host's path", /* which names nothing here */
          "0::/docker/f00\n",
          { { V2 "cpu.max", "250000 100000\n" } },
          2.5 },
        { "v2, unreadable", "0::/a\n", { { V2 "a/cpu.max", "many\n" } }, 0 },
        { "v2, no period", "0::/a\n", { { V2 "a/cpu.max", "100000\n" } }, 0 },
        { "v2, not a group above",
          "0::/ab\n",
          { { V2 "a/cpu.max", "100000 100000\n" } },
          0 },
        { "v1, none",
          "4:cpu,cpuacct:/x\n",
          { { CPUACCT "x/cpu.cfs_quota_us", "-1\n" },
            { CPUACCT "x/cpu.cfs_period_us", "100000\n" } },
          0 },
        { "v1",
          "12:memory:/y\n4:cpu,cpuacct:/x\n0::/\n",
          { { CPUACCT "x/cpu.cfs_quota_us", "320000\n" },
            { CPUACCT "x/cpu.cfs_period_us", "100000\n" } },
          3.2 },
        { "v1, the parent",
          "4:cpu,cpuacct:/x/y\n",
          { { CPUACCT "cpu.cfs_quota_us", "100000\n" },
            { CPUACCT "cpu.cfs_period_us", "100000\n" },
            { CPUACCT "x/y/cpu.cfs_quota_us", "-1\n" },
            { CPUACCT "x/y/cpu.cfs_period_us", "100000\n" } },
          1 },
        { "v1, mounted as cpu",
          "4:cpu,cpuacct:/x\n",
          { { V2 "cpu/x/cpu.cfs_quota_us", "70000\n" },
            { V2 "cpu/x/cpu.cfs_period_us", "100000\n" } },
          0.7 },
        { "v1, cpuset alone",
          "4:cpuset:/x\n",
          { { V2 "cpuset/x/cpu.cfs_quota_us", "70000\n" },
            { V2 "cpuset/x/cpu.cfs_period_us", "100000\n" } },
          0 },
        { "not lines of it", "0\n4:cpu\n\n:::\n", { { NULL, NULL } }, 0 },
    };
    char root[] = "/tmp/kao_cpus_XXXXXX";
    const uint32_t allowed = kao_cpus_find("").allowed;

    (void)state;
    assert_non_null(mkdtemp(root));
    for (size_t r = 0; r < COUNT(rows); r++) {
        put(root, "proc/self/cgroup", rows[r].cgroup);
        for (size_t i = 0; i < COUNT(rows[r].files) && rows[r].files[i].path; i++)
            put(root, rows[r].files[i].path, rows[r].files[i].text);
        const kao_cpus c = kao_cpus_find(root);
        const uint32_t whole =
            (uint32_t)rows[r].quota + (rows[r].quota > (uint32_t)rows[r].quota);

        if (c.quota < rows[r].quota - 1e-9 || c.quota > rows[r].quota + 1e-9)
            fail_msg("%s: quota %f, wanted %f", rows[r].what, c.quota, rows[r].quota);
        assert_int_equal(c.allowed, allowed);
        assert_int_equal(c.usable, whole && whole < allowed ? whole : allowed);
        for (size_t i = 0; i < COUNT(rows[r].files) && rows[r].files[i].path; i++)
            put(root, rows[r].files[i].path, NULL);
    }
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", root);
    assert_int_equal(system(command), 0);
#undef V2
#undef CPUACCT
}

/* A process that may use one CPU starts no threads. */
static void affinity(void **state)
{
    cpu_set_t before, one;
    kao_context *ctx = NULL;
    size_t cpu = 0;

    (void)state;
    if (sched_getaffinity(0, sizeof before, &before))
        skip(); /* more CPUs than a cpu_set_t holds */
    while (!CPU_ISSET(cpu, &before))
        cpu++;
    assert_int_equal(kao_cpus_find("").allowed, CPU_COUNT(&before));
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    const kao_cpus c = kao_cpus_find("");
    const kao_status st = kao_context_create(&ctx, NULL, NULL);

    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_int_equal(c.allowed, 1);
    assert_int_equal(c.usable, 1);
    assert_true(c.online >= 1);
    assert_int_equal(st, KAO_OK);
    assert_int_equal(kao_context_threads(ctx), 1);
    kao_context_destroy(ctx);
    const kao_context_options two = { .n_threads = 2 }; /* what is asked for stays */

    assert_int_equal(kao_context_create(&ctx, &two, NULL), KAO_OK);
    assert_int_equal(kao_context_threads(ctx), 2);
    kao_context_destroy(ctx);
}

/* ---- levels of kernels ---- */

/* Every level's name gives its bits of what is there, if all that it needs is there; its
 * table is filled; names, choices and error line hold all of them. */
static void levels(void **state)
{
    static const char *const unknown[] = { "AVX2", "", "sse", "Native", "ref " };
    const uint32_t here = kao_cpu_detect();
    char choices[128] = "", names[128], short_names[6];
    size_t n = 0;

    (void)state;
    for (const kao_cpu_level *l; (l = kao_cpu_level_at(n)); n++) {
        const size_t used = strlen(choices);
        uint32_t mask = 0;

        snprintf(choices + used, sizeof choices - used, "%s|", l->name);
        for (uint32_t have = 0; have < 32; have++) { /* any mix of the bits there are */
            const bool enough = (have & l->needs) == l->needs;

            assert_int_equal(kao_cpu_mask(l->name, have, &mask), enough);
            if (enough)
                assert_int_equal(mask, have & (l->needs | l->uses));
        }
        assert_string_equal(kao_cpu_name(l->needs), l->name);
        assert_string_equal(kao_cpu_name(l->needs | l->uses), l->name);
        if ((here & l->needs) == l->needs) {
            kao_kernels k;

            kao_kernels_init(&k, l->needs);
            assert_int_equal(k.cpu, l->needs);
            assert_non_null(k.gemm.slot[0].run);
        }
    }
    strcat(choices, "native");
    assert_string_equal(choices, KAO_CPU_CHOICES);
    for (size_t i = 0; i < COUNT(unknown); i++) {
        uint32_t mask = 0;

        assert_false(kao_cpu_mask(unknown[i], UINT32_MAX, &mask));
    }
    uint32_t mask = 0;

    assert_true(kao_cpu_mask(NULL, here, &mask) && mask == here);
    assert_true(kao_cpu_mask("native", 5, &mask) && mask == 5);
    assert_string_equal(kao_cpu_names(0, names, sizeof names), "ref");
    assert_string_equal(kao_cpu_names(UINT32_MAX, short_names, 4), "ref");
#if defined(__x86_64__)
    assert_string_equal(kao_cpu_names(KAO_CPU_AVX2, names, sizeof names), "ref, avx2");
    assert_string_equal(kao_cpu_names(UINT32_MAX, names, sizeof names),
                        "ref, avx2, avx512");
    assert_string_equal(kao_cpu_name(KAO_CPU_AVX512), "ref"); /* it needs AVX2 too */
#elif defined(__aarch64__)
    assert_string_equal(kao_cpu_names(UINT32_MAX, names, sizeof names), "ref, neon");
    assert_true(here & KAO_CPU_NEON);
#endif
    assert_true(!(here & KAO_CPU_AVX512) || (here & KAO_CPU_AVX2));
    assert_true(!(here & (KAO_CPU_VNNI | KAO_CPU_BF16)) || (here & KAO_CPU_AVX512));
}

/* ---- SHA-256, in C and by what the machine has ---- */

static void check_hash(const uint8_t *bytes, size_t n, const char *want)
{
    const uint32_t cpus[] = { 0, kao_cpu_detect() };
    char text[KAO_SHA256_TEXT];

    for (size_t i = 0; i < COUNT(cpus); i++) {
        kao_sha256_on(cpus[i], (kao_span){ bytes, n }, text);
        assert_string_equal(text, want);
    }
    kao_sha256((kao_span){ bytes, n }, text);
    assert_string_equal(text, want);
}

static void hash_vectors(void **state) /* FIPS 180-4 and its examples */
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
        { "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklm"
          "nopq"
          "klmnopqrlmnopqrsmnopqrstnopqrstu",
          "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
    };
    static uint8_t many[1000000];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_hash((const uint8_t *)rows[i].text, strlen(rows[i].text), rows[i].want);
    check_hash(NULL, 0, rows[0].want);
    memset(many, 'a', sizeof many);
    check_hash(many, sizeof many,
               "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Every length up to three blocks and some longer ones, at every alignment of a word. */
static void hash_lengths(void **state)
{
    static uint8_t bytes[70000];
    uint32_t x = 1;

    (void)state;

    for (size_t i = 0; i < sizeof bytes; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(x >> 24);
    }
    for (size_t i = 0; i < 600; i++) {
        const size_t n = i < 200 ? i : (x = x * 1664525 + 1013904223) % 65536;
        const uint8_t *at = bytes + i % 5;
        unsigned char digest[crypto_hash_sha256_BYTES];
        char want[KAO_SHA256_TEXT];

        crypto_hash_sha256(digest, at, n);
        sodium_bin2hex(want, sizeof want, digest, sizeof digest);
        check_hash(at, n, want);
    }
}

/* ---- halves ---- */

/* IEEE 754, 3.4: the value of finite bits below the sign. */
static double value_of(uint32_t bits)
{
    const int e = (int)(bits >> 10), m = (int)(bits & 1023);

    return e ? ldexp(1024 + m, e - 25) : ldexp(m, -24);
}

static void halves(void **state)
{
    enum { INFINITE = 0x7c00 };

    (void)state;
    for (uint32_t h = 0; h < INFINITE; h++) {
        const double v = value_of(h), next = value_of(h + 1), middle = (v + next) / 2;
        const uint32_t even = h % 2 ? h + 1 : h;

        for (uint32_t sign = 0; sign < 2; sign++) {
            const float by = sign ? -1 : 1;
            const uint32_t s = sign << 15;

            assert_true((double)kao_half_to_float((uint16_t)(s | h)) == (double)by * v);
            assert_int_equal(kao_float_to_half(by * (float)v), s | h);
            assert_int_equal(kao_float_to_half(by * (float)middle), s | even);
            assert_int_equal(kao_float_to_half(by * nextafterf((float)middle, 0)),
                             s | h);
            assert_int_equal(kao_float_to_half(by * nextafterf((float)middle, 1e6f)),
                             s | (h + 1));
        }
    }
    assert_true(kao_half_to_float(INFINITE) == INFINITY);
    assert_true(kao_half_to_float(0x8000 | INFINITE) == -INFINITY);
    assert_true(isnan(kao_half_to_float(INFINITE + 1)));
    assert_true(signbit(kao_half_to_float(0x8000)));
    assert_int_equal(kao_float_to_half(3e38f), INFINITE);
    assert_int_equal(kao_float_to_half(-INFINITY), 0x8000 | INFINITE);
    assert_int_equal(kao_float_to_half(1e-45f), 0);
    assert_int_equal(kao_float_to_half(NAN) & INFINITE, INFINITE);
    assert_true(isnan(kao_half_to_float(kao_float_to_half(NAN))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotas),       cmocka_unit_test(affinity),
        cmocka_unit_test(levels),       cmocka_unit_test(hash_vectors),
        cmocka_unit_test(hash_lengths), cmocka_unit_test(halves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
