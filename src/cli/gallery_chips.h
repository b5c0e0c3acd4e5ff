/* Chips: the aligned pictures that a gallery may keep of its samples. */
#ifndef KAO_CLI_GALLERY_CHIPS_H
#define KAO_CLI_GALLERY_CHIPS_H

#include "base/gallery_form.h"
#include "cli/gallery_use.h"

/* How the first model wants faces aligned, in words. */
void cli_gallery_form(const kao_embedder *embedder, char to[KAO_CHIP_FORM_BYTES]);
/* The chip of face i as the first model has it, as a PNG, to be freed with kao_image_free_bytes;
 * and its form. */
kao_status cli_gallery_chip(cli_gallery *u, const cli_photo *photo, size_t i,
                            uint8_t **bytes, size_t *n, char form[KAO_CHIP_FORM_BYTES],
                            kao_error *err);

/* All chips as files FOLDER/PERSON/SAMPLE.png; *n: how many; *writes: one could not be written. */
kao_status cli_gallery_write_chips(cli_gallery *u, const char *folder, size_t *n,
                                   bool *writes, kao_error *err);

#endif
