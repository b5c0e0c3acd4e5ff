/* Packs and runs that the trainer's tests share. */
#ifndef KAO_TESTS_TRAIN_PACK_MADE_H
#define KAO_TESTS_TRAIN_PACK_MADE_H

#include "support/fixture.h"
#include "train/trainer.h"

enum { MADE_FACES = 12 };

/* "made" in the fixture's folder. For detectors: six pictures, five with bright boxes on noise,
 * one of noise alone that is "noface"; for embedders: MADE_FACES crops of 128 x 128, dark at
 * the border and bright in the middle, three a person. Both lists name one picture that is missing and one of
 * another class than "ours". */
void make_scene_pack(fixture *f);
void make_face_pack(fixture *f);

/* "small", on what class "ours" has in the fixture's folder; the usual for all the rest, but of a
 * size and pace for tests. Task, sources, teacher, size, batch and steps are the test's. */
kao_recipe made_recipe(const fixture *f);
/* A run of so many steps (0: to its end), its state in a folder of the fixture's. */
kao_status train_run(fixture *f, const kao_recipe *r, const char *folder,
                     uint64_t steps);
void remove_run(const fixture *f, const char *folder);
kao_file read_run(fixture *f, const char *folder, const char *name);
/* Column `loss` of the first and the last line of the log. */
void run_losses(fixture *f, const char *folder, double *first, double *last);
/* Fails unless both folders' small.onnx have the same bytes. */
void same_models(fixture *f, const char *a, const char *b);

#endif
