#include "naive_ops.h"

struct naive_value naive_number(enum naive_kind kind, int64_t number)
{
	return (struct naive_value){.kind = kind, .number = number};
}

struct naive_value naive_bool(bool value)
{
	return naive_number(NAIVE_BOOL, value);
}

static bool has_element(const struct naive_value *set, const struct naive_value *element)
{
	for (size_t i = 0; i < set->count; i++) {
		if (naive_equal(&set->items[i], element))
			return true;
	}
	return false;
}

static bool has_all(const struct naive_value *set, const struct naive_value *elements)
{
	for (size_t i = 0; i < elements->count; i++) {
		if (!has_element(set, &elements->items[i]))
			return false;
	}
	return true;
}

static const struct naive_value *find_field(const struct naive_value *record, struct str key)
{
	for (size_t i = 0; i < record->count; i++) {
		if (str_equal(record->keys[i], key))
			return &record->items[i];
	}
	return NULL;
}

static bool records_equal(const struct naive_value *a, const struct naive_value *b)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct naive_value *other = find_field(b, a->keys[i]);

		if (other == NULL || !naive_equal(&a->items[i], other))
			return false;
	}
	return a->count == b->count;
}

bool naive_equal(const struct naive_value *a, const struct naive_value *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case NAIVE_BOOL:
	case NAIVE_LONG:
	case NAIVE_DECIMAL:
	case NAIVE_DATETIME:
	case NAIVE_DURATION: return a->number == b->number;
	case NAIVE_STRING: return str_equal(a->text, b->text);
	case NAIVE_ENTITY: return str_equal(a->type, b->type) && str_equal(a->text, b->text);
	case NAIVE_SET: return has_all(a, b) && has_all(b, a);
	case NAIVE_RECORD: return records_equal(a, b);
	case NAIVE_IP:
		return a->ip.is_v6 == b->ip.is_v6 && a->ip.high == b->ip.high &&
		       a->ip.low == b->ip.low && a->ip.prefix == b->ip.prefix;
	}
	return false;
}

/* Entities. */

bool naive_uids_equal(const struct naive_uid *a, const struct naive_uid *b)
{
	return str_equal(a->type, b->type) && str_equal(a->id, b->id);
}

struct naive_uid naive_uid_of(const struct naive_value *entity)
{
	return (struct naive_uid){entity->type, entity->text};
}

static const struct naive_entity *find_entity(const struct naive_world *world,
					      const struct naive_uid *uid)
{
	for (size_t i = 0; i < world->entity_count; i++) {
		if (naive_uids_equal(&world->entities[i].uid, uid))
			return &world->entities[i];
	}
	return NULL;
}

bool naive_is_in(const struct naive_world *world, const struct naive_uid *uid,
		 const struct naive_uid *ancestor)
{
	const struct naive_entity *entity;

	if (naive_uids_equal(uid, ancestor))
		return true;
	entity = find_entity(world, uid);
	for (size_t i = 0; entity != NULL && i < entity->parent_count; i++) {
		if (naive_is_in(world, &entity->parents[i], ancestor))
			return true;
	}
	return false;
}

enum cedar_eval_error naive_in(const struct naive_world *world, const struct naive_value *left,
			       const struct naive_value *right, struct naive_value *out)
{
	struct naive_uid uid = naive_uid_of(left), other = naive_uid_of(right);
	bool found = false;

	if (left->kind != NAIVE_ENTITY)
		return CEDAR_EVAL_TYPE;
	if (right->kind == NAIVE_ENTITY) {
		*out = naive_bool(naive_is_in(world, &uid, &other));
		return CEDAR_EVAL_NONE;
	}
	if (right->kind != NAIVE_SET)
		return CEDAR_EVAL_TYPE;
	for (size_t i = 0; i < right->count; i++) {
		if (right->items[i].kind != NAIVE_ENTITY)
			return CEDAR_EVAL_TYPE;
	}
	for (size_t i = 0; i < right->count; i++) {
		other = naive_uid_of(&right->items[i]);
		found = found || naive_is_in(world, &uid, &other);
	}
	*out = naive_bool(found);
	return CEDAR_EVAL_NONE;
}

enum cedar_eval_error naive_attribute(const struct naive_world *world, const struct naive_value *of,
				      struct str key, struct naive_value *out)
{
	const struct naive_value *record = of, *found;
	struct naive_uid uid = naive_uid_of(of);

	if (of->kind == NAIVE_ENTITY) {
		const struct naive_entity *entity = find_entity(world, &uid);

		if (entity == NULL)
			return CEDAR_EVAL_NO_ENTITY;
		record = &entity->attrs;
	} else if (of->kind != NAIVE_RECORD) {
		return CEDAR_EVAL_TYPE;
	}
	found = find_field(record, key);
	if (found == NULL)
		return CEDAR_EVAL_NO_ATTRIBUTE;
	*out = *found;
	return CEDAR_EVAL_NONE;
}

