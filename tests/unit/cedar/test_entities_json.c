#include "support/cmocka.h"

#include "base/buf.h"
#include "cedar/cedar.h"
#include "cedar/json_read.h"
#include "support/fault.h"

static const struct hash_key key = {1, 2};

static const char schema_text[] =
	"entity G in [G]; entity U in [G] { n: Long, o?: String, e?: U, i?: ipaddr, d?: decimal,"
	" s?: Set<Long>, r?: { a: Long, b?: U }, t?: datetime, si?: Set<ipaddr> } tags "
	"Set<duration>;"
	"entity C enum [\"red\", \"blue\"]; entity D in [C] { c?: C, act?: Action };"
	"action a, b in [g] appliesTo { principal: [U], resource: [U, C], context: { x?: Long } };"
	"action g in [h]; action h;";

static struct cedar_schema *read_schema(void)
{
	struct cedar_schema *schema = NULL;
	struct cedar_diags diags;

	cedar_diags_init(&diags);
	assert_int_equal(cedar_schema_read(STR("s"), str_from(schema_text), CEDAR_SCHEMA_TEXT,
					   &diags, &schema),
			 ERR_NONE);
	cedar_diags_deinit(&diags);
	return schema;
}

static enum error load(struct str text, const struct cedar_schema *schema,
		       struct cedar_diags *diags, struct cedar_engine **engine)
{
	enum error error;

	cedar_diags_init(diags);
	error = cedar_engine_new(NULL, key, engine);
	assert_int_equal(error, ERR_NONE);
	return cedar_engine_add_entities(*engine, schema, STR("e.json"), text, diags);
}

static void assert_loads(const char *text, const struct cedar_schema *schema)
{
	struct cedar_engine *engine;
	struct cedar_diags diags;
	enum error error = load(str_from(text), schema, &diags, &engine);

	if (error != ERR_NONE)
		fail_msg("%s: %.*s", text, STR_ARGS(diags.first->message));
	cedar_diags_deinit(&diags);
	cedar_engine_free(engine);
}

/* Refused with one diagnostic at the byte where `at` first stands in the text. */
static void assert_refused(const char *text, const struct cedar_schema *schema, const char *at,
			   const char *part)
{
	struct cedar_engine *engine;
	struct cedar_diags diags;
	struct buf message;
	enum error error = load(str_from(text), schema, &diags, &engine);

	buf_init(&message, SIZE_MAX);
	assert_int_equal(error, ERR_SYNTAX);
	assert_int_equal(diags.error_count, 1);
	buf_append_str(&message, diags.first->message);
	if (strstr(buf_text(&message), part) == NULL || strstr(text, at) == NULL ||
	    diags.first->offset != (uint32_t)(strstr(text, at) - text))
		fail_msg("%s: offset %u: %s", text, (unsigned)diags.first->offset,
			 buf_text(&message));
	buf_deinit(&message);
	cedar_diags_deinit(&diags);
	cedar_engine_free(engine);
}

/* An entity U::"a" without parents, with these attributes. */
static void assert_attrs_refused(const char *attrs, const struct cedar_schema *schema,
				 const char *at, const char *part)
{
	struct buf text;

	buf_init(&text, SIZE_MAX);
	buf_printf(&text, "[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"parents\":[],\"attrs\":%s}]",
		   attrs);
	assert_refused(buf_text(&text), schema, at, part);
	buf_deinit(&text);
}

