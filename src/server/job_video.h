/* Jobs about videos: who is in one, and when (job_video.c); people of it hidden (job_blur.c). */
#ifndef KAO_SERVER_JOB_VIDEO_H
#define KAO_SERVER_JOB_VIDEO_H

#include "media/hide_video.h"
#include "server/enrol.h"
#include "server/job.h"
#include "server/spool.h"

enum { FACES_OF_TRACK = 6 };

typedef struct kao_video_track {
    int64_t id;
    bool appeared, seen_well; /* both: somebody, not merely something like a face */
    float similarity;
    kao_taken faces[FACES_OF_TRACK]; /* its best pictures, some time apart */
    double times[FACES_OF_TRACK];
    size_t n;
} kao_video_track;

typedef struct kao_video_job { /* the data of a job of kind kao_job_video */
    kao_mem *mem;
    kao_spool *spool; /* the video */
    char *source;     /* its name; or NULL */
    double fpir;
    /* found: */
    kao_hide_plan plan; /* every track, also those that are not sure */
    kao_video_track *tracks;
    size_t n, cap;
    double *times; /* of frames, from the first on */
    size_t n_times, cap_times;
    size_t n_boxes;
    double seconds; /* of the video; NaN: not told */
    bool cut;       /* it ended before its end */
} kao_video_job;

extern const kao_job_kind kao_job_video, kao_job_blur;

/* Takes over the spool and copies the rest. NULL: out of memory. */
kao_video_job *kao_video_job_create(kao_mem *mem, kao_spool *spool, const char *source,
                                    double fpir);
/* A message that begins with the spool's path begins with "the video" then. */
void kao_video_error(const kao_spool *s, kao_error *err);

typedef struct kao_blur_job { /* the data of a job of kind kao_job_blur */
    kao_mem *mem;
    kao_jobs *all;
    kao_job *video; /* shared */
    kao_spool *out;
    kao_hide_mode mode;
    bool *hide; /* for each track of the video's plan */
} kao_blur_job;

#endif
