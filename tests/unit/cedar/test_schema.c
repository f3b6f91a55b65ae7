#include "support/cmocka.h"

#include "base/buf.h"
#include "cedar/schema.h"
#include "support/fault.h"

static enum error read_text(struct str text, enum cedar_schema_syntax syntax,
			    struct cedar_diags *diags, struct cedar_schema **schema)
{
	*schema = NULL;
	cedar_diags_init(diags);
	return cedar_schema_read(STR("s"), text, syntax, diags, schema);
}

static struct cedar_schema *accept_as(const char *text, enum cedar_schema_syntax syntax)
{
	struct cedar_schema *schema;
	struct cedar_diags diags;
	enum error error = read_text(str_from(text), syntax, &diags, &schema);

	if (error != ERR_NONE)
		fail_msg("%s: %.*s", text,
			 diags.first != NULL ? (int)diags.first->message.length : 0,
			 diags.first != NULL ? diags.first->message.ptr : "");
	cedar_diags_deinit(&diags);
	return schema;
}

static struct cedar_schema *accept(const char *text)
{
	return accept_as(text, CEDAR_SCHEMA_TEXT);
}

static void assert_accepted(const char *text)
{
	cedar_schema_free(accept(text));
}

/* The text is refused; the first diagnostic stands at the column of line 1 and holds `part`. */
static void assert_refused_as(const char *text, enum cedar_schema_syntax syntax, uint32_t column,
			      const char *part)
{
	struct cedar_schema *schema;
	struct cedar_diags diags;
	struct buf message;

	assert_int_not_equal(read_text(str_from(text), syntax, &diags, &schema), ERR_NONE);
	assert_null(schema);
	assert_int_not_equal(diags.error_count, 0);
	buf_init(&message, SIZE_MAX);
	buf_append_str(&message, diags.first->message);
	if (strstr(buf_text(&message), part) == NULL || diags.first->column != column)
		fail_msg("%s: column %u: %s", text, (unsigned)diags.first->column,
			 buf_text(&message));
	buf_deinit(&message);
	cedar_diags_deinit(&diags);
}

static void assert_refused(const char *text, uint32_t column, const char *part)
{
	assert_refused_as(text, CEDAR_SCHEMA_TEXT, column, part);
}

static void assert_refused_json(const char *text, uint32_t column, const char *part)
{
	assert_refused_as(text, CEDAR_SCHEMA_JSON, column, part);
}

static const struct type *attr_type(const struct cedar_schema *schema, struct str entity,
				    struct str name)
{
	uint32_t number = schema_find_entity(schema, entity);
	const struct type_attr *attr;

	assert_int_not_equal(number, SCHEMA_NONE);
	attr = type_find_attr(schema->entities[number].shape, name);
	assert_non_null(attr);
	return attr->type;
}

static void an_empty_schema_is_valid(void **state)
{
	(void)state;
	assert_accepted("");
	assert_accepted("// nothing\n");
	cedar_schema_free(accept_as("{}", CEDAR_SCHEMA_JSON));
}

static void declarations_may_come_in_any_order(void **state)
{
	struct cedar_schema *schema =
		accept("entity U in G { t: T, s: Set<Long>, o?: { x: U } };"
		       "action a in b appliesTo { principal: U, resource: [G, "
		       "U], context: T };"
		       "action b; type T = { v: V }; type V = ipaddr; "
		       "entity G in [G] tags V;");
	uint32_t u = schema_find_entity(schema, STR("U")), g = schema_find_entity(schema, STR("G"));
	uint32_t a = schema_find_action(schema, STR("Action"), STR("a"));
	uint32_t b = schema_find_action(schema, STR("Action"), STR("b"));
	const struct type *t = attr_type(schema, STR("U"), STR("t"));
	const struct type_attr *o = type_find_attr(schema->entities[u].shape, STR("o"));

	(void)state;
	assert_int_equal(t->kind, TYPE_RECORD);
	assert_int_equal(type_find_attr(t, STR("v"))->type->kind, TYPE_IPADDR);
	assert_int_equal(attr_type(schema, STR("U"), STR("s"))->element->kind, TYPE_LONG);
	assert_false(o->required);
	assert_int_equal(type_find_attr(o->type, STR("x"))->type->entities[0], u);
	assert_int_equal(schema->entities[g].tags->kind, TYPE_IPADDR);
	assert_true(schema_can_be_in(schema, u, g));
	assert_true(schema_can_be_in(schema, u, u));
	assert_false(schema_can_be_in(schema, g, u));
	assert_true(relation_has(&schema->action_ancestors, a, b));
	assert_false(relation_has(&schema->action_ancestors, b, a));
	assert_true(schema_types_have(schema->actions[a].resources, u));
	assert_false(schema_types_have(schema->actions[a].principals, g));
	assert_int_equal(schema->actions[b].principals.count, 0);
	assert_ptr_equal(schema->actions[a].context, t);
	cedar_schema_free(schema);
}