/* After loading the entities the expression, with U::"a" as principal, is true. */
static void assert_holds(const char *entities, const struct cedar_schema *schema, const char *expr)
{
	struct cedar_engine *engine;
	struct cedar_request *request = NULL;
	struct cedar_diags diags;
	struct cedar_answer answer;
	struct buf policy;
	cedar_uid u, a;

	if (load(str_from(entities), schema, &diags, &engine) != ERR_NONE)
		fail_msg("%s: %.*s", entities, STR_ARGS(diags.first->message));
	buf_init(&policy, SIZE_MAX);
	buf_printf(&policy, "permit(principal,action,resource) when { %s };", expr);
	assert_int_equal(cedar_engine_add_policies(engine, STR("p"), buf_str(&policy),
						   CEDAR_IDS_BY_POSITION, &diags),
			 ERR_NONE);
	assert_int_equal(cedar_engine_seal(engine, &diags), ERR_NONE);
	assert_int_equal(cedar_request_new(NULL, &request), ERR_NONE);
	cedar_request_begin(request, engine);
	u = cedar_request_uid(request, STR("U"), STR("a"));
	a = cedar_request_uid(request, STR("Action"), STR("a"));
	cedar_request_ask(request, u, a, u, cedar_record(request, NULL, 0));
	assert_int_equal(cedar_authorize(request, &answer), ERR_NONE);
	if (answer.decision != CEDAR_ALLOW)
		fail_msg("%s does not hold", expr);
	cedar_request_free(request);
	buf_deinit(&policy);
	cedar_diags_deinit(&diags);
	cedar_engine_free(engine);
}

static void assert_attrs_hold(const char *attrs, const struct cedar_schema *schema,
			      const char *expr)
{
	struct buf text;

	buf_init(&text, SIZE_MAX);
	buf_printf(&text, "[{\"attrs\":%s,\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"parents\":[]}]",
		   attrs);
	assert_holds(buf_text(&text), schema, expr);
	buf_deinit(&text);
}

static void values_are_read_as_they_are_written(void **state)
{
	(void)state;
	assert_attrs_hold("{\"x\":true}", NULL, "principal.x");
	assert_attrs_hold("{\"x\":-9223372036854775808,\"y\":9007199254740993}", NULL,
			  "principal.x == -9223372036854775808 && principal.y == 9007199254740993");
	assert_attrs_hold("{\"x\":\"a\\u0000\\n\"}", NULL, "principal.x == \"a\\0\\n\"");
	assert_attrs_hold("{\"x\":[1,[],\"a\",1]}", NULL, "principal.x == [\"a\", [], 1]");
	assert_attrs_hold("{\"x\":{\"b\":{},\"a\":1}}", NULL, "principal.x == {a: 1, b: {}}");
	assert_attrs_hold("{\"x y\":1}", NULL, "principal[\"x y\"] == 1");
}

static void escapes_need_no_schema(void **state)
{
	(void)state;
	assert_attrs_hold("{\"x\":{\"__entity\":{\"type\":\"A::B\",\"id\":\"i\",\"z\":null}}}",
			  NULL, "principal.x == A::B::\"i\"");
	assert_attrs_hold("{\"x\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"10.0.0.0/8\"}}}", NULL,
			  "principal.x == ip(\"10.0.0.0/8\")");
	assert_attrs_hold("{\"x\":{\"__extn\":{\"args\":[\"1.5\"],\"fn\":\"decimal\"}}}", NULL,
			  "principal.x == decimal(\"1.5\")");
	assert_attrs_hold("{\"x\":{\"__extn\":{\"fn\":\"ip\",\"args\":[1,2],\"arg\":\"::1\"}}}",
			  NULL, "principal.x == ip(\"::1\")");
	assert_attrs_hold("{\"x\":{\"__extn\":{\"fn\":\"isIpv4\",\"arg\":"
			  "{\"__extn\":{\"fn\":\"ip\",\"arg\":\"1.1.1.1\"}}}}}",
			  NULL, "principal.x");
	assert_attrs_hold("{\"x\":{\"__extn\":{\"fn\":\"offset\",\"args\":["
			  "{\"__extn\":{\"fn\":\"datetime\",\"arg\":\"2024-01-01\"}},"
			  "{\"__extn\":{\"fn\":\"duration\",\"arg\":\"1h\"}}]}}}",
			  NULL, "principal.x == datetime(\"2024-01-01T01:00:00Z\")");
}

