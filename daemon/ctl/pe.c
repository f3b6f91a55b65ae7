#include "ctl/pe.h"

enum {
	DOS_HEADER_BYTES = 64,
	PE_OFFSET_AT = 0x3c,
	COFF_HEADER_BYTES = 20, /* behind the signature "PE\0\0" */
	SECTION_HEADER_BYTES = 40,
	DIRECTORY_BYTES = 8,
	EXPORT_BYTES = 40,
	IMPORT_BYTES = 20,
	DELAYED_BYTES = 32,
	FILE_ALIGNMENT = 512, /* the least */
};

/* [PE] "Optional Header Magic Number", "Characteristics", "DLL Characteristics". */
enum { MAGIC_32 = 0x10b, MAGIC_64 = 0x20b };
enum { IS_EXECUTABLE = 0x0002, IS_DLL = 0x2000 };
enum { DYNAMIC_BASE = 0x0040, NX_COMPAT = 0x0100 };
enum directory { EXPORTS = 0, IMPORTS = 1, DELAYED_IMPORTS = 13 };
enum { DELAYED_HAS_RVAS = 1 };

struct section {
	uint32_t address; /* in memory */
	uint32_t offset, file_bytes;
};

struct reader {
	struct str image;
	struct buf *why;
	size_t optional; /* offset of the optional header */
	size_t directories;
	uint32_t directory_count, header_bytes;
	uint32_t section_count;
	struct section sections[PE_SECTIONS_MAX];
};

static enum error invalid(const struct reader *reader, const char *what)
{
	buf_append_str(reader->why, str_from(what));
	return ERR_INVALID;
}

static bool has(const struct reader *reader, size_t offset, size_t bytes)
{
	return offset <= reader->image.length && bytes <= reader->image.length - offset;
}

