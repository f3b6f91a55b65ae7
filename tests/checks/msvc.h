/*
 * Read before every source by scripts/check-msvc.cmake, where clang takes itself for Microsoft's
 * compiler and the system's headers are still mingw-w64's: makes these readable to it.
 */
#ifdef __GNUC__
#error "this compiler does not take itself for Microsoft's"
#endif

/* clang's own, before mingw-w64 defines attributes away. */
#define __MM_MALLOC_H
#include <x86intrin.h>

/* Attributes behind a declaration, where Microsoft's cannot stand. */
#include <_mingw.h>
#undef __MINGW_ATTRIB_DEPRECATED
#undef __MINGW_ATTRIB_NORETURN
#define __MINGW_ATTRIB_DEPRECATED
#define __MINGW_ATTRIB_NORETURN