static void names_resolve_from_the_inside_out(void **state)
{
	struct cedar_schema *schema;

	(void)state;
	/* Within a namespace a common type before an entity type, and both before the builtins. */
	schema = accept("namespace N { entity T; type T = Long; entity String;"
			" entity U { a: T, b: String, c: __cedar::String, d: Out, e: Bool }; }"
			"entity Out;");
	assert_int_equal(attr_type(schema, STR("N::U"), STR("a"))->kind, TYPE_LONG);
	assert_int_equal(attr_type(schema, STR("N::U"), STR("b"))->kind, TYPE_ENTITY);
	assert_int_equal(attr_type(schema, STR("N::U"), STR("c"))->kind, TYPE_STRING);
	assert_int_equal(attr_type(schema, STR("N::U"), STR("d"))->entities[0],
			 schema_find_entity(schema, STR("Out")));
	assert_int_equal(attr_type(schema, STR("N::U"), STR("e"))->kind, TYPE_BOOL);
	cedar_schema_free(schema);
	/* A qualified name is not looked up in the namespace. */
	assert_refused("namespace N { entity U { a: M::T }; } namespace N::M { entity T; }", 29,
		       "no type `M::T`");
	assert_accepted(
		"namespace N { entity U { a: N :: M\n::T }; } namespace N::M { entity T; }");
	assert_refused("entity U { a: Boolean };", 15, "no type `Boolean`");
	assert_accepted("entity Set { a: Set, b: Set<Set> };");
	assert_accepted("entity Long; type ipaddr = Long; entity U { a: ipaddr };");
}

static void nothing_may_hide_what_is_declared_outside_of_namespaces(void **state)
{
	(void)state;
	assert_refused("entity T; namespace N { entity T; }", 32, "outside of namespaces");
	assert_refused("entity T; namespace N { type T = Long; }", 30, "outside of namespaces");
	assert_refused("type T = Long; namespace N { entity T; }", 37, "outside of namespaces");
	assert_refused("action a; namespace N { action a; }", 32, "outside of namespaces");
	assert_accepted("namespace M { entity T; action a; } namespace N { entity T; action a; }");
}

static void actions_have_their_own_type(void **state)
{
	struct cedar_schema *schema =
		accept("namespace N { action a; entity U { x: Action, y: N::Action }; } action b;"
		       "namespace M { entity V { x: Action }; }");

	(void)state;
	assert_int_equal(attr_type(schema, STR("N::U"), STR("x"))->entities[0],
			 schema_find_entity(schema, STR("N::Action")));
	assert_int_equal(attr_type(schema, STR("M::V"), STR("x"))->entities[0],
			 schema_find_entity(schema, STR("Action")));
	cedar_schema_free(schema);
	assert_refused("entity U { a: Action };", 15, "no type `Action`");
	assert_refused("entity Action;", 8, "type of actions");
	assert_refused("namespace N { entity Action; }", 22, "type of actions");
}