static void what_only_resembles_an_escape_is_a_record(void **state)
{
	(void)state;
	assert_attrs_hold("{\"x\":{\"__entity\":{\"type\":\"U\"}}}", NULL,
			  "principal.x[\"__entity\"] == {type: \"U\"}");
	assert_attrs_hold("{\"x\":{\"__entity\":{\"type\":\"U\",\"id\":1}}}", NULL,
			  "principal.x[\"__entity\"].id == 1");
	assert_attrs_hold("{\"x\":{\"__entity\":{\"type\":\"U\",\"id\":\"a\"},\"b\":1}}", NULL,
			  "principal.x.b == 1 && principal.x[\"__entity\"].id == \"a\"");
	assert_attrs_hold("{\"x\":{\"__extn\":{\"fn\":\"ip\"}}}", NULL,
			  "principal.x[\"__extn\"].fn == \"ip\"");
	assert_attrs_hold("{\"x\":{\"__extn\":{\"fn\":\"ip\",\"args\":\"::1\"}}}", NULL,
			  "principal.x[\"__extn\"].args == \"::1\"");
	assert_attrs_hold("{\"x\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"::1\"},\"y\":2}}", NULL,
			  "principal.x.y == 2");
	assert_attrs_hold("{\"x\":{\"__expr\":1}}", NULL, "principal.x[\"__expr\"] == 1");
}

static void what_is_no_value_is_refused_where_it_stands(void **state)
{
	(void)state;
	assert_attrs_refused("{\"x\":[1,null]}", NULL, "null", "null");
	assert_attrs_refused("{\"x\":1.5}", NULL, "1.5", "integers");
	assert_attrs_refused("{\"x\":9223372036854775808}", NULL, "922", "integers");
	assert_attrs_refused("{\"x\":-0}", NULL, "-0", "integers");
	assert_attrs_refused("{\"x\":{\"__expr\":\"1\"}}", NULL, "{\"__expr", "__expr");
	assert_attrs_refused("{\"x\":{\"__entity\":{\"type\":\"U \",\"id\":\"\"}}}", NULL,
			     "{\"__ent", "not the name of an entity type");
	assert_attrs_refused("{\"x\":{\"__entity\":{\"type\":\"if\",\"id\":\"\"}}}", NULL,
			     "{\"__ent", "not the name of an entity type");
	assert_attrs_refused("{\"x\":{\"__extn\":{\"fn\":\"nope\",\"arg\":1}}}", NULL, "{\"__extn",
			     "no extension function `nope`");
	assert_attrs_refused("{\"x\":{\"__extn\":{\"fn\":\"contains\",\"arg\":1}}}", NULL,
			     "{\"__extn", "no extension function");
	assert_attrs_refused("{\"x\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"zz\"}}}", NULL,
			     "{\"__extn", "`ip` does not accept");
	assert_attrs_refused("{\"x\":{\"__extn\":{\"fn\":\"ip\",\"arg\":1}}}", NULL, "{\"__extn",
			     "type");
	assert_attrs_refused("{\"x\":{\"__extn\":{\"fn\":\"ip\",\"args\":[]}}}", NULL, "{\"__extn",
			     "`ip` takes 1 argument");
	assert_attrs_refused("{\"x\":{\"__extn\":{\"fn\":\"ip\",\"arg\":null}}}", NULL, "null",
			     "null");
	assert_attrs_refused("{\"x\":1,\"y\":2,\"x\":1}", NULL, "\"x\":1}", "second time");
	assert_attrs_refused("{\"r\":{\"q\":1,\"q\":1}}", NULL, "\"q\":1}", "second time");
}

static void entities_have_the_fields_they_need(void **state)
{
	(void)state;
	assert_loads("[]", NULL);
	assert_loads("[{\"zzz\":[null],\"uid\":{\"__entity\":{\"type\":\"U\",\"id\":\"a\"}},"
		     "\"attrs\":{},\"parents\":[],\"tags\":{}}]",
		     NULL);
	assert_refused("{}", NULL, "{}", "entities must be an array");
	assert_refused("[1]", NULL, "1", "an entity must be an object");
	assert_refused("[{\"attrs\":{},\"parents\":[]}]", NULL, "{", "must have \"uid\"");
	assert_refused("[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"parents\":[]}]", NULL, "{",
		       "must have \"attrs\"");
	assert_refused("[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{}}]", NULL, "{",
		       "must have \"parents\"");
	assert_refused("[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{},\"parents\":[],"
		       "\"tags\":null}]",
		       NULL, "null", "\"tags\" must be an object");
	assert_refused("[{\"uid\":\"U::\\\"a\\\"\",\"attrs\":{},\"parents\":[]}]", NULL,
		       "\"U::", "an entity is written as");
	assert_refused("[{\"uid\":{\"__expr\":\"U\"},\"attrs\":{},\"parents\":[]}]", NULL,
		       "{\"__expr", "an entity is written as");
	assert_refused(
		"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"uid\":{\"type\":\"U\",\"id\":\"b\"},"
		"\"attrs\":{},\"parents\":[]}]",
		NULL, "\"uid\":{\"type\":\"U\",\"id\":\"b\"", "twice");
	assert_refused("[] {}", NULL, "{}", "the end of the text");
}

