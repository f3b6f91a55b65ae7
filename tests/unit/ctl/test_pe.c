#include "ctl/pe.h"

#include <stdio.h>

#include "support/cmocka.h"

/* A file made here: headers, then one section with all that they point to. */
enum {
	IMAGE_MAX_BYTES = 64 * 1024,
	PE_AT = 64,
	OPTIONAL_AT = PE_AT + 24,
	HEADERS_BYTES = 4608, /* with the most sections */
	ADDRESS = 0x10000,    /* of the section in memory */
	LIST_MAX = 70,
};

struct parts {
	uint16_t machine;
	uint16_t characteristics, dll_characteristics;
	unsigned section_count;
	const char *exports[LIST_MAX], *imports[LIST_MAX], *delayed[LIST_MAX]; /* up to a NULL */
	unsigned function_count;                                               /* without a name */
	bool forwards;
};

struct image {
	unsigned char bytes[IMAGE_MAX_BYTES];
	size_t length;
	size_t exports_at, imports_at, delayed_at; /* the lists, in the file */
};

static void put16(struct image *image, size_t at, unsigned value)
{
	image->bytes[at] = (unsigned char)value;
	image->bytes[at + 1] = (unsigned char)(value >> 8);
}

static void put32(struct image *image, size_t at, uint32_t value)
{
	put16(image, at, value & 0xffff);
	put16(image, at + 2, value >> 16);
}

static uint32_t address_of(size_t offset)
{
	return (uint32_t)(ADDRESS + offset - HEADERS_BYTES);
}

/* Room at the end of the section; where it is in the file. */
static size_t take(struct image *image, size_t bytes)
{
	size_t at = image->length;

	assert_true(at + bytes <= IMAGE_MAX_BYTES);
	image->length += bytes;
	return at;
}

static uint32_t put_name(struct image *image, const char *name)
{
	size_t at = take(image, strlen(name) + 1);

	memcpy(image->bytes + at, name, strlen(name) + 1);
	return address_of(at);
}

static unsigned count_of(const char *const *names)
{
	unsigned count = 0;

	while (names[count] != NULL)
		count++;
	return count;
}

static void put_exports(struct image *image, const struct parts *parts)
{
	unsigned names = count_of(parts->exports), functions = names + parts->function_count;
	size_t at = take(image, 40), table = take(image, (size_t)functions * 4),
	       list = take(image, (size_t)names * 4);

	image->exports_at = at;
	put32(image, at + 20, functions);
	put32(image, at + 24, names);
	put32(image, at + 28, address_of(table));
	put32(image, at + 32, address_of(list));
	for (unsigned i = 0; i < functions; i++)
		put32(image, table + 4 * (size_t)i, 0x1000);
	for (unsigned i = 0; i < names; i++)
		put32(image, list + 4 * (size_t)i, put_name(image, parts->exports[i]));
	if (parts->forwards)
		put32(image, table, put_name(image, "OTHER.Function"));
}

/* A list of entries of `bytes` with the address of a name in them, and one of zeros. */
static size_t put_list(struct image *image, const char *const *names, size_t bytes, size_t name_at,
		       uint32_t first_word)
{
	unsigned count = count_of(names);
	size_t at = take(image, (count + 1) * bytes);

	for (unsigned i = 0; i < count; i++) {
		put32(image, at + i * bytes, first_word);
		put32(image, at + i * bytes + name_at, put_name(image, names[i]));
	}
	return at;
}

static void put_directory(struct image *image, size_t directories, unsigned which, size_t at,
			  size_t end)
{
	put32(image, directories + 8 * (size_t)which, address_of(at));
	put32(image, directories + 8 * (size_t)which + 4, (uint32_t)(end - at));
}

