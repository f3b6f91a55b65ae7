#include "text_file.h"

#include <stdio.h>

enum { STEP_BYTES = 16384 };

bool text_file_read(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "rb");
	size_t length;
	bool done;

	if (file == NULL)
		return false;
	do {
		char *room = buf_reserve(out, STEP_BYTES);

		length = room != NULL ? fread(room, 1, STEP_BYTES, file) : 0;
		buf_grow(out, length);
	} while (length != 0);
	done = ferror(file) == 0 && out->failed == ERR_NONE;
	fclose(file);
	return done;
}
