/* See routes.h: a row for each path and method. */
#include <string.h>

#include "server/routes.h"

/* clang-format off */
static const kao_route routes[] = {
    { "GET", "/v1/health", kao_route_health, true, "the server is there", "" },
    { "GET", "/v1/ready", kao_route_ready, false, "models and gallery are there", "" },
    { "GET", "/v1/models", kao_route_models, false, "the models, with their thresholds by false-accept rate", "" },
    { "GET", "/v1/galleries", kao_route_galleries, false, "the gallery that is served: who and what is in it", "" },
    { "GET", "/v1/openapi.json", kao_route_openapi, true, "this description", "" },
    { "POST", "/v1/session", kao_route_session_begin, false, "a browser's cookie, for a key or a one-time code",
      "key: text, in the body; code: likewise" },
    { "DELETE", "/v1/session", kao_route_session_end, false, "the browser forgets its cookie", "" },
    { "GET", "/ca.crt", kao_route_ca, false, "the certificate that devices may trust", "" },
    { "GET", "/metrics", kao_route_metrics, false, "figures for Prometheus", "" },

    { "POST", "/v1/detect", kao_route_detect, false, "the faces of a picture",
      "image: picture; limit: faces at most, 0 all; min_score: 0 to 1; quick: large faces alone" },
    { "POST", "/v1/embed", kao_route_embed, false, "the faces' vectors, for a database of your own",
      "image: picture; model: name; limit: faces at most, 0 all; min_score: 0 to 1; quick: large faces alone" },
    { "POST", "/v1/verify", kao_route_verify, false, "are these two the same person? The largest face of each",
      "source: picture; target: picture; model: name; far: false-accept rate of the threshold, .0001" },
    { "POST", "/v1/identify", kao_route_identify, false, "who of the gallery is on a picture",
      "image: picture; model: name; nearest: people told, 3; fpir: share of strangers taken for somebody, .01; "
      "group: of these people alone; limit: faces at most, 0 all; min_score: 0 to 1; quick: large faces alone" },

    { "GET", "/v1/people", kao_route_people, false, "the gallery's people, by number",
      "name: those of this name alone; group: of this one; limit: of a page, 0 all; after: next of the page before" },
    { "POST", "/v1/people", kao_route_add_person, false, "a new person without samples", "name: text, or none" },
    { "DELETE", "/v1/people", kao_route_clear, false, "remove everybody; one change, which undo takes back", "" },
    { "GET", "/v1/people/{person}", kao_route_person, false, "one of them", "" },
    { "PATCH", "/v1/people/{person}", kao_route_change_person, false, "change name, note, external id, groups, whether to leave them out",
      "name: text; note: text; external: text; groups: list of names, in JSON; ignored: true or false" },
    { "DELETE", "/v1/people/{person}", kao_route_remove_person, false, "remove somebody; undo brings them back, unless forget",
      "forget: true: for good, with a receipt" },
    { "POST", "/v1/people/{person}/merge", kao_route_merge_people, false, "another person's samples become this one's",
      "from: the other one's number" },
    { "GET", "/v1/people/{person}/samples", kao_route_samples, false, "a person's samples", "" },
    { "POST", "/v1/people/{person}/samples", kao_route_enrol, false, "enrol a face; {person} \"new\": of a new person",
      "image: picture; x: of the face, where there are several; y: likewise; name: of a new person; "
      "source: where the picture came from; force: also where something speaks against it" },
    { "DELETE", "/v1/samples/{sample}", kao_route_remove_sample, false, "remove a sample; undo brings it back", "" },
    { "POST", "/v1/samples/{sample}/move", kao_route_move_sample, false, "a sample becomes another person's",
      "person: number; none: a new one's" },
    { "GET", "/v1/groups", kao_route_groups, false, "the groups that people are in", "" },
    { "GET", "/v1/review", kao_route_review, false, "people who may be one, the most alike first: merge them, or say that they are two",
      "limit: of pairs, 20; threshold: mean similarity; none: by the number of samples" },
    { "GET", "/v1/facts", kao_route_facts, false, "what somebody has said of people, and holds", "" },
    { "POST", "/v1/facts", kao_route_say_fact, false, "two people are two, or a sample is not of a person",
      "kind: apart or not; person: number; other: number, for apart; sample: id, for not" },
    { "DELETE", "/v1/facts/{fact}", kao_route_drop_fact, false, "take such a word back", "" },
    { "GET", "/v1/export", kao_route_export, false, "all people with samples and vectors, as a file", "form: jsonl, csv, npy" },
    { "GET", "/v1/history", kao_route_history, false, "the last changes, newest first", "" },
    { "POST", "/v1/undo", kao_route_undo, false, "take a change back", "change: its number; none: the last" },

    { "POST", "/v1/live", kao_route_live_begin, false, "begin to follow people in a video, frame by frame",
      "model: name; fpir: share of strangers taken for somebody, .01" },
    { "POST", "/v1/live/{live}", kao_route_live_frame, false, "the next frame: who is there",
      "image: picture; time: seconds of the video, later than the last" },
    { "DELETE", "/v1/live/{live}", kao_route_live_end, false, "no further frame comes", "" },

    /* CompreFace's, see compreface.h */
    { "POST", "/api/v1/detection/detect", kao_route_cf_detect, false, "CompreFace's detection",
      "file: picture; limit: faces at most, 0 all; det_prob_threshold: 0 to 1; face_plugins: list; status: true or false" },
    { "POST", "/api/v1/recognition/recognize", kao_route_cf_recognize, false, "CompreFace's recognition: subjects of each face",
      "file: picture; limit: faces at most, 0 all; prediction_count: subjects told, 1; det_prob_threshold: 0 to 1; "
      "face_plugins: list; status: true or false; detect_faces: false: the picture is a face" },
    { "POST", "/api/v1/verification/verify", kao_route_cf_verify, false, "CompreFace's verification",
      "source_image: picture; target_image: picture; limit: faces at most, 0 all; det_prob_threshold: 0 to 1; "
      "face_plugins: list; status: true or false" },
    { "GET", "/api/v1/recognition/subjects", kao_route_cf_subjects, false, "CompreFace's subjects: the gallery's people", "" },
    { "POST", "/api/v1/recognition/subjects", kao_route_cf_add_subject, false, "a new subject", "subject: name" },
    { "DELETE", "/api/v1/recognition/subjects", kao_route_cf_clear, false, "remove all subjects", "" },
    { "PUT", "/api/v1/recognition/subjects/{subject}", kao_route_cf_rename_subject, false,
      "rename a subject, or merge it into another", "subject: the new name" },
    { "DELETE", "/api/v1/recognition/subjects/{subject}", kao_route_cf_remove_subject, false, "remove a subject", "" },
    { "GET", "/api/v1/recognition/faces", kao_route_cf_faces, false, "CompreFace's face collection: the gallery's samples",
      "page: from 0; size: of a page, 20; subject: name" },
    { "POST", "/api/v1/recognition/faces", kao_route_cf_add_face, false, "add a picture of one face to a subject",
      "file: picture; subject: name; det_prob_threshold: 0 to 1" },
    { "DELETE", "/api/v1/recognition/faces", kao_route_cf_empty, false, "remove a subject's pictures, or all", "subject: name" },
    { "POST", "/api/v1/recognition/faces/delete", kao_route_cf_remove_faces, false, "remove pictures: a list of ids", "" },
    { "DELETE", "/api/v1/recognition/faces/{image}", kao_route_cf_remove_face, false, "remove a picture", "" },
    { "GET", "/api/v1/recognition/faces/{image}/img", kao_route_cf_image, false, "the aligned face, where one is kept", "" },
    { "GET", "/api/v1/static/{key}/images/{image}", kao_route_cf_static, false, "the same, for pages", "" },
    { "POST", "/api/v1/recognition/faces/{image}/verify", kao_route_cf_verify_face, false, "a picture's faces against a picture of a subject",
      "file: picture; limit: faces at most, 0 all; det_prob_threshold: 0 to 1; face_plugins: list; status: true or false" },
    { "POST", "/api/v1/recognition/embeddings/recognize", kao_route_cf_recognize_vectors, false, "subjects of vectors",
      "prediction_count: subjects told, 1" },
    { "POST", "/api/v1/recognition/embeddings/faces/{image}/verify", kao_route_cf_verify_face_vectors, false,
      "vectors against a picture of a subject", "" },
    { "POST", "/api/v1/verification/embeddings/verify", kao_route_cf_verify_vectors, false, "vectors against a vector", "" },
    { "GET", "/api/v1/consistence/status", kao_route_cf_status, false, "whether the collection fits the model", "" },
    { "GET", "/api/v1/config", kao_route_cf_config, true, "how large a request may be", "" },
    { "POST", "/api/v1/migrate", kao_route_cf_migrate, true, "the collection always fits the model: nothing is done", "" },

    { "POST", "/v1/jobs/video", kao_route_job_video, false, "who is in a video, and when; the video stays on the disk, without a name, as long as the job",
      "video: video; source: its name; fpir: share of strangers taken for somebody, .01" },
    { "POST", "/v1/jobs/blur", kao_route_job_blur, false, "people of a video job hidden, as a video",
      "job: of the video; hide: everybody, strangers, these, others: those whose tracks are not told; "
      "tracks: numbers with commas between; mode: blur, mosaic, black" },
    { "POST", "/v1/jobs/album", kao_route_job_album, false,
      "begin an album: pictures whose faces are to be grouped by person; a zip is all of one, and begun at once", "album: zip, or none" },
    { "POST", "/v1/jobs/import", kao_route_job_import, false,
      "people from a zip with a folder a person, named after them, or from the lines that an export wrote",
      "people: zip or lines; force: also where something speaks against a picture" },
    { "POST", "/v1/jobs/{job}/pictures", kao_route_job_pictures, false, "pictures of an album: faces are kept, pictures are not",
      "image: picture; source: its name, where it is no form's file" },
    { "POST", "/v1/jobs/{job}/start", kao_route_job_start, false, "all pictures of an album are there: group them",
      "threshold: mean similarity from which groups are one person; none: by the number of faces" },
    { "POST", "/v1/jobs/{job}/merge", kao_route_job_merge, false, "two groups of an album are one person",
      "group: number; other: number" },
    { "POST", "/v1/jobs/{job}/apart", kao_route_job_apart, false, "two groups of an album are two people",
      "group: number; other: number" },
    { "POST", "/v1/jobs/{job}/out", kao_route_job_out, false, "a face is not of its group's person",
      "face: number" },
    { "GET", "/v1/jobs/{job}", kao_route_job, false, "how far a job is, and what it has found",
      "boxes: true: of a video, where each face was" },
    { "GET", "/v1/jobs/{job}/chips/{number}", kao_route_job_chip, false, "a face that it has found: of a video by its track, of an album by its number", "" },
    { "GET", "/v1/jobs/{job}/file", kao_route_job_file, false, "the video that it has made", "" },
    { "POST", "/v1/jobs/{job}/people/{number}", kao_route_job_enrol, false, "a track of a video, or a group of an album, becomes somebody's samples",
      "name: of a new person; person: number of one that is there; force: also where something speaks against it" },
    { "DELETE", "/v1/jobs/{job}", kao_route_job_remove, false, "cancel it, and drop what it has found", "" },

    { "GET", "/v1/cameras", kao_route_cameras, false, "the server's own cameras, and what they are doing", "" },
    { "GET", "/v1/cameras/{camera}/picture", kao_route_camera_picture, false, "the newest picture of a camera (name or number): JPEG", "" },
    { "GET", "/v1/cameras/{camera}/preview", kao_route_camera_preview, false, "a camera's pictures as they come: multipart/x-mixed-replace", "" },
    { "GET", "/v1/events", kao_route_events, false,
      "what cameras have seen: server-sent events where text/event-stream is accepted (Last-Event-ID goes on from there), else a page",
      "after: id of the last one known, -N: the last N, a page without it begins at the oldest, a stream at the newest; limit: of a page, 100" },
};
/* clang-format on */