static const struct image *make(const struct parts *parts)
{
	static struct image image;
	bool is_32 = parts->machine == PE_X86;
	size_t directories = OPTIONAL_AT + (is_32 ? 96 : 112), sections = directories + 128;

	memset(&image, 0, sizeof(image));
	image.length = HEADERS_BYTES;
	memcpy(image.bytes, "MZ", 2);
	put32(&image, 0x3c, PE_AT);
	memcpy(image.bytes + PE_AT, "PE\0\0", 4);
	put16(&image, PE_AT + 4, parts->machine);
	put16(&image, PE_AT + 6, parts->section_count);
	put16(&image, PE_AT + 20, (unsigned)(sections - OPTIONAL_AT));
	put16(&image, PE_AT + 22, parts->characteristics);
	put16(&image, OPTIONAL_AT, is_32 ? 0x10b : 0x20b);
	put32(&image, OPTIONAL_AT + 60, HEADERS_BYTES);
	put16(&image, OPTIONAL_AT + 70, parts->dll_characteristics);
	put32(&image, directories - 4, 16);
	if (parts->exports[0] != NULL || parts->function_count != 0) {
		put_exports(&image, parts);
		put_directory(&image, directories, 0, image.exports_at, image.length);
	}
	if (parts->imports[0] != NULL) {
		image.imports_at = put_list(&image, parts->imports, 20, 12, 0x2000);
		put_directory(&image, directories, 1, image.imports_at, image.length);
	}
	if (parts->delayed[0] != NULL) {
		image.delayed_at = put_list(&image, parts->delayed, 32, 4, 1);
		put_directory(&image, directories, 13, image.delayed_at, image.length);
	}
	put32(&image, sections + 12, ADDRESS);
	put32(&image, sections + 16, (uint32_t)(image.length - HEADERS_BYTES));
	put32(&image, sections + 20, HEADERS_BYTES);
	return &image;
}

static const struct parts whole = {
	.machine = PE_X64,
	.characteristics = 0x2022,
	.dll_characteristics = 0x0160,
	.section_count = 3,
	.exports = {"First", "Second"},
	.imports = {"KERNEL32.dll", "ADVAPI32.dll"},
	.delayed = {"ole32.dll"},
};

static enum error read_bytes(const void *bytes, size_t length, struct pe *out, char *why,
			     size_t size)
{
	struct buf text;
	enum error error;

	buf_init_fixed(&text, why, size);
	error = pe_read(str_make(bytes, length), out, &text);
	(void)buf_text(&text);
	assert_int_equal(error == ERR_NONE, text.length == 0);
	return error;
}

static void expect_refused(const struct image *image, enum error expected, const char *expected_why)
{
	struct pe pe;
	char why[256];

	assert_int_equal(read_bytes(image->bytes, image->length, &pe, why, sizeof(why)), expected);
	if (strstr(why, expected_why) == NULL)
		fail_msg("'%s' does not say '%s'", why, expected_why);
}

static void expect_read(const struct image *image, struct pe *pe)
{
	char why[256];

	if (read_bytes(image->bytes, image->length, pe, why, sizeof(why)) != ERR_NONE)
		fail_msg("%s", why);
}

static void expect_name(struct str name, const char *expected)
{
	assert_true(str_equal(name, str_from(expected)));
}

static void a_dll_tells_what_it_exports_and_loads(void **state)
{
	struct parts parts = whole;
	struct pe pe;

	(void)state;
	for (int is_32 = 0; is_32 < 2; is_32++) {
		parts.machine = is_32 ? PE_X86 : PE_X64;
		expect_read(make(&parts), &pe);
		assert_int_equal(pe.machine, parts.machine);
		assert_true(pe.is_dll && pe.can_move && pe.runs_no_data && !pe.forwards);
		assert_int_equal(pe.function_count, 2);
		assert_int_equal(pe.export_count, 2);
		expect_name(pe.exports[0], "First");
		expect_name(pe.exports[1], "Second");
		assert_int_equal(pe.import_count, 3);
		expect_name(pe.imports[0], "KERNEL32.dll");
		expect_name(pe.imports[1], "ADVAPI32.dll");
		expect_name(pe.imports[2], "ole32.dll");
	}
}