static void tags_and_parents_reach_the_store(void **state)
{
	(void)state;
	assert_holds("[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{},\"tags\":{\"k\":1},"
		     "\"parents\":[{\"type\":\"G\",\"id\":\"g\"}]},"
		     "{\"uid\":{\"type\":\"G\",\"id\":\"g\"},\"attrs\":{},"
		     "\"parents\":[{\"__entity\":{\"type\":\"G\",\"id\":\"h\"}}]}]",
		     NULL,
		     "principal.hasTag(\"k\") && principal.getTag(\"k\") == 1 && principal in "
		     "G::\"h\" && !(principal in G::\"i\")");
}

static void an_entity_may_come_twice_if_it_is_the_same(void **state)
{
	(void)state;
	assert_loads(
		"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"x\":[1,2]},\"parents\":[]},"
		"{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"x\":[2,1]},\"parents\":[]}]",
		NULL);
	assert_refused(
		"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{},\"parents\":[]},"
		"{ \"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"x\":1},\"parents\":[]}]",
		NULL, "{ \"uid", "known already");
	assert_refused("[{\"uid\":{\"type\":\"Action\",\"id\":\"a\"},\"attrs\":{},"
		       "\"parents\":[{\"type\":\"G\",\"id\":\"g\"}]}]",
		       NULL, "{\"type\":\"G\"", "only be in other actions");
	assert_loads("[{\"uid\":{\"type\":\"N::Action\",\"id\":\"a\"},\"attrs\":{},"
		     "\"parents\":[{\"type\":\"Action\",\"id\":\"g\"}]}]",
		     NULL);
}

static void a_schema_tells_what_plain_spellings_mean(void **state)
{
	struct cedar_schema *schema = read_schema();

	(void)state;
	assert_attrs_hold("{\"n\":1,\"e\":{\"type\":\"U\",\"id\":\"b\"}}", schema,
			  "principal.e == U::\"b\"");
	assert_attrs_hold("{\"n\":1,\"e\":{\"type\":\"U\",\"id\":\"b\",\"x\":null}}", schema,
			  "principal.e == U::\"b\"");
	assert_attrs_hold("{\"n\":1,\"e\":{\"__entity\":{\"type\":\"U\",\"id\":\"b\"},\"x\":1}}",
			  schema, "principal.e == U::\"b\"");
	assert_attrs_hold("{\"n\":1,\"i\":\"10.0.0.1\",\"d\":\"1.5\",\"t\":\"2024-01-01\"}", schema,
			  "principal.i == ip(\"10.0.0.1\") && principal.d == decimal(\"1.5\") && "
			  "principal.t == datetime(\"2024-01-01\")");
	assert_attrs_hold("{\"n\":1,\"i\":{\"fn\":\"ip\",\"arg\":\"::1\"}}", schema,
			  "principal.i == ip(\"::1\")");
	assert_attrs_hold("{\"n\":1,\"i\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"::1\"}}}", schema,
			  "principal.i == ip(\"::1\")");
	assert_attrs_hold("{\"n\":1,\"t\":{\"fn\":\"offset\",\"args\":[\"2024-01-01\",\"1h\"]}}",
			  schema, "principal.t == datetime(\"2024-01-01T01:00:00Z\")");
	assert_attrs_hold("{\"n\":1,\"si\":[\"::1\",{\"fn\":\"ip\",\"arg\":\"::2\"}]}", schema,
			  "principal.si == [ip(\"::2\"), ip(\"::1\")]");
	assert_attrs_hold("{\"n\":1,\"r\":{\"a\":1,\"b\":{\"type\":\"U\",\"id\":\"q\"}}}", schema,
			  "principal.r.b == U::\"q\"");
	assert_holds("[{\"tags\":{\"k\":[\"1s\",\"2s\"]},\"parents\":[],\"attrs\":{\"n\":1},"
		     "\"uid\":{\"type\":\"U\",\"id\":\"a\"}}]",
		     schema, "principal.getTag(\"k\") == [duration(\"1000ms\"), duration(\"2s\")]");
	cedar_schema_free(schema);
}

