/* The matrices of Winograd's minimal filtering F(m x m, 3 x 3), by Lavin and Gray
 * (arXiv:1509.09308), from the points 0, 1, -1, infinity and for m = 4 also 2, -2. With e = m+2
 *
 *   outputs = A^T [ (G g G^T) . (B^T d B) ] A
 *
 * for a 3x3 kernel g and e x e pixels d; . multiplies number by number. */
#ifndef KAO_KERNELS_WINOGRAD_H
#define KAO_KERNELS_WINOGRAD_H

#include "kernels/kernels.h"

typedef struct kao_winograd {
    int32_t m, e;
    float bt[KAO_WINO_SIDE][KAO_WINO_SIDE]; /* e x e */
    double g[KAO_WINO_SIDE][3];             /* e x 3 */
    float at[KAO_WINO_MOST][KAO_WINO_SIDE]; /* m x e */
} kao_winograd;

/* m: 2 or 4. */
const kao_winograd *kao_winograd_of(int32_t m);

#endif