static void members_of_actions_are_found_by_every_spelling(void **state)
{
	struct cedar_schema *schema =
		accept("namespace N { action a in [b, \"c\", N::Action::\"d\", e, Action::\"b\"];"
		       " action b, \"c\", d; } action e;");
	uint32_t a = schema_find_action(schema, STR("N::Action"), STR("a"));
	const char *parents[] = {"b", "c", "d"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(parents); i++)
		assert_true(relation_has(
			&schema->action_ancestors, a,
			schema_find_action(schema, STR("N::Action"), str_from(parents[i]))));
	assert_true(relation_has(&schema->action_ancestors, a,
				 schema_find_action(schema, STR("Action"), STR("e"))));
	cedar_schema_free(schema);
}

static void rules_of_declarations_are_enforced_where_they_are_broken(void **state)
{
	(void)state;
	assert_refused("entity U; entity U;", 18, "declared twice");
	assert_refused("type T = Long; type T = Bool;", 21, "declared twice");
	assert_refused("action a; action \"a\";", 18, "declared twice");
	assert_refused("namespace N {} namespace N {}", 26, "declared a second time");
	assert_refused("type T = T;", 10, "contains itself");
	assert_refused("type A = { b: B }; type B = Set<A>;", 33, "contains itself");
	assert_refused("action a in b; action b in a;", 8, "member of itself");
	assert_refused("action a in [zz];", 14, "no action Action::\"zz\"");
	assert_refused("entity U in V;", 13, "no entity type `V`");
	assert_refused("entity User in Uzer;", 16, "did you mean `User`?");
	assert_refused("type T = Long; entity U in T;", 28, "no entity type `T`");
	assert_refused("entity U; action a appliesTo { principal: U, resource: U, context: U };",
		       68, "must be a record");
	assert_refused("type T = Long; entity U; action a appliesTo "
		       "{ principal: U, resource: U, context: T };",
		       83, "must be a record");
	assert_refused("type Record = Long;", 6, "reserved");
	assert_refused("entity U in [Action]; action a;", 14, "type of actions");
	assert_refused("entity U; action a appliesTo { principal: Action, resource: U };", 43,
		       "type of actions");
}

static void mistakes_of_syntax_are_explained(void **state)
{
	(void)state;
	assert_refused("entity if;", 8, "reserved word");
	assert_refused("entity __cedar;", 8, "reserved word");
	assert_refused("namespace __cedar {}", 11, "reserved word");
	assert_refused("namespace A { namespace B {} }", 15, "cannot be nested");
	assert_refused("entity U", 9, "expected `;` behind the entity type");
	assert_refused("entity U {a Long};", 13, "expected `:`");
	assert_refused("entity U {a: };", 14, "expected a type");
	assert_refused("entity U {a: Long", 18, "`,` or `}`");
	assert_refused("entity U, ;", 11, "expected a name");
	assert_refused("entity U in [V,];", 16, "expected");
	assert_refused("entity U enum [];", 16, "expected a string");
	assert_refused("entity U enum [\"a\",];", 20, "expected a string");
	assert_refused("entity U tags Long {};", 20, "expected `;`");
	assert_refused("entity U {a: Set<Long};", 22, "expected `>`");
	assert_refused("action a appliesTo {};", 21, "`principal`, `resource` or `context`");
	assert_refused("entity U; action a appliesTo { principal: U };", 20, "needs both");
	assert_refused("entity U; action a appliesTo { principal: [], resource: U };", 32,
		       "at least one entity type");
	assert_refused("entity U; action a appliesTo { principal: U, principal: U, resource: U };",
		       46, "second time");
	assert_refused("action a attributes { x: Long };", 23, "actions have no attributes");
	assert_refused("action a in N::b;", 17, "`::` and the id");
	assert_refused("@doc(\"a\") @doc(\"b\") entity U;", 12, "second time");
	assert_refused("@doc(x) entity U;", 6, "string");
	assert_refused("type T;", 7, "expected `=`");
	assert_refused("thing U;", 1, "`entity`, `action` or `type`");
	assert_refused("}", 1, "`entity`, `action` or `type`");
	assert_refused("entity U { \"\\q\": Long };", 13, "escape");
	assert_refused("entity \xff;", 8, "UTF-8");
}