static void attributes_must_be_as_the_schema_says(void **state)
{
	struct cedar_schema *schema = read_schema();

	(void)state;
	assert_attrs_refused("{ \"o\":\"x\"}", schema, "{ \"o", "`n` is missing");
	assert_attrs_refused("{\"n\":1,\"zz\":1}", schema, "\"zz", "`zz` is not declared");
	assert_attrs_refused("{\"n\":true}", schema, "true", "must be a Long");
	assert_attrs_refused("{\"n\":1,\"s\":[1,\"a\"]}", schema, "\"a\"]", "must be a Long");
	assert_attrs_refused("{\"n\":1,\"s\":1}", schema, "1}", "must be a set");
	assert_attrs_refused("{\"n\":1,\"r\":{\"b\":{\"type\":\"U\",\"id\":\"q\"}}}", schema,
			     "{\"b", "`a` is missing");
	assert_attrs_refused("{\"n\":1,\"r\":[]}", schema, "[]}", "must be a record");
	assert_attrs_refused("{\"n\":1,\"e\":{\"type\":\"G\",\"id\":\"q\"}}", schema,
			     "{\"type\":\"G", "type `U`, not of type `G`");
	assert_attrs_refused("{\"n\":1,\"e\":\"q\"}", schema, "\"q\"", "an entity is written as");
	assert_attrs_refused("{\"n\":1,\"i\":\"zz\"}", schema, "\"zz\"", "`ip` does not accept");
	assert_attrs_refused("{\"n\":1,\"i\":7}", schema, "7", "type");
	assert_attrs_refused("{\"n\":1,\"i\":{\"fn\":\"decimal\",\"arg\":\"1.0\"}}", schema,
			     "{\"fn", "must be an ipaddr");
	cedar_schema_free(schema);
}

static void entities_must_be_as_the_schema_says(void **state)
{
	struct cedar_schema *schema = read_schema();

	(void)state;
	assert_refused("[{\"uid\":{\"type\":\"Z\",\"id\":\"a\"},\"attrs\":{},\"parents\":[]}]",
		       schema, "{\"uid", "`Z` is not declared");
	assert_refused("[{\"uid\":{\"type\":\"G\",\"id\":\"a\"},\"attrs\":{},\"parents\":[],"
		       "\"tags\":{\"k\":1}}]",
		       schema, "{\"k", "have no tags");
	assert_loads("[{\"uid\":{\"type\":\"G\",\"id\":\"a\"},\"attrs\":{},\"parents\":["
		     "{\"type\":\"G\",\"id\":\"b\"}],\"tags\":{}}]",
		     schema);
	assert_refused("[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1},\"parents\":["
		       "{\"type\":\"U\",\"id\":\"b\"}]}]",
		       schema, "{\"type\":\"U\",\"id\":\"b", "cannot be in one of type `U`");
	assert_loads("[{\"uid\":{\"type\":\"C\",\"id\":\"red\"},\"attrs\":{},\"parents\":[]}]",
		     schema);
	assert_refused("[{\"uid\":{\"type\":\"C\",\"id\":\"pink\"},\"attrs\":{},\"parents\":[]}]",
		       schema, "{\"type\":\"C", "not one of the ids");
	assert_refused(
		"[{\"uid\":{\"type\":\"C\",\"id\":\"red\"},\"attrs\":{\"x\":1},\"parents\":[]}]",
		schema, "\"x\"", "not declared");
	assert_loads("[{\"uid\":{\"type\":\"D\",\"id\":\"\"},\"attrs\":{\"c\":{\"type\":\"C\","
		     "\"id\":\"blue\"},\"act\":{\"type\":\"Action\",\"id\":\"g\"}},"
		     "\"parents\":[{\"type\":\"C\",\"id\":\"red\"}]}]",
		     schema);
	assert_refused("[{\"uid\":{\"type\":\"D\",\"id\":\"\"},\"attrs\":{\"c\":{\"type\":\"C\","
		       "\"id\":\"pink\"}},\"parents\":[]}]",
		       schema, "{\"type\":\"C", "not one of the ids");
	assert_refused("[{\"uid\":{\"type\":\"D\",\"id\":\"\"},\"attrs\":{\"act\":{\"type\":"
		       "\"Action\",\"id\":\"zz\"}},\"parents\":[]}]",
		       schema, "{\"type\":\"Action", "is not declared");
	assert_refused("[{\"uid\":{\"type\":\"D\",\"id\":\"\"},\"attrs\":{},"
		       "\"parents\":[{\"type\":\"C\",\"id\":\"pink\"}]}]",
		       schema, "{\"type\":\"C", "not one of the ids");
	cedar_schema_free(schema);
}

