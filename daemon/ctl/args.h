/*
 * Command lines as data: a command names its options in a table, and parsing fills a struct of
 * them. Texts are borrowed from argv.
 */
#ifndef CTL_ARGS_H
#define CTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { ARG_LIST_MAX = 64 };

enum arg_kind {
	ARG_FLAG,  /* bool, no value */
	ARG_TEXT,  /* const char * */
	ARG_LIST,  /* struct arg_list, may be given ARG_LIST_MAX times */
	ARG_COUNT, /* uint64_t */
};

struct arg_list {
	const char *items[ARG_LIST_MAX];
	size_t count;
};

struct arg_option {
	const char *name; /* with its dashes: "--user", or with a letter too: "-p, --policies" */
	enum arg_kind kind;
	size_t offset;     /* of the member in the struct of options */
	const char *value; /* what help calls the value, or NULL */
	const char *help;
};

/* Reads the arguments: options of any table in any order, "--name value" or "--name=value", "--"
 * ends them. `tables` and `structs` belong together by index. What is no option is moved to the
 * front of argv, and `*operand_count` says how many there are. False after a message on stderr. */
bool args_parse(int argc, char **argv, const struct arg_option *const *tables, void *const *structs,
		size_t table_count, int *operand_count);

/* How many of the first arguments are options of the table and their values. */
int args_leading(int argc, char **argv, const struct arg_option *table);

/* Appends the options of a table for --help, in lines of `width` columns, 0 for no bound. */
void args_write(const struct arg_option *table, unsigned width, struct buf *out);

#endif
