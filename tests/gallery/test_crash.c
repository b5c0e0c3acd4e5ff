/* A program that is killed, or whose disk fails, at every step of every change: the gallery opens
 * again, is whole, and has every change that was acknowledged and at most the one after it.
 *
 * Each case is a child process that works through the same changes and tells each one that is
 * done through a pipe. KAO_KILLS=N: at least so many kills (by default 1,000; 200
 * where tests are short: each kill is a process). */
#include "support/unit.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gallery/shaky_vfs.h"
#include "kao/gallery.h"
#include "support/fixture.h"

enum { DIM = 4, STEPS = 9 };

/* People after each step of work(), by their names and samples. */
static const char *const states[STEPS + 1] = {
    "",
    "Ana 1;",
    "Ana 2;",
    "Ana 2;Ben 1;",
    "Ana 3;",
    "Ana 2;Ben 1;",
    "Ana 2;Bert 1;",
    "Ana 2;Bert 1;Cho 1;",
    "Ana 2;Bert 1;",
    "Ana 2;",
};

typedef struct place {
    fixture *f;
    char path[400];
} place;

static kao_status enrol(kao_gallery *g, int64_t *person, const char *name, float x,
                        kao_error *err)
{
    const float v[DIM] = { x, 1, 0, 0 }, *const vectors[] = { v };
    kao_new_sample s = { .size = sizeof s, .vectors = vectors, .quality = NAN };

    return kao_gallery_enrol(g, person, name, &s, 1, err);
}

static kao_status pin(fixture *f, kao_gallery *g)
{
    pb file = flat_model("?,1,2,2");
    kao_model *m = NULL;
    kao_embedder *e = NULL;
    size_t model = 0;
    kao_status st = kao_model_open_bytes(
        f->ctx, &m, file.p, file.n, "flat",
        "kind = embedder\ninput.color = grey\ninput.mean = 0\ninput.scale = 1\n"
        "input.size = 2\ntemplate = arcface-112\n",
        &f->err);

    if (!st)
        st = kao_embedder_create(m, &e, NULL, &f->err);
    if (!st)
        st = kao_gallery_pin(g, e, KAO_TTA_NONE, &model, &f->err);
    kao_embedder_destroy(e);
    kao_model_release(m);
    pb_free(&file);
    return st;
}

static kao_status step(kao_gallery *g, int i, kao_error *err)
{
    int64_t ana = 1, fresh = 0;

    switch (i) {
    case 0:
        return enrol(g, &fresh, "Ana", 0, err);
    case 1:
        return enrol(g, &ana, NULL, .5f, err);
    case 2:
        return enrol(g, &fresh, "Ben", 5, err);
    case 3:
        return kao_gallery_merge(g, 1, 2, err);
    case 4:
        return kao_gallery_undo(g, 0, NULL, err);
    case 5:
        return kao_gallery_rename(g, 2, "Bert", err);
    case 6:
        return enrol(g, &fresh, "Cho", -5, err);
    case 7:
        return kao_gallery_forget(g, 3, NULL, err);
    default:
        return kao_gallery_remove_person(g, 2, err);
    }
}

/* From a new file to its end; *done counts the changes that were acknowledged. */
static kao_status work(const place *p, int pipe_end, int *done)
{
    const kao_gallery_options o = { .create = 1 };
    kao_gallery *g = NULL;
    kao_status st = kao_gallery_open(p->f->ctx, &g, p->path, &o, &p->f->err);

    if (!st)
        st = pin(p->f, g);
    for (*done = 0; !st && *done < STEPS; ++*done) {
        st = step(g, *done, &p->f->err);
        if (st)
            break;
        if (pipe_end >= 0 && write(pipe_end, "x", 1) != 1)
            _exit(9);
    }
    kao_gallery_close(g);
    return st;
}

static void clear(const place *p)
{
    static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
    char name[420];

    for (size_t i = 0; i < COUNT(ends); i++) {
        snprintf(name, sizeof name, "%s%s", p->path, ends[i]);
        unlink(name);
    }
}

static int note(void *user, const kao_person *q)
{
    char *text = user;
    const size_t at = strlen(text);

    snprintf(text + at, 200 - at, "%s %u;", q->name ? q->name : "-", q->n_samples);
    return 0;
}

