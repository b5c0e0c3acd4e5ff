/* Lists of an evaluation (pairs, groups, boxes, tracks): the first byte says which; what is read is
 * whole, what is not has a line, nothing is left over. */
#include <string.h>

#include "eval/boxes.h"
#include "eval/groups.h"
#include "eval/mot.h"
#include "eval/pairs.h"
#include "target.h"

static kao_status read_pairs(kao_mem *mem, kao_span text, kao_error *err)
{
    kao_pairs p;
    const kao_status st = kao_pairs_read(&p, mem, text, "list", err);

    for (size_t i = 0; !st && i < p.n; i++)
        FUZZ_CHECK(p.pairs[i].a < p.names.n && p.pairs[i].b < p.names.n &&
                   p.pairs[i].a != p.pairs[i].b);
    if (!st) {
        FUZZ_CHECK(p.n > 0);
        kao_pairs_free(&p);
    }
    return st;
}

static kao_status read_groups(kao_mem *mem, kao_span text, kao_error *err)
{
    kao_groups g;
    const kao_status st =
        kao_groups_read(&g, mem, text, "list", "2", KAO_GROUPS_MAX, err);

    for (size_t i = 0; !st && i < g.pictures.n; i++)
        FUZZ_CHECK(g.group[i] < g.groups.n && kao_name_at(&g.pictures, i)[0]);
    if (!st)
        kao_groups_free(&g);
    return st;
}

static kao_status read_boxes(kao_mem *mem, kao_span text, kao_error *err)
{
    kao_boxes b;
    const kao_status st = kao_boxes_read(&b, mem, text, "list", err);

    for (size_t i = 0; !st && i < b.pictures.n; i++)
        FUZZ_CHECK(b.first[i] <= b.first[i + 1] && b.first[i + 1] <= b.n);
    for (size_t i = 0; !st && i < b.n; i++)
        FUZZ_CHECK(b.boxes[i].box.width >= 0 && b.boxes[i].box.height >= 0);
    if (!st)
        kao_boxes_free(&b);
    return st;
}

static kao_status read_tracks(kao_mem *mem, kao_span text, bool truth, kao_error *err)
{
    kao_mot m;
    const kao_status st = kao_mot_read(&m, mem, text, "list", truth, err);

    for (size_t i = 0; !st && i < m.n; i++) {
        const kao_mot_box *b = &m.boxes[i], *next = b + 1;

        FUZZ_CHECK(b->frame >= 1 && b->frame <= m.last_frame && b->track < m.n_ids);
        FUZZ_CHECK(i + 1 == m.n || b->frame < next->frame ||
                   (b->frame == next->frame && b->track < next->track));
    }
    for (size_t i = 1; !st && i < m.n_ids; i++)
        FUZZ_CHECK(m.ids[i - 1] < m.ids[i]);
    if (!st)
        kao_mot_free(&m);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    kao_mem mem;
    kao_error err = { 0 };

    if (n == 0)
        return 0;
    const kao_span text = { data + 1, n - 1 };

    kao_mem_init(&mem, NULL);
    const kao_status st = data[0] >= 'm' ? read_tracks(&mem, text, data[0] == 'm', &err)
                          : data[0] % 3 == 0 ? read_pairs(&mem, text, &err)
                          : data[0] % 3 == 1 ? read_groups(&mem, text, &err)
                                             : read_boxes(&mem, text, &err);

    if (st)
        FUZZ_CHECK(err.code && err.msg[0] && !strchr(err.msg, '\n'));
    FUZZ_CHECK(atomic_load(&mem.live) == 0);
    return 0;
}
