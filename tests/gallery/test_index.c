/* The index's file: made, kept in step by several handles and processes, thrown away when it is
 * damaged or of another history, never believed when the database says otherwise. Answers are
 * compared with those of comparing everything (people_made.h). */
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gallery/people_made.h"
#include "gallery/store_parts.h"

enum { DIM = 20, FROM = 8 };

static made begin(void **state, const char *name, size_t n_people)
{
    fixture *f = *state;

    f->ctx->index_from = FROM;
    made_seed(3);
    made m = made_gallery(f, name, DIM);

    made_people(&m, MADE_CLUSTERED, n_people);
    return m;
}

static void finish(made *m)
{
    assert_int_equal(kao_gallery_verify(m->g, &m->f->err), KAO_OK);
    kao_gallery_close(m->g);
    m->f->ctx->index_from = 0;
}

static void check(made *m, kao_gallery *g)
{
    float q[2 * DIM];

    made_vector(MADE_CLUSTERED, DIM, q);
    made_vector(MADE_RANDOM, DIM, q + DIM);
    made_check(m, g, q, 2, 6);
}

static bool in_file(const kao_gallery *g)
{
    return g->index.is_there[0] && g->index.stores[0].path != NULL;
}

static void reopen(made *m)
{
    kao_gallery_close(m->g);
    m->g = made_open(m, m->f->ctx, false);
}

/* ---- in step ---- */

