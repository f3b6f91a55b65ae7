/* cmocka with the headers it wants included before it. */
#ifndef TESTS_SUPPORT_CMOCKA_H
#define TESTS_SUPPORT_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

/* Fails the test unless the slice holds exactly the text. */
#define assert_str_equal(slice, text)                                                              \
	do {                                                                                       \
		struct str assert_str_ = (slice);                                                  \
		assert_int_equal(assert_str_.length, strlen(text));                                \
		assert_memory_equal(assert_str_.ptr, text, strlen(text));                          \
	} while (0)

#endif