/* Numbers of the file, little-endian; the caller knows that they are there. */
static uint16_t u16(const struct reader *reader, size_t offset)
{
	const unsigned char *bytes = (const unsigned char *)reader->image.ptr + offset;

	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static uint32_t u32(const struct reader *reader, size_t offset)
{
	return u16(reader, offset) | (uint32_t)u16(reader, offset + 2) << 16;
}

/* The headers. */

static enum error read_section(struct reader *reader, size_t at)
{
	struct section *section = &reader->sections[reader->section_count];

	*section = (struct section){
		.address = u32(reader, at + 12),
		.file_bytes = u32(reader, at + 16),
		.offset = u32(reader, at + 20),
	};
	if (section->file_bytes != 0 && (section->offset % FILE_ALIGNMENT != 0 ||
					 !has(reader, section->offset, section->file_bytes)))
		return invalid(reader, "is damaged: a section lies beyond its end");
	reader->section_count++;
	return ERR_NONE;
}

static enum error read_sections(struct reader *reader, size_t at, uint16_t count)
{
	enum error error = ERR_NONE;

	if (count > PE_SECTIONS_MAX) {
		buf_printf(reader->why, "has %u sections; the limit is %d", (unsigned)count,
			   PE_SECTIONS_MAX);
		return ERR_LIMIT;
	}
	if (!has(reader, at, (size_t)count * SECTION_HEADER_BYTES))
		return invalid(reader, "is cut off in its list of sections");
	for (uint16_t i = 0; error == ERR_NONE && i < count; i++)
		error = read_section(reader, at + (size_t)i * SECTION_HEADER_BYTES);
	return error;
}

/* What stands at the same places for 32 and 64 bits, then what does not. */
static enum error read_optional(struct reader *reader, uint16_t bytes, struct pe *pe)
{
	size_t at = reader->optional, before = 0;
	uint16_t magic, flags;

	if (bytes < 2 || !has(reader, at, bytes))
		return invalid(reader, "is cut off in its header");
	magic = u16(reader, at);
	if (magic == MAGIC_64)
		before = 112;
	else if (magic == MAGIC_32)
		before = 96;
	else
		return invalid(reader, "is a program neither of 32 nor of 64 bits");
	if (bytes < before)
		return invalid(reader, "is damaged: its header is too short");
	reader->header_bytes = u32(reader, at + 60);
	flags = u16(reader, at + 70);
	pe->can_move = (flags & DYNAMIC_BASE) != 0;
	pe->runs_no_data = (flags & NX_COMPAT) != 0;
	reader->directories = at + before;
	reader->directory_count = u32(reader, at + before - 4);
	if (reader->directory_count > (bytes - before) / DIRECTORY_BYTES)
		return invalid(reader, "is damaged: its header is too short for its directories");
	if (pe->machine == (magic == MAGIC_32 ? PE_X64 : PE_X86))
		return invalid(reader, "is damaged: its bits do not go with its machine");
	return ERR_NONE;
}

static enum error read_headers(struct reader *reader, struct pe *pe)
{
	uint16_t flags, optional_bytes;
	enum error error;
	size_t at;

	if (!has(reader, 0, DOS_HEADER_BYTES) || u16(reader, 0) != 0x5a4d)
		return invalid(reader, "is no program or DLL of Windows");
	at = u32(reader, PE_OFFSET_AT);
	if (!has(reader, at, 4 + COFF_HEADER_BYTES) || u32(reader, at) != 0x00004550)
		return invalid(reader, "is no program or DLL of Windows, or is cut off");
	at += 4;
	pe->machine = u16(reader, at);
	optional_bytes = u16(reader, at + 16);
	flags = u16(reader, at + 18);
	if ((flags & IS_EXECUTABLE) == 0)
		return invalid(reader, "cannot be run: it is an object, or was not linked whole");
	pe->is_dll = (flags & IS_DLL) != 0;
	reader->optional = at + COFF_HEADER_BYTES;
	error = read_optional(reader, optional_bytes, pe);
	if (error == ERR_NONE)
		error = read_sections(reader, reader->optional + optional_bytes,
				      u16(reader, at + 2));
	return error;
}

/* What the headers point to. */

/* Where in the file an address in memory is, and how many bytes follow there. Of sections that overlap,
 * as no linker makes them, the first counts, so that an address has one place. False when it is not
 * in the file. */
static bool find_place(const struct reader *reader, uint32_t address, size_t *offset,
		       size_t *available)
{
	for (uint32_t i = 0; i < reader->section_count; i++) {
		const struct section *section = &reader->sections[i];

		if (address >= section->address &&
		    address - section->address < section->file_bytes) {
			*offset = section->offset + (size_t)(address - section->address);
			*available = section->file_bytes - (address - section->address);
			return true;
		}
	}
	if (address >= reader->header_bytes || address >= reader->image.length)
		return false;
	*offset = address;
	*available = reader->header_bytes < reader->image.length ? reader->header_bytes - address
								 : reader->image.length - address;
	return true;
}

/* Where in the file the `bytes` at an address in memory are; false when they are not in it. */
static bool locate(const struct reader *reader, uint32_t address, size_t bytes, size_t *offset)
{
	size_t available;

	return find_place(reader, address, offset, &available) && bytes <= available;
}

/* A name ends with a zero, and is worth being shown. */
static bool locate_name(const struct reader *reader, uint32_t address, struct str *out)
{
	size_t start, available;

	if (!find_place(reader, address, &start, &available))
		return false;
	for (size_t length = 0; length < available && length <= PE_NAME_MAX_BYTES; length++) {
		char c = reader->image.ptr[start + length];

		if (c == '\0') {
			*out = str_make(reader->image.ptr + start, length);
			return length != 0;
		}
		if (c < ' ' || c > '~')
			return false;
	}
	return false;
}

/* False when there is none. */
static bool find_directory(const struct reader *reader, enum directory which, uint32_t *address,
			   uint32_t *bytes)
{
	size_t at = reader->directories + (size_t)which * DIRECTORY_BYTES;

	if ((uint32_t)which >= reader->directory_count)
		return false;
	*address = u32(reader, at);
	*bytes = u32(reader, at + 4);
	return *address != 0;
}

static enum error read_exports(struct reader *reader, struct pe *pe)
{
	uint32_t address, bytes, functions, names, name_count;
	size_t at;

	if (!find_directory(reader, EXPORTS, &address, &bytes))
		return ERR_NONE;
	if (!locate(reader, address, EXPORT_BYTES, &at))
		return invalid(reader, "is damaged: its exports are not in it");
	pe->function_count = u32(reader, at + 20);
	name_count = u32(reader, at + 24);
	functions = u32(reader, at + 28);
	names = u32(reader, at + 32);
	if (pe->function_count > PE_EXPORTS_MAX || name_count > PE_EXPORTS_MAX) {
		buf_printf(reader->why, "exports more than %d functions", PE_EXPORTS_MAX);
		return ERR_LIMIT;
	}
	for (uint32_t i = 0; i < pe->function_count; i++) {
		uint32_t function;

		if (!locate(reader, functions, ((size_t)i + 1) * 4, &at))
			return invalid(reader, "is damaged: its exports are not in it");
		function = u32(reader, at + (size_t)i * 4);
		/* One that lies among the exports is the name of another DLL's. */
		pe->forwards |= function >= address && function - address < bytes;
	}
	for (uint32_t i = 0; i < name_count; i++) {
		if (!locate(reader, names, ((size_t)i + 1) * 4, &at) ||
		    !locate_name(reader, u32(reader, at + (size_t)i * 4),
				 &pe->exports[pe->export_count]))
			return invalid(reader, "is damaged: the name of an export is not in it");
		pe->export_count++;
	}
	return ERR_NONE;
}

static enum error add_import(struct reader *reader, struct pe *pe, uint32_t name)
{
	if (pe->import_count == PE_IMPORTS_MAX) {
		buf_printf(reader->why, "imports from more than %d DLLs", PE_IMPORTS_MAX);
		return ERR_LIMIT;
	}
	if (!locate_name(reader, name, &pe->imports[pe->import_count]))
		return invalid(reader,
			       "is damaged: the name of a DLL it imports from is not in it");
	pe->import_count++;
	return ERR_NONE;
}

/* The list ends with an entry that has no name; the loader does not go by its size. */
static enum error read_imports(struct reader *reader, struct pe *pe)
{
	enum error error = ERR_NONE;
	uint32_t address, bytes;
	size_t at;

	if (!find_directory(reader, IMPORTS, &address, &bytes))
		return ERR_NONE;
	for (uint32_t i = 0; error == ERR_NONE; i++) {
		if (!locate(reader, address, ((size_t)i + 1) * IMPORT_BYTES, &at))
			return invalid(reader, "is damaged: the list of its imports has no end");
		at += (size_t)i * IMPORT_BYTES;
		if (u32(reader, at + 12) == 0)
			break;
		error = add_import(reader, pe, u32(reader, at + 12));
	}
	return error;
}

/* What is loaded only when it is called. */
static enum error read_delayed_imports(struct reader *reader, struct pe *pe)
{
	enum error error = ERR_NONE;
	uint32_t address, bytes;
	size_t at;

	if (!find_directory(reader, DELAYED_IMPORTS, &address, &bytes))
		return ERR_NONE;
	for (uint32_t i = 0; error == ERR_NONE; i++) {
		if (!locate(reader, address, ((size_t)i + 1) * DELAYED_BYTES, &at))
			return invalid(reader, "is damaged: the list of its imports has no end");
		at += (size_t)i * DELAYED_BYTES;
		if (u32(reader, at + 4) == 0)
			break;
		if ((u32(reader, at) & DELAYED_HAS_RVAS) == 0)
			return invalid(reader, "has a list of imports in a form that is not used "
					       "any more");
		error = add_import(reader, pe, u32(reader, at + 4));
	}
	return error;
}

enum error pe_read(struct str image, struct pe *out, struct buf *why)
{
	struct reader reader = {.image = image, .why = why};
	struct pe pe = {.machine = 0};
	enum error error = read_headers(&reader, &pe);

	if (error == ERR_NONE)
		error = read_exports(&reader, &pe);
	if (error == ERR_NONE)
		error = read_imports(&reader, &pe);
	if (error == ERR_NONE)
		error = read_delayed_imports(&reader, &pe);
	if (error == ERR_NONE)
		*out = pe;
	return error;
}

const char *pe_machine_text(uint16_t machine)
{
	switch (machine) {
	case PE_X64: return "x64";
	case PE_X86: return "x86";
	case PE_ARM64: return "ARM64";
	}
	return "unknown";
}
