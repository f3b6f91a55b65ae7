/*
 * Programs and DLLs from hostile bytes: reading ends, says why it refuses and only then, and what it
 * tells of an accepted file lies in the file and can be printed.
 */
#include <assert.h>

#include "ctl/pe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_names(const struct str *names, size_t count, struct str image)
{
	for (size_t i = 0; i < count; i++) {
		size_t offset = (size_t)(names[i].ptr - image.ptr);

		assert(names[i].length != 0 && names[i].length <= PE_NAME_MAX_BYTES);
		assert(offset <= image.length && names[i].length <= image.length - offset);
		for (size_t j = 0; j < names[i].length; j++)
			assert(names[i].ptr[j] >= ' ' && names[i].ptr[j] <= '~');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str image = str_make((const char *)data, size);
	char memory[256];
	struct buf why;
	struct pe pe;
	enum error error;

	buf_init_fixed(&why, memory, sizeof(memory));
	error = pe_read(image, &pe, &why);
	assert(error == ERR_NONE || error == ERR_INVALID || error == ERR_LIMIT);
	assert((error == ERR_NONE) == (why.length == 0) && why.failed == ERR_NONE);
	if (error == ERR_NONE) {
		assert(pe.export_count <= PE_EXPORTS_MAX && pe.import_count <= PE_IMPORTS_MAX);
		check_names(pe.exports, pe.export_count, image);
		check_names(pe.imports, pe.import_count, image);
	}
	return 0;
}
