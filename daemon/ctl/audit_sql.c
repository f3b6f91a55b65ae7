/* wsauthzctl audit sql: SQL over the documented views of all segments. */
#include <float.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/hex.h"
#include "base/log.h"
#include "cedar/json_write.h"
#include "ctl/audit_options.h"
#include "ctl/audit_source.h"
#include "ctl/csv.h"
#include "ctl/output.h"
#include "ctl/when.h"
#include "platform/clock.h"
#include "store/audit_sql.h"

enum {
	WHY_MAX = 4096,
	DEFAULT_TIME_MS = 30000,
	MAX_TABLE_ROWS = 100000,
	CELL_BYTES = 1 << 20,
	FORMATS = 1 << AUDIT_FORMAT_TABLE | 1 << AUDIT_FORMAT_JSON | 1 << AUDIT_FORMAT_CSV,
};

struct sql_options {
	const char *time, *format;
};

static const struct arg_option sql_options[] = {
	{"--time-limit", ARG_TEXT, offsetof(struct sql_options, time), "SPAN",
	 "how long it may take (default 30s)"},
	{"--format", ARG_TEXT, offsetof(struct sql_options, format), "FORMAT",
	 "table, json or csv (default table)"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

/* The result on its way out. More columns than a table has are shown one below the other. */
struct printer {
	enum audit_format format;
	struct table table;
	struct arena arena; /* names */
	struct str names[AUDIT_SQL_COLUMNS_MAX];
	const char *titles[AUDIT_SQL_COLUMNS_MAX];
	size_t column_count;
	uint64_t rows;
	struct buf cells[TABLE_COLUMNS_MAX];
	struct buf line;
	enum error error;
};

static bool is_table(const struct printer *printer)
{
	return printer->format == AUDIT_FORMAT_TABLE && printer->column_count <= TABLE_COLUMNS_MAX;
}

static bool on_columns(void *arg, const struct str *names, size_t count)
{
	struct printer *printer = arg;

	printer->column_count = count;
	for (size_t i = 0; i < count; i++) {
		buf_clear(&printer->line);
		log_escape(&printer->line, names[i]);
		struct str title = arena_copy(&printer->arena, buf_str(&printer->line));
		printer->names[i] = arena_copy(&printer->arena, names[i]);
		printer->titles[i] = title.ptr;
		if (title.ptr == NULL || printer->names[i].ptr == NULL) {
			printer->error = ERR_NO_MEMORY;
			return false;
		}
	}
	buf_clear(&printer->line);
	if (is_table(printer))
		table_init(&printer->table, printer->titles, count, count - 1);
	if (printer->format == AUDIT_FORMAT_CSV) {
		for (size_t i = 0; i < count; i++) {
			if (i != 0)
				buf_append_byte(&printer->line, ',');
			csv_append_first(&printer->line, names[i]);
		}
		output_line(&printer->line);
	}
	return true;
}

/* Neither infinite nor no number, which JSON has no words for. */
static bool is_finite(double real)
{
	return real >= -DBL_MAX && real <= DBL_MAX;
}

/* As text; of a blob its bytes in hexadecimal. */
static void append_value(struct buf *out, const struct audit_sql_value *value)
{
	switch (value->type) {
	case AUDIT_SQL_NULL: break;
	case AUDIT_SQL_INTEGER: buf_printf(out, "%" PRId64, value->integer); break;
	case AUDIT_SQL_REAL: buf_printf(out, "%.15g", value->real); break;
	case AUDIT_SQL_TEXT: buf_append_str(out, value->bytes); break;
	case AUDIT_SQL_BLOB:
		hex_append(out, (const uint8_t *)value->bytes.ptr, value->bytes.length);
		break;
	}
}

static void add_table_row(struct printer *printer, const struct audit_sql_value *values)
{
	struct str cells[TABLE_COLUMNS_MAX];

	for (size_t i = 0; i < printer->column_count; i++) {
		buf_clear(&printer->cells[i]);
		append_value(&printer->cells[i], &values[i]);
		cells[i] = buf_str(&printer->cells[i]);
	}
	if (printer->rows > MAX_TABLE_ROWS)
		printer->error = ERR_LIMIT;
	else if (!table_add(&printer->table, cells))
		printer->error = ERR_NO_MEMORY;
}

static void print_list(struct printer *printer, const struct audit_sql_value *values)
{
	struct buf *raw = &printer->cells[0];

	printf("%s-- row %" PRIu64 "\n", printer->rows != 1 ? "\n" : "", printer->rows);
	for (size_t i = 0; i < printer->column_count; i++) {
		buf_clear(raw);
		append_value(raw, &values[i]);
		log_escape(&printer->line, buf_str(raw));
		printf("%-24s ", printer->titles[i]);
		output_line(&printer->line);
	}
}

static void print_json(struct printer *printer, const struct audit_sql_value *values)
{
	struct json_writer json = json_write_to(&printer->line);

	json_write_object(&json);
	for (size_t i = 0; i < printer->column_count; i++) {
		const struct audit_sql_value *value = &values[i];

		json_write_key(&json, printer->names[i]);
		buf_clear(&printer->cells[0]);
		append_value(&printer->cells[0], value);
		if (value->type == AUDIT_SQL_INTEGER)
			json_write_i64(&json, value->integer);
		else if (value->type == AUDIT_SQL_NULL)
			json_write_null(&json);
		else if (value->type == AUDIT_SQL_REAL && is_finite(value->real))
			json_write_number(&json, buf_str(&printer->cells[0]));
		else
			json_write_string(&json, buf_str(&printer->cells[0]));
	}
	json_write_object_end(&json);
	output_line(&printer->line);
}

static void print_csv(struct printer *printer, const struct audit_sql_value *values)
{
	for (size_t i = 0; i < printer->column_count; i++) {
		struct buf *cell = &printer->cells[0];

		buf_clear(cell);
		append_value(cell, &values[i]);
		if (i != 0)
			buf_append_byte(&printer->line, ',');
		if (values[i].type == AUDIT_SQL_TEXT)
			csv_append_first(&printer->line, buf_str(cell));
		else
			buf_append_str(&printer->line, buf_str(cell));
	}
	output_line(&printer->line);
}

static bool on_row(void *arg, const struct audit_sql_value *values, size_t count)
{
	struct printer *printer = arg;

	(void)count;
	printer->rows++;
	if (is_table(printer))
		add_table_row(printer, values);
	else if (printer->format == AUDIT_FORMAT_TABLE)
		print_list(printer, values);
	else if (printer->format == AUDIT_FORMAT_JSON)
		print_json(printer, values);
	else
		print_csv(printer, values);
	return printer->error == ERR_NONE;
}

static void printer_init(struct printer *printer, enum audit_format format)
{
	*printer = (struct printer){.format = format};
	arena_init(&printer->arena, 4096, SIZE_MAX);
	buf_init(&printer->line, SIZE_MAX);
	for (size_t i = 0; i < TABLE_COLUMNS_MAX; i++)
		buf_init(&printer->cells[i], i == 0 ? SIZE_MAX : CELL_BYTES);
}

static void printer_deinit(struct printer *printer)
{
	if (is_table(printer) && printer->column_count != 0)
		table_deinit(&printer->table);
	for (size_t i = 0; i < TABLE_COLUMNS_MAX; i++)
		buf_deinit(&printer->cells[i]);
	buf_deinit(&printer->line);
	arena_deinit(&printer->arena);
}

static enum ctl_exit print_result(struct audit_reader *reader, const char *sql, uint32_t time_ms,
				  enum audit_format format)
{
	struct printer printer;
	const struct audit_sql_sink sink = {on_columns, on_row, &printer};
	enum ctl_exit code = CTL_DONE;
	struct buf why;

	printer_init(&printer, format);
	buf_init(&why, WHY_MAX);
	enum error error =
		audit_sql_run(reader, str_from(sql), platform_clock(), time_ms, &sink, &why);
	if (is_table(&printer) && printer.column_count != 0 &&
	    (error == ERR_NONE || printer.rows != 0))
		table_print(&printer.table);
	if (error != ERR_NONE) {
		output_error("%s", why.length != 0 ? buf_text(&why) : error_text(error));
		code = error == ERR_SYNTAX || error == ERR_DENIED || error == ERR_LIMIT
			       ? CTL_USAGE
			       : CTL_INVALID;
	} else if (printer.error == ERR_LIMIT) {
		output_error("a table holds at most %d rows; use LIMIT, or --format json or csv",
			     MAX_TABLE_ROWS);
		code = CTL_INVALID;
	} else if (printer.error != ERR_NONE) {
		output_error("%s", error_text(printer.error));
		code = CTL_INVALID;
	}
	printer_deinit(&printer);
	buf_deinit(&why);
	return code;
}

static enum ctl_exit run_sql(const struct ctl *ctl, const void *opaque, char **operands,
			     int operand_count)
{
	const struct sql_options *options = opaque;
	struct audit_reader *reader = NULL;
	uint64_t time_ms = DEFAULT_TIME_MS;
	enum audit_format format;

	(void)operand_count;
	if (options->time != NULL &&
	    (!when_parse_span(str_from(options->time), &time_ms) || time_ms > UINT32_MAX)) {
		output_error("--time-limit: '%s' is no span of time such as 10s or 5m",
			     options->time);
		return CTL_USAGE;
	}
	if (!audit_options_format(ctl, options->format, FORMATS, AUDIT_FORMAT_TABLE, &format))
		return CTL_USAGE;
	enum ctl_exit code = audit_source_open(ctl, &reader);
	if (code == CTL_DONE)
		code = print_result(reader, operands[0], (uint32_t)time_ms, format);
	audit_reader_close(reader);
	return code;
}

const struct ctl_command audit_sql_command = {
	.words = "audit sql",
	.operands = "SELECT",
	.summary = "a question in SQL over documented views, read-only",
	.options = sql_options,
	.options_size = sizeof(struct sql_options),
	.operand_min = 1,
	.operand_max = 1,
	.run = run_sql,
};
