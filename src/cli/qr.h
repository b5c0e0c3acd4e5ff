/* A text as a QR code for a terminal. */
#ifndef KAO_CLI_QR_H
#define KAO_CLI_QR_H

#include "base/bytes.h"
#include "base/error.h"

/* Lines behind what `to` has: two rows of the code in one, black on white whatever the terminal's colours are, with
 * the margin that readers want. KAO_E_UNSUPPORTED: the machine lacks libqrencode; KAO_E_LIMIT: the text is too long;
 * KAO_E_NOMEM. */
kao_status cli_qr(kao_bytes *to, const char *text, kao_error *err);

#endif
