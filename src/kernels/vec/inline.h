/* What must be part of its caller: a kernel's pieces and the vector verbs.
 *
 * Under a sanitizer, a function that is KAO_UNCHECKED has no checks at its loads, nor has what
 * is inlined into it: who calls it looks at the memory before (gemm_check.h). */
#ifndef KAO_KERNELS_VEC_INLINE_H
#define KAO_KERNELS_VEC_INLINE_H

#define KAO_INLINE static inline __attribute__((always_inline))

#ifdef __has_feature
# if __has_feature(address_sanitizer)
#  define KAO_ADDRESS_SANITIZER
# elif __has_feature(thread_sanitizer)
#  define KAO_THREAD_SANITIZER
# endif
#elif defined(__SANITIZE_ADDRESS__)
# define KAO_ADDRESS_SANITIZER
#elif defined(__SANITIZE_THREAD__)
# define KAO_THREAD_SANITIZER
#endif

#ifdef KAO_ADDRESS_SANITIZER
# define KAO_UNCHECKED __attribute__((no_sanitize("address", "undefined")))
#elif defined KAO_THREAD_SANITIZER
# define KAO_UNCHECKED __attribute__((no_sanitize("thread")))
#else
# define KAO_UNCHECKED
#endif

#endif