static enum cedar_eval_error evaluate_tag(const struct naive_world *world, bool get,
					  const struct naive_value *left,
					  const struct naive_value *right, struct naive_value *out)
{
	const struct naive_entity *entity;
	const struct naive_value *found = NULL;
	struct naive_uid uid = naive_uid_of(left);

	if (left->kind != NAIVE_ENTITY || right->kind != NAIVE_STRING)
		return CEDAR_EVAL_TYPE;
	entity = find_entity(world, &uid);
	if (entity != NULL)
		found = find_field(&entity->tags, right->text);
	if (!get)
		*out = naive_bool(found != NULL);
	else if (entity == NULL)
		return CEDAR_EVAL_NO_ENTITY;
	else if (found == NULL)
		return CEDAR_EVAL_NO_TAG;
	else
		*out = *found;
	return CEDAR_EVAL_NONE;
}

/* Numbers. Wide arithmetic would hide the very rule that is tested, so each operation asks its
 * result whether it can be right. */

static bool fits_product(int64_t a, int64_t b)
{
	int64_t product;

	if (a == 0 || b == 0)
		return true;
	if ((a == INT64_MIN && b == -1) || (b == INT64_MIN && a == -1))
		return false;
	product = (int64_t)((uint64_t)a * (uint64_t)b);
	return product / b == a && product % b == 0;
}

enum cedar_eval_error naive_arithmetic(char sign, const struct naive_value *left,
				       const struct naive_value *right, struct naive_value *out)
{
	uint64_t a = (uint64_t)left->number, b = (uint64_t)right->number;
	int64_t result;
	bool fits;

	if (left->kind != NAIVE_LONG || right->kind != NAIVE_LONG)
		return CEDAR_EVAL_TYPE;
	if (sign == '+') {
		result = (int64_t)(a + b);
		fits = (right->number >= 0) == (result >= left->number);
	} else if (sign == '-') {
		result = (int64_t)(a - b);
		fits = (right->number >= 0) == (result <= left->number);
	} else {
		result = (int64_t)(a * b);
		fits = fits_product(left->number, right->number);
	}
	if (!fits)
		return CEDAR_EVAL_OVERFLOW;
	*out = naive_number(NAIVE_LONG, result);
	return CEDAR_EVAL_NONE;
}

enum cedar_eval_error naive_compare(enum ast_kind kind, const struct naive_value *left,
				    const struct naive_value *right, struct naive_value *out)
{
	bool ordered = left->kind == NAIVE_LONG || left->kind == NAIVE_DATETIME ||
		       left->kind == NAIVE_DURATION;
	int64_t a = left->number, b = right->number;

	if (!ordered || left->kind != right->kind)
		return CEDAR_EVAL_TYPE;
	*out = naive_bool((kind == AST_LT && a < b) || (kind == AST_LE && a <= b) ||
			  (kind == AST_GT && a > b) || (kind == AST_GE && a >= b));
	return CEDAR_EVAL_NONE;
}

/* Patterns: by trying every length for every wildcard. */
bool naive_like(const struct str *literals, uint32_t count, struct str text)
{
	struct str first = literals[0];

	if (!str_starts_with(text, first))
		return false;
	text = str_make(text.ptr + first.length, text.length - first.length);
	if (count == 1)
		return text.length == 0;
	for (size_t skip = 0; skip <= text.length; skip++) {
		if (naive_like(literals + 1, count - 1,
			       str_make(text.ptr + skip, text.length - skip)))
			return true;
	}
	return false;
}

static enum cedar_eval_error construct(enum ast_function function,
				       const struct naive_value *argument, struct naive_value *out)
{
	struct naive_value result = {.kind = NAIVE_IP};
	bool valid;

	if (argument->kind != NAIVE_STRING)
		return CEDAR_EVAL_TYPE;
	if (function == AST_DECIMAL) {
		result.kind = NAIVE_DECIMAL;
		valid = ext_parse_decimal(argument->text, &result.number);
	} else if (function == AST_DATETIME) {
		result.kind = NAIVE_DATETIME;
		valid = ext_parse_datetime(argument->text, &result.number);
	} else if (function == AST_DURATION) {
		result.kind = NAIVE_DURATION;
		valid = ext_parse_duration(argument->text, &result.number);
	} else {
		valid = ext_parse_ipaddr(argument->text, &result.ip);
	}
	if (!valid)
		return CEDAR_EVAL_EXTENSION;
	*out = result;
	return CEDAR_EVAL_NONE;
}

static enum cedar_eval_error call_ip(enum ast_function function, const struct naive_value *items,
				     struct naive_value *out)
{
	bool result = false;

