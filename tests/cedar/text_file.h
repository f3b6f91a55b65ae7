/* Reading whole files in tests. */
#ifndef TESTS_CEDAR_TEXT_FILE_H
#define TESTS_CEDAR_TEXT_FILE_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends the bytes of the file to `out`; false when it cannot be read or does not fit. */
bool text_file_read(const char *path, struct buf *out);

#endif
