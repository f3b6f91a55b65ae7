#include "random_world.h"

#include <stdlib.h>

#include "base/attributes.h"

enum {
	MAX_DEPTH = 4,
	ID_COUNT = 5, /* ids of each type, 0 to 4 */
	MAX_PARENTS = 4,
	MAX_FIELDS = 8,
};

/* Types from the bottom of the hierarchy to its top. */
static const char *const types[] = {"R", "U", "F", "G", "Action", "N::Org"};

uint32_t random_below(struct random *random, uint32_t bound)
{
	random->state ^= random->state << 13;
	random->state ^= random->state >> 7;
	random->state ^= random->state << 17;
	return (uint32_t)((random->state >> 32) % bound);
}

bool random_chance(struct random *random, uint32_t percent)
{
	return random_below(random, 100) < percent;
}

static const char *pick(struct random *random, const char *const *words, uint32_t count)
{
	return words[random_below(random, count)];
}

#define PICK(random, ...)                                                                          \
	pick(random, (const char *const[]){__VA_ARGS__},                                           \
	     (uint32_t)ARRAY_COUNT(((const char *const[]){__VA_ARGS__})))

static void *take(const struct naive_world *world, size_t count, size_t size)
{
	void *memory = arena_calloc(world->arena, count, size);

	if (memory == NULL)
		abort();
	return memory;
}

static struct naive_uid numbered_uid(uint32_t type, uint32_t id)
{
	static const char *const ids[ID_COUNT] = {"0", "1", "2", "3", "4"};

	return (struct naive_uid){str_from(types[type]), str_from(ids[id])};
}

struct naive_uid random_uid(struct random *random)
{
	return numbered_uid(random_below(random, ARRAY_COUNT(types)),
			    random_below(random, ID_COUNT));
}

/* Values. */

static struct naive_value entity_value(struct naive_uid uid)
{
	return (struct naive_value){.kind = NAIVE_ENTITY, .type = uid.type, .text = uid.id};
}

static struct naive_value random_value(struct random *random, const struct naive_world *world,
				       enum naive_kind kind, int depth);

static struct naive_value random_set(struct random *random, const struct naive_world *world,
				     int depth)
{
	uint32_t count = random_below(random, 4);
	enum naive_kind kind =
		depth > 2 ? NAIVE_LONG : (enum naive_kind)random_below(random, NAIVE_SET + 1);
	struct naive_value *items = take(world, count, sizeof(*items));

	for (uint32_t i = 0; i < count; i++)
		items[i] = random_value(random, world, kind, depth + 1);
	return (struct naive_value){.kind = NAIVE_SET, .items = items, .count = count};
}

static struct naive_value random_record(struct random *random, const struct naive_world *world,
					int depth);

static struct naive_value random_ip(struct random *random)
{
	struct naive_value value = {.kind = NAIVE_IP};

	if (!ext_parse_ipaddr(str_from(PICK(random, "10.0.0.1", "10.0.0.0/8", "127.0.0.1", "::1",
					    "ff00::/8", "2001:db8::1")),
			      &value.ip))
		abort();
	return value;
}

static struct naive_value random_value(struct random *random, const struct naive_world *world,
				       enum naive_kind kind, int depth)
{
	static const int64_t numbers[] = {0, 1, 2, 3, -1, 86400000, INT64_MAX, INT64_MIN};
	struct naive_value value = {.kind = kind};

	switch (kind) {
	case NAIVE_BOOL: value.number = random_chance(random, 50); break;
	case NAIVE_LONG:
	case NAIVE_DECIMAL:
	case NAIVE_DATETIME:
	case NAIVE_DURATION:
		value.number = numbers[random_below(random, ARRAY_COUNT(numbers))];
		break;
	case NAIVE_STRING:
		value.text = str_from(PICK(random, "", "a", "ab", "aba", "b*", "k", "10.0.0.1"));
		break;
	case NAIVE_ENTITY: return entity_value(random_uid(random));
	case NAIVE_SET: return random_set(random, world, depth);
	case NAIVE_RECORD: return random_record(random, world, depth);
	case NAIVE_IP: return random_ip(random);
	}
	return value;
}

