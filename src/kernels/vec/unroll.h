/* Loops that must be unrolled so that their arrays become registers. n: the trip count
 * at most (or, for a loop that runs long, how many rounds to put side by side). */
#ifndef KAO_KERNELS_VEC_UNROLL_H
#define KAO_KERNELS_VEC_UNROLL_H

#define KAO_PRAGMA(x) _Pragma(#x)
#if defined(__clang__)
# define KAO_UNROLL(n)    KAO_PRAGMA(clang loop unroll(full))
# define KAO_UNROLL_BY(n) KAO_PRAGMA(clang loop unroll_count(n))
#else
# define KAO_UNROLL(n)    KAO_PRAGMA(GCC unroll n)
# define KAO_UNROLL_BY(n) KAO_PRAGMA(GCC unroll n)
#endif

#endif