static void every_declaration_with_a_mistake_is_reported(void **state)
{
	struct cedar_schema *schema;
	struct cedar_diags diags;
	const char *text = "entity A { x Long };\n"
			   "namespace N { type T = ; action a appliesTo { x: A }; }\n"
			   "entity B in [;\n"
			   "@a @a entity C;\n"
			   "namespace N { oops; }\n"
			   "entity D";
	const uint32_t lines[] = {1, 2, 2, 3, 4, 5, 5, 6};
	const struct cedar_diag *diag;

	(void)state;
	assert_int_equal(read_text(str_from(text), CEDAR_SCHEMA_TEXT, &diags, &schema), ERR_SYNTAX);
	assert_int_equal(diags.error_count, ARRAY_COUNT(lines));
	diag = diags.first;
	for (size_t i = 0; i < ARRAY_COUNT(lines); i++, diag = diag->next)
		assert_int_equal(diag->line, lines[i]);
	cedar_diags_deinit(&diags);
}

static void the_last_of_repeated_attributes_counts(void **state)
{
	struct cedar_schema *schema;
	struct cedar_diags diags;

	(void)state;
	assert_int_equal(read_text(STR("entity U {a: Long, b: Bool, a: String, a?: ipaddr};"),
				   CEDAR_SCHEMA_TEXT, &diags, &schema),
			 ERR_NONE);
	assert_int_equal(diags.warning_count, 2);
	assert_int_equal(attr_type(schema, STR("U"), STR("a"))->kind, TYPE_IPADDR);
	assert_int_equal(attr_type(schema, STR("U"), STR("b"))->kind, TYPE_BOOL);
	cedar_diags_deinit(&diags);
	cedar_schema_free(schema);
}

static void ids_of_enumerated_types_form_a_set(void **state)
{
	struct cedar_schema *schema = accept("entity C enum [\"red\", \"a\\0b\", \"red\"];");
	const struct schema_entity *entity = &schema->entities[0];

	(void)state;
	assert_int_equal(entity->enum_id_count, 2);
	assert_true(schema_has_id(entity, STR("red")));
	assert_true(schema_has_id(entity, STR("a\0b")));
	assert_false(schema_has_id(entity, STR("blue")));
	cedar_schema_free(schema);
}

static void assert_json_form(const char *text, const char *json)
{
	struct cedar_schema *schema = accept(text), *again;
	struct buf out, out_again;

	buf_init(&out, SIZE_MAX);
	cedar_schema_write_json(schema, &out);
	assert_string_equal(buf_text(&out), json);
	again = accept_as(json, CEDAR_SCHEMA_JSON);
	buf_init(&out_again, SIZE_MAX);
	cedar_schema_write_json(again, &out_again);
	assert_string_equal(buf_text(&out_again), json);
	buf_deinit(&out_again);
	buf_deinit(&out);
	cedar_schema_free(again);
	cedar_schema_free(schema);
}

static void text_converts_to_json_and_json_to_itself(void **state)
{
	(void)state;
	assert_json_form("", "{}");
	assert_json_form("entity U;", "{\"\":{\"entityTypes\":{\"U\":{}},\"actions\":{}}}");
	assert_json_form(
		"@a(\"x\") @b namespace N { type T = { x?: Set<Long> };"
		" @c entity U in U = { @d \"a b\": T } tags String; entity C enum [\"r\"];"
		" action a, b in N::Action::\"c\" appliesTo { principal: U, resource: [U, C], "
		"context: T }; action c; }",
		"{\"N\":{\"commonTypes\":{\"T\":{\"type\":\"Record\",\"attributes\":{\"x\":"
		"{\"type\":\"Set\",\"element\":{\"type\":\"EntityOrCommon\",\"name\":\"Long\"},"
		"\"required\":false}}}},\"entityTypes\":{\"U\":{\"memberOfTypes\":[\"U\"],"
		"\"shape\":{\"type\":\"Record\",\"attributes\":{\"a b\":{\"type\":"
		"\"EntityOrCommon\",\"name\":\"T\",\"annotations\":{\"d\":\"\"}}}},\"tags\":"
		"{\"type\":\"EntityOrCommon\",\"name\":\"String\"},\"annotations\":{\"c\":\"\"}},"
		"\"C\":{\"enum\":[\"r\"]}},\"actions\":{\"a\":{\"memberOf\":[{\"id\":\"c\","
		"\"type\":\"N::Action\"}],\"appliesTo\":{\"principalTypes\":[\"U\"],"
		"\"resourceTypes\":[\"U\",\"C\"],\"context\":{\"type\":\"EntityOrCommon\","
		"\"name\":\"T\"}}},\"b\":{\"memberOf\":[{\"id\":\"c\",\"type\":\"N::Action\"}],"
		"\"appliesTo\":{\"principalTypes\":[\"U\"],\"resourceTypes\":[\"U\",\"C\"],"
		"\"context\":{\"type\":\"EntityOrCommon\",\"name\":\"T\"}}},\"c\":{\"appliesTo\":"
		"{\"principalTypes\":[],\"resourceTypes\":[]}}},\"annotations\":{\"a\":\"x\","
		"\"b\":\"\"}}}");
}