/* Attributes have the kind that policies expect, most of the time, and are sometimes missing. */
static struct naive_value random_record(struct random *random, const struct naive_world *world,
					int depth)
{
	static const struct {
		const char *key;
		enum naive_kind kind;
	} fields[MAX_FIELDS] = {{"b", NAIVE_BOOL},     {"n", NAIVE_LONG}, {"s", NAIVE_STRING},
				{"e", NAIVE_ENTITY},   {"l", NAIVE_SET},  {"r", NAIVE_RECORD},
				{"t", NAIVE_DATETIME}, {"p", NAIVE_IP}};
	struct naive_value record = {.kind = NAIVE_RECORD};
	struct naive_value *items = take(world, MAX_FIELDS, sizeof(*items));
	struct str *keys = take(world, MAX_FIELDS, sizeof(*keys));

	for (uint32_t i = 0; i < MAX_FIELDS; i++) {
		enum naive_kind kind = fields[i].kind;

		if (random_chance(random, 25) || (depth > 2 && kind == NAIVE_RECORD))
			continue;
		if (random_chance(random, 5))
			kind = (enum naive_kind)random_below(random, NAIVE_SET);
		keys[record.count] = str_from(fields[i].key);
		items[record.count++] = random_value(random, world, kind, depth + 1);
	}
	record.items = items;
	record.keys = keys;
	return record;
}

/* Entities. */

/* Parents have a higher place in the order of types and ids, so that there is no cycle. */
static void random_parents(struct random *random, const struct naive_world *world, uint32_t place,
			   struct naive_entity *entity)
{
	uint32_t places = ARRAY_COUNT(types) * ID_COUNT, count = random_below(random, MAX_PARENTS);
	struct naive_uid *parents = take(world, MAX_PARENTS, sizeof(*parents));

	for (uint32_t i = 0; i < count && place + 1 < places; i++) {
		uint32_t parent = place + 1 + random_below(random, places - place - 1);

		parents[entity->parent_count++] =
			numbered_uid(parent / ID_COUNT, parent % ID_COUNT);
	}
	entity->parents = parents;
}

void random_entities(struct random *random, struct naive_world *world)
{
	uint32_t places = ARRAY_COUNT(types) * ID_COUNT;
	uint32_t own = random_below(random, 8); /* places below belong to the request */
	struct naive_entity *entities = take(world, places, sizeof(*entities));

	world->entity_count = 0;
	for (uint32_t place = 0; place < places; place++) {
		struct naive_entity *entity = &entities[world->entity_count];

		if (random_chance(random, 20))
			continue;
		entity->uid = numbered_uid(place / ID_COUNT, place % ID_COUNT);
		entity->in_request = place < own;
		entity->attrs = random_record(random, world, 0);
		entity->tags = random_record(random, world, 1);
		random_parents(random, world, place, entity);
		world->entity_count++;
	}
	world->entities = entities;
}

void random_request(struct random *random, struct naive_world *world)
{
	static const uint32_t usual[3] = {1, 4, 0}; /* U, Action, R */

	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		struct naive_uid uid = random_uid(random);

		if (random_chance(random, 90))
			uid = numbered_uid(usual[var], random_below(random, ID_COUNT));
		if (random_chance(random, 5))
			uid.id = STR("never heard of");
		if (random_chance(random, 2))
			uid.type = STR("Unknown");
		world->vars[var] = entity_value(uid);
	}
	world->vars[AST_CONTEXT] = random_record(random, world, 0);
}

/* Expressions, by the kind that they usually have. */

static void write_expr(struct random *random, struct buf *out, enum naive_kind kind, int depth);

static void write_uid(struct random *random, struct buf *out)
{
	struct naive_uid uid = random_uid(random);

	buf_printf(out, "%.*s::\"%.*s\"", STR_ARGS(uid.type), STR_ARGS(uid.id));
}