/* The file as the next program finds it. */
static void look(const place *p, int done, const char *how, long at)
{
    const kao_gallery_options o = { .create = 1 };
    kao_gallery *g = NULL;
    char text[200] = "";
    kao_match m[1] = { { .size = sizeof m[0] } };
    const float v[DIM] = { 0, 1, 0, 0 };
    size_t n = 0;

    if (kao_gallery_open(p->f->ctx, &g, p->path, &o, &p->f->err) ||
        kao_gallery_verify(g, &p->f->err) ||
        kao_gallery_people(g, NULL, note, text, &p->f->err))
        fail_msg("%s, call %ld: %s", how, at, p->f->err.msg);
    if (strcmp(text, states[done]) != 0 &&
        (done == STEPS || strcmp(text, states[done + 1]) != 0))
        fail_msg("%s, call %ld: \"%s\" after %d changes that were acknowledged", how,
                 at, text, done);
    /* and it goes on: the models, the search, a change */
    if (pin(p->f, g) || kao_gallery_search(g, 0, v, 1, m, &n, &p->f->err) ||
        kao_gallery_add_person(g, "Next", &m[0].person, &p->f->err))
        fail_msg("%s, call %ld: %s", how, at, p->f->err.msg);
    kao_gallery_close(g);
}

static long count_calls(const place *p)
{
    int done = 0;

    clear(p);
    shaky_arm(SHAKY_COUNT, -1);
    assert_int_equal(work(p, -1, &done), KAO_OK);
    assert_int_equal(done, STEPS);
    const long n = shaky_calls();

    look(p, done, "whole", n);
    assert_true(n > 50);
    return n;
}

static int killed_child(const place *p, shaky_how how, long at)
{
    int ends[2], status = 0, done = 0;
    char byte = 0;

    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        shaky_arm(how, at);
        work(p, ends[1], &done);
        _exit(0);
    }
    close(ends[1]);
    while (read(ends[0], &byte, 1) == 1)
        done++;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        fail_msg("call %ld: the child ended by itself (%d)", at, status);
    return done;
}

static void killed_at_every_step(void **state)
{
    static const struct {
        shaky_how how;
        const char *name;
    } hows[] = { { SHAKY_KILL, "killed before" },
                 { SHAKY_KILL_HALF, "killed within" },
                 { SHAKY_KILL_AFTER, "killed after" } };
    place p = { .f = *state };
    const char *asked = getenv("KAO_KILLS");
    const long wanted = asked ? atol(asked) : is_short() ? 200 : 1000;
    long kills = 0;

    snprintf(p.path, sizeof p.path, "%s/kill 顔.kao", p.f->dir);
    shaky_install();
    const long n = count_calls(&p);

    while (kills < wanted)
        for (size_t h = 0; h < COUNT(hows); h++)
            for (long at = 0; at < n; at++, kills++) {
                clear(&p);
                const int done = killed_child(&p, hows[h].how, at);

                shaky_arm(SHAKY_COUNT, -1);
                look(&p, done, hows[h].name, at);
            }
    print_message("%ld kills at %ld calls\n", kills, n);
}

static void disk_fails_at_every_step(void **state)
{
    static const struct {
        shaky_how how;
        const char *name;
    } hows[] = { { SHAKY_FAIL, "failed once" },
                 { SHAKY_FAIL_ON, "failed from there on" } };
    place p = { .f = *state };

    snprintf(p.path, sizeof p.path, "%s/fail 顔.kao", p.f->dir);
    shaky_install();
    const long n = count_calls(&p);

    for (size_t h = 0; h < COUNT(hows); h++)
        for (long at = 0; at < n; at++) {
            int done = 0;

            clear(&p);
            shaky_arm(hows[h].how, at);
            const kao_status st = work(&p, -1, &done);

            shaky_arm(SHAKY_COUNT, -1);
            if (st && (st != KAO_E_IO || !p.f->err.msg[0]))
                fail_msg("%s, call %ld: %d, %s", hows[h].name, at, (int)st,
                         p.f->err.msg);
            look(&p, done, hows[h].name, at);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_every_step),
        cmocka_unit_test(disk_fails_at_every_step),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
