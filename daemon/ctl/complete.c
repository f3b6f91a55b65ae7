#include "ctl/complete.h"

#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "base/str.h"

/* Two words are the most that a command has. */
enum { COMMAND_WORDS_MAX = 2 };

/* Operands and values that are called so, or end so, are names of files. */
static bool is_file(const char *name)
{
	static const char *const kinds[] = {"FILE", "DIR", "PATH"};

	for (size_t i = 0; name != NULL && i < ARRAY_COUNT(kinds); i++) {
		if (strstr(name, kinds[i]) != NULL)
			return true;
	}
	return false;
}

/* How many of `words` begin the command, and where its remaining words begin. */
static int match(const struct ctl_command *command, int word_count, char **words, const char **rest)
{
	const char *at = command->words;
	int matched = 0;

	while (matched < word_count && *at != '\0') {
		size_t length = strcspn(at, " ");

		if (strlen(words[matched]) != length || memcmp(words[matched], at, length) != 0)
			break;
		at += length + (at[length] == ' ');
		matched++;
	}
	*rest = at;
	return matched;
}

static bool begins(const char *text, size_t length, const char *start)
{
	return str_starts_with(str_make(text, length), str_from(start));
}

/* The words that may follow those before the last. */
static void print_words(const struct ctl_command *const *commands, size_t command_count, int before,
			char **words)
{
	const char *last = "";
	size_t last_length = 0;

	for (size_t i = 0; i < command_count; i++) {
		const char *rest;
		size_t length;

		if (match(commands[i], before, words, &rest) != before || *rest == '\0')
			continue;
		length = strcspn(rest, " ");
		if (!begins(rest, length, words[before]))
			continue;
		/* Commands that share their first word stand together. */
		if (length == last_length && memcmp(rest, last, length) == 0)
			continue;
		last = rest;
		last_length = length;
		printf("%.*s\t%s\n", (int)length, rest,
		       rest[length] == '\0' ? commands[i]->summary : "...");
	}
}

/* The option of the table that is called `name`, with its letter or without; NULL for none. */
static const struct arg_option *find_option(const struct arg_option *table, const char *name)
{
	for (; table->name != NULL; table++) {
		const char *comma = strchr(table->name, ',');
		const char *whole = comma != NULL ? comma + 2 : table->name;

		if (strcmp(whole, name) == 0 ||
		    (comma != NULL && strlen(name) == (size_t)(comma - table->name) &&
		     begins(table->name, strlen(name), name)))
			return table;
	}
	return NULL;
}

static void print_options(const struct arg_option *table, const char *start)
{
	for (; table->name != NULL; table++) {
		const char *comma = strchr(table->name, ',');
		const char *whole = comma != NULL ? comma + 2 : table->name;

		if (begins(whole, strlen(whole), start))
			printf("%s\t%s\n", whole, table->help);
	}
}

static void print_arguments(const struct ctl_command *command, const struct arg_option *common,
			    const char *previous, const char *current)
{
	const struct arg_option *option = find_option(command->options, previous);

	if (option == NULL)
		option = find_option(common, previous);
	if (option != NULL && option->kind != ARG_FLAG) {
		if (is_file(option->value))
			puts(":files");
	} else if (current[0] == '-') {
		print_options(command->options, current);
		print_options(common, current);
	} else if (is_file(command->operands)) {
		puts(":files");
	}
}

void complete_print(const struct ctl_command *const *commands, size_t command_count,
		    const struct arg_option *common, int word_count, char **words)
{
	int before = word_count - 1;

	if (word_count < 1)
		return;
	for (size_t i = 0; i < command_count; i++) {
		const char *rest;
		int matched = match(commands[i], before, words, &rest);
		const char *previous = before > 0 ? words[before - 1] : "";

		if (matched == 0 || *rest != '\0')
			continue;
		/* Shells take "--config=FILE" apart at the equals sign. */
		if (strcmp(previous, "=") == 0 && before > 1)
			previous = words[before - 2];
		print_arguments(commands[i], common, previous, words[before]);
		return;
	}
	if (before < COMMAND_WORDS_MAX)
		print_words(commands, command_count, before, words);
}