/* An entity type U with one attribute of the type written in JSON. */
static void assert_json_type(const char *type, enum type_kind kind)
{
	struct cedar_schema *schema;
	struct buf text;

	buf_init(&text, SIZE_MAX);
	buf_printf(&text,
		   "{\"\":{\"entityTypes\":{\"U\":{\"shape\":{\"type\":\"Record\",\"attributes\":"
		   "{\"a\":%s}}}},\"actions\":{},\"commonTypes\":{\"T\":{\"type\":\"Long\"}}}}",
		   type);
	schema = accept_as(buf_text(&text), CEDAR_SCHEMA_JSON);
	assert_int_equal(attr_type(schema, STR("U"), STR("a"))->kind, kind);
	cedar_schema_free(schema);
	buf_deinit(&text);
}

static void every_json_form_of_a_type_is_understood(void **state)
{
	(void)state;
	assert_json_type("{\"type\":\"String\"}", TYPE_STRING);
	assert_json_type("{\"type\":\"Long\",\"required\":true}", TYPE_LONG);
	assert_json_type("{\"type\":\"Boolean\",\"annotations\":{\"x\":null}}", TYPE_BOOL);
	assert_json_type("{\"type\":\"Bool\"}", TYPE_BOOL);
	assert_json_type("{\"type\":\"__cedar::Bool\"}", TYPE_BOOL);
	assert_json_type("{\"element\":{\"type\":\"T\"},\"type\":\"Set\"}", TYPE_SET);
	assert_json_type("{\"attributes\":{},\"additionalAttributes\":false,\"type\":\"Record\"}",
			 TYPE_RECORD);
	assert_json_type("{\"type\":\"Entity\",\"name\":\"U\"}", TYPE_ENTITY);
	assert_json_type("{\"type\":\"EntityOrCommon\",\"name\":\"U\"}", TYPE_ENTITY);
	assert_json_type("{\"type\":\"EntityOrCommon\",\"name\":\"T\"}", TYPE_LONG);
	assert_json_type("{\"type\":\"Extension\",\"name\":\"datetime\"}", TYPE_DATETIME);
	assert_json_type("{\"type\":\"T\"}", TYPE_LONG);
	assert_json_type("{\"type\":\"duration\"}", TYPE_DURATION);
}

