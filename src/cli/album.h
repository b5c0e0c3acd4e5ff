/* An album: pictures in folders, the faces on them with their vectors, and their groups. */
#ifndef KAO_CLI_ALBUM_H
#define KAO_CLI_ALBUM_H

#include "cli/gallery_use.h"

typedef struct cli_album_file {
    char *path;
    bool named; /* by an operand: what cannot be read is told, whatever it is */
} cli_album_file;

typedef struct cli_album_face {
    size_t file;
    size_t number; /* on the picture, from 1 */
    kao_face box;  /* in pixels of the file */
    float quality; /* with everything: as samples have it */
    bool poor;     /* ... and kao enroll would refuse it */
    float *others; /* ... and a block of all models' vectors */
    uint8_t *chip; /* with chips: a JPEG */
    size_t chip_bytes;
    size_t group;   /* from 0; set by the caller, as what follows */
    int64_t person; /* of a gallery; 0: none */
    bool is_there;  /* as this person's sample */
} cli_album_face;

typedef struct cli_album {
    kao_context *ctx;
    cli_album_file *files;
    size_t n_files, cap_files;
    cli_album_face *faces; /* by file, then number */
    size_t n_faces, cap_faces, n_groups;
    float *vectors; /* of the faces: dim of the first model each */
    size_t dim, cap_vectors;
} cli_album;

typedef struct cli_album_options {
    cli_gallery *use; /* whose models embed; or NULL, then: */
    cli_crew *crew;   /* with an embedder */
    bool everything;  /* for enrolling */
    bool chips;
    bool json;
} cli_album_options;

void cli_album_free(cli_album *a); /* {0} is fine */
/* Only those that keep wants; their vectors are not kept in step. */
typedef bool cli_album_keep(void *user, const cli_album_face *face);
void cli_album_filter(cli_album *a, cli_album_keep *keep, void *user);

/* All files named by operands, those of folders in the order of their names. */
kao_status cli_album_find(cli_album *a, char **operands, size_t n, kao_error *err);
/* Find and embed all faces; a picture without one is fine. Gives an exit status, after a line on
 * stderr for what could not be read, with json also an object. */
int cli_album_read(cli_album *a, const char *command, const cli_album_options *o);

/* Each group's faces become samples of its person, who is new where person is 0, but for those that
 * are there and poor ones; sets person. */
kao_status cli_album_enroll(cli_album *a, cli_gallery *use, kao_error *err);

/* A page with the groups; name(user, face): of the face's person, or NULL. */
typedef const char *cli_album_name(void *user, const cli_album_face *face);
kao_status cli_album_page(const cli_album *a, const char *path, cli_album_name *name,
                          void *user, kao_error *err);

#endif