/* Action::"a" in the actions listed, by their ids. */
static void write_action(struct buf *text, const char *id, const char *const *parents)
{
	buf_printf(text, "{\"uid\":{\"type\":\"Action\",\"id\":\"%s\"},\"attrs\":{},\"parents\":[",
		   id);
	for (; *parents != NULL; parents++)
		buf_printf(text, "{\"type\":\"Action\",\"id\":\"%s\"}%s", *parents,
			   parents[1] != NULL ? "," : "");
	buf_append_str(text, STR("]}"));
}

static void actions_must_be_as_the_schema_says(void **state)
{
	static const char *const g_h[] = {"g", "h", NULL}, *const g[] = {"g", NULL};
	static const char *const h[] = {"h", NULL}, *const none[] = {NULL};
	const struct {
		const char *const *of_a; /* parents of a */
		const char *const *of_g; /* parents of g, which may be absent */
		bool valid;
	} cases[] = {
		{g_h, NULL, true}, {g, NULL, false}, {g, h, true},
		{h, NULL, false},  {none, h, false}, {g_h, none, false},
	};
	struct cedar_schema *schema = read_schema();

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct cedar_engine *engine;
		struct cedar_diags diags;
		struct buf text;

		buf_init(&text, SIZE_MAX);
		buf_append_byte(&text, '[');
		write_action(&text, "a", cases[i].of_a);
		if (cases[i].of_g != NULL) {
			buf_append_byte(&text, ',');
			write_action(&text, "g", cases[i].of_g);
		}
		buf_append_byte(&text, ']');
		assert_int_equal(load(buf_str(&text), schema, &diags, &engine),
				 cases[i].valid ? ERR_NONE : ERR_SYNTAX);
		/* What was loaded does not collide with what the schema declares. */
		if (cases[i].valid)
			assert_int_equal(cedar_engine_add_actions(engine, schema, &diags),
					 ERR_NONE);
		cedar_diags_deinit(&diags);
		cedar_engine_free(engine);
		buf_deinit(&text);
	}
	assert_refused(
		"[{\"uid\":{\"type\":\"Action\",\"id\":\"zz\"},\"attrs\":{},\"parents\":[]}]",
		schema, "{\"type", "is not declared");
	assert_refused("[{\"uid\":{\"type\":\"Action\",\"id\":\"h\"},\"attrs\":{\"x\":1},"
		       "\"parents\":[]}]",
		       schema, "\"x\"", "is not declared");
	assert_refused(
		"[{\"uid\":{\"type\":\"Action\",\"id\":\"h\"},\"attrs\":{},\"tags\":{\"x\":1},"
		"\"parents\":[]}]",
		schema, "{\"x\"", "no tags");
	cedar_schema_free(schema);
}

static void actions_of_a_schema_bring_their_groups(void **state)
{
	struct cedar_schema *schema = read_schema();
	struct cedar_engine *engine = NULL;
	struct cedar_diags diags;

	(void)state;
	cedar_diags_init(&diags);
	assert_int_equal(cedar_engine_new(NULL, key, &engine), ERR_NONE);
	assert_int_equal(cedar_engine_add_actions(engine, schema, &diags), ERR_NONE);
	assert_int_equal(cedar_engine_add_actions(engine, schema, &diags), ERR_NONE);
	/* The same action with other groups is not the same. */
	assert_int_equal(
		cedar_engine_add_entities(engine, NULL, STR("e.json"),
					  STR("[{\"uid\":{\"type\":\"Action\",\"id\":\"a\"},"
					      "\"attrs\":{},\"parents\":[]}]"),
					  &diags),
		ERR_SYNTAX);
	cedar_engine_free(engine);
	cedar_diags_deinit(&diags);
	cedar_schema_free(schema);
}

