#include "ctl/args.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cedar/diag.h"
#include "ctl/output.h"

/* Where the explanations of options begin, and how many names can be near one that is wrong. */
enum { HELP_COLUMN = 30, CANDIDATES_MAX = 64 };

/* The name without the letter that may stand before it. */
static const char *long_name(const struct arg_option *option)
{
	const char *comma = strchr(option->name, ',');

	return comma != NULL ? comma + 2 : option->name;
}

static bool is_called(const struct arg_option *option, struct str name)
{
	const char *comma = strchr(option->name, ',');

	return str_equal(name, str_from(long_name(option))) ||
	       (comma != NULL &&
		str_equal(name, str_make(option->name, (size_t)(comma - option->name))));
}

static const struct arg_option *find(const struct arg_option *table, struct str name)
{
	for (; table->name != NULL; table++) {
		if (is_called(table, name))
			return table;
	}
	return NULL;
}

static bool store(const struct arg_option *option, void *options, const char *value)
{
	char *member = (char *)options + option->offset;
	struct arg_list *list;

	switch (option->kind) {
	case ARG_FLAG: *(bool *)(void *)member = true; return true;
	case ARG_TEXT: memcpy(member, &value, sizeof(value)); return true;
	case ARG_COUNT:
		if (str_to_u64(str_from(value), (uint64_t *)(void *)member))
			return true;
		output_error("%s: '%s' is not a whole number", long_name(option), value);
		return false;
	case ARG_LIST:
		list = (struct arg_list *)(void *)member;
		if (list->count < ARG_LIST_MAX) {
			list->items[list->count++] = value;
			return true;
		}
		output_error("%s: at most %d of them", long_name(option), ARG_LIST_MAX);
		return false;
	}
	return false;
}

static void report_unknown(struct str name, const struct arg_option *const *tables,
			   size_t table_count)
{
	struct str candidates[CANDIDATES_MAX], near;
	size_t count = 0;

	for (size_t i = 0; i < table_count; i++) {
		for (const struct arg_option *option = tables[i];
		     option->name != NULL && count < CANDIDATES_MAX; option++)
			candidates[count++] = str_from(long_name(option));
	}
	near = diag_nearest(name, candidates, count);
	if (near.length != 0)
		output_error("unknown option '%.*s'; did you mean %.*s?", STR_ARGS(name),
			     STR_ARGS(near));
	else
		output_error("unknown option '%.*s'; --help lists those that there are",
			     STR_ARGS(name));
}

/* Takes the option at argv[*at], and its value if that stands apart. */
static bool take(int argc, char **argv, int *at, const struct arg_option *option, void *options,
		 const char *attached)
{
	if (option->kind == ARG_FLAG && attached != NULL) {
		output_error("%s takes no value", long_name(option));
		return false;
	}
	if (option->kind == ARG_FLAG || attached != NULL)
		return store(option, options, attached);
	if (*at + 1 >= argc) {
		output_error("%s needs a value: %s %s", long_name(option), long_name(option),
			     option->value);
		return false;
	}
	*at += 1;
	return store(option, options, argv[*at]);
}

bool args_parse(int argc, char **argv, const struct arg_option *const *tables, void *const *structs,
		size_t table_count, int *operand_count)
{
	bool options_end = false;
	int operands = 0;

	for (int at = 0; at < argc; at++) {
		const struct arg_option *option = NULL;
		const char *equals;
		struct str name;
		size_t table;

		if (options_end || argv[at][0] != '-' || argv[at][1] == '\0') {
			argv[operands++] = argv[at];
			continue;
		}
		if (strcmp(argv[at], "--") == 0) {
			options_end = true;
			continue;
		}
		equals = strchr(argv[at], '=');
		name = equals != NULL ? str_make(argv[at], (size_t)(equals - argv[at]))
				      : str_from(argv[at]);
		for (table = 0; table < table_count && option == NULL; table++)
			option = find(tables[table], name);
		if (option == NULL) {
			report_unknown(name, tables, table_count);
			return false;
		}
		if (!take(argc, argv, &at, option, structs[table - 1],
			  equals != NULL ? equals + 1 : NULL))
			return false;
	}
	*operand_count = operands;
	return true;
}

int args_leading(int argc, char **argv, const struct arg_option *table)
{
	int at = 0;

	while (at < argc) {
		size_t length = strcspn(argv[at], "=");
		const struct arg_option *option = find(table, str_make(argv[at], length));

		if (option == NULL)
			break;
		at += option->kind == ARG_FLAG || argv[at][length] == '=' ? 1 : 2;
	}
	return at < argc ? at : argc;
}

void args_write(const struct arg_option *table, unsigned width, struct buf *out)
{
	for (; table->name != NULL; table++) {
		char left[64];

		snprintf(left, sizeof(left), "%s%s%s", table->name, table->value != NULL ? " " : "",
			 table->value != NULL ? table->value : "");
		buf_printf(out, "  %-*s  ", HELP_COLUMN - 4, left);
		output_wrap(out, str_from(table->help), HELP_COLUMN, width);
		buf_append_byte(out, '\n');
	}
}