static void json_that_is_no_schema_is_refused_where_it_goes_wrong(void **state)
{
	(void)state;
	assert_refused_json("[]", 1, "a schema must be an object");
	assert_refused_json("{\"\":{\"entityTypes\":{}}}", 2, "must have \"actions\"");
	assert_refused_json("{\"\":{\"entityTypes\":{},\"actions\":{},\"x\":1}}", 36, "has no");
	assert_refused_json("{\"a b\":{}}", 2, "name of a namespace");
	assert_refused_json("{\"N\":{\"entityTypes\":{},\"actions\":{}},\"N\":{\"entityTypes\":{},"
			    "\"actions\":{}}}",
			    38, "second time");
	assert_refused_json("{\"\":{\"entityTypes\":{\"U\":{},\"U\":{}},\"actions\":{}}}", 28,
			    "second time");
	assert_refused_json("{\"\":{\"entityTypes\":{\"if\":{}},\"actions\":{}}}", 21,
			    "cannot be the name");
	assert_refused_json("{\"\":{\"entityTypes\":{\"U\":{\"enum\":[]}},\"actions\":{}}}", 33,
			    "at least one");
	assert_refused_json(
		"{\"\":{\"entityTypes\":{\"U\":{\"enum\":[\"a\"],\"memberOfTypes\":[]}},"
		"\"actions\":{}}}",
		21, "no parents");
	assert_refused_json("{\"\":{\"entityTypes\":{\"U\":{\"shape\":{\"type\":\"Long\"}}},"
			    "\"actions\":{}}}",
			    42, "must be a record");
	assert_refused_json("{\"\":{\"entityTypes\":{\"U\":{\"tags\":{\"type\":\"Set\"}}},"
			    "\"actions\":{}}}",
			    41, "must have \"element\"");
	assert_refused_json("{\"\":{\"entityTypes\":{\"U\":{\"tags\":{\"type\":\"Long\","
			    "\"name\":\"x\"}}},\"actions\":{}}}",
			    41, "has no \"name\"");
	assert_refused_json("{\"\":{\"entityTypes\":{\"U\":{\"tags\":{\"type\":\"EntityOrCommon\","
			    "\"name\":\"Boolean\"}}},\"actions\":{}}}",
			    41, "no type `Boolean`");
	assert_refused_json("{\"\":{\"entityTypes\":{\"U\":{\"shape\":{\"type\":\"Record\","
			    "\"attributes\":{},\"additionalAttributes\":true}}},\"actions\":{}}}",
			    90, "experimental");
	assert_refused_json("{\"\":{\"entityTypes\":{},\"actions\":{\"a\":{\"attributes\":{\"x\":1}"
			    "}}}}",
			    53, "no attributes");
	assert_refused_json("{\"\":{\"entityTypes\":{},\"actions\":{\"a\":{\"appliesTo\":{"
			    "\"principalTypes\":[]}}}}}",
			    51, "must have \"resourceTypes\"");
	assert_refused_json("{\"\":{\"entityTypes\":{},\"actions\":{\"a\":{\"memberOf\":[{}]}}}}",
			    51, "must have \"id\"");
	assert_refused_json("{\"\":{\"commonTypes\":{\"Set\":{\"type\":\"Long\"}},"
			    "\"entityTypes\":{},\"actions\":{}}}",
			    21, "reserved");
}

static void what_may_be_left_out_of_json_may_be_empty_or_null(void **state)
{
	(void)state;
	cedar_schema_free(accept_as("{\"\":{\"entityTypes\":{\"U\":{\"tags\":null}},\"actions\":{"
				    "\"a\":{\"appliesTo\":null,\"memberOf\":null,"
				    "\"attributes\":null}}}}",
				    CEDAR_SCHEMA_JSON));
	cedar_schema_free(accept_as("{\"\":{\"entityTypes\":{},\"actions\":{\"a\":{\"appliesTo\":"
				    "{\"principalTypes\":[],\"resourceTypes\":[]},\"attributes\":{}"
				    ",\"memberOf\":[]}}}}",
				    CEDAR_SCHEMA_JSON));
}

/* Hostile input. */

static void append_repeated(struct buf *text, const char *piece, int count)
{
	while (count-- > 0)
		buf_append_str(text, str_from(piece));
}

static enum error read_nested_sets(int depth)
{
	struct cedar_schema *schema;
	struct cedar_diags diags;
	struct buf text;
	enum error error;

	buf_init(&text, SIZE_MAX);
	buf_append_str(&text, STR("entity U tags "));
	append_repeated(&text, "Set<", depth);
	buf_append_str(&text, STR("Long"));
	append_repeated(&text, ">", depth);
	buf_append_str(&text, STR(";"));
	error = read_text(buf_str(&text), CEDAR_SCHEMA_TEXT, &diags, &schema);
	cedar_schema_free(schema);
	cedar_diags_deinit(&diags);
	buf_deinit(&text);
	return error;
}

static void nesting_of_written_types_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(read_nested_sets(SCHEMA_NESTING - 1), ERR_NONE);
	assert_int_equal(read_nested_sets(SCHEMA_NESTING), ERR_LIMIT);
	assert_int_equal(read_nested_sets(100000), ERR_LIMIT);
}

