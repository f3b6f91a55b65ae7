#include "cedar/ext.h"

#include <assert.h>

#include "cedar/checked.h"
#include "cedar/value.h"

bool ext_make_ipaddr(struct arena *arena, const struct ext_ipaddr *ip, struct cedar_value *out)
{
	struct value_ipv6 *address;

	if (!ip->is_v6) {
		*out = value_of_bits(VALUE_IPV4, ip->prefix, ip->low);
		return true;
	}
	address = arena_alloc(arena, sizeof(*address));
	if (address == NULL)
		return false;
	*address = (struct value_ipv6){ip->high, ip->low};
	*out = value_of_address(VALUE_IPV6, ip->prefix, address);
	return true;
}

static struct ext_ipaddr ipaddr_of(struct cedar_value value)
{
	struct ext_ipaddr ip = {.is_v6 = value.tag == VALUE_IPV6, .prefix = (uint8_t)value.aux};

	if (ip.is_v6) {
		ip.high = value_ipv6(value).high;
		ip.low = value_ipv6(value).low;
	} else {
		ip.low = value.payload;
	}
	return ip;
}

static enum cedar_eval_error construct(enum ast_function function, struct cedar_value argument,
				       struct arena *arena, struct cedar_value *out)
{
	struct str text;
	struct ext_ipaddr ip;
	int64_t number;

	if (argument.tag != VALUE_STRING)
		return CEDAR_EVAL_TYPE;
	text = value_string(argument);
	switch (function) {
	case AST_DECIMAL:
		if (!ext_parse_decimal(text, &number))
			return CEDAR_EVAL_EXTENSION;
		*out = cedar_decimal(number);
		return CEDAR_EVAL_NONE;
	case AST_DATETIME:
		if (!ext_parse_datetime(text, &number))
			return CEDAR_EVAL_EXTENSION;
		*out = cedar_datetime(number);
		return CEDAR_EVAL_NONE;
	case AST_DURATION:
		if (!ext_parse_duration(text, &number))
			return CEDAR_EVAL_EXTENSION;
		*out = cedar_duration(number);
		return CEDAR_EVAL_NONE;
	default:
		assert(function == AST_IP);
		if (!ext_parse_ipaddr(text, &ip))
			return CEDAR_EVAL_EXTENSION;
		return ext_make_ipaddr(arena, &ip, out) ? CEDAR_EVAL_NONE : CEDAR_EVAL_MEMORY;
	}
}

static enum cedar_eval_error call_decimal(enum ast_function function,
					  const struct cedar_value *arguments,
					  struct cedar_value *out)
{
	int64_t left = value_integer(arguments[0]), right = value_integer(arguments[1]);
	bool result;

	if (arguments[0].tag != VALUE_DECIMAL || arguments[1].tag != VALUE_DECIMAL)
		return CEDAR_EVAL_TYPE;
	switch (function) {
	case AST_LESS_THAN: result = left < right; break;
	case AST_LESS_THAN_OR_EQUAL: result = left <= right; break;
	case AST_GREATER_THAN: result = left > right; break;
	default: result = left >= right; break;
	}
	*out = cedar_bool(result);
	return CEDAR_EVAL_NONE;
}

static enum cedar_eval_error call_ipaddr(enum ast_function function,
					 const struct cedar_value *arguments,
					 struct cedar_value *out)
{
	struct ext_ipaddr ip, outer;
	bool result;

	if (!value_is_ip(arguments[0]))
		return CEDAR_EVAL_TYPE;
	ip = ipaddr_of(arguments[0]);
	switch (function) {
	case AST_IS_IPV4: result = !ip.is_v6; break;
	case AST_IS_IPV6: result = ip.is_v6; break;
	case AST_IS_LOOPBACK: result = ext_ipaddr_is_loopback(&ip); break;
	case AST_IS_MULTICAST: result = ext_ipaddr_is_multicast(&ip); break;
	default:
		assert(function == AST_IS_IN_RANGE);
		if (!value_is_ip(arguments[1]))
			return CEDAR_EVAL_TYPE;
		outer = ipaddr_of(arguments[1]);
		result = ext_ipaddr_is_in_range(&ip, &outer);
		break;
	}
	*out = cedar_bool(result);
	return CEDAR_EVAL_NONE;
}

