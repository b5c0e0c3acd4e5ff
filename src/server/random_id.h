/* Names that nobody can guess. */
#ifndef KAO_SERVER_RANDOM_ID_H
#define KAO_SERVER_RANDOM_ID_H

enum { RANDOM_ID_BYTES = 33 }; /* 128 random bits in hexadecimal, and the end */

void kao_random_id(char id[RANDOM_ID_BYTES]);

#endif
