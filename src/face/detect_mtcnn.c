/* MTCNN: a cascade of three networks (Zhang et al., arXiv:1604.02878), each a file of its own.
 *
 *   P  the picture at sizes .709 apart: is there a face in each 12 x 12 cell, 2 pixels apart?
 *   R  what P says, cut out at 24 x 24: is it one, and where exactly?
 *   O  what R says, at 48 x 48: the same once more, and five points
 *
 * All take [N,W,H,3]: columns before rows. Answers are four offsets in parts of the box and a
 * share for "face"; after each stage boxes are moved by the offsets and, but for the last, made
 * square. The card of each file names the two others ("members"), which lie beside it.
 *
 * Boxes are in pixels of the base: the picture at 1280 pixels at most, turned. */
#include <string.h>

#include "face/detector_family.h"
#include "face/model.h"

enum { STAGES = 3, CELL = 12, APART = 2, BATCH = 16, CANDIDATES = 2000, COARSE = 320 };
enum { P, R, O };

static const uint32_t side_of[STAGES] = { CELL, 24, 48 };
static const float least_face = 20,
                   shrink = 0.709f; /* base pixels; from size to size */
static const float least_score[STAGES] = { 0.6f, 0.7f, 0 }; /* of O: the caller's */
static const float most_score = 1.001f; /* sums may be rounded up; more is a logit */
static const float far_out = 1e6f;      /* base pixels */
static const float same_size = 0.5f, same_stage = 0.7f; /* overlaps that suppress */

typedef struct stage {
    kao_model *model;
    kao_session
        *session; /* the first one opened is the detector's own: not closed here */
    kao_heads heads;
    uint32_t batch; /* pictures that it looks at at once */
} stage;

struct kao_cascade {
    stage stages[STAGES];
    kao_image room; /* a cut, with what is outside the picture as black */
};

/* ---- running a stage ---- */

static kao_session *session_of(const kao_detector *d, int i)
{
    const stage *s = &d->cascade->stages[i];

    return s->session ? s->session : d->session;
}

/* Bind n pictures in d->input to stage i. */
static kao_status bind(kao_detector *d, int i, uint32_t n, uint32_t width,
                       uint32_t height, kao_error *err)
{
    const kao_tensor t = kao_detector_input(d, n, width, height);

    return kao_session_bind(session_of(d, i), 0, &t, err);
}

/* The shapes of what stage i gives for n pictures: n times cells rows. */
static kao_status check_outputs(const kao_detector *d, int i, uint32_t n,
                                int64_t *cells, kao_error *err)
{
    const stage *s = &d->cascade->stages[i];
    const kao_level *l = &s->heads.level[0];
    const kao_session *session = session_of(d, i);
    const kao_tensor *score = kao_session_output(session, l->score),
                     *box = kao_session_output(session, l->box),
                     *points = i == O ? kao_session_output(session, l->points) : NULL;
    const int64_t rows = kao_tensor_count(score) / 2;

    if (score->dtype != KAO_F32 || box->dtype != KAO_F32 ||
        (points && points->dtype != KAO_F32) || score->dims[0] != n ||
        !kao_is_rows(score, rows, 2) || !kao_is_rows(box, rows, 4) ||
        (points && !kao_is_rows(points, rows, 10)) || (i != P && rows != n) ||
        (i == P && (score->rank != 4 || box->rank != 4)))
        return kao_fail(err, KAO_E_FORMAT, "%s: outputs have another shape",
                        s->model->net->name);
    *cells = i == P ? score->dims[2] : 1; /* of a column */
    return KAO_OK;
}

/* Run stage i on n pictures in d->input. */
static kao_status run(kao_detector *d, int i, uint32_t n, uint32_t width,
                      uint32_t height, int64_t *cells, kao_error *err)
{
    kao_status st = bind(d, i, n, width, height, err);

    if (!st)
        st = kao_session_run(session_of(d, i), err);
    return st ? st : check_outputs(d, i, n, cells, err);
}

/* ---- opening ---- */

static bool find_output(const kao_network *net, int32_t rank, int64_t width,
                        uint32_t *number)
{
    for (uint32_t i = 0; i < net->onnx.n_outputs; i++)
        if (net->onnx.outputs[i].rank == rank &&
            net->onnx.outputs[i].dims[rank - 1] == width) {
            *number = i;
            return true;
        }
    return false;
}

