/*
 * What a program or DLL of Windows (a PE file) says in its headers: for which machine it is, what it
 * exports and which DLLs it makes the system load. Reads bytes that may be anything, takes no memory
 * and believes no number in them. Pure.
 *
 * [PE] "PE Format", Microsoft's documentation of the file format.
 */
#ifndef CTL_PE_H
#define CTL_PE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum {
	PE_SECTIONS_MAX = 96, /* the system's loader takes no more */
	PE_EXPORTS_MAX = 64,
	PE_IMPORTS_MAX = 64, /* DLLs */
	PE_NAME_MAX_BYTES = 255,
};

enum pe_machine {
	PE_X86 = 0x014c,
	PE_X64 = 0x8664,
	PE_ARM64 = 0xaa64,
};

struct pe {
	uint16_t machine; /* an enum pe_machine, or another number */
	bool is_dll;
	bool can_move;           /* to where nobody expects it in memory */
	bool runs_no_data;       /* on its pages of data no instruction is run */
	bool forwards;           /* an export is another DLL's */
	uint32_t function_count; /* exported, those without a name included */
	size_t export_count, import_count;
	struct str exports[PE_EXPORTS_MAX]; /* in the file's order, as are the next */
	struct str imports[PE_IMPORTS_MAX]; /* those loaded at the first call included */
};

/* Reads the whole file `image`; the names in `*out` point into it and are printable ASCII.
 * ERR_INVALID (no such file, or a damaged one) and ERR_LIMIT with what is wrong in `why`, to stand
 * behind the name of the file; `*out` is not written then. */
enum error pe_read(struct str image, struct pe *out, struct buf *why) ATTR_MUST_CHECK;

/* "x64", "x86", "ARM64" or "unknown". */
const char *pe_machine_text(uint16_t machine);

#endif
