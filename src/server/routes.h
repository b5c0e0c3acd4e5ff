/* What each path does: route_table.c has a row for each, route_*.c the functions. */
#ifndef KAO_SERVER_ROUTES_H
#define KAO_SERVER_ROUTES_H

#include "server/call.h"
#include "server/worker.h"

typedef struct kao_route {
    const char *method;  /* GET answers HEAD too */
    const char *pattern; /* "/v1/people/{person}": {..} is one segment, not empty */
    void (*run)(kao_worker *w, kao_call *c);
    bool at_once;        /* it waits for nothing and needs no worker (w is NULL) */
    const char *summary; /* one line for the API's description */
    const char *takes;   /* parameters, "name: what;..", for the same */
} kao_route;

/* The route of a call, its vars set; NULL: none. *known: another method has this path. */
const kao_route *kao_route_find(kao_call *c, bool *known);
/* Whether its body, or the form's file, goes to the disk (kao_call.to_file): a video's. */
bool kao_route_to_file(const kao_route *r);
/* Row i; NULL past the last. */
const kao_route *kao_route_at(size_t i);

/* A file of the app, or false. */
bool kao_web_find(kao_call *c);

void kao_route_health(kao_worker *w, kao_call *c);
void kao_route_ready(kao_worker *w, kao_call *c);
void kao_route_models(kao_worker *w, kao_call *c);
void kao_route_galleries(kao_worker *w, kao_call *c);
void kao_route_openapi(kao_worker *w, kao_call *c);
void kao_route_metrics(kao_worker *w, kao_call *c);

void kao_route_detect(kao_worker *w, kao_call *c);
void kao_route_embed(kao_worker *w, kao_call *c);
void kao_route_verify(kao_worker *w, kao_call *c);
void kao_route_identify(kao_worker *w, kao_call *c);

void kao_route_people(kao_worker *w, kao_call *c);
void kao_route_person(kao_worker *w, kao_call *c);
void kao_route_add_person(kao_worker *w, kao_call *c);
void kao_route_change_person(kao_worker *w, kao_call *c);
void kao_route_remove_person(kao_worker *w, kao_call *c);
void kao_route_merge_people(kao_worker *w, kao_call *c);
void kao_route_clear(kao_worker *w, kao_call *c);
void kao_route_samples(kao_worker *w, kao_call *c);
void kao_route_enrol(kao_worker *w, kao_call *c);
void kao_route_remove_sample(kao_worker *w, kao_call *c);
void kao_route_move_sample(kao_worker *w, kao_call *c);
void kao_route_facts(kao_worker *w, kao_call *c);
void kao_route_say_fact(kao_worker *w, kao_call *c);
void kao_route_drop_fact(kao_worker *w, kao_call *c);
void kao_route_review(kao_worker *w, kao_call *c);
void kao_route_groups(kao_worker *w, kao_call *c);
/* A person's groups, or whether to leave them out, as the request says; false: it says nothing. */
bool kao_person_set_groups(kao_worker *w, kao_call *c, int64_t person, kao_status *st,
                           kao_error *err);
bool kao_person_set_ignored(kao_worker *w, kao_call *c, int64_t person, kao_status *st,
                            kao_error *err);
void kao_route_history(kao_worker *w, kao_call *c);
void kao_route_undo(kao_worker *w, kao_call *c);

void kao_route_job_video(kao_worker *w, kao_call *c);
void kao_route_job_blur(kao_worker *w, kao_call *c);
void kao_route_job_import(kao_worker *w, kao_call *c);
void kao_route_export(kao_worker *w, kao_call *c);
void kao_route_job_album(kao_worker *w, kao_call *c);
void kao_route_job_pictures(kao_worker *w, kao_call *c);
void kao_route_job_start(kao_worker *w, kao_call *c);
void kao_route_job_merge(kao_worker *w, kao_call *c);
void kao_route_job_apart(kao_worker *w, kao_call *c);
void kao_route_job_out(kao_worker *w, kao_call *c);
void kao_route_job(kao_worker *w, kao_call *c);
void kao_route_job_chip(kao_worker *w, kao_call *c);
void kao_route_job_file(kao_worker *w, kao_call *c);
void kao_route_job_enrol(kao_worker *w, kao_call *c);
void kao_route_job_remove(kao_worker *w, kao_call *c);

void kao_route_cameras(kao_worker *w, kao_call *c);
void kao_route_camera_picture(kao_worker *w, kao_call *c);
void kao_route_camera_preview(kao_worker *w, kao_call *c);
void kao_route_events(kao_worker *w, kao_call *c);

void kao_route_ca(kao_worker *w, kao_call *c);
void kao_route_session_begin(kao_worker *w, kao_call *c);
void kao_route_session_end(kao_worker *w, kao_call *c);

void kao_route_live_begin(kao_worker *w, kao_call *c);
void kao_route_live_frame(kao_worker *w, kao_call *c);
void kao_route_live_end(kao_worker *w, kao_call *c);

void kao_route_cf_detect(kao_worker *w, kao_call *c);
void kao_route_cf_recognize(kao_worker *w, kao_call *c);
void kao_route_cf_verify(kao_worker *w, kao_call *c);
void kao_route_cf_subjects(kao_worker *w, kao_call *c);
void kao_route_cf_add_subject(kao_worker *w, kao_call *c);
void kao_route_cf_clear(kao_worker *w, kao_call *c);
void kao_route_cf_rename_subject(kao_worker *w, kao_call *c);
void kao_route_cf_remove_subject(kao_worker *w, kao_call *c);
void kao_route_cf_faces(kao_worker *w, kao_call *c);
void kao_route_cf_add_face(kao_worker *w, kao_call *c);
void kao_route_cf_empty(kao_worker *w, kao_call *c);
void kao_route_cf_remove_faces(kao_worker *w, kao_call *c);
void kao_route_cf_remove_face(kao_worker *w, kao_call *c);
void kao_route_cf_image(kao_worker *w, kao_call *c);
void kao_route_cf_static(kao_worker *w, kao_call *c);
void kao_route_cf_verify_face(kao_worker *w, kao_call *c);
void kao_route_cf_recognize_vectors(kao_worker *w, kao_call *c);
void kao_route_cf_verify_face_vectors(kao_worker *w, kao_call *c);
void kao_route_cf_verify_vectors(kao_worker *w, kao_call *c);
void kao_route_cf_status(kao_worker *w, kao_call *c);
void kao_route_cf_config(kao_worker *w, kao_call *c);
void kao_route_cf_migrate(kao_worker *w, kao_call *c);

#endif
