/* kao gallery doctor: what in a gallery is worth a look, and what to do about it. */
#ifndef KAO_CLI_GALLERY_DOCTOR_H
#define KAO_CLI_GALLERY_DOCTOR_H

#include "cli/gallery_use.h"

/* Opened with its networks. *status: CLI_NO where there is something to do. Failures are of looking; a gallery
 * that is not whole is KAO_E_FORMAT. */
kao_status cli_gallery_doctor(cli_gallery *u, bool json, int *status, kao_error *err);

#endif
