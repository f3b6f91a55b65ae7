#include "ctl/args.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

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
		fprintf(stderr, "wsauthzctl: %s: '%s' is not a whole number\n", long_name(option),
			value);
		return false;
	case ARG_LIST:
		list = (struct arg_list *)(void *)member;
		if (list->count < ARG_LIST_MAX) {
			list->items[list->count++] = value;
			return true;
		}
		fprintf(stderr, "wsauthzctl: %s: at most %d of them\n", long_name(option),
			ARG_LIST_MAX);
		return false;
	}
	return false;
}

/* Takes the option at argv[*at], and its value if that stands apart. */
static bool take(int argc, char **argv, int *at, const struct arg_option *option, void *options,
		 const char *attached)
{
	if (option->kind == ARG_FLAG && attached != NULL) {
		fprintf(stderr, "wsauthzctl: %s takes no value\n", long_name(option));
		return false;
	}
	if (option->kind == ARG_FLAG || attached != NULL)
		return store(option, options, attached);
	if (*at + 1 >= argc) {
		fprintf(stderr, "wsauthzctl: %s needs a value: %s %s\n", long_name(option),
			long_name(option), option->value);
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
			fprintf(stderr, "wsauthzctl: unknown option '%.*s'\n", STR_ARGS(name));
			return false;
		}
		if (!take(argc, argv, &at, option, structs[table - 1],
			  equals != NULL ? equals + 1 : NULL))
			return false;
	}
	*operand_count = operands;
	return true;
}

void args_print(const struct arg_option *table)
{
	for (; table->name != NULL; table++) {
		char left[64];

		snprintf(left, sizeof(left), "%s%s%s", table->name, table->value != NULL ? " " : "",
			 table->value != NULL ? table->value : "");
		printf("  %-26s  %s\n", left, table->help);
	}
}
