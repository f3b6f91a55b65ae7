/* Policies as text. Expressions are mostly of the kind that their place wants. */
#include "random_world.h"

enum { MAX_DEPTH = 4 };

static void write_expr(struct random *random, struct buf *out, enum naive_kind kind, int depth);

static void write_uid(struct random *random, struct buf *out)
{
	struct naive_uid uid = random_uid(random);

	buf_printf(out, "%.*s::\"%.*s\"", STR_ARGS(uid.type), STR_ARGS(uid.id));
}

static const char *random_var(struct random *random)
{
	return RANDOM_WORD(random, "principal", "action", "resource");
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
		buf_append_str(out, str_from(RANDOM_WORD(random, "context", "context", "principal",
							 "resource")));
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
	const char *type = random_type(random);

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
	const char *operator= RANDOM_WORD(random, " && ", " || ");

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
		   RANDOM_WORD(random, "b", "n", "r", "r.e", "r.r.n", "e.r.s", "\"l\"", "no"));
}

/* The second part of what a Bool can be. */
static void write_call_of_bool(struct random *random, struct buf *out, int depth)
{
	const char *decimal = RANDOM_WORD(random, "lessThan", "lessThanOrEqual", "greaterThan",
					  "greaterThanOrEqual");

	switch (random_below(random, 6)) {
	case 0: write_method(random, out, NAIVE_SET, "contains", random_kind(random), depth); break;
	case 1:
		write_method(random, out, NAIVE_SET,
			     RANDOM_WORD(random, "containsAll", "containsAny"), NAIVE_SET, depth);
		break;
	case 2: write_method(random, out, NAIVE_ENTITY, "hasTag", NAIVE_STRING, depth); break;
	case 3: write_method(random, out, NAIVE_DECIMAL, decimal, NAIVE_DECIMAL, depth); break;
	case 4: write_method(random, out, NAIVE_IP, "isInRange", NAIVE_IP, depth); break;
	case 5:
		buf_append_byte(out, '(');
		write_expr(random, out, random_chance(random, 50) ? NAIVE_IP : NAIVE_SET,
			   depth + 1);
		buf_printf(out, ").%s()",
			   RANDOM_WORD(random, "isIpv4", "isIpv6", "isLoopback", "isMulticast",
				       "isEmpty", "isEmpty", "isEmpty"));
		break;
	}
}

static void write_bool(struct random *random, struct buf *out, int depth)
{
	enum naive_kind kind = random_kind(random);
	const char *order = RANDOM_WORD(random, " < ", " <= ", " > ", " >= ");
	enum naive_kind ordered = random_chance(random, 60)   ? NAIVE_LONG
				  : random_chance(random, 50) ? NAIVE_DATETIME
							      : NAIVE_DURATION;

	switch (random_below(random, 12)) {
	case 0: buf_append_str(out, str_from(RANDOM_WORD(random, "true", "false"))); break;
	case 1:
	case 2:
		buf_append_byte(out, '(');
		write_test_of_variable(random, out);
		buf_append_byte(out, ')');
		break;
	case 3:
	case 4: write_logic(random, out, depth); break;
	case 5:
		write_pair(random, out, kind, RANDOM_WORD(random, " == ", " != "), kind, depth);
		break;
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
			   RANDOM_WORD(random, "*", "a*", "*b*", "a*a", "\\*", "", "b\\**"));
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
		buf_append_str(
			out, str_from(RANDOM_WORD(random, "0", "1", "2", "-1",
						  "9223372036854775807", "-9223372036854775808")));
		break;
	case 1:
		write_pair(random, out, NAIVE_LONG, RANDOM_WORD(random, " + ", " - ", " * "),
			   NAIVE_LONG, depth);
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
			   RANDOM_WORD(random, "toMilliseconds", "toSeconds", "toMinutes",
				       "toHours", "toDays"));
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
	case NAIVE_BOOL: buf_append_str(out, str_from(RANDOM_WORD(random, "true", "false"))); break;
	case NAIVE_LONG: buf_printf(out, "%u", (unsigned int)random_below(random, 4)); break;
	case NAIVE_STRING:
		buf_append_str(out, str_from(RANDOM_WORD(random, "\"\"", "\"a\"", "\"ab\"", "\"k\"",
							 "\"b*\"", "\"n\"")));
		break;
	case NAIVE_ENTITY:
		if (random_chance(random, 40))
			buf_append_str(out, str_from(random_var(random)));
		else
			write_uid(random, out);
		break;
	case NAIVE_SET:
		buf_append_str(out,
			       str_from(RANDOM_WORD(random, "[]", "[1, 2]", "[G::\"1\", G::\"2\"]",
						    "[true, \"a\", 1]", "[[], [1], [1, 1]]")));
		break;
	case NAIVE_RECORD:
		buf_append_str(out,
			       str_from(RANDOM_WORD(random, "context", "{}", "{n: 1, b: true}")));
		break;
	case NAIVE_DECIMAL:
		buf_append_str(
			out, str_from(RANDOM_WORD(random, "decimal(\"0.0\")", "decimal(\"0.0001\")",
						  "decimal(\"-1.5\")", "decimal(\"1\")")));
		break;
	case NAIVE_DATETIME:
		buf_append_str(out, str_from(RANDOM_WORD(random, "datetime(\"1970-01-01\")",
							 "datetime(\"1970-01-02T00:00:00.001Z\")",
							 "datetime(\"1970-13-01\")")));
		break;
	case NAIVE_DURATION:
		buf_append_str(
			out, str_from(RANDOM_WORD(random, "duration(\"1ms\")", "duration(\"-1d\")",
						  "duration(\"9223372036854775807ms\")",
						  "duration(\"1\")")));
		break;
	case NAIVE_IP:
		buf_append_str(out, str_from(RANDOM_WORD(random, "ip(\"10.0.0.0/8\")",
							 "ip(\"10.0.0.1\")", "ip(\"::1\")",
							 "ip(\"1.2.3\")", "ip(context.s)")));
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
	const char *type = random_type(random);
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
				   (unsigned int)random_below(random, RANDOM_IDS),
				   i > 1 ? ", " : "");
		buf_append_byte(out, ']');
		return;
	}
	buf_printf(out, "%sAction::\"%u\"", form == 1 ? " == " : " in ",
		   (unsigned int)random_below(random, RANDOM_IDS));
}

/* Policies with the same conditions share their code in the engine. */
static void write_frequent_condition(struct random *random, struct buf *out)
{
	buf_append_str(out,
		       str_from(RANDOM_WORD(
			       random, " when { principal == U::\"1\" && context.n == 1 }",
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
