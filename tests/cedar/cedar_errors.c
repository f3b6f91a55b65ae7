/*
 * usage: cedar_errors FILE...
 *
 * Parses policies and compares the messages with those the file expects. A comment of the form
 *
 *	permit(principal = User::"a", action, resource);
 *	//             ^ use `==` to compare; `=` is not an operator
 *
 * expects this message, and no other, at the character above the caret. Several such comments may
 * follow a line.
 */
#include <stdio.h>

#include "base/buf.h"
#include "cedar/parser.h"
#include "text_file.h"

/* Appends "LINE:COLUMN: MESSAGE" for each expectation. */
static void list_expected(const struct source *source, struct buf *out)
{
	uint32_t line = 0; /* the last one that is no expectation */

	for (uint32_t i = 1; i <= source->line_count; i++) {
		struct str text = source_line(source, i);
		size_t caret = 2;

		while (caret < text.length && text.ptr[caret] == ' ')
			caret++;
		if (!str_starts_with(text, STR("//")) || caret == text.length ||
		    text.ptr[caret] != '^') {
			line = i;
			continue;
		}
		buf_printf(out, "%u:%zu: %.*s\n", (unsigned)line, caret + 1,
			   (int)(text.length - caret - 2), text.ptr + caret + 2);
	}
}

static void list_found(const struct cedar_diags *diags, struct buf *out)
{
	for (const struct cedar_diag *diag = diags->first; diag != NULL; diag = diag->next)
		buf_printf(out, "%u:%u: %.*s\n", (unsigned)diag->line, (unsigned)diag->column,
			   STR_ARGS(diag->message));
}

/* The length of the next line with its LF. */
static size_t line_length(struct str text)
{
	const char *feed = str_find_byte(text, '\n');

	return feed != NULL ? (size_t)(feed - text.ptr) + 1 : text.length;
}

/* Prints the lines in which the lists differ first. */
static bool compare(const char *path, struct str expected, struct str found)
{
	while (expected.length != 0 || found.length != 0) {
		size_t a = line_length(expected), b = line_length(found);

		if (!str_equal(str_make(expected.ptr, a), str_make(found.ptr, b))) {
			printf("%s: expected %.*s%s: but found %.*s", path, (int)a,
			       a != 0 ? expected.ptr : "nothing more\n", path, (int)b,
			       b != 0 ? found.ptr : "");
			if (a == 0 || b == 0)
				printf("(end of one list)\n");
			return false;
		}
		expected = str_make(expected.ptr + a, expected.length - a);
		found = str_make(found.ptr + b, found.length - b);
	}
	return true;
}

static bool check_file(const char *path)
{
	struct buf text, expected, found;
	struct cedar_diags diags;
	struct source source;
	struct ast_policies policies;
	struct arena arena;
	bool good = false;
	enum error error;

	arena_init(&arena, 4096, SIZE_MAX);
	cedar_diags_init(&diags);
	buf_init(&text, PARSER_TEXT_BYTES);
	buf_init(&expected, SIZE_MAX);
	buf_init(&found, SIZE_MAX);
	if (!text_file_read(path, &text)) {
		printf("%s: cannot be read\n", path);
		goto out;
	}
	error = source_init(&source, &arena, str_from(path), buf_str(&text));
	if (error == ERR_NONE)
		error = parse_policies(&arena, &source, NULL, &diags, &policies);
	list_expected(&source, &expected);
	list_found(&diags, &found);
	good = compare(path, buf_str(&expected), buf_str(&found));
	if (good && (error == ERR_SYNTAX) != (diags.error_count != 0)) {
		printf("%s: the result is: %s\n", path, error_text(error));
		good = false;
	}
out:
	buf_deinit(&found);
	buf_deinit(&expected);
	buf_deinit(&text);
	cedar_diags_deinit(&diags);
	arena_deinit(&arena);
	return good;
}

int main(int argc, char **argv)
{
	int failures = 0;

	for (int i = 1; i < argc; i++)
		failures += !check_file(argv[i]);
	return failures != 0;
}