/* `count` common types, each a set of the next, or of the one before. */
static enum error read_chain(int count, bool forward)
{
	struct cedar_schema *schema;
	struct cedar_diags diags;
	struct buf text;
	enum error error;

	buf_init(&text, SIZE_MAX);
	for (int i = 1; i <= count; i++)
		buf_printf(&text, "type T%04d = Set<T%04d>;", i, forward ? i + 1 : i - 1);
	buf_printf(&text, "type T%04d = Long;", forward ? count + 1 : 0);
	error = read_text(buf_str(&text), CEDAR_SCHEMA_TEXT, &diags, &schema);
	cedar_schema_free(schema);
	cedar_diags_deinit(&diags);
	buf_deinit(&text);
	return error;
}

static void nesting_of_resolved_types_is_bounded(void **state)
{
	/* Each type counts for itself, for the set and for the name in it; the last one has no set
	   and no name. The order of declaration makes no difference. */
	int longest = (SCHEMA_DEPTH - 2) / 3;

	(void)state;
	for (int forward = 0; forward <= 1; forward++) {
		assert_int_equal(read_chain(longest, forward), ERR_NONE);
		assert_int_equal(read_chain(longest + 1, forward), ERR_LIMIT);
		assert_int_equal(read_chain(5000, forward), ERR_LIMIT);
	}
}

/* Each type has two attributes of the next: the resolved types share their parts, so that the tree
 * of 2^100 leaves takes no more memory than the text. */
static void types_that_double_are_shared(void **state)
{
	struct cedar_schema *schema;
	struct cedar_diags diags;
	struct buf text;

	(void)state;
	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < 100; i++)
		buf_printf(&text, "type T%d = { a: T%d, b: T%d };", i, i + 1, i + 1);
	buf_append_str(&text, STR("type T100 = {};"));
	assert_int_equal(read_text(buf_str(&text), CEDAR_SCHEMA_TEXT, &diags, &schema), ERR_NONE);
	assert_true(schema->arena.used_bytes < 1 << 20);
	cedar_schema_free(schema);
	cedar_diags_deinit(&diags);
	buf_deinit(&text);
}

static void a_record_of_65536_attributes_is_read(void **state)
{
	struct cedar_schema *schema;
	struct cedar_diags diags;
	struct buf text;

	(void)state;
	buf_init(&text, SIZE_MAX);
	buf_append_str(&text, STR("entity U {"));
	for (int i = 0; i < 1 << 16; i++)
		buf_printf(&text, "a%d:Long,", i);
	buf_append_str(&text, STR("};"));
	assert_int_equal(read_text(buf_str(&text), CEDAR_SCHEMA_TEXT, &diags, &schema), ERR_NONE);
	assert_int_equal(schema->entities[0].shape->count, 1 << 16);
	cedar_schema_free(schema);
	cedar_diags_deinit(&diags);
	buf_deinit(&text);
}

static enum error read_declarations(const char *format, int count, const char *end)
{
	struct cedar_schema *schema;
	struct cedar_diags diags;
	struct buf text;
	enum error error;

	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < count; i++)
		buf_printf(&text, "%s%d%s", format, i, end);
	error = read_text(buf_str(&text), CEDAR_SCHEMA_TEXT, &diags, &schema);
	cedar_schema_free(schema);
	cedar_diags_deinit(&diags);
	buf_deinit(&text);
	return error;
}

static void the_number_of_declarations_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(read_declarations("entity E", SCHEMA_ENTITY_TYPES, ";"), ERR_NONE);
	assert_int_equal(read_declarations("entity E", SCHEMA_ENTITY_TYPES + 1, ";"), ERR_LIMIT);
	assert_int_equal(read_declarations("action a", SCHEMA_ACTIONS, ";"), ERR_NONE);
	assert_int_equal(read_declarations("action a", SCHEMA_ACTIONS + 1, ";"), ERR_LIMIT);
	assert_int_equal(read_declarations("namespace N", SCHEMA_NAMESPACES, " {}"), ERR_NONE);
	assert_int_equal(read_declarations("namespace N", SCHEMA_NAMESPACES + 1, " {}"), ERR_LIMIT);
}