static void what_is_not_there_is_not_told(void **state)
{
	static const struct parts bare = {
		.machine = PE_ARM64, .characteristics = 0x0002, .section_count = 1};
	struct pe pe;

	(void)state;
	expect_read(make(&bare), &pe);
	assert_false(pe.is_dll || pe.can_move || pe.runs_no_data || pe.forwards);
	assert_int_equal(pe.function_count + pe.export_count + pe.import_count, 0);
}

static void functions_without_a_name_and_of_another_dll_are_told(void **state)
{
	struct parts parts = whole;
	struct pe pe;

	(void)state;
	parts.function_count = 3;
	parts.forwards = true;
	expect_read(make(&parts), &pe);
	assert_int_equal(pe.function_count, 5);
	assert_int_equal(pe.export_count, 2);
	assert_true(pe.forwards);
}

static void a_file_cut_off_anywhere_is_refused(void **state)
{
	const struct image *image = make(&whole);
	static unsigned char exact[IMAGE_MAX_BYTES];
	struct pe pe;
	char why[256];

	(void)state;
	for (size_t length = 0; length < image->length; length++) {
		/* At the end of the memory, so that a sanitizer sees one byte too many. */
		unsigned char *end = exact + sizeof(exact) - length;

		memcpy(end, image->bytes, length);
		assert_int_equal(read_bytes(end, length, &pe, why, sizeof(why)), ERR_INVALID);
	}
}

static bool is_inside(struct str name, const struct image *image)
{
	const char *start = (const char *)image->bytes;

	return name.ptr >= start && name.ptr + name.length < start + image->length &&
	       name.length > 0 && name.length <= PE_NAME_MAX_BYTES;
}

static void a_wrong_byte_anywhere_is_survived(void **state)
{
	static const unsigned char masks[] = {0x01, 0x40, 0x80, 0xff};
	struct image image = *make(&whole);
	struct pe pe;
	char why[256];

	(void)state;
	for (size_t at = 0; at < image.length; at++) {
		for (size_t i = 0; i < sizeof(masks); i++) {
			image.bytes[at] ^= masks[i];
			if (read_bytes(image.bytes, image.length, &pe, why, sizeof(why)) ==
			    ERR_NONE) {
				for (size_t j = 0; j < pe.export_count; j++)
					assert_true(is_inside(pe.exports[j], &image));
				for (size_t j = 0; j < pe.import_count; j++)
					assert_true(is_inside(pe.imports[j], &image));
			}
			image.bytes[at] ^= masks[i];
		}
	}
}

/* Fills a list with `count` times the name. */
static void fill(const char **names, unsigned count, const char *name)
{
	memset(names, 0, LIST_MAX * sizeof(*names));
	for (unsigned i = 0; i < count; i++)
		names[i] = name;
}

static void limits_hold_at_the_limit_and_one_past_it(void **state)
{
	static char name[PE_NAME_MAX_BYTES + 2];
	struct parts parts = whole;
	struct pe pe;

	(void)state;
	parts.section_count = PE_SECTIONS_MAX;
	expect_read(make(&parts), &pe);
	parts.section_count = PE_SECTIONS_MAX + 1;
	expect_refused(make(&parts), ERR_LIMIT, "has 97 sections; the limit is 96");

	parts = whole;
	fill(parts.exports, PE_EXPORTS_MAX, "Function");
	expect_read(make(&parts), &pe);
	assert_int_equal(pe.export_count, PE_EXPORTS_MAX);
	fill(parts.exports, PE_EXPORTS_MAX + 1, "Function");
	expect_refused(make(&parts), ERR_LIMIT, "exports more than 64 functions");

	parts = whole;
	fill(parts.imports, PE_IMPORTS_MAX - 1, "a.dll");
	expect_read(make(&parts), &pe);
	assert_int_equal(pe.import_count, PE_IMPORTS_MAX);
	fill(parts.imports, PE_IMPORTS_MAX, "a.dll");
	expect_refused(make(&parts), ERR_LIMIT, "imports from more than 64 DLLs");

	parts = whole;
	memset(name, 'a', PE_NAME_MAX_BYTES);
	parts.exports[0] = parts.imports[0] = name;
	expect_read(make(&parts), &pe);
	assert_int_equal(pe.exports[0].length, PE_NAME_MAX_BYTES);
	name[PE_NAME_MAX_BYTES] = 'a';
	expect_refused(make(&parts), ERR_INVALID, "the name of an export");
	parts.exports[0] = "a";
	expect_refused(make(&parts), ERR_INVALID, "the name of a DLL");
}