/* Any of the three; heads->form is which. */
bool kao_mtcnn_recognise(const kao_network *net, kao_heads *heads)
{
    const kao_onnx_input *in = net->onnx.inputs;

    if (net->onnx.n_inputs != 1 || in->rank != 4 || in->dims[3] != 3 ||
        in->dims[1] != in->dims[2])
        return false;
    *heads = (kao_heads){ .n_levels = 1 };
    for (heads->form = P; heads->form < STAGES; heads->form++)
        if (in->dims[1] == (heads->form == P ? -1 : (int64_t)side_of[heads->form]))
            break;
    const int32_t rank = heads->form == P ? 4 : 2;

    return heads->form < STAGES && net->onnx.n_outputs == (heads->form == O ? 3 : 2) &&
           find_output(net, rank, 4, &heads->level[0].box) &&
           find_output(net, rank, 2, &heads->level[0].score) &&
           (heads->form != O || find_output(net, rank, 10, &heads->level[0].points));
}

static kao_status add_stage(kao_detector *d, kao_model *model, kao_session *session,
                            const kao_heads *heads, kao_error *err)
{
    stage *s = &d->cascade->stages[heads->form];

    if (s->model)
        return kao_fail(err, KAO_E_FORMAT, "%s: %s is the same stage of the cascade",
                        model->net->name, s->model->net->name);
    *s = (stage){ .model = model, .session = session, .heads = *heads, .batch = 1 };
    return KAO_OK;
}

/* name: in the folder of the detector's file. */
static kao_status open_member(kao_detector *d, const char *name, size_t n,
                              const kao_session_options *run, kao_error *err)
{
    const char *own = d->model->net->name, *slash = strrchr(own, '/');
    const size_t folder = slash ? (size_t)(slash - own) + 1 : 0;
    char path[4096];
    kao_model *model = NULL;
    kao_session *session = NULL;
    kao_heads heads;

    if (memchr(name, '/', n) || folder + n >= sizeof path)
        return kao_fail(err, KAO_E_FORMAT,
                        "%s: card: members = %.60s: names of files in its folder", own,
                        name);
    memcpy(path, own, folder);
    memcpy(path + folder, name, n);
    path[folder + n] = '\0';
    kao_status st = kao_model_open(d->ctx, &model, path, err);

    if (!st && !kao_mtcnn_recognise(model->net, &heads))
        st = kao_fail(err, KAO_E_UNSUPPORTED, "%s: no network of an mtcnn cascade",
                      path);
    if (!st)
        st = kao_session_create(&session, model->net, run, err);
    if (!st)
        st = add_stage(d, model, session, &heads, err);
    if (st) {
        kao_session_destroy(session);
        kao_model_release(model);
    }
    return st;
}

/* Whether stage i, which is not P, takes n pictures. */
static kao_status try_batch(kao_detector *d, int i, uint32_t n, kao_error *err)
{
    int64_t one = 0;
    kao_status st = bind(d, i, n, side_of[i], side_of[i], err);

    if (!st)
        st = kao_session_prepare(session_of(d, i), err);
    return st ? st : check_outputs(d, i, n, &one, err);
}

/* A file may take one picture at once, and may not say so. */
static kao_status find_batch(kao_detector *d, int i, kao_error *err)
{
    const size_t floats = (size_t)BATCH * side_of[i] * side_of[i] * 3;
    stage *s = &d->cascade->stages[i];
    const int64_t stated = s->model->net->onnx.inputs[0].dims[0];

    if (stated > 1)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: its input is not one picture of 3 channels",
                        s->model->net->name);
    if (i == P)
        return KAO_OK;
    kao_status st = kao_detector_room(d, floats, err);

    if (st)
        return st;
    memset(d->input, 0, floats * sizeof *d->input);
    if (stated != 1) {
        st = try_batch(d, i, BATCH, NULL);
        if (st == KAO_E_NOMEM)
            return kao_fail(err, st, "%s: out of memory", s->model->net->name);
        s->batch = st ? 1 : BATCH;
    }
    return s->batch == 1 ? try_batch(d, i, 1, err) : KAO_OK;
}