static void the_file_comes_with_size(void **state)
{
    made m = begin(state, "size.kao", 2);
    struct stat info;

    check(&m, m.g);
    assert_int_equal(access(m.index, F_OK), -1);
    made_people(&m, MADE_CLUSTERED, 8);
    check(&m, m.g);
    assert_true(in_file(m.g));
    assert_int_equal(stat(m.index, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    const time_t made_at = info.st_mtime;
    const ino_t inode = info.st_ino;

    reopen(&m);
    check(&m, m.g);
    assert_int_equal(stat(m.index, &info), 0);
    assert_true(in_file(m.g) && info.st_ino == inode && info.st_mtime >= made_at);
    assert_int_equal(unlink(m.index), 0); /* it may be deleted */
    check(&m, m.g);
    reopen(&m);
    check(&m, m.g);
    assert_true(in_file(m.g) && access(m.index, F_OK) == 0);
    finish(&m);
}

static int note_one(void *user, const kao_sample *s)
{
    memcpy(user, s->id, sizeof s->id);
    return made_u32() % 2;
}

/* A person among those that have been; may be gone. */
static int64_t any_person(int64_t last)
{
    return made_u32() % (uint32_t)last + 1;
}

static void change_something(made *m, kao_gallery *g, int64_t *last)
{
    const int64_t a = any_person(*last), b = any_person(*last);
    char id[KAO_UUID_BYTES] = "";
    float v[DIM];
    int64_t to = 0;

    switch (made_u32() % 8) {
    case 0:
        kao_gallery_remove_person(g, a, NULL);
        break;
    case 1:
        kao_gallery_merge(g, a, b, NULL);
        break;
    case 2:
        kao_gallery_undo(g, 0, NULL, NULL);
        break;
    case 3:
        if (kao_gallery_samples(g, a, note_one, id, NULL) == KAO_OK && id[0])
            kao_gallery_remove_sample(g, id, NULL);
        break;
    case 4:
        if (kao_gallery_samples(g, a, note_one, id, NULL) == KAO_OK && id[0] &&
            kao_gallery_move_sample(g, id, &to, NULL) == KAO_OK)
            *last = to > *last ? to : *last;
        break;
    case 5:
        assert_true(kao_gallery_forget(g, a, NULL, &m->f->err) != KAO_E_IO);
        break;
    default:
        made_vector(MADE_CLUSTERED, DIM, v);
        *last = made_person(m, g, v, KAO_OK);
    }
}

/* Three handles, one of which only reads, and any order of changes and questions. */
static void handles_stay_in_step(void **state)
{
    made m = begin(state, "step.kao", 30);
    kao_gallery *g[3] = { m.g, made_open(&m, m.f->ctx, false),
                          made_open(&m, m.f->ctx, true) };
    int64_t last = 30;

    for (int i = 0; i < kept_times(600); i++) {
        change_something(&m, g[made_u32() % 2], &last);
        if (made_u32() % 4 == 0)
            check(&m, g[made_u32() % 3]);
        if (i % 100 == 99) {
            kao_gallery_close(g[1]);
            g[1] = made_open(&m, m.f->ctx, false);
            assert_int_equal(kao_gallery_verify(m.g, &m.f->err), KAO_OK);
            assert_true(access(m.index, F_OK) == 0); /* and it found no fault */
        }
    }
    for (int i = 0; i < 3; i++)
        check(&m, g[i]);
    assert_true(in_file(g[0]) && in_file(g[1]));
    kao_gallery_close(g[1]);
    kao_gallery_close(g[2]);
    finish(&m);
}

/* Rows that have ended are given up when they are most of them. */
static void worn_files_are_made_anew(void **state)
{
    if (kept_on_server()) /* the file is the same */
        skip();
    made m = begin(state, "worn.kao", 10);
    struct stat before, after;

    check(&m, m.g);
    assert_int_equal(stat(m.index, &before), 0);
    made_people(&m, MADE_RANDOM, 2600);
    check(&m, m.g);
    for (int64_t p = 11; p <= 2610; p++)
        assert_int_equal(kao_gallery_remove_person(m.g, p, &m.f->err), KAO_OK);
    check(&m, m.g);
    check(&m, m.g);
    assert_int_equal(stat(m.index, &after), 0);
    assert_true(after.st_ino != before.st_ino || after.st_size < 1 << 20);
    finish(&m);
}

/* ---- damage ---- */

static void flip(const char *path, long at)
{
    FILE *file = fopen(path, "r+b");
    int c;

    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    c = fgetc(file);
    assert_true(c != EOF && fseek(file, at, SEEK_SET) == 0);
    fputc(c ^ (1 << at % 8), file);
    assert_int_equal(fclose(file), 0);
}

static void damaged_heads_are_not_believed(void **state)
{
    if (kept_on_server()) /* the file is the same */
        skip();
    made m = begin(state, "head.kao", 12);

    check(&m, m.g);
    for (long at = 0; at < (long)sizeof(kao_store_head); at++) {
        kao_gallery_close(m.g);
        flip(m.index, at);
        m.g = made_open(&m, m.f->ctx, at % 5 == 0);
        check(&m, m.g);
        if (at % 5 == 0)
            reopen(&m);
        if (at % 7 == 0) { /* and goes on */
            made_people(&m, MADE_CLUSTERED, 1);
            check(&m, m.g);
        }
        assert_int_equal(kao_gallery_verify(m.g, &m.f->err), KAO_OK);
        check(&m, m.g);
    }
    /* while it is mapped */
    for (long at = 0; at < (long)sizeof(kao_store_head); at += 3) {
        flip(m.index, at);
        check(&m, m.g);
        made_people(&m, MADE_CLUSTERED, at % 30 == 0);
        check(&m, m.g);
    }
    finish(&m);
}

static void cut_files_are_not_believed(void **state)
{
    static const long cuts[] = { 0, 1, 100, 4096, 65535, 65536, 65537, 100000, -1 };
    made m = begin(state, "cut.kao", 12);
    struct stat info;

    check(&m, m.g);
    for (size_t i = 0; i < COUNT(cuts); i++) {
        kao_gallery_close(m.g);
        assert_int_equal(stat(m.index, &info), 0);
        assert_int_equal(
            truncate(m.index, cuts[i] < 0 ? info.st_size + cuts[i] : (off_t)cuts[i]),
            0);
        m.g = made_open(&m, m.f->ctx, false);
        check(&m, m.g);
        assert_true(in_file(m.g));
    }
    finish(&m);
}

/* Floats and numbers of a row are checked when they count; its bytes by verify. */
static void damaged_rows_are_found(void **state)
{
    made m = begin(state, "rows.kao", 40);

    check(&m, m.g);
    const kao_store *s = &m.g->index.stores[0];
    const uint8_t *from = s->chunks[0].bytes;
    const struct {
        const void *at;
        bool by_verify;
    } places[] = {
        { s->chunks[0].floats + 3 * DIM, false },
        { s->chunks[0].floats + 7 * DIM, false },
        { s->chunks[0].person + 5, false },
        { s->chunks[0].sample + 2, false },
        { s->chunks[0].check + 9, false },
        { s->chunks[0].bytes + 64, true },
        { s->chunks[0].scale + 3, true },
        { s->chunks[0].norm + 1, true },
        { s->chunks[0].residual + 4, true },
        { s->chunks[0].offset + 6, true },
        { s->chunks[0].died + 3, true },
    };
    long offsets[COUNT(places)];

    for (size_t i = 0; i < COUNT(places); i++)
        offsets[i] = 65536 + (long)((const uint8_t *)places[i].at - from);
    for (size_t i = 0; i < COUNT(places); i++) {
        float q[DIM];

        made_vector(MADE_CLUSTERED, DIM, q);
        flip(m.index, offsets[i]);
        if (places[i].by_verify)
            assert_int_equal(kao_gallery_verify(m.g, &m.f->err), KAO_OK);
        made_check(&m, m.g, q, 1, 100); /* all of them count */
        assert_true(in_file(m.g));
    }
    finish(&m);
}

static void copy_file(const char *from, const char *to)
{
    static uint8_t bytes[1 << 22];
    FILE *in = fopen(from, "rb"), *out = NULL;

    assert_non_null(in);
    const size_t n = fread(bytes, 1, sizeof bytes, in);

    assert_true(n < sizeof bytes);
    fclose(in);
    out = fopen(to, "wb");
    assert_true(out && fwrite(bytes, 1, n, out) == n && fclose(out) == 0);
}

/* A gallery that was put back from a copy goes another way from there, by as many changes; an
 * index that was put back is behind. */
static void other_histories_are_told_apart(void **state)
{
    if (kept_on_server())
        skip();
    made m = begin(state, "history.kao", 12);
    char copy[420], index_copy[440];

    snprintf(copy, sizeof copy, "%s.copy", m.path);
    snprintf(index_copy, sizeof index_copy, "%s.copy", m.index);
    check(&m, m.g);
    kao_gallery_close(m.g);
    copy_file(m.path, copy);
    copy_file(m.index, index_copy);
    m.g = made_open(&m, m.f->ctx, false);
    for (int64_t p = 1; p <= 3; p++)
        assert_int_equal(kao_gallery_remove_person(m.g, p, NULL), KAO_OK);
    check(&m, m.g);
    kao_gallery_close(m.g);
    copy_file(copy, m.path); /* the gallery alone */
    m.g = made_open(&m, m.f->ctx, false);
    check(&m, m.g);
    for (int64_t p = 7; p <= 9; p++)
        assert_int_equal(kao_gallery_remove_person(m.g, p, NULL), KAO_OK);
    kao_gallery_close(m.g);
    m.g = made_open(&m, m.f->ctx, false);
    check(&m, m.g);
    kao_gallery_close(m.g);
    copy_file(index_copy, m.index); /* the index alone */
    m.g = made_open(&m, m.f->ctx, false);
    check(&m, m.g);
    /* another way again, which the index has not seen, and further than it is */
    for (int64_t p = 4; p <= 6; p++)
        assert_int_equal(kao_gallery_remove_person(m.g, p, NULL), KAO_OK);
    check(&m, m.g);
    kao_gallery_close(m.g);
    copy_file(copy, m.path);
    m.g = made_open(&m, m.f->ctx, false);
    for (int i = 0; i < 8; i++) /* and two more */
        assert_int_equal(kao_gallery_remove_person(m.g, 12 - i, NULL), KAO_OK);
    check(&m, m.g);
    finish(&m);
}

/* What a machine that stopped may have left: a file of another start, not all on the disk. */
static void unsynced_files_are_made_anew(void **state)
{
    made m = begin(state, "boot.kao", 12);
    char boot[KAO_BOOT_BYTES];

    kao_shared_boot(boot);
    for (int synced = 0; synced < 2; synced++) {
        struct stat before, after;

        check(&m, m.g);
        kao_gallery_close(m.g);
        FILE *file = fopen(m.index, "r+b");
        static kao_store_head h;

        assert_true(file && fread(&h, sizeof h, 1, file) == 1);
        kao_store_state *s = &h.state[h.generation & 1];

        assert_int_equal(s->synced, 1); /* by closing it */
        assert_string_equal(s->boot, boot);
        s->boot[0] ^= 1;
        s->synced = (uint64_t)synced;
        s->check = 0;
        s->check = kao_store_hash(s, sizeof *s);
        assert_int_equal(fseek(file, 0, SEEK_SET), 0);
        assert_true(fwrite(&h, sizeof h, 1, file) == 1 && fclose(file) == 0);
        assert_int_equal(stat(m.index, &before), 0);
        m.g = made_open(&m, m.f->ctx, false);
        check(&m, m.g);
        assert_int_equal(stat(m.index, &after), 0);
        assert_int_equal(kao_store_erasures(&m.g->index.stores[0]), 2);
        kao_store_state now;

        assert_int_equal(kao_store_read(&m.g->index.stores[0], &now, NULL), KAO_OK);
        assert_true((now.generation == s->generation) == (synced == 1));
    }
    finish(&m);
}

/* ---- where no file can be ---- */

static void a_folder_in_its_place(void **state)
{
    made m = begin(state, "folder.kao", 12);

    assert_int_equal(mkdir(m.index, 0700), 0);
    check(&m, m.g);
    assert_false(in_file(m.g));
    made_people(&m, MADE_CLUSTERED, 3);
    check(&m, m.g);
    assert_int_equal(rmdir(m.index), 0);
    assert_int_equal(symlink(m.path, m.index), 0); /* nor is a link followed */
    reopen(&m);
    check(&m, m.g);
    assert_false(in_file(m.g));
    assert_int_equal(unlink(m.index), 0);
    finish(&m);
}

static void readers_write_nothing(void **state)
{
    if (kept_on_server())
        skip();
    made m = begin(state, "reader.kao", 12);
    kao_gallery *reader = made_open(&m, m.f->ctx, true);

    check(&m, reader);
    assert_int_equal(access(m.index, F_OK), -1);
    kao_gallery_close(reader);
    check(&m, m.g);
    reader = made_open(&m, m.f->ctx, true);
    check(&m, reader);
    assert_true(in_file(reader));
    made_people(&m, MADE_CLUSTERED, 3);
    check(&m, reader); /* it may not be brought in step */
    assert_false(in_file(reader));
    check(&m, m.g);
    kao_gallery_close(reader);
    finish(&m);
}

/* Somebody holds the lock and does not go on. */
static void a_lock_that_is_not_given(void **state)
{
    made m = begin(state, "lock.kao", 12);
    kao_shared f;

    check(&m, m.g);
    assert_int_equal(
        kao_shared_open(&f, &m.f->ctx->mem, m.index, KAO_SHARED_WRITE, NULL), KAO_OK);
    assert_true(kao_shared_lock(&f, 0));
    made_people(&m, MADE_CLUSTERED, 2);
    m.g->wait_ms = 20;
    check(&m, m.g);
    assert_false(in_file(m.g));
    kao_shared_close(&f);
    reopen(&m);
    check(&m, m.g);
    assert_true(in_file(m.g));
    finish(&m);
}

/* The longest wait that can be asked for is one, not none. */
static void the_longest_wait(void **state)
{
    if (kept_on_server())
        skip();
    made m = begin(state, "wait.kao", 1);
    const kao_gallery_options o = { .wait_ms = UINT32_MAX, .key = kept_key() };
    kao_gallery *g = NULL;
    int64_t ms = 0;

    assert_int_equal(kao_gallery_open(m.f->ctx, &g, m.path, &o, &m.f->err), KAO_OK);
    assert_int_equal(kao_db_number(g->db, &ms, NULL, "PRAGMA busy_timeout", ""),
                     KAO_OK);
    assert_int_equal(ms, INT32_MAX);
    kao_gallery_close(g);
    finish(&m);
}

/* Galleries that were made before changes had tokens. */
static void galleries_without_tokens(void **state)
{
    made m = begin(state, "tokens.kao", 12);

    check(&m, m.g);
    assert_int_equal(
        kao_db_script(m.g->db, "ALTER TABLE change DROP COLUMN token", NULL), KAO_OK);
    kao_gallery_close(m.g);
    kao_gallery *reader = made_open(&m, m.f->ctx, true);

    check(&m, reader);
    assert_false(in_file(reader));
    kao_gallery_close(reader);
    m.g = made_open(&m, m.f->ctx, false);
    check(&m, m.g);
    assert_false(in_file(m.g)); /* the newest change has none */
    made_people(&m, MADE_CLUSTERED, 1);
    check(&m, m.g);
    assert_true(in_file(m.g));
    finish(&m);
}

/* ---- writers that came to no end ---- */

typedef enum stop_at {
    AT_BEGIN,
    AT_ADD,
    AT_END_ROW,
    AT_ERASE,
    AT_ERASED,
    STOPS
} stop_at;

/* As if killed there: the lock goes, and nothing is published. */
static void stop_writer(kao_store *s, stop_at where)
{
    float v[DIM] = { 1 };
    const int64_t samples[] = { 1, 2 };

    assert_int_equal(kao_store_begin(s, 1000, NULL), KAO_OK);
    const int64_t later = s->next.seen + 1;

    if (where >= AT_ADD)
        assert_int_equal(kao_store_add(s, 1000, 1000, later, v, NULL), KAO_OK);
    if (where >= AT_END_ROW)
        kao_store_end_row(s, 0, later);
    if (where == AT_ERASE)
        kao_store_erasing(s, true);
    if (where == AT_ERASED) {
        assert_int_equal(kao_store_erase(s, samples, 2, later, NULL), KAO_OK);
        kao_store_erasing(s, true);
    }
    kao_store_end(s);
}

static void stopped_writers_leave_nothing(void **state)
{
    made m = begin(state, "stop.kao", 12);

    for (int where = 0; where < STOPS; where++)
        for (int own = 0; own < 2; own++) {
            kao_gallery *other = made_open(&m, m.f->ctx, false);

            check(&m, m.g);
            check(&m, other);
            if (where == AT_ERASED) /* only what was forgotten is erased */
                assert_int_equal(kao_gallery_forget(m.g, own ? 2 : 1, NULL, &m.f->err),
                                 KAO_OK);
            if (where < AT_ERASED)
                stop_writer(&other->index.stores[0], (stop_at)where);
            check(&m, own ? other : m.g);
            made_people(&m, MADE_CLUSTERED, 1);
            check(&m, own ? m.g : other);
            assert_int_equal(kao_gallery_verify(m.g, &m.f->err), KAO_OK);
            assert_true(in_file(m.g));
            kao_gallery_close(other);
        }
    finish(&m);
}

/* Forgotten in the database; the file's writer stops in the middle of erasing. */
static void forgetting_is_finished_by_the_next(void **state)
{
    made m = begin(state, "unfinished.kao", 12);
    kao_gallery *other = made_open(&m, m.f->ctx, false);

    check(&m, m.g);
    check(&m, other);
    stop_writer(&other->index.stores[0], AT_ERASED);
    /* samples 1 and 2 are whole in the database: what stands in the file is no answer */
    assert_int_equal(kao_gallery_verify(m.g, &m.f->err), KAO_OK);
    check(&m, m.g);
    assert_int_equal(kao_gallery_forget(m.g, 1, NULL, &m.f->err), KAO_OK);
    check(&m, other);
    kao_gallery_close(other);
    finish(&m);
}

/* ---- processes ---- */

enum { CHILDREN = 3, ENROLS = 60 };

/* Enrol, tell who, and ask all the time; the vectors are those of made_seed(seed). */
static void child_work(made *m, uint32_t seed, int out)
{
    kao_gallery *g = made_open(m, m->f->ctx, false);
    kao_match match[3] = { { .size = sizeof match[0] } };
    float v[DIM];
    size_t n = 0;

    made_seed(seed);
    for (int i = 0; i < ENROLS; i++) {
        made_vector(MADE_RANDOM, DIM, v);
        const int64_t person = made_person(m, g, v, KAO_OK);

        if (write(out, &person, sizeof person) != sizeof person ||
            kao_gallery_search(g, 0, v, 3, match, &n, &m->f->err) || n == 0 ||
            match[0].person != person)
            _exit(3);
        if (i % 10 == 7 &&
            kao_gallery_forget(g, person, NULL, &m->f->err) == KAO_E_NOT_FOUND)
            _exit(4);
    }
    kao_gallery_close(g);
    _exit(0);
}

static void processes_see_each_other(void **state)
{
    made m = begin(state, "processes.kao", 12);
    int ends[2], n_left = CHILDREN, n_told = 0;
    pid_t pids[CHILDREN];
    int64_t person = 0;

    check(&m, m.g);
    assert_int_equal(pipe(ends), 0);
    kao_gallery_close(m.g);
    for (uint32_t i = 0; i < CHILDREN; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            child_work(&m, 100 + i, ends[1]);
        assert_true(pids[i] > 0);
    }
    close(ends[1]);
    m.g = made_open(&m, m.f->ctx, false);
    while (read(ends[0], &person, sizeof person) == sizeof person) {
        kao_match match[3] = { { .size = sizeof match[0] } };
        float v[DIM];
        size_t n = 0;

        /* what was told is there, whatever the others do */
        made_vector(MADE_RANDOM, DIM, v);
        assert_int_equal(kao_gallery_search(m.g, 0, v, 3, match, &n, &m.f->err),
                         KAO_OK);
        assert_int_equal(n, 3);
        n_told++;
    }
    close(ends[0]);
    for (; n_left > 0; n_left--) {
        int status = 0;

        assert_int_equal(waitpid(pids[n_left - 1], &status, 0), pids[n_left - 1]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(n_told, CHILDREN * ENROLS);
    check(&m, m.g);
    assert_true(in_file(m.g));
    finish(&m);
}

/* Killed at any time, and again: what the next one answers is right. */
static void killed_processes(void **state)
{
    made m = begin(state, "killed.kao", 12);

    check(&m, m.g);
    for (int i = 0; i < kept_times(60); i++) {
        int ends[2], status = 0;
        const struct timespec pause = { 0, (long)(made_u32() % 25) * 1000000 };

        assert_int_equal(pipe(ends), 0);
        const pid_t child = fork();

        if (child == 0)
            child_work(&m, 1000 + (uint32_t)i, ends[1]);
        close(ends[1]);
        nanosleep(&pause, NULL);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        close(ends[0]);
        if (i % 2)
            reopen(&m);
        check(&m, m.g);
    }
    assert_true(in_file(m.g));
    finish(&m);
}

/* ---- faults ---- */

/* Whatever call of the system fails, answers are right; memory that runs out is told. */
static void what_fails_does_no_harm(void **state)
{
    if (kept_on_server()) /* the file is the same */
        skip();
    made m = begin(state, "faults.kao", 14);
    kao_mem *mem = &m.f->ctx->mem;

    check(&m, m.g);
    for (int kind = 0; kind < KAO_FAULT_COUNT; kind++)
        for (int what = 0; what < 4; what++) {
            bool done = false;

            for (long long n = 0; !done; n++) {
                kao_match match[2] = { { .size = sizeof match[0] } };
                float v[DIM];
                size_t found = 0;

                made_vector(MADE_CLUSTERED, DIM, v);
                reopen(&m);
                if (what != 0)
                    check(&m, m.g);
                if (what == 1)
                    made_people(&m, MADE_CLUSTERED, 1);
                if (what == 2)
                    flip(m.index, 40);
                if (what == 3)
                    assert_int_equal(unlink(m.index), 0);
                if (what > 1)
                    reopen(&m);
                kao_fault_arm(mem, (kao_fault)kind, n);
                const kao_status st =
                    kao_gallery_search(m.g, 0, v, 2, match, &found, &m.f->err);

                done = !kao_fault_disarm(mem, (kao_fault)kind);
                if (st && (done || kind != KAO_FAULT_ALLOC || st != KAO_E_NOMEM))
                    fail_msg("%d, %d, call %lld: %d, %s", kind, what, n, (int)st,
                             m.f->err.msg);
                check(&m, m.g);
            }
        }
    finish(&m);
}

/* ---- forgetting ---- */

static bool file_has(const char *path, const void *what, size_t n)
{
    static uint8_t bytes[1 << 22];
    FILE *file = fopen(path, "rb");
    bool hit = false;

    assert_non_null(file);
    const size_t got = fread(bytes, 1, sizeof bytes, file);

    assert_true(got < sizeof bytes);
    fclose(file);
    for (size_t i = 0; i + n <= got && !hit; i++)
        hit = memcmp(bytes + i, what, n) == 0;
    return hit;
}

static void forgetting_reaches_the_file(void **state)
{
    for (int how = 0; how < 4; how++) {
        char name[32];

        snprintf(name, sizeof name, "forget%d.kao", how);
        made m = begin(state, name, 12);
        kao_receipt r = { .size = sizeof r };
        struct stat gallery, index;
        float v[DIM];
        uint8_t bytes[64];
        kao_quantised t;

        made_vector(MADE_RANDOM, DIM, v);
        assert_true(kao_quantise_row(v, DIM, bytes, &t));
        const int64_t person = made_person(&m, m.g, v, KAO_OK);

        check(&m, m.g);
        if (how == 1) /* the row has ended */
            assert_int_equal(kao_gallery_remove_person(m.g, person, NULL), KAO_OK);
        if (how == 2) /* and stands there twice */
            assert_int_equal(kao_gallery_merge(m.g, 1, person, NULL), KAO_OK);
        check(&m, m.g);
        assert_true(file_has(m.index, v, sizeof v) && file_has(m.index, bytes, DIM));
        if (how == 3) /* by one that has not asked yet */
            reopen(&m);
        assert_int_equal(kao_gallery_forget(m.g, how == 2 ? 1 : person, &r, &m.f->err),
                         KAO_OK);
        assert_false(file_has(m.index, v, sizeof v) || file_has(m.index, v, 32) ||
                     file_has(m.index, bytes, 16));
        assert_int_equal(r.n_traces, 0);
        gallery.st_size = 0; /* a server's cannot be looked through */
        assert_true((kept_on_server() || stat(m.path, &gallery) == 0) &&
                    stat(m.index, &index) == 0 &&
                    r.n_bytes_searched >= (uint64_t)(gallery.st_size + index.st_size));
        check(&m, m.g);
        finish(&m);
    }
}

/* A copy that forgetting does not reach is told. */
static void traces_in_the_file_are_told(void **state)
{
    made m = begin(state, "trace.kao", 12);
    kao_receipt r = { .size = sizeof r };
    char extra[420];
    float v[DIM];
    uint8_t bytes[64];
    kao_quantised t;

    made_vector(MADE_RANDOM, DIM, v);
    assert_true(kao_quantise_row(v, DIM, bytes, &t));
    const int64_t person = made_person(&m, m.g, v, KAO_OK);

    check(&m, m.g);
    snprintf(extra, sizeof extra, "%s-index5", kao_db_file(m.g->db)); /* of no model */
    FILE *file = fopen(extra, "wb");

    assert_true(file && fwrite(bytes, 1, DIM, file) == DIM && fclose(file) == 0);
    assert_int_equal(kao_gallery_forget(m.g, person, &r, &m.f->err), KAO_E_IO);
    assert_int_equal(r.n_traces, 1);
    assert_int_equal(unlink(extra), 0);
    finish(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_comes_with_size),
        cmocka_unit_test(handles_stay_in_step),
        cmocka_unit_test(worn_files_are_made_anew),
        cmocka_unit_test(damaged_heads_are_not_believed),
        cmocka_unit_test(cut_files_are_not_believed),
        cmocka_unit_test(damaged_rows_are_found),
        cmocka_unit_test(other_histories_are_told_apart),
        cmocka_unit_test(unsynced_files_are_made_anew),
        cmocka_unit_test(a_folder_in_its_place),
        cmocka_unit_test(readers_write_nothing),
        cmocka_unit_test(a_lock_that_is_not_given),
        cmocka_unit_test(the_longest_wait),
        cmocka_unit_test(galleries_without_tokens),
        cmocka_unit_test(stopped_writers_leave_nothing),
        cmocka_unit_test(forgetting_is_finished_by_the_next),
        cmocka_unit_test(processes_see_each_other),
        cmocka_unit_test(killed_processes),
        cmocka_unit_test(what_fails_does_no_harm),
        cmocka_unit_test(forgetting_reaches_the_file),
        cmocka_unit_test(traces_in_the_file_are_told),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
