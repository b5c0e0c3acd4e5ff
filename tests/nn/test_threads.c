/* Who runs a session changes no bit: any number of threads, a limit below the context's, the
 * caller's own threads, a forked child. */
#include "support/unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fixture.h"

enum { SIDE = 96, WIDE = 160, PIXELS = SIDE * WIDE, MAX_THREADS = 8 };

static float picture[3 * PIXELS];

static int paint(void **state)
{
    for (uint32_t i = 0; i < COUNT(picture); i++)
        picture[i] = 128 + 127 * noise(5, i);
    return fixture_setup(state);
}

typedef struct running { /* a context, a model and a session of it */
    kao_context *ctx;
    kao_network *m;
    kao_session *s;
} running;

static running open_file(const pb *file, const kao_context_options *o, uint32_t limit)
{
    const kao_session_options run = { .passes = KAO_PASS_ALL, .n_threads = limit };
    running r = { NULL, NULL, NULL };

    assert_int_equal(kao_context_create(&r.ctx, o, NULL), KAO_OK);
    assert_int_equal(
        kao_network_parse(r.ctx, &r.m, (kao_span){ file->p, file->n }, "built", NULL),
        KAO_OK);
    assert_int_equal(kao_session_create(&r.s, r.m, &run, NULL), KAO_OK);
    return r;
}

static void close_running(running *r)
{
    kao_session_destroy(r->s);
    kao_network_destroy(r->m);
    kao_context_destroy(r->ctx);
}

static kao_status run_picture(kao_session *s)
{
    const kao_tensor t = tensor_of("1,3,96,160", picture);
    const kao_status st = kao_session_bind(s, 0, &t, NULL);

    return st ? st : kao_session_run(s, NULL);
}

static bool same_outputs(const kao_session *a, const kao_session *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const kao_tensor *p = kao_session_output(a, i), *q = kao_session_output(b, i);

        if (!kao_tensor_same_dims(p, q) ||
            memcmp(p->data, q->data, 4 * (size_t)kao_tensor_count(p)) != 0)
            return false;
    }
    return true;
}

/* ---- the caller's own threads ---- */

typedef struct hook {
    unsigned calls;
    size_t most; /* pieces of a call */
} hook;

static void backwards(void *user, void (*piece)(void *arg, size_t i), void *arg,
                      size_t n)
{
    hook *h = user;

    h->calls++;
    h->most = n > h->most ? n : h->most;
    while (n-- > 0)
        piece(arg, n);
}

typedef struct one_piece {
    void (*piece)(void *arg, size_t i);
    void *arg;
    size_t i;
} one_piece;

static void *run_piece(void *arg)
{
    const one_piece *p = arg;

    p->piece(p->arg, p->i);
    return NULL;
}

static void in_threads(void *user, void (*piece)(void *arg, size_t i), void *arg,
                       size_t n)
{
    hook *h = user;
    pthread_t threads[MAX_THREADS];
    one_piece pieces[MAX_THREADS];

    h->calls++;
    h->most = n > h->most ? n : h->most;
    if (n > MAX_THREADS)
        abort();
    for (size_t i = 0; i < n; i++) {
        pieces[i] = (one_piece){ piece, arg, i };
        if (pthread_create(&threads[i], NULL, run_piece, &pieces[i]))
            abort();
    }
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
}

static void threads_change_nothing(void **state)
{
    static const struct {
        uint32_t n_threads, limit;
        kao_parallel_for *hook;
        size_t most; /* pieces that the hook may be given; 0: it is not called */
    } rows[] = {
        { 1, 0, NULL, 0 },      { 2, 0, NULL, 0 },       { 5, 0, NULL, 0 },
        { 5, 1, NULL, 0 },      { 5, 2, NULL, 0 },       { 2, 7, NULL, 0 },
        { 4, 0, backwards, 4 }, { 4, 3, backwards, 3 },  { 4, 1, backwards, 0 },
        { 1, 0, backwards, 0 }, { 3, 0, in_threads, 3 }, { 8, 2, in_threads, 2 },
    };
    running r[COUNT(rows)];
    pb files[2] = { tiny_detector(), mixed_graph() };

    (void)state;
    for (size_t k = 0; k < COUNT(files); k++) {
        for (size_t i = 0; i < COUNT(rows); i++) {
            hook h = { 0, 0 };
            const kao_context_options o = { .n_threads = rows[i].n_threads,
                                            .parallel_for = rows[i].hook,
                                            .parallel_user = &h };

            r[i] = open_file(&files[k], &o, rows[i].limit);
            assert_int_equal(kao_context_threads(r[i].ctx), rows[i].n_threads);
            assert_int_equal(run_picture(r[i].s), KAO_OK);
            assert_true(same_outputs(r[0].s, r[i].s, r[0].m->onnx.n_outputs));
            assert_in_range(h.most, rows[i].most ? 2 : 0, rows[i].most);
            assert_int_equal(h.calls > 0, rows[i].most > 0);
        }
        for (size_t i = 0; i < COUNT(rows); i++)
            close_running(&r[i]);
        pb_free(&files[k]);
    }
}

/* ---- forks ---- */

typedef struct busy {
    kao_session *s;
    atomic_bool stop;
    atomic_uint runs;
} busy;

static void *keep_running(void *arg)
{
    busy *b = arg;

    while (!atomic_load(&b->stop)) {
        if (run_picture(b->s))
            abort();
        atomic_fetch_add(&b->runs, 1);
    }
    return NULL;
}

/* In the child: the same bits from what it has inherited and from a session of its own, and
 * all of it can be destroyed. Gives the exit status. */
static int child(running *r, const kao_session *want, kao_session *others)
{
    const uint32_t n = r->m->onnx.n_outputs;
    kao_session *s = NULL;

    if (run_picture(r->s) || !same_outputs(want, r->s, n))
        return 1;
    if (kao_session_create(&s, r->m, NULL, NULL) || run_picture(s) ||
        !same_outputs(want, s, n))
        return 2;
    kao_session_destroy(s);
    kao_session_destroy(others);
    close_running(r);
    return 0;
}

/* While another thread runs a session of the same context. */
static void forked_children(void **state)
{
    const kao_context_options o = { .n_threads = 3 };
    pb file = mixed_graph();
    pthread_t thread;

    (void)state;
#if defined(__SANITIZE_THREAD__)
    skip(); /* it does not follow forks of processes with threads */
#endif
    running r = open_file(&file, &o, 0), first = open_file(&file, &o, 0);
    busy b = { .stop = false };

    assert_int_equal(kao_session_create(&b.s, r.m, NULL, NULL), KAO_OK);
    assert_int_equal(run_picture(first.s), KAO_OK);
    assert_int_equal(run_picture(r.s), KAO_OK);
    assert_int_equal(pthread_create(&thread, NULL, keep_running, &b), 0);
    for (int round = 0; round < 20; round++) {
        const unsigned before = atomic_load(&b.runs);
        int status = -1;

        while (atomic_load(&b.runs) == before) /* it is past planning */
            sched_yield();
        const pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
            _exit(child(&r, first.s, b.s));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    atomic_store(&b.stop, true);
    pthread_join(thread, NULL);
    kao_session_destroy(b.s);
    close_running(&r);
    close_running(&first);
    pb_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(forked_children),
    };

    return cmocka_run_group_tests(tests, paint, fixture_teardown);
}