kao_status kao_mtcnn_open(kao_detector *d, const kao_session_options *run,
                          kao_error *err)
{
    const char *name = d->model->net->name,
               *members = kao_card_get(d->model->card, "members");
    const uint32_t room = 4 * side_of[O];

    if (!members)
        return kao_fail(
            err, KAO_E_UNKNOWN_MODEL,
            "%s: one of a cascade's three files; its card lacks: members (the "
            "names of the two others, in its folder)",
            name);
    d->cascade = kao_calloc(&d->ctx->mem, 1, sizeof *d->cascade);
    if (!d->cascade)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    kao_status st = kao_image_alloc(&d->ctx->mem, room, room, &d->cascade->room, err);

    if (!st)
        st = add_stage(d, kao_model_retain(d->model), NULL, &d->heads, err);
    for (const char *p = members; !st && *(p += strspn(p, " ,"));) {
        const size_t n = strcspn(p, " ,");

        st = open_member(d, p, n, run, err);
        p += n;
    }
    for (int i = 0; !st && i < STAGES; i++)
        if (!d->cascade->stages[i].model)
            st = kao_fail(err, KAO_E_FORMAT,
                          "%s: card: members = %.60s: the cascade lacks its %s stage",
                          name, members,
                          i == P   ? "first"
                          : i == R ? "second"
                                   : "third");
    for (int i = 0; !st && i < STAGES; i++)
        st = find_batch(d, i, err);
    return st;
}

void kao_mtcnn_close(kao_detector *d)
{
    for (int i = 0; i < STAGES; i++) {
        kao_session_destroy(d->cascade->stages[i].session);
        kao_model_release(d->cascade->stages[i].model);
    }
    kao_image_drop(&d->ctx->mem, &d->cascade->room);
    kao_free(&d->ctx->mem, d->cascade);
    d->cascade = NULL;
}

/* ---- what a stage says ---- */

/* The box as it was, its offsets and, of the last stage, its points. */
static kao_face candidate(const kao_face *f, float score, const float *offsets,
                          const float *points)
{
    kao_face c = {
        .x = f->x, .y = f->y, .width = f->width, .height = f->height, .score = score
    };

    if (!points) { /* the places of two points keep the offsets until the box is moved */
        c.points[0] = (kao_point){ offsets[0], offsets[1] };
        c.points[1] = (kao_point){ offsets[2], offsets[3] };
        return c;
    }
    c.n_points = KAO_FACE_POINTS;
    for (int k = 0; k < KAO_FACE_POINTS; k++)
        c.points[k] = (kao_point){ f->x + points[k] * f->width,
                                   f->y + points[KAO_FACE_POINTS + k] * f->height };
    c.x += offsets[0] * f->width;
    c.y += offsets[1] * f->height;
    c.width += (offsets[2] - offsets[0]) * f->width;
    c.height += (offsets[3] - offsets[1]) * f->height;
    return c;
}

/* Drop what overlaps, move the rest by its offsets and make it square. What a network moves far
 * out of any picture is dropped too. */
static void settle(kao_face_list *l)
{
    size_t kept = 0;

    kao_face_list_nms(l, same_stage, false);
    for (size_t i = 0; i < l->n; i++) {
        kao_face *f = &l->faces[i];
        const float w = f->width, h = f->height;
        const float width = w + (f->points[1].x - f->points[0].x) * w,
                    height = h + (f->points[1].y - f->points[0].y) * h;
        const float side = fmaxf(width, height);

        f->x += f->points[0].x * w + (width - side) / 2;
        f->y += f->points[0].y * h + (height - side) / 2;
        f->width = f->height = side;
        if (fabsf(f->x) < far_out && fabsf(f->y) < far_out && side >= 1 &&
            side < far_out)
            l->faces[kept++] = *f;
    }
    l->n = kept;
}

/* ---- the first stage ---- */

typedef struct base {
    uint32_t width, height; /* as the picture lies */
    uint32_t turned_width, turned_height, turned;
} base;

static kao_status look_at_size(kao_detector *d, const kao_hunt *h, const base *b,
                               float scale, kao_error *err)
{
    const uint32_t w = (uint32_t)ceilf((float)b->width * scale),
                   v = (uint32_t)ceilf((float)b->height * scale);
    const bool swap = b->turned % 180 != 0;
    const kao_canvas on = { .width = swap ? v : w, .height = swap ? w : v };
    const kao_level *l = &d->cascade->stages[P].heads.level[0];
    kao_view level;
    int64_t rows = 0;
    kao_status st = kao_pyramid_level(h->pyramid, w, v, &level, err);

    if (!st)
        st = kao_detector_room(d, (size_t)w * v * 3, err);
    if (st)
        return st;
    kao_view_to_canvas(&level, b->turned, &d->form, &on, d->input);
    st = run(d, P, 1, on.width, on.height, &rows, err);
    if (st)
        return st;
    const kao_tensor *scores = kao_session_output(session_of(d, P), l->score);
    const float *score = scores->data,
                *box = kao_session_output(session_of(d, P), l->box)->data;
    const float sx = (float)b->turned_width / (float)on.width,
                sy = (float)b->turned_height / (float)on.height;

    kao_face_list_clear(&d->pass);
    for (int64_t i = 0; i < scores->dims[1] * rows; i++) {
        const kao_face at = { .x = (float)(i / rows * APART) * sx,
                              .y = (float)(i % rows * APART) * sy,
                              .width = CELL * sx,
                              .height = CELL * sy };

        if (!(score[2 * i + 1] >= least_score[P]))
            continue;
        const kao_face f = candidate(&at, score[2 * i + 1], box + 4 * i, NULL);

        kao_face_list_add(&d->pass, &f);
    }
    kao_face_list_nms(&d->pass, same_size, false);
    for (size_t i = 0; i < d->pass.n; i++)
        kao_face_list_add(&d->found, &d->pass.faces[i]);
    return d->pass.failed || d->found.failed
               ? kao_fail(err, KAO_E_NOMEM, "detector: out of memory")
               : KAO_OK;
}

