#include "cedar/value_text.h"

#include <inttypes.h>

#include "base/attributes.h"
#include "base/civil.h"
#include "cedar/print.h"

enum { DECIMAL_ONE = 10000, IPV4_BITS = 32, IPV6_BITS = 128, IPV6_GROUPS = 8 };

/* Appends Type::"id". */
static void append_uid(struct buf *out, const struct symbols *symbols, cedar_uid uid)
{
	const struct uid_entry *entry = symbols_uid(symbols, uid);
	struct ast_uid names = {.type = symbols_name(symbols, entry->type), .id = entry->id};

	print_uid(out, &names);
}

/* The magnitude, also of the least number. */
static uint64_t magnitude(int64_t number)
{
	return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

static void write_decimal(struct buf *out, int64_t ten_thousandths)
{
	uint64_t number = magnitude(ten_thousandths);

	buf_printf(out, "decimal(\"%s%" PRIu64 ".%04" PRIu64 "\")", ten_thousandths < 0 ? "-" : "",
		   number / DECIMAL_ONE, number % DECIMAL_ONE);
}

/* Dates that civil_append() can write; others, which no clock shows, in milliseconds. */
static void write_datetime(struct buf *out, int64_t ms)
{
	const int64_t last_ms = INT64_C(253402300799999); /* 9999-12-31 */

	if (ms < 0 || ms > last_ms) {
		buf_printf(out, "datetime(\"1970-01-01\").offset(duration(\"%" PRId64 "ms\"))", ms);
		return;
	}
	buf_append_str(out, STR("datetime(\""));
	civil_append(out, ms * 1000);
	buf_append_str(out, STR("\")"));
}

static void write_duration(struct buf *out, int64_t ms)
{
	static const struct {
		uint64_t ms;
		const char *unit;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
	uint64_t left = magnitude(ms);

	buf_append_str(out, ms < 0 ? STR("duration(\"-") : STR("duration(\""));
	for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
		if (left >= units[i].ms)
			buf_printf(out, "%" PRIu64 "%s", left / units[i].ms, units[i].unit);
		left %= units[i].ms;
	}
	buf_append_str(out, ms == 0 ? STR("0s\")") : STR("\")"));
}

static void write_ipaddr(struct buf *out, struct cedar_value value)
{
	buf_append_str(out, STR("ip(\""));
	if (value.tag == VALUE_IPV4) {
		for (int shift = 24; shift >= 0; shift -= 8)
			buf_printf(out, "%u%s", (unsigned)(value.payload >> shift & 0xff),
				   shift != 0 ? "." : "");
		if (value.aux != IPV4_BITS)
			buf_printf(out, "/%u", (unsigned)value.aux);
	} else {
		struct value_ipv6 address = value_ipv6(value);

		for (int i = 0; i < IPV6_GROUPS; i++) {
			uint64_t half = i < IPV6_GROUPS / 2 ? address.high : address.low;

			buf_printf(out, "%s%x", i != 0 ? ":" : "",
				   (unsigned)(half >> (48 - 16 * (i % 4)) & 0xffff));
		}
		if (value.aux != IPV6_BITS)
			buf_printf(out, "/%u", (unsigned)value.aux);
	}
	buf_append_str(out, STR("\")"));
}

static void write_set(struct buf *out, const struct symbols *symbols, const struct value_set *set)
{
	buf_append_byte(out, '[');
	for (uint32_t i = 0; i < set->count && out->failed == ERR_NONE; i++) {
		if (i != 0)
			buf_append_str(out, STR(", "));
		value_text(out, symbols, set->elements[i]);
	}
	buf_append_byte(out, ']');
}

static void write_record(struct buf *out, const struct symbols *symbols,
			 const struct value_record *record)
{
	buf_append_byte(out, '{');
	for (uint32_t i = 0; i < record->count && out->failed == ERR_NONE; i++) {
		if (i != 0)
			buf_append_str(out, STR(", "));
		print_name(out, symbols_name(symbols, record->fields[i].key));
		buf_append_str(out, STR(": "));
		value_text(out, symbols, record->fields[i].value);
	}
	buf_append_byte(out, '}');
}

void value_text(struct buf *out, const struct symbols *symbols, struct cedar_value value)
{
	switch (value_tag(value)) {
	case VALUE_INVALID: break;
	case VALUE_BOOL: buf_append_str(out, value_bool(value) ? STR("true") : STR("false")); break;
	case VALUE_LONG: buf_printf(out, "%" PRId64, value_integer(value)); break;
	case VALUE_STRING: print_string(out, value_string(value)); break;
	case VALUE_ENTITY: append_uid(out, symbols, value_entity(value)); break;
	case VALUE_SET: write_set(out, symbols, value_set(value)); break;
	case VALUE_RECORD: write_record(out, symbols, value_record(value)); break;
	case VALUE_DECIMAL: write_decimal(out, value_integer(value)); break;
	case VALUE_DATETIME: write_datetime(out, value_integer(value)); break;
	case VALUE_DURATION: write_duration(out, value_integer(value)); break;
	case VALUE_IPV4:
	case VALUE_IPV6: write_ipaddr(out, value); break;
	}
}
