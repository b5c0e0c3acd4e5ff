/* Chips: the aligned pictures that a gallery may keep of its samples. */
#ifndef KAO_CLI_GALLERY_CHIPS_H
#define KAO_CLI_GALLERY_CHIPS_H

#include "base/bytes.h"
#include "cli/gallery_use.h"

enum { CLI_FORM_BYTES = 256 };

/* How the first model wants faces aligned, in words. */
void cli_gallery_form(const kao_embedder *embedder, char to[CLI_FORM_BYTES]);
/* The chip of face i as the first model has it, as a PNG, to be freed with kao_image_free_bytes;
 * and its form. */
kao_status cli_gallery_chip(cli_gallery *u, const cli_photo *photo, size_t i,
                            uint8_t **bytes, size_t *n, char form[CLI_FORM_BYTES],
                            kao_error *err);

/* A sample's chip into b and form; nothing where none is kept. */
kao_status cli_gallery_chip_of(cli_gallery *u, const char *id, kao_bytes *b,
                               char form[CLI_FORM_BYTES], kao_error *err);
/* All chips as files FOLDER/PERSON/SAMPLE.png; *n: how many. */
kao_status cli_gallery_write_chips(cli_gallery *u, const char *folder, size_t *n,
                                   kao_error *err);

#endif
