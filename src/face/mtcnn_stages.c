/* MTCNN's networks: opening and running. */
#include "face/mtcnn_stages.h"

#include <string.h>

#include "face/model.h"

enum { BATCH = 16 };

const uint32_t kao_mtcnn_side[KAO_MTCNN_STAGES] = { 12, 24, 48 };

/* ---- running a stage ---- */

kao_session *kao_mtcnn_session(const kao_detector *d, int i)
{
    const kao_mtcnn_stage *s = &d->cascade->stages[i];

    return s->session ? s->session : d->session;
}

/* Bind n pictures in d->input to stage i. */
static kao_status bind(kao_detector *d, int i, uint32_t n, uint32_t width,
                       uint32_t height, kao_error *err)
{
    const kao_tensor t = kao_detector_input(d, n, width, height);

    return kao_session_bind(kao_mtcnn_session(d, i), 0, &t, err);
}

/* The shapes of what stage i gives for n pictures: n times cells rows. */
static kao_status check_outputs(const kao_detector *d, int i, uint32_t n,
                                int64_t *cells, kao_error *err)
{
    const kao_mtcnn_stage *s = &d->cascade->stages[i];
    const kao_level *l = &s->heads.level[0];
    const kao_session *session = kao_mtcnn_session(d, i);
    const kao_tensor *score = kao_session_output(session, l->score),
                     *box = kao_session_output(session, l->box),
                     *points = i == KAO_MTCNN_O ? kao_session_output(session, l->points)
                                                : NULL;
    const int64_t rows = kao_tensor_count(score) / 2;

    if (score->dtype != KAO_F32 || box->dtype != KAO_F32 ||
        (points && points->dtype != KAO_F32) || score->dims[0] != n ||
        !kao_is_rows(score, rows, 2) || !kao_is_rows(box, rows, 4) ||
        (points && !kao_is_rows(points, rows, 10)) || (i != KAO_MTCNN_P && rows != n) ||
        (i == KAO_MTCNN_P && (score->rank != 4 || box->rank != 4)))
        return kao_fail(err, KAO_E_FORMAT, "%s: outputs have another shape",
                        s->model->net->name);
    *cells = i == KAO_MTCNN_P ? score->dims[2] : 1; /* of a column */
    return KAO_OK;
}

kao_status kao_mtcnn_run(kao_detector *d, int i, uint32_t n, uint32_t width,
                         uint32_t height, int64_t *cells, kao_error *err)
{
    kao_status st = bind(d, i, n, width, height, err);

    if (!st)
        st = kao_session_run(kao_mtcnn_session(d, i), err);
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
    for (heads->form = KAO_MTCNN_P; heads->form < KAO_MTCNN_STAGES; heads->form++)
        if (in->dims[1] ==
            (heads->form == KAO_MTCNN_P ? -1 : (int64_t)kao_mtcnn_side[heads->form]))
            break;
    const int32_t rank = heads->form == KAO_MTCNN_P ? 4 : 2;

    return heads->form < KAO_MTCNN_STAGES &&
           net->onnx.n_outputs == (heads->form == KAO_MTCNN_O ? 3 : 2) &&
           find_output(net, rank, 4, &heads->level[0].box) &&
           find_output(net, rank, 2, &heads->level[0].score) &&
           (heads->form != KAO_MTCNN_O ||
            find_output(net, rank, 10, &heads->level[0].points));
}

static kao_status add_stage(kao_detector *d, kao_model *model, kao_session *session,
                            const kao_heads *heads, kao_error *err)
{
    kao_mtcnn_stage *s = &d->cascade->stages[heads->form];

    if (s->model)
        return kao_fail(err, KAO_E_FORMAT, "%s: %s is the same stage of the cascade",
                        model->net->name, s->model->net->name);
    *s = (kao_mtcnn_stage){
        .model = model, .session = session, .heads = *heads, .batch = 1
    };
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

/* Whether stage i, which is not KAO_MTCNN_P, takes n pictures. */
static kao_status try_batch(kao_detector *d, int i, uint32_t n, kao_error *err)
{
    int64_t one = 0;
    kao_status st = bind(d, i, n, kao_mtcnn_side[i], kao_mtcnn_side[i], err);

    if (!st)
        st = kao_session_prepare(kao_mtcnn_session(d, i), err);
    return st ? st : check_outputs(d, i, n, &one, err);
}

/* A file may take one picture at once, and may not say so. */
static kao_status find_batch(kao_detector *d, int i, kao_error *err)
{
    const size_t floats = (size_t)BATCH * kao_mtcnn_side[i] * kao_mtcnn_side[i] * 3;
    kao_mtcnn_stage *s = &d->cascade->stages[i];
    const int64_t stated = s->model->net->onnx.inputs[0].dims[0];

    if (stated > 1)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: its input is not one picture of 3 channels",
                        s->model->net->name);
    if (i == KAO_MTCNN_P)
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
    const uint32_t room = 4 * kao_mtcnn_side[KAO_MTCNN_O];

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
    for (int i = 0; !st && i < KAO_MTCNN_STAGES; i++)
        if (!d->cascade->stages[i].model)
            st = kao_fail(err, KAO_E_FORMAT,
                          "%s: card: members = %.60s: the cascade lacks its %s stage",
                          name, members,
                          i == KAO_MTCNN_P   ? "first"
                          : i == KAO_MTCNN_R ? "second"
                                             : "third");
    for (int i = 0; !st && i < KAO_MTCNN_STAGES; i++)
        st = find_batch(d, i, err);
    return st;
}

void kao_mtcnn_close(kao_detector *d)
{
    for (int i = 0; i < KAO_MTCNN_STAGES; i++) {
        kao_session_destroy(d->cascade->stages[i].session);
        kao_model_release(d->cascade->stages[i].model);
    }
    kao_image_drop(&d->ctx->mem, &d->cascade->room);
    kao_free(&d->ctx->mem, d->cascade);
    d->cascade = NULL;
}