/* ---- the second and third ---- */

/* The square of f, of the turned base, as the picture lies. */
static void lay_square(const base *b, const kao_face *f, float *x, float *y)
{
    const float w = (float)b->width, h = (float)b->height;

    switch (b->turned) {
    case 90:
        *x = f->y;
        *y = h - f->x - f->width;
        break;
    case 180:
        *x = w - f->x - f->width;
        *y = h - f->y - f->width;
        break;
    case 270:
        *x = w - f->y - f->width;
        *y = f->x;
        break;
    default:
        *x = f->x;
        *y = f->y;
        break;
    }
}

/* side x side pixels of the level from (x, y) on, in the cascade's room; black outside. */
static kao_view take_square(const kao_view *level, int64_t x, int64_t y, int64_t side,
                            const kao_image *room)
{
    kao_view v = kao_image_view(room);

    v.width = v.height = (uint32_t)side;
    for (int64_t r = 0; r < side; r++) {
        uint8_t *to = room->rgb + (size_t)r * room->row_bytes;
        const int64_t from = x < 0 ? 0 : x,
                      end = x + side < level->width ? x + side : level->width;

        memset(to, 0, (size_t)side * KAO_RGB);
        if (y + r >= 0 && y + r < level->height && from < end)
            memcpy(to + (from - x) * KAO_RGB,
                   kao_view_rgb(level, (uint32_t)from, (uint32_t)(y + r)),
                   (size_t)(end - from) * KAO_RGB);
    }
    return v;
}

/* The square of f at size x size pixels into the network's input, turned. Taken from the picture
 * halved until the square is less than four times as large. */
static kao_status cut(kao_detector *d, const kao_hunt *h, const base *b,
                      const kao_face *f, uint32_t size, float *out, kao_error *err)
{
    uint8_t pixels[48 * 48 * KAO_RGB];
    const kao_image small = { .rgb = pixels,
                              .width = size,
                              .height = size,
                              .row_bytes = (size_t)size * KAO_RGB };
    const kao_canvas on = { .width = size, .height = size };
    uint32_t w = b->width, v = b->height;
    float x = 0, y = 0, side = f->width;
    kao_view level;

    lay_square(b, f, &x, &y);
    while (side * (float)w / (float)b->width >= (float)(4 * size - 1) && w > 1 &&
           v > 1) {
        w = (w + 1) / 2;
        v = (v + 1) / 2;
    }
    kao_status st = kao_pyramid_level(h->pyramid, w, v, &level, err);

    if (st)
        return st;
    const float k = (float)w / (float)b->width;
    const float most = (float)d->cascade->room.width;

    side = fminf(fmaxf(roundf(side * k), 1), most);
    const kao_view square =
        take_square(&level, (int64_t)roundf(x * k), (int64_t)roundf(y * k),
                    (int64_t)side, &d->cascade->room);

    st = kao_resize(&d->ctx->mem, NULL, &square, &small, err);
    if (st)
        return st;
    const kao_view picture = kao_image_view(&small);

    kao_view_to_canvas(&picture, b->turned, &d->form, &on, out);
    return KAO_OK;
}