static const char *random_var(struct random *random)
{
	return PICK(random, "principal", "action", "resource");
}

static enum naive_kind random_kind(struct random *random)
{
	return (enum naive_kind)random_below(random, NAIVE_IP + 1);
}

/* Something with attributes, then the attribute of the kind. */
static void write_attribute(struct random *random, struct buf *out, enum naive_kind kind, int depth)
{
	static const char *const keys[] = {"b", "n", "s", "e", "l", "r", "n", "t", "t", "p"};

	if (depth < MAX_DEPTH && random_chance(random, 25)) {
		buf_append_byte(out, '(');
		write_expr(random, out, random_chance(random, 50) ? NAIVE_ENTITY : NAIVE_RECORD,
			   depth + 1);
		buf_append_byte(out, ')');
	} else {
		buf_append_str(
			out, str_from(PICK(random, "context", "context", "principal", "resource")));
	}
	buf_printf(out, random_chance(random, 20) ? "[\"%s\"]" : ".%s", keys[kind]);
}

static void write_pair(struct random *random, struct buf *out, enum naive_kind left,
		       const char *operator, enum naive_kind right, int depth)
{
	buf_append_byte(out, '(');
	write_expr(random, out, left, depth + 1);
	buf_append_str(out, str_from(operator));
	write_expr(random, out, right, depth + 1);
	buf_append_byte(out, ')');
}

/* receiver.method(argument) */
static void write_method(struct random *random, struct buf *out, enum naive_kind receiver,
			 const char *method, enum naive_kind argument, int depth)
{
	buf_append_byte(out, '(');
	write_expr(random, out, receiver, depth + 1);
	buf_printf(out, ").%s(", method);
	write_expr(random, out, argument, depth + 1);
	buf_append_byte(out, ')');
}

static void write_test_of_variable(struct random *random, struct buf *out)
{
	const char *var = random_var(random);
	const char *type = types[random_below(random, ARRAY_COUNT(types))];

	switch (random_below(random, 5)) {
	case 0:
		buf_printf(out, "%s == ", var);
		write_uid(random, out);
		break;
	case 1:
		write_uid(random, out);
		buf_printf(out, " == %s", var);
		break;
	case 2:
		buf_printf(out, "%s in ", var);
		write_uid(random, out);
		break;
	case 3: buf_printf(out, "%s is %s", var, type); break;
	case 4:
		buf_printf(out, "%s is %s in ", var, type);
		write_uid(random, out);
		break;
	}
}

static void write_logic(struct random *random, struct buf *out, int depth)
{
	const char *operator= PICK(random, " && ", " || ");

	buf_append_byte(out, '(');
	for (uint32_t i = 2 + random_below(random, 2); i > 0; i--) {
		write_expr(random, out, NAIVE_BOOL, depth + 1);
		if (i > 1)
			buf_append_str(out, str_from(operator));
	}
	buf_append_byte(out, ')');
}

static void write_has(struct random *random, struct buf *out, int depth)
{
	buf_append_byte(out, '(');
	write_expr(random, out, random_chance(random, 50) ? NAIVE_ENTITY : NAIVE_RECORD, depth + 1);
	buf_printf(out, " has %s)",
		   PICK(random, "b", "n", "r", "r.e", "r.r.n", "e.r.s", "\"l\"", "no"));
}

/* The second part of what a Bool can be. */
static void write_call_of_bool(struct random *random, struct buf *out, int depth)
{
	const char *decimal =
		PICK(random, "lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual");

	switch (random_below(random, 6)) {
	case 0: write_method(random, out, NAIVE_SET, "contains", random_kind(random), depth); break;
	case 1:
		write_method(random, out, NAIVE_SET, PICK(random, "containsAll", "containsAny"),
			     NAIVE_SET, depth);
		break;
	case 2: write_method(random, out, NAIVE_ENTITY, "hasTag", NAIVE_STRING, depth); break;
	case 3: write_method(random, out, NAIVE_DECIMAL, decimal, NAIVE_DECIMAL, depth); break;
	case 4: write_method(random, out, NAIVE_IP, "isInRange", NAIVE_IP, depth); break;
	case 5:
		buf_append_byte(out, '(');
		write_expr(random, out, random_chance(random, 50) ? NAIVE_IP : NAIVE_SET,
			   depth + 1);
		buf_printf(out, ").%s()",
			   PICK(random, "isIpv4", "isIpv6", "isLoopback", "isMulticast", "isEmpty",
				"isEmpty", "isEmpty"));
		break;
	}
}