static enum cedar_resolution resolve(void *arg, struct str type, struct str id, struct str *out)
{
	(void)arg;
	if (!str_equal(type, STR("U")) || str_starts_with(id, STR("S-")))
		return CEDAR_NAME_KEPT;
	if (!str_equal(id, STR("alice")))
		return CEDAR_NAME_UNKNOWN;
	*out = STR("S-1");
	return CEDAR_NAME_REPLACED;
}

static void names_are_resolved_in_every_place(void **state)
{
	static const char *const places[] = {
		"[{\"uid\":{\"type\":\"U\",\"id\":\"%s\"},\"attrs\":{},\"parents\":[]}]",
		"[{\"uid\":{\"type\":\"G\",\"id\":\"g\"},\"attrs\":{},\"parents\":[{\"type\":\"U\","
		"\"id\":\"%s\"}]}]",
		"[{\"uid\":{\"type\":\"G\",\"id\":\"g\"},\"attrs\":{\"x\":[{\"__entity\":{\"type\":"
		"\"U\",\"id\":\"%s\"}}]},\"parents\":[]}]",
	};
	const char *names[] = {"alice", "S-1", "bob"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(places) * ARRAY_COUNT(names); i++) {
		const char *place = places[i / ARRAY_COUNT(names)];
		const char *at = strstr(place, "%s");
		size_t name = i % ARRAY_COUNT(names);
		struct cedar_engine *engine = NULL;
		struct cedar_diags diags;
		struct buf text;

		buf_init(&text, SIZE_MAX);
		buf_append(&text, place, (size_t)(at - place));
		buf_append_str(&text, str_from(names[name]));
		buf_append_str(&text, str_from(at + 2));
		cedar_diags_init(&diags);
		assert_int_equal(cedar_engine_new(NULL, key, &engine), ERR_NONE);
		cedar_engine_set_resolver(engine, (struct cedar_resolver){resolve, NULL});
		assert_int_equal(cedar_engine_add_entities(engine, NULL, STR("e.json"),
							   buf_str(&text), &diags),
				 name == 2 ? ERR_SYNTAX : ERR_NONE);
		cedar_engine_free(engine);
		cedar_diags_deinit(&diags);
		buf_deinit(&text);
	}
}

/* Hostile input. */

static void deep_nesting_of_values_is_bounded(void **state)
{
	/* The array of entities, the entity and its attributes are open around the value. */
	const int deepest = JSON_DEPTH - 3;

	(void)state;
	for (int extra = 0; extra <= 1; extra++) {
		struct cedar_engine *engine;
		struct cedar_diags diags;
		struct buf text;

		buf_init(&text, SIZE_MAX);
		buf_append_str(&text, STR("[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"parents\":[],"
					  "\"attrs\":{\"x\":"));
		for (int i = 0; i < deepest + extra; i++)
			buf_append_byte(&text, '[');
		for (int i = 0; i < deepest + extra; i++)
			buf_append_byte(&text, ']');
		buf_append_str(&text, STR("}}]"));
		assert_int_equal(load(buf_str(&text), NULL, &diags, &engine),
				 extra == 0 ? ERR_NONE : ERR_LIMIT);
		cedar_diags_deinit(&diags);
		cedar_engine_free(engine);
		buf_deinit(&text);
	}
}

static void many_attributes_and_long_strings_are_read(void **state)
{
	struct cedar_engine *engine;
	struct cedar_diags diags;
	struct buf text;

	(void)state;
	buf_init(&text, SIZE_MAX);
	buf_append_str(&text,
		       STR("[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"parents\":[],\"attrs\":{"));
	for (int i = 0; i < 1 << 16; i++)
		buf_printf(&text, "\"a%d\":%d,", i, i);
	buf_append_str(&text, STR("\"long\":\""));
	for (int i = 0; i < (10 << 20) / 16; i++)
		buf_append_str(&text, STR("0123456789abcde\\t"));
	buf_append_str(&text, STR("\"}}]"));
	assert_int_equal(load(buf_str(&text), NULL, &diags, &engine), ERR_NONE);
	cedar_diags_deinit(&diags);
	cedar_engine_free(engine);
	buf_deinit(&text);
}

