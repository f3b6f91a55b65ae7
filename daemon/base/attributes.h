/* Compiler attributes, the only place where GNU extensions are named. */
#ifndef BASE_ATTRIBUTES_H
#define BASE_ATTRIBUTES_H

/* With this macro printf() is C's own, and gcc believes in another one until it is told. */
#if defined(__USE_MINGW_ANSI_STDIO)
#define ATTR_PRINTF(index, first) __attribute__((__format__(gnu_printf, index, first)))
#elif defined(__GNUC__)
#define ATTR_PRINTF(index, first) __attribute__((__format__(__printf__, index, first)))
#else
#define ATTR_PRINTF(index, first)
#endif

#if defined(__GNUC__)
#define ATTR_MUST_CHECK __attribute__((warn_unused_result))
#define LIKELY(x)       __builtin_expect(!!(x), 1)
#define UNLIKELY(x)     __builtin_expect(!!(x), 0)
/* For a function that is compiled anew for each caller's constants. */
#define ATTR_SPECIALISED inline __attribute__((always_inline))
#else
#define ATTR_MUST_CHECK
#define LIKELY(x)        (x)
#define UNLIKELY(x)      (x)
#define ATTR_SPECIALISED inline
#endif

/* Defined when the address sanitizer is on. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZE_ADDRESS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZE_ADDRESS 1
#endif
#endif

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The object of `type` whose `member` is at `pointer`. */
#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#endif