static void write_bool(struct random *random, struct buf *out, int depth)
{
	enum naive_kind kind = random_kind(random);
	const char *order = PICK(random, " < ", " <= ", " > ", " >= ");
	enum naive_kind ordered = random_chance(random, 60)   ? NAIVE_LONG
				  : random_chance(random, 50) ? NAIVE_DATETIME
							      : NAIVE_DURATION;

	switch (random_below(random, 12)) {
	case 0: buf_append_str(out, str_from(PICK(random, "true", "false"))); break;
	case 1:
	case 2:
		buf_append_byte(out, '(');
		write_test_of_variable(random, out);
		buf_append_byte(out, ')');
		break;
	case 3:
	case 4: write_logic(random, out, depth); break;
	case 5: write_pair(random, out, kind, PICK(random, " == ", " != "), kind, depth); break;
	case 6: write_pair(random, out, ordered, order, ordered, depth); break;
	case 7: write_has(random, out, depth); break;
	case 8:
		write_pair(random, out, NAIVE_ENTITY, " in ",
			   random_chance(random, 50) ? NAIVE_ENTITY : NAIVE_SET, depth);
		break;
	case 9:
		buf_append_byte(out, '(');
		write_expr(random, out, NAIVE_STRING, depth + 1);
		buf_printf(out, " like \"%s\")",
			   PICK(random, "*", "a*", "*b*", "a*a", "\\*", "", "b\\**"));
		break;
	case 10: write_call_of_bool(random, out, depth); break;
	case 11:
		buf_append_str(out, STR("!("));
		write_expr(random, out, NAIVE_BOOL, depth + 1);
		buf_append_byte(out, ')');
		break;
	}
}

static void write_long(struct random *random, struct buf *out, int depth)
{
	switch (random_below(random, 4)) {
	case 0:
		buf_append_str(out, str_from(PICK(random, "0", "1", "2", "-1",
						  "9223372036854775807", "-9223372036854775808")));
		break;
	case 1:
		write_pair(random, out, NAIVE_LONG, PICK(random, " + ", " - ", " * "), NAIVE_LONG,
			   depth);
		break;
	case 2:
		buf_append_str(out, STR("-("));
		write_expr(random, out, NAIVE_LONG, depth + 1);
		buf_append_byte(out, ')');
		break;
	case 3:
		buf_append_byte(out, '(');
		write_expr(random, out, NAIVE_DURATION, depth + 1);
		buf_printf(out, ").%s()",
			   PICK(random, "toMilliseconds", "toSeconds", "toMinutes", "toHours",
				"toDays"));
		break;
	}
}

static void write_time(struct random *random, struct buf *out, enum naive_kind kind, int depth)
{
	if (kind == NAIVE_DATETIME && random_chance(random, 50)) {
		write_method(random, out, NAIVE_DATETIME, "offset", NAIVE_DURATION, depth);
	} else if (kind == NAIVE_DURATION && random_chance(random, 50)) {
		write_method(random, out, NAIVE_DATETIME, "durationSince", NAIVE_DATETIME, depth);
	} else {
		buf_append_byte(out, '(');
		write_expr(random, out, NAIVE_DATETIME, depth + 1);
		buf_printf(out, ").%s()", kind == NAIVE_DATETIME ? "toDate" : "toTime");
	}
}