static void what_is_no_program_is_refused(void **state)
{
	struct image image = *make(&whole);

	(void)state;
	image.bytes[0] = 'N';
	expect_refused(&image, ERR_INVALID, "is no program or DLL of Windows");
	image = *make(&whole);
	image.bytes[PE_AT] = 'N';
	expect_refused(&image, ERR_INVALID, "is no program or DLL of Windows, or is cut off");
	image = *make(&whole);
	put32(&image, 0x3c, UINT32_MAX);
	expect_refused(&image, ERR_INVALID, "is no program or DLL of Windows, or is cut off");
	image = *make(&whole);
	put16(&image, PE_AT + 22, 0x2020);
	expect_refused(&image, ERR_INVALID, "cannot be run");
	image = *make(&whole);
	put16(&image, OPTIONAL_AT, 0x107);
	expect_refused(&image, ERR_INVALID, "neither of 32 nor of 64 bits");
	image = *make(&whole);
	put16(&image, PE_AT + 4, PE_X86);
	expect_refused(&image, ERR_INVALID, "its bits do not go with its machine");
	image = *make(&whole);
	put16(&image, PE_AT + 20, 111);
	expect_refused(&image, ERR_INVALID, "its header is too short");
	image = *make(&whole);
	put32(&image, OPTIONAL_AT + 108, 17);
	expect_refused(&image, ERR_INVALID, "too short for its directories");
}

static void pointers_out_of_the_file_are_refused(void **state)
{
	struct image image = *make(&whole);
	size_t directories = OPTIONAL_AT + 112, section = directories + 128;

	(void)state;
	put32(&image, section + 20, 0xfffffe00);
	expect_refused(&image, ERR_INVALID, "a section lies beyond its end");
	image = *make(&whole);
	put32(&image, section + 20, HEADERS_BYTES - 1);
	expect_refused(&image, ERR_INVALID, "a section lies beyond its end");
	image = *make(&whole);
	put32(&image, section + 16, UINT32_MAX);
	expect_refused(&image, ERR_INVALID, "a section lies beyond its end");
	image = *make(&whole);
	put32(&image, directories, UINT32_MAX);
	expect_refused(&image, ERR_INVALID, "its exports are not in it");
	image = *make(&whole);
	put32(&image, image.exports_at + 28, UINT32_MAX - 3);
	expect_refused(&image, ERR_INVALID, "its exports are not in it");
	image = *make(&whole);
	put32(&image, image.exports_at + 32, UINT32_MAX - 3);
	expect_refused(&image, ERR_INVALID, "the name of an export");
	image = *make(&whole);
	put32(&image, directories + 8, ADDRESS + IMAGE_MAX_BYTES);
	expect_refused(&image, ERR_INVALID, "the list of its imports has no end");
	image = *make(&whole);
	put32(&image, image.imports_at + 12, UINT32_MAX);
	expect_refused(&image, ERR_INVALID, "the name of a DLL");
	image = *make(&whole);
	put32(&image, directories + 8 * 13, 1 << 20);
	expect_refused(&image, ERR_INVALID, "the list of its imports has no end");
	image = *make(&whole);
	put32(&image, image.delayed_at, 0);
	expect_refused(&image, ERR_INVALID, "a form that is not used any more");
}