/* Calls within calls are looked at from the outside in, each anew. */
static void nested_calls_take_bounded_time(void **state)
{
	struct cedar_engine *engine;
	struct cedar_diags diags;
	struct buf text;

	(void)state;
	buf_init(&text, SIZE_MAX);
	buf_append_str(&text,
		       STR("[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"parents\":[],\"attrs\":{"
			   "\"x\":"));
	for (int i = 0; i < 120; i++)
		buf_append_str(&text, STR("{\"__extn\":{\"fn\":\"isIpv4\",\"arg\":"));
	buf_append_byte(&text, '"');
	for (int i = 0; i < 1 << 16; i++)
		buf_append_str(&text, STR("0123456789abcdef"));
	buf_append_byte(&text, '"');
	for (int i = 0; i < 120; i++)
		buf_append_str(&text, STR("}}"));
	buf_append_str(&text, STR("}}]"));
	assert_int_equal(load(buf_str(&text), NULL, &diags, &engine), ERR_SYNTAX);
	cedar_diags_deinit(&diags);
	cedar_engine_free(engine);
	buf_deinit(&text);
}

static void every_missing_allocation_is_reported(void **state)
{
	struct cedar_schema *schema = read_schema();
	struct buf text;
	bool fired = true;

	(void)state;
	buf_init(&text, SIZE_MAX);
	buf_append_byte(&text, '[');
	write_action(&text, "a", (const char *const[]){"g", "h", NULL});
	for (int i = 0; i < 300; i++)
		buf_printf(&text,
			   ",{\"uid\":{\"type\":\"U\",\"id\":\"%d\"},\"parents\":[{\"type\":\"G\","
			   "\"id\":\"\\u0041%d\"}],\"attrs\":{\"n\":%d,\"o\":\"\\n\",\"si\":[\"::%"
			   "d\"]},"
			   "\"tags\":{\"k\":[\"%ds\"]}}",
			   i, i, i, i, i);
	buf_append_byte(&text, ']');
	for (uint64_t i = 0; fired; i++) {
		struct cedar_engine *engine = NULL;
		struct cedar_diags diags;
		enum error error;

		cedar_diags_init(&diags);
		fault_arm(i, FAULT_STICKY);
		error = cedar_engine_new(NULL, key, &engine);
		if (error == ERR_NONE)
			error = cedar_engine_add_entities(engine, schema, STR("e"), buf_str(&text),
							  &diags);
		if (error == ERR_NONE)
			error = cedar_engine_add_actions(engine, schema, &diags);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
		cedar_engine_free(engine);
		cedar_diags_deinit(&diags);
	}
	buf_deinit(&text);
	cedar_schema_free(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_as_they_are_written),
		cmocka_unit_test(escapes_need_no_schema),
		cmocka_unit_test(what_only_resembles_an_escape_is_a_record),
		cmocka_unit_test(what_is_no_value_is_refused_where_it_stands),
		cmocka_unit_test(entities_have_the_fields_they_need),
		cmocka_unit_test(tags_and_parents_reach_the_store),
		cmocka_unit_test(an_entity_may_come_twice_if_it_is_the_same),
		cmocka_unit_test(a_schema_tells_what_plain_spellings_mean),
		cmocka_unit_test(attributes_must_be_as_the_schema_says),
		cmocka_unit_test(entities_must_be_as_the_schema_says),
		cmocka_unit_test(actions_must_be_as_the_schema_says),
		cmocka_unit_test(actions_of_a_schema_bring_their_groups),
		cmocka_unit_test(names_are_resolved_in_every_place),
		cmocka_unit_test(deep_nesting_of_values_is_bounded),
		cmocka_unit_test(many_attributes_and_long_strings_are_read),
		cmocka_unit_test(nested_calls_take_bounded_time),
		cmocka_unit_test(every_missing_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