static void the_size_of_the_text_is_bounded(void **state)
{
	struct cedar_schema *schema;
	struct cedar_diags diags;
	struct buf text;

	(void)state;
	buf_init(&text, SIZE_MAX);
	append_repeated(&text, "                ", SCHEMA_TEXT_BYTES / 16);
	assert_int_equal(read_text(buf_str(&text), CEDAR_SCHEMA_TEXT, &diags, &schema), ERR_NONE);
	cedar_schema_free(schema);
	cedar_diags_deinit(&diags);
	buf_append_byte(&text, ' ');
	assert_int_equal(read_text(buf_str(&text), CEDAR_SCHEMA_TEXT, &diags, &schema), ERR_LIMIT);
	assert_int_equal(diags.error_count, 1);
	cedar_diags_deinit(&diags);
	buf_deinit(&text);
}

/* Fails each allocation of reading `text` in turn. */
static void sweep(struct str text, enum cedar_schema_syntax syntax)
{
	bool fired = true;

	for (uint64_t i = 0; fired; i++) {
		struct cedar_schema *schema;
		struct cedar_diags diags;
		enum error error;

		fault_arm(i, FAULT_STICKY);
		error = read_text(text, syntax, &diags, &schema);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
		assert_true(fired == (schema == NULL));
		cedar_schema_free(schema);
		cedar_diags_deinit(&diags);
	}
}

static void every_missing_allocation_is_reported(void **state)
{
	struct buf text, json;
	struct cedar_schema *schema;

	(void)state;
	buf_init(&text, SIZE_MAX);
	buf_init(&json, SIZE_MAX);
	/* Large enough for several chunks of the arena. */
	for (int i = 0; i < 200; i++)
		buf_printf(
			&text,
			"@a(\"\\n\") namespace N%d { @b type T = { \"\\t\": Set<Long> }; entity U "
			"in [U] { a: T, a: N%d::\nU } tags T; entity C enum [\"a\", \"b\"];"
			" action a in b appliesTo { principal: U, resource: C, context: T };"
			" action b; }",
			i, i);
	sweep(buf_str(&text), CEDAR_SCHEMA_TEXT);
	schema = accept(buf_text(&text));
	cedar_schema_write_json(schema, &json);
	cedar_schema_free(schema);
	sweep(buf_str(&json), CEDAR_SCHEMA_JSON);
	buf_deinit(&json);
	buf_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_schema_is_valid),
		cmocka_unit_test(declarations_may_come_in_any_order),
		cmocka_unit_test(names_resolve_from_the_inside_out),
		cmocka_unit_test(nothing_may_hide_what_is_declared_outside_of_namespaces),
		cmocka_unit_test(actions_have_their_own_type),
		cmocka_unit_test(members_of_actions_are_found_by_every_spelling),
		cmocka_unit_test(rules_of_declarations_are_enforced_where_they_are_broken),
		cmocka_unit_test(mistakes_of_syntax_are_explained),
		cmocka_unit_test(every_declaration_with_a_mistake_is_reported),
		cmocka_unit_test(the_last_of_repeated_attributes_counts),
		cmocka_unit_test(ids_of_enumerated_types_form_a_set),
		cmocka_unit_test(text_converts_to_json_and_json_to_itself),
		cmocka_unit_test(every_json_form_of_a_type_is_understood),
		cmocka_unit_test(json_that_is_no_schema_is_refused_where_it_goes_wrong),
		cmocka_unit_test(what_may_be_left_out_of_json_may_be_empty_or_null),
		cmocka_unit_test(nesting_of_written_types_is_bounded),
		cmocka_unit_test(nesting_of_resolved_types_is_bounded),
		cmocka_unit_test(types_that_double_are_shared),
		cmocka_unit_test(a_record_of_65536_attributes_is_read),
		cmocka_unit_test(the_number_of_declarations_is_bounded),
		cmocka_unit_test(the_size_of_the_text_is_bounded),
		cmocka_unit_test(every_missing_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