	if (items[0].kind != NAIVE_IP || (function == AST_IS_IN_RANGE && items[1].kind != NAIVE_IP))
		return CEDAR_EVAL_TYPE;
	switch (function) {
	case AST_IS_IPV4: result = !items[0].ip.is_v6; break;
	case AST_IS_IPV6: result = items[0].ip.is_v6; break;
	case AST_IS_LOOPBACK: result = ext_ipaddr_is_loopback(&items[0].ip); break;
	case AST_IS_MULTICAST: result = ext_ipaddr_is_multicast(&items[0].ip); break;
	default: result = ext_ipaddr_is_in_range(&items[0].ip, &items[1].ip); break;
	}
	*out = naive_bool(result);
	return CEDAR_EVAL_NONE;
}

static enum cedar_eval_error call_decimal(enum ast_function function,
					  const struct naive_value *items, struct naive_value *out)
{
	int64_t a = items[0].number, b = items[1].number;

	if (items[0].kind != NAIVE_DECIMAL || items[1].kind != NAIVE_DECIMAL)
		return CEDAR_EVAL_TYPE;
	*out = naive_bool((function == AST_LESS_THAN && a < b) ||
			  (function == AST_LESS_THAN_OR_EQUAL && a <= b) ||
			  (function == AST_GREATER_THAN && a > b) ||
			  (function == AST_GREATER_THAN_OR_EQUAL && a >= b));
	return CEDAR_EVAL_NONE;
}

static enum cedar_eval_error call_time(enum ast_function function, const struct naive_value *items,
				       struct naive_value *out)
{
	struct naive_value a = naive_number(NAIVE_LONG, items[0].number), b = a;
	enum naive_kind second = function == AST_OFFSET ? NAIVE_DURATION : NAIVE_DATETIME;
	int64_t day = 86400000, time = (items[0].number % day + day) % day;
	enum cedar_eval_error error = CEDAR_EVAL_NONE;

	if (items[0].kind != NAIVE_DATETIME)
		return CEDAR_EVAL_TYPE;
	if (function == AST_OFFSET || function == AST_DURATION_SINCE) {
		if (items[1].kind != second)
			return CEDAR_EVAL_TYPE;
		b = naive_number(NAIVE_LONG, items[1].number);
		error = naive_arithmetic(function == AST_OFFSET ? '+' : '-', &a, &b, &a);
	} else if (function == AST_TO_DATE) {
		b = naive_number(NAIVE_LONG, time);
		error = naive_arithmetic('-', &a, &b, &a);
	} else {
		a.number = time;
	}
	if (error != CEDAR_EVAL_NONE)
		return CEDAR_EVAL_EXTENSION;
	a.kind =
		function == AST_OFFSET || function == AST_TO_DATE ? NAIVE_DATETIME : NAIVE_DURATION;
	*out = a;
	return CEDAR_EVAL_NONE;
}

enum cedar_eval_error naive_call_extension(enum ast_function function,
					   const struct naive_value *items, size_t count,
					   struct naive_value *out)
{
	static const int64_t units[] = {1, 1000, 60000, 3600000, 86400000};

	if (count != ast_function_info(function)->argument_count)
		return CEDAR_EVAL_ARITY;
	if (function <= AST_IP)
		return construct(function, &items[0], out);
	if (function <= AST_GREATER_THAN_OR_EQUAL)
		return call_decimal(function, items, out);
	if (function <= AST_IS_IN_RANGE)
		return call_ip(function, items, out);
	if (function <= AST_TO_TIME)
		return call_time(function, items, out);
	if (items[0].kind != NAIVE_DURATION)
		return CEDAR_EVAL_TYPE;
	*out = naive_number(NAIVE_LONG, items[0].number / units[function - AST_TO_MILLISECONDS]);
	return CEDAR_EVAL_NONE;
}

static bool have_a_common_element(const struct naive_value *a, const struct naive_value *b)
{
	for (size_t i = 0; i < b->count; i++) {
		if (has_element(a, &b->items[i]))
			return true;
	}
	return false;
}

enum cedar_eval_error naive_call_method(const struct naive_world *world, enum ast_function function,
					const struct naive_value *items, struct naive_value *out)
{
	if (function == AST_HAS_TAG || function == AST_GET_TAG)
		return evaluate_tag(world, function == AST_GET_TAG, &items[0], &items[1], out);
	if (items[0].kind != NAIVE_SET)
		return CEDAR_EVAL_TYPE;
	if (function == AST_IS_EMPTY) {
		*out = naive_bool(items[0].count == 0);
		return CEDAR_EVAL_NONE;
	}
	if (function == AST_CONTAINS) {
		*out = naive_bool(has_element(&items[0], &items[1]));
		return CEDAR_EVAL_NONE;
	}
	if (items[1].kind != NAIVE_SET)
		return CEDAR_EVAL_TYPE;
	*out = naive_bool(function == AST_CONTAINS_ALL
				  ? has_all(&items[0], &items[1])
				  : have_a_common_element(&items[0], &items[1]));
	return CEDAR_EVAL_NONE;
}