static enum cedar_eval_error call_datetime(enum ast_function function,
					   const struct cedar_value *arguments,
					   struct cedar_value *out)
{
	int64_t ms = value_integer(arguments[0]), result;

	if (arguments[0].tag != VALUE_DATETIME)
		return CEDAR_EVAL_TYPE;
	switch (function) {
	case AST_OFFSET:
		if (arguments[1].tag != VALUE_DURATION)
			return CEDAR_EVAL_TYPE;
		if (!checked_add(ms, value_integer(arguments[1]), &result))
			return CEDAR_EVAL_EXTENSION;
		*out = cedar_datetime(result);
		return CEDAR_EVAL_NONE;
	case AST_DURATION_SINCE:
		if (arguments[1].tag != VALUE_DATETIME)
			return CEDAR_EVAL_TYPE;
		if (!checked_sub(ms, value_integer(arguments[1]), &result))
			return CEDAR_EVAL_EXTENSION;
		*out = cedar_duration(result);
		return CEDAR_EVAL_NONE;
	case AST_TO_DATE:
		if (!ext_datetime_to_date(ms, &result))
			return CEDAR_EVAL_EXTENSION;
		*out = cedar_datetime(result);
		return CEDAR_EVAL_NONE;
	default:
		assert(function == AST_TO_TIME);
		*out = cedar_duration(ext_datetime_to_time(ms));
		return CEDAR_EVAL_NONE;
	}
}

/* Each of these cuts toward zero what the unit below it cut; the result is the same as cutting
 * once. */
static enum cedar_eval_error call_duration(struct cedar_value duration, int64_t unit_ms,
					   struct cedar_value *out)
{
	if (duration.tag != VALUE_DURATION)
		return CEDAR_EVAL_TYPE;
	*out = cedar_long(value_integer(duration) / unit_ms);
	return CEDAR_EVAL_NONE;
}

enum cedar_eval_error ext_call(enum ast_function function, const struct cedar_value *arguments,
			       size_t count, struct arena *arena, struct cedar_value *out)
{
	if (count != ast_function_info(function)->argument_count)
		return CEDAR_EVAL_ARITY;
	switch (function) {
	case AST_DATETIME:
	case AST_DECIMAL:
	case AST_DURATION:
	case AST_IP: return construct(function, arguments[0], arena, out);
	case AST_LESS_THAN:
	case AST_LESS_THAN_OR_EQUAL:
	case AST_GREATER_THAN:
	case AST_GREATER_THAN_OR_EQUAL: return call_decimal(function, arguments, out);
	case AST_IS_IPV4:
	case AST_IS_IPV6:
	case AST_IS_LOOPBACK:
	case AST_IS_MULTICAST:
	case AST_IS_IN_RANGE: return call_ipaddr(function, arguments, out);
	case AST_OFFSET:
	case AST_DURATION_SINCE:
	case AST_TO_DATE:
	case AST_TO_TIME: return call_datetime(function, arguments, out);
	case AST_TO_MILLISECONDS: return call_duration(arguments[0], 1, out);
	case AST_TO_SECONDS: return call_duration(arguments[0], 1000, out);
	case AST_TO_MINUTES: return call_duration(arguments[0], 60000, out);
	case AST_TO_HOURS: return call_duration(arguments[0], 3600000, out);
	case AST_TO_DAYS: return call_duration(arguments[0], EXT_MS_PER_DAY, out);
	case AST_CONTAINS:
	case AST_CONTAINS_ALL:
	case AST_CONTAINS_ANY:
	case AST_IS_EMPTY:
	case AST_HAS_TAG:
	case AST_GET_TAG: break;
	}
	assert(!"an extension function");
	return CEDAR_EVAL_TYPE;
}