const kao_route *kao_route_at(size_t i)
{
    return i < sizeof routes / sizeof routes[0] ? &routes[i] : NULL;
}

bool kao_route_to_file(const kao_route *r)
{
    return r->run == kao_route_job_video || r->run == kao_route_job_album ||
           r->run == kao_route_job_import;
}

/* Compares a pattern with a path, which is cut where a variable ends. */
static bool is_like(const char *pattern, const char *path)
{
    while (*pattern && *path) {
        if (*pattern == '{') {
            const size_t n = strcspn(path, "/");

            if (n == 0)
                return false;
            path += n;
            pattern = strchr(pattern, '}') + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return !*pattern && !*path;
}

static void take_vars(kao_call *c, const char *pattern)
{
    char *path = c->path;
    size_t n = 0;

    while (*pattern && *path) {
        if (*pattern == '{' && n < CALL_VARS) {
            c->vars[n++] = path;
            path += strcspn(path, "/");
            pattern = strchr(pattern, '}') + 1;
            if (*path) { /* both stand at the slash */
                *path++ = '\0';
                pattern++;
            }
        } else {
            path++;
            pattern++;
        }
    }
}

const kao_route *kao_route_find(kao_call *c, bool *known)
{
    const char *method = strcmp(c->method, "HEAD") == 0 ? "GET" : c->method;

    *known = false;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (!is_like(routes[i].pattern, c->path))
            continue;
        *known = true;
        if (strcmp(routes[i].method, method) == 0) {
            take_vars(c, routes[i].pattern);
            return &routes[i];
        }
    }
    return NULL;
}