static void write_elements(struct random *random, struct buf *out, int depth)
{
	enum naive_kind kind = random_chance(random, 50) ? NAIVE_ENTITY : random_kind(random);

	buf_append_byte(out, '[');
	for (uint32_t i = random_below(random, 4); i > 0; i--) {
		write_expr(random, out, kind, depth + 1);
		if (i > 1)
			buf_append_str(out, STR(", "));
	}
	buf_append_byte(out, ']');
}

static void write_fields(struct random *random, struct buf *out, int depth)
{
	static const char *const keys[] = {"r", "n", "e", "b"};
	static const enum naive_kind kinds[] = {NAIVE_RECORD, NAIVE_LONG, NAIVE_ENTITY, NAIVE_BOOL};
	const char *separator = "";

	buf_append_byte(out, '{');
	for (uint32_t i = 0; i < ARRAY_COUNT(keys); i++) {
		if (random_chance(random, 50))
			continue;
		buf_printf(out, "%s%s: ", separator, keys[i]);
		write_expr(random, out, kinds[i], depth + 1);
		separator = ", ";
	}
	buf_append_byte(out, '}');
}

/* What needs no other expression. */
static void write_leaf(struct random *random, struct buf *out, enum naive_kind kind)
{
	switch (kind) {
	case NAIVE_BOOL: buf_append_str(out, str_from(PICK(random, "true", "false"))); break;
	case NAIVE_LONG: buf_printf(out, "%u", (unsigned int)random_below(random, 4)); break;
	case NAIVE_STRING:
		buf_append_str(out, str_from(PICK(random, "\"\"", "\"a\"", "\"ab\"", "\"k\"",
						  "\"b*\"", "\"n\"")));
		break;
	case NAIVE_ENTITY:
		if (random_chance(random, 40))
			buf_append_str(out, str_from(random_var(random)));
		else
			write_uid(random, out);
		break;
	case NAIVE_SET:
		buf_append_str(out, str_from(PICK(random, "[]", "[1, 2]", "[G::\"1\", G::\"2\"]",
						  "[true, \"a\", 1]", "[[], [1], [1, 1]]")));
		break;
	case NAIVE_RECORD:
		buf_append_str(out, str_from(PICK(random, "context", "{}", "{n: 1, b: true}")));
		break;
	case NAIVE_DECIMAL:
		buf_append_str(out, str_from(PICK(random, "decimal(\"0.0\")", "decimal(\"0.0001\")",
						  "decimal(\"-1.5\")", "decimal(\"1\")")));
		break;
	case NAIVE_DATETIME:
		buf_append_str(out, str_from(PICK(random, "datetime(\"1970-01-01\")",
						  "datetime(\"1970-01-02T00:00:00.001Z\")",
						  "datetime(\"1970-13-01\")")));
		break;
	case NAIVE_DURATION:
		buf_append_str(out, str_from(PICK(random, "duration(\"1ms\")", "duration(\"-1d\")",
						  "duration(\"9223372036854775807ms\")",
						  "duration(\"1\")")));
		break;
	case NAIVE_IP:
		buf_append_str(out,
			       str_from(PICK(random, "ip(\"10.0.0.0/8\")", "ip(\"10.0.0.1\")",
					     "ip(\"::1\")", "ip(\"1.2.3\")", "ip(context.s)")));
		break;
	}
}

static void write_inner(struct random *random, struct buf *out, enum naive_kind kind, int depth)
{
	switch (kind) {
	case NAIVE_BOOL: write_bool(random, out, depth); break;
	case NAIVE_LONG: write_long(random, out, depth); break;
	case NAIVE_SET: write_elements(random, out, depth); break;
	case NAIVE_RECORD: write_fields(random, out, depth); break;
	case NAIVE_DATETIME:
	case NAIVE_DURATION: write_time(random, out, kind, depth); break;
	case NAIVE_STRING:
	case NAIVE_ENTITY:
	case NAIVE_DECIMAL:
	case NAIVE_IP: write_leaf(random, out, kind); break;
	}
}

