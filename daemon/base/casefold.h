/*
 * Simple case folding (Unicode 15.0, CaseFolding.txt, status C and S): one code point for one, the
 * same in every locale, so that texts which differ in case only become equal. Turkic rules and
 * foldings to several code points (such as of the sharp s) are left out.
 */
#ifndef BASE_CASEFOLD_H
#define BASE_CASEFOLD_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"

uint32_t casefold_code_point(uint32_t code_point);

/* `text`, which must be valid UTF-8, folded: `text` itself when folding changes nothing, else a
 * copy in `arena`, which may be longer or shorter than `text`. ptr is NULL when memory is spent
 * (and `text` is not). */
struct str casefold(struct arena *arena, struct str text) ATTR_MUST_CHECK;

#endif