static void a_list_of_imports_that_the_file_ends_in_is_refused(void **state)
{
	struct parts parts = whole;
	struct image image;
	struct pe pe;
	size_t size_at = OPTIONAL_AT + 112 + 128 + 16, end;

	(void)state;
	fill(parts.delayed, 0, NULL);
	image = *make(&parts);
	end = image.imports_at + 3 * 20;
	/* Their names are those of exports, so that the list can be the last. */
	put32(&image, image.imports_at + 12, address_of(image.exports_at + 56));
	put32(&image, image.imports_at + 32, address_of(image.exports_at + 56));
	image.length = end;
	put32(&image, size_at, (uint32_t)(end - HEADERS_BYTES));
	expect_read(&image, &pe);
	expect_name(pe.imports[1], "First");
	put32(&image, size_at, (uint32_t)(end - 1 - HEADERS_BYTES));
	expect_refused(&image, ERR_INVALID, "the list of its imports has no end");
}

static void names_that_would_disturb_a_terminal_are_refused(void **state)
{
	static const char *const names[] = {"", "a\nb", "a\x1b[2J", "a\x7f", "\xc3\xa4"};
	struct parts parts = whole;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		parts.exports[0] = names[i];
		expect_refused(make(&parts), ERR_INVALID, "the name of an export");
		parts.exports[0] = "First";
		parts.imports[0] = names[i];
		expect_refused(make(&parts), ERR_INVALID, "the name of a DLL");
		parts.imports[0] = "KERNEL32.dll";
	}
}

/* Its first bytes would be those of one section and the rest those of the other, which no loader
 * sees. */
static void a_name_in_sections_that_overlap_is_refused(void **state)
{
	const size_t first = OPTIONAL_AT + 112 + 128, second = first + 40, harmless = 1024;
	struct parts parts = whole;
	struct image image;
	size_t name = HEADERS_BYTES;

	(void)state;
	parts.section_count = 2;
	parts.exports[0] = "a\nb";
	image = *make(&parts);
	while (memcmp(image.bytes + name, "a\nb", 4) != 0)
		name++;
	memcpy(image.bytes + second, image.bytes + first, 40);
	memcpy(image.bytes + harmless, "xy", 2);
	put32(&image, first + 12, address_of(name));
	put32(&image, first + 16, 2);
	put32(&image, first + 20, (uint32_t)harmless);
	expect_refused(&image, ERR_INVALID, "the name of an export");
}

static void machines_have_names(void **state)
{
	(void)state;
	assert_string_equal(pe_machine_text(PE_X64), "x64");
	assert_string_equal(pe_machine_text(PE_X86), "x86");
	assert_string_equal(pe_machine_text(PE_ARM64), "ARM64");
	assert_string_equal(pe_machine_text(0x1234), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dll_tells_what_it_exports_and_loads),
		cmocka_unit_test(what_is_not_there_is_not_told),
		cmocka_unit_test(functions_without_a_name_and_of_another_dll_are_told),
		cmocka_unit_test(a_file_cut_off_anywhere_is_refused),
		cmocka_unit_test(a_wrong_byte_anywhere_is_survived),
		cmocka_unit_test(limits_hold_at_the_limit_and_one_past_it),
		cmocka_unit_test(what_is_no_program_is_refused),
		cmocka_unit_test(pointers_out_of_the_file_are_refused),
		cmocka_unit_test(a_list_of_imports_that_the_file_ends_in_is_refused),
		cmocka_unit_test(names_that_would_disturb_a_terminal_are_refused),
		cmocka_unit_test(a_name_in_sections_that_overlap_is_refused),
		cmocka_unit_test(machines_have_names),
	};

	return cmocka_run_group_tests_name("pe", tests, NULL, NULL);
}
