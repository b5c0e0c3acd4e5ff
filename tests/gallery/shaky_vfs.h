/* An SQLite file layer that stops at its n-th call that changes something on the disk: by a
 * signal that nothing can catch, in the middle of a write too, or by an error. */
#ifndef KAO_TESTS_GALLERY_SHAKY_VFS_H
#define KAO_TESTS_GALLERY_SHAKY_VFS_H

typedef enum shaky_how {
    SHAKY_COUNT,      /* only counts */
    SHAKY_KILL,       /* before the call */
    SHAKY_KILL_HALF,  /* after half the bytes of a write; else before the call */
    SHAKY_KILL_AFTER, /* after the call */
    SHAKY_FAIL,       /* the call fails (a full disk, a sync that fails), once */
    SHAKY_FAIL_ON,    /* and all after it */
} shaky_how;

/* Makes it the file layer of all databases opened from now on. */
void shaky_install(void);
/* at: the number of the call, from 0 on. */
void shaky_arm(shaky_how how, long at);
/* Calls since it was armed. */
long shaky_calls(void);

#endif
