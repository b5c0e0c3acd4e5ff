/* libpq, PostgreSQL's client, looked for when a gallery on a server is opened (dlopen). Its header is needed
 * where kao is built; in a build without it there are no such galleries. */
#ifndef KAO_GALLERY_PQ_H
#define KAO_GALLERY_PQ_H

#include <libpq-fe.h>

/* clang-format off */
#define KAO_PQ_CALLS(X)                                                                      \
    X(PQclear) X(PQcmdStatus) X(PQconnectdbParams) X(PQerrorMessage) X(PQexec)               \
    X(PQexecParams) X(PQfinish) X(PQftype) X(PQgetisnull) X(PQgetlength) X(PQgetvalue)       \
    X(PQnfields) X(PQntuples) X(PQparameterStatus) X(PQresultErrorField) X(PQresultStatus)   \
    X(PQserverVersion) X(PQsetNoticeProcessor) X(PQstatus) X(PQtransactionStatus)
/* clang-format on */

typedef struct kao_pq {
#define KAO_PQ_FIELD(name) __typeof__(name) *name;
    KAO_PQ_CALLS(KAO_PQ_FIELD)
#undef KAO_PQ_FIELD
} kao_pq;

#endif
