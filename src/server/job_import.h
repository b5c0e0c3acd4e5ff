/* People from a file: a zip with a folder a person, or the lines that an export wrote. */
#ifndef KAO_SERVER_JOB_IMPORT_H
#define KAO_SERVER_JOB_IMPORT_H

#include "base/gallery_form.h"
#include "server/enrol.h"
#include "server/job.h"
#include "server/spool.h"

enum { IMPORT_PICTURES_MOST = 20000 };

typedef struct kao_import_row { /* a picture of the zip */
    kao_json *told;             /* what became of it */
    int64_t person;             /* 0: nobody */
    kao_bytes chip; /* of the first of a person that was enrolled; n 0: none */
} kao_import_row;

typedef struct kao_import {
    kao_mem *mem;
    kao_spool *spool;
    bool japanese, force; /* force: as in kao_judge */
    kao_import_row *rows;
    size_t n, cap;
    kao_moved moved;
    bool zip; /* what it was */
} kao_import;

extern const kao_job_kind kao_job_import;

/* Takes over the spool. NULL: out of memory. */
kao_import *kao_import_create(kao_mem *mem, kao_spool *spool);

#endif