/* d->found through stage i: those that pass stay, moved to the front. */
static kao_status refine(kao_detector *d, const kao_hunt *h, const base *b, int i,
                         float min_score, kao_error *err)
{
    const uint32_t size = side_of[i];
    const size_t floats = (size_t)size * size * 3;
    const kao_level *l = &d->cascade->stages[i].heads.level[0];
    const uint32_t batch = d->cascade->stages[i].batch;
    kao_status st = kao_detector_room(d, batch * floats, err);
    size_t kept = 0;
    int64_t one = 0;

    for (size_t at = 0; !st && at < d->found.n; at += batch) {
        const size_t left = d->found.n - at, n = left < batch ? left : batch;

        /* one plan for all: a last batch that is not full is filled up with nothing */
        memset(d->input, 0, batch * floats * sizeof *d->input);
        for (size_t k = 0; !st && k < n; k++)
            st =
                cut(d, h, b, &d->found.faces[at + k], size, d->input + k * floats, err);
        if (!st)
            st = run(d, i, batch, size, size, &one, err);
        for (size_t k = 0; !st && k < n; k++) {
            const float *s = kao_session_output(session_of(d, i), l->score)->data,
                        *box = kao_session_output(session_of(d, i), l->box)->data,
                        *points =
                            i == O
                                ? kao_session_output(session_of(d, i), l->points)->data
                                : NULL;

            if (!(s[2 * k + 1] >= min_score))
                continue;
            if (s[2 * k + 1] > most_score)
                st = kao_fail(err, KAO_E_FORMAT, "%s: a score is %g: wanted 0 to 1",
                              d->cascade->stages[i].model->net->name,
                              (double)s[2 * k + 1]);
            d->found.faces[kept++] =
                candidate(&d->found.faces[at + k], fminf(s[2 * k + 1], 1), box + 4 * k,
                          points ? points + 10 * k : NULL);
        }
    }
    d->found.n = kept;
    return st;
}

/* ---- all ---- */

static base base_of(const kao_detector *d, const kao_hunt *h)
{
    const uint32_t most = d->family->passes.main;
    uint32_t width = 0, height = 0;
    base b = { .turned = h->turned };

    kao_pyramid_size(h->pyramid, &width, &height);
    const uint32_t side = width > height ? width : height;
    const kao_place place =
        kao_letterbox_place(width, height, side < most ? side : most,
                            side < most ? side : most, KAO_LETTERBOX_TOP_LEFT);

    b.width = place.width;
    b.height = place.height;
    b.turned_width = h->turned % 180 ? b.height : b.width;
    b.turned_height = h->turned % 180 ? b.width : b.height;
    return b;
}

/* From the base into the picture. */
static void map_back(kao_detector *d, const kao_hunt *h, const base *b)
{
    const kao_place place = { .width = b->turned_width, .height = b->turned_height };
    uint32_t width = 0, height = 0;
    size_t kept = 0;

    kao_pyramid_size(h->pyramid, &width, &height);
    for (size_t i = 0; i < d->found.n; i++) {
        kao_face f = d->found.faces[i];

        if (kao_face_from_canvas(&f, &place, b->turned, (float)width, (float)height))
            d->found.faces[kept++] = f;
    }
    d->found.n = kept;
    kao_face_list_nms(&d->found, d->nms, true);
}

/* Whether the first stage looks at this size: at all, but where a turn is only looked at; then
 * at small ones, and at those where the face that is asked about fills a cell. */
static bool is_looked_at(const base *b, const kao_hunt *h, float scale)
{
    const float longer = (float)(b->width > b->height ? b->width : b->height);

    if (!h->main_at_most || longer * scale <= COARSE)
        return true;
    if (!h->near)
        return false;
    uint32_t width = 0, height = 0;

    kao_pyramid_size(h->pyramid, &width, &height);
    const float size =
        fmaxf(h->near->width, h->near->height) * scale * (float)b->width / (float)width;

    return size > CELL * shrink && size < CELL / shrink;
}

kao_status kao_mtcnn_find(kao_detector *d, const kao_hunt *h, kao_error *err)
{
    const base b = base_of(d, h);
    const float shorter = (float)(b.width < b.height ? b.width : b.height);
    kao_status st = KAO_OK;

    kao_face_list_clear(&d->found);
    for (float scale = CELL / least_face; !st && shorter * scale >= CELL;
         scale *= shrink)
        if (is_looked_at(&b, h, scale))
            st = look_at_size(d, h, &b, scale, err);
    settle(&d->found);
    if (d->found.n > CANDIDATES)
        d->found.n = CANDIDATES;
    if (!st)
        st = refine(d, h, &b, R, least_score[R], err);
    settle(&d->found);
    if (!st)
        st = refine(d, h, &b, O, h->min_score, err);
    if (!st)
        map_back(d, h, &b);
    return st;
}