static void write_expr(struct random *random, struct buf *out, enum naive_kind kind, int depth)
{
	if (random_chance(random, 3))
		kind = random_kind(random);
	if (depth >= MAX_DEPTH || random_chance(random, 20)) {
		write_leaf(random, out, kind);
	} else if (random_chance(random, 25)) {
		write_attribute(random, out, kind, depth);
	} else if (random_chance(random, 5)) {
		buf_append_str(out, STR("(if "));
		write_expr(random, out, NAIVE_BOOL, depth + 1);
		buf_append_str(out, STR(" then "));
		write_expr(random, out, kind, depth + 1);
		buf_append_str(out, STR(" else "));
		write_expr(random, out, kind, depth + 1);
		buf_append_byte(out, ')');
	} else if (random_chance(random, 5)) {
		write_method(random, out, NAIVE_ENTITY, "getTag", NAIVE_STRING, depth);
	} else {
		write_inner(random, out, kind, depth);
	}
}

/* Policies. */

static void write_scope(struct random *random, struct buf *out, const char *var, const char *slot)
{
	const char *type = types[random_below(random, ARRAY_COUNT(types))];
	uint32_t form = random_chance(random, 40) ? 0 : random_below(random, 6);

	buf_append_str(out, str_from(var));
	if (form == 0)
		return;
	if (form == 1 || form == 2) {
		buf_printf(out, " is %s", type);
		if (form == 1)
			return;
	}
	buf_append_str(out, form == 3 ? STR(" == ") : STR(" in "));
	if (slot != NULL && random_chance(random, 70))
		buf_append_str(out, str_from(slot));
	else
		write_uid(random, out);
}

static void write_action(struct random *random, struct buf *out)
{
	uint32_t form = random_chance(random, 40) ? 0 : random_below(random, 4);

	buf_append_str(out, STR("action"));
	if (form == 0)
		return;
	if (form == 3) {
		buf_append_str(out, STR(" in ["));
		for (uint32_t i = random_below(random, 4); i > 0; i--)
			buf_printf(out, "Action::\"%u\"%s",
				   (unsigned int)random_below(random, ID_COUNT), i > 1 ? ", " : "");
		buf_append_byte(out, ']');
		return;
	}
	buf_printf(out, "%sAction::\"%u\"", form == 1 ? " == " : " in ",
		   (unsigned int)random_below(random, ID_COUNT));
}

/* Policies with the same conditions share their code in the engine. */
static void write_frequent_condition(struct random *random, struct buf *out)
{
	buf_append_str(
		out,
		str_from(PICK(random, " when { principal == U::\"1\" && context.n == 1 }",
			      " when { resource in F::\"2\" } unless { context.b }",
			      " when { principal is U in G::\"3\" && resource is R }",
			      " when { [1, 2, 3].contains(context.n) && action in Action::\"1\" }",
			      " unless { context has r.e && context.r.e in principal }")));
}

static void write_condition(struct random *random, struct buf *out)
{
	buf_append_str(out, random_chance(random, 70) ? STR(" when { ") : STR(" unless { "));
	for (uint32_t i = random_below(random, 3); i > 0; i--) {
		write_test_of_variable(random, out);
		buf_append_str(out, STR(" && "));
	}
	write_expr(random, out, NAIVE_BOOL, 0);
	buf_append_str(out, STR(" }"));
}

void random_policy(struct random *random, struct buf *out, bool is_template)
{
	buf_append_str(out, random_chance(random, 70) ? STR("permit(") : STR("forbid("));
	write_scope(random, out, "principal", is_template ? "?principal" : NULL);
	buf_append_str(out, STR(", "));
	write_action(random, out);
	buf_append_str(out, STR(", "));
	write_scope(random, out, "resource", is_template ? "?resource" : NULL);
	buf_append_str(out, STR(")"));
	if (random_chance(random, 20)) {
		write_frequent_condition(random, out);
	} else {
		for (uint32_t i = random_below(random, 3); i > 0; i--)
			write_condition(random, out);
	}
	buf_append_str(out, STR(";\n"));
}
