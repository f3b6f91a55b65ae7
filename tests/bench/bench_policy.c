/*
 * Decisions of the policy engine, in process and with full diagnostics:
 *
 *	policy/N/indexed        N policies on a group and a folder, by the index
 *	policy/N/linear         the same decisions by testing every policy, which is their floor
 *	policy/N/indexed/SHAPE  other shapes of policies
 *	policy/N/built/SHAPE    the request made anew for each decision
 *	policy/evaluate         what a policy takes that has to be evaluated
 *	policy/N/load           text to a sealed engine: parsed, validated, indexed; also in parts
 *	policy/N/memory/SHAPE   what the sealed engine keeps; "eq" is the plainest shape
 *	policy/activate/N       a policy directory to a stored revision (bench_activate.c)
 *
 * A figure is the median over batches of the mean of a batch.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/attributes.h"
#include "bench/bench.h"
#include "cedar/engine.h"

enum {
	REQUESTS = 512,
	BATCHES = 51,
	LINEAR_BATCHES = 5,
	LOADS = 5,
	LINEAR_TESTS = 100000, /* policies tested in a linear batch, at least; bounds its time */
	MEMBERS = 20000,       /* users, and files; policies about more have nobody to apply to */
	USER_GROUPS = 8,
	FILE_FOLDERS = 5, /* policy I speaks of file or folder 5 * I, so that few match at once */
	MOST_POLICIES = 100000,
	GRID_SIDE = 300, /* groups and folders of the grid */
};

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Nothing here may fail but for want of memory. */
static void must(enum error error)
{
	if (error == ERR_NONE)
		return;
	(void)fprintf(stderr, "bench policy: %s\n", error_text(error));
	exit(1);
}

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

/* A shape of policies: the text of the I-th of N. */
struct policy_shape {
	const char *name;
	void (*write)(struct buf *out, uint32_t i);
};

#define CONDITION " when { context.mfa && context.level >= 3 };\n"

static void write_eq(struct buf *out, uint32_t i)
{
	buf_printf(out,
		   "permit(principal == User::\"u%u\", action == Action::\"view\", "
		   "resource == File::\"f%u\");\n",
		   (unsigned int)i, (unsigned int)i * FILE_FOLDERS);
}

static void write_in(struct buf *out, uint32_t i)
{
	buf_printf(out,
		   "permit(principal in Group::\"g%u\", action == Action::\"view\", "
		   "resource in Folder::\"d%u\")" CONDITION,
		   (unsigned int)i, (unsigned int)i * FILE_FOLDERS);
}

static void write_action(struct buf *out, uint32_t i)
{
	buf_printf(out, "permit(principal, action == Action::\"a%u\", resource)" CONDITION,
		   (unsigned int)i);
}

/* Few groups and folders, so that each has very many policies. */
static void write_grid(struct buf *out, uint32_t i)
{
	buf_printf(out,
		   "permit(principal in Group::\"g%u\", action, resource in Folder::\"d%u\");\n",
		   (unsigned int)(i % GRID_SIDE), (unsigned int)(i / GRID_SIDE));
}

static void write_condition_key(struct buf *out, uint32_t i)
{
	buf_printf(out,
		   "permit(principal, action, resource) when { principal == User::\"u%u\" && "
		   "resource == File::\"f%u\" && context.mfa };\n",
		   (unsigned int)i, (unsigned int)i * FILE_FOLDERS);
}

/* All of these are evaluated. */
static void write_unscoped(struct buf *out, uint32_t i)
{
	buf_printf(out,
		   "permit(principal, action, resource) when { context.mfa && context.level == %u "
		   "};\n",
		   (unsigned int)i);
}

/* Engines. */

/* Member I is below the groups I, I + 1 and so on. */
static void add_members(struct cedar_engine *engine, const char *type, char letter,
			const char *group_type, char group_letter, uint32_t group_count,
			uint32_t parent_count)
{
	struct value_builder *builder = &engine->builder;
	cedar_uid parents[USER_GROUPS];
	char id[16];

	for (uint32_t i = 0; i < MEMBERS; i++) {
		cedar_uid uid;

		for (uint32_t k = 0; k < parent_count; k++) {
			(void)snprintf(id, sizeof(id), "%c%u", group_letter,
				       (unsigned int)((i + k) % group_count));
			parents[k] = value_build_uid(builder, str_from(group_type), str_from(id));
		}
		(void)snprintf(id, sizeof(id), "%c%u", letter, (unsigned int)i);
		uid = value_build_uid(builder, str_from(type), str_from(id));
		must(builder->failed);
		must(entity_store_add(&engine->entities, uid, NULL, NULL, parents, parent_count));
	}
}

struct load {
	double parse_ms, validate_ms, seal_ms, all_ms;
	size_t bytes; /* that the sealed engine keeps */
};

/* What the policies of all shapes but "action" talk about. */
static const char schema_text[] =
	"entity Group; entity User in [Group]; entity Folder; entity File in [Folder];\n"
	"action view appliesTo { principal: User, resource: File,"
	" context: { mfa: Bool, level: Long } };\n";

static void validate(struct cedar_engine *engine, struct cedar_diags *diags)
{
	struct cedar_schema *schema = NULL;

	must(cedar_schema_read(STR("schema"), str_from(schema_text), CEDAR_SCHEMA_TEXT, diags,
			       &schema));
	must(cedar_engine_validate(engine, schema, NULL, diags));
	cedar_schema_free(schema);
}

static void write_all(const struct policy_shape *shape, uint32_t count, struct buf *text)
{
	buf_init(text, UINT32_MAX);
	for (uint32_t i = 0; i < count; i++)
		shape->write(text, i);
	must(text->failed);
}

static double ms_since(double start_ns)
{
	return (now_ns() - start_ns) / 1e6;
}

static struct cedar_engine *load_engine(const struct policy_shape *shape, uint32_t count,
					bool with_members, bool with_schema, struct load *load)
{
	struct cedar_limits limits = {.text_bytes = UINT32_MAX};
	uint32_t groups = shape->write == write_grid ? GRID_SIDE : count;
	struct cedar_engine *engine = NULL;
	struct cedar_diags diags;
	struct buf text;
	double start;

	cedar_diags_init(&diags);
	write_all(shape, count, &text);
	must(cedar_engine_new(&limits, (struct hash_key){1, 2}, &engine));
	if (with_members) {
		add_members(engine, "User", 'u', "Group", 'g', groups, USER_GROUPS);
		add_members(engine, "File", 'f', "Folder", 'd', groups * FILE_FOLDERS,
			    FILE_FOLDERS);
	}
	start = now_ns();
	must(cedar_engine_add_policies(engine, STR("bench"), buf_str(&text), CEDAR_IDS_BY_POSITION,
				       &diags));
	load->parse_ms = ms_since(start);
	if (with_schema)
		validate(engine, &diags);
	load->validate_ms = ms_since(start) - load->parse_ms;
	must(cedar_engine_seal(engine, &diags));
	load->all_ms = ms_since(start);
	load->seal_ms = load->all_ms - load->parse_ms - load->validate_ms;
	load->bytes = engine->keep.used_bytes;
	buf_deinit(&text);
	cedar_diags_deinit(&diags);
	return engine;
}

/* Questions: most match a policy or some. */

struct question {
	char user[16], file[16], action[16];
	struct cedar_request *request;
};

static void choose(struct question *question, uint32_t count, uint64_t *random)
{
	uint32_t known = MEMBERS / FILE_FOLDERS;
	uint32_t i = next_random(random) % (count < known ? count : known);
	bool view = next_random(random) % 4 != 0;

	(void)snprintf(question->user, sizeof(question->user), "u%u", (unsigned int)i);
	(void)snprintf(question->file, sizeof(question->file), "f%u",
		       (unsigned int)i * FILE_FOLDERS);
	(void)snprintf(question->action, sizeof(question->action), view ? "view" : "a%u",
		       (unsigned int)i);
}

static void ask(const struct question *question, const struct cedar_engine *engine)
{
	struct cedar_request *request = question->request;
	struct cedar_attr attrs[] = {
		{STR("mfa"), cedar_bool(true)},
		{STR("level"), cedar_long(5)},
	};

	cedar_request_begin(request, engine);
	cedar_request_ask(request,
			  cedar_request_uid(request, STR("User"), str_from(question->user)),
			  cedar_request_uid(request, STR("Action"), str_from(question->action)),
			  cedar_request_uid(request, STR("File"), str_from(question->file)),
			  cedar_record(request, attrs, ARRAY_COUNT(attrs)));
}

struct bench {
	const struct cedar_engine *engine;
	struct question questions[REQUESTS];
	uint64_t reasons; /* so that no answer is computed in vain */
};

static void bench_init(struct bench *bench, const struct cedar_engine *engine, uint32_t count)
{
	uint64_t random = 42;

	bench->engine = engine;
	bench->reasons = 0;
	for (int i = 0; i < REQUESTS; i++) {
		must(cedar_request_new(NULL, &bench->questions[i].request));
		choose(&bench->questions[i], count, &random);
		ask(&bench->questions[i], engine);
	}
}

static void bench_deinit(struct bench *bench)
{
	for (int i = 0; i < REQUESTS; i++)
		cedar_request_free(bench->questions[i].request);
}

enum mode { INDEXED, LINEAR, REBUILT };

/* The median over batches of the time of one decision. */
static double decision_ns(struct bench *bench, enum mode mode)
{
	size_t policies = cedar_policy_count(bench->engine);
	int count = bench_size(mode == LINEAR ? LINEAR_BATCHES : BATCHES, 1);
	size_t requests = REQUESTS;
	double batches[BATCHES];

	if (mode == LINEAR && LINEAR_TESTS / policies < requests)
		requests = 1 + LINEAR_TESTS / policies;
	for (int batch = 0; batch < count; batch++) {
		double start = now_ns();

		for (size_t i = 0; i < requests; i++) {
			struct cedar_request *request = bench->questions[i].request;
			struct cedar_answer answer;

			if (mode == REBUILT)
				ask(&bench->questions[i], bench->engine);
			must(mode == LINEAR ? cedar_authorize_linear(request, &answer)
					    : cedar_authorize(request, &answer));
			bench->reasons += answer.reason_count + answer.error_count;
		}
		batches[batch] = (now_ns() - start) / (double)requests;
	}
	return bench_median(batches, count);
}

static void report(uint32_t count, const char *what, const char *shape, double value,
		   const char *unit, double floor, bool json)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "policy/%u/%s%s%s", (unsigned int)count, what,
		       shape[0] != '\0' ? "/" : "", shape);
	bench_report(&(struct bench_result){name, value, unit, floor}, json);
}

/* Decisions by the index beside those by testing every policy. */
static void run_decisions(const struct policy_shape *shape, uint32_t count, bool json)
{
	bool is_main = shape->name[0] == '\0';
	struct load load;
	struct cedar_engine *engine = load_engine(shape, count, true, false, &load);
	struct bench bench;
	double linear;

	bench_init(&bench, engine, count);
	(void)decision_ns(&bench, INDEXED);
	linear = decision_ns(&bench, LINEAR);
	report(count, "indexed", shape->name, decision_ns(&bench, INDEXED), "ns", linear, json);
	if (is_main)
		report(count, "linear", shape->name, linear, "ns", 0, json);
	if (count >= (uint32_t)bench_size(MOST_POLICIES, 100))
		report(count, "built", is_main ? "in" : shape->name, decision_ns(&bench, REBUILT),
		       "ns", 0, json);
	bench_deinit(&bench);
	cedar_engine_free(engine);
}

/* All of these policies are evaluated for every request. */
static void run_evaluations(bool json)
{
	static const struct policy_shape unscoped = {"unscoped", write_unscoped};
	enum { COUNT = 1000 };
	struct load load;
	struct cedar_engine *engine = load_engine(&unscoped, COUNT, true, false, &load);
	struct bench bench;

	bench_init(&bench, engine, COUNT);
	(void)decision_ns(&bench, INDEXED);
	bench_report(&(struct bench_result){"policy/evaluate", decision_ns(&bench, INDEXED) / COUNT,
					    "ns/policy", 0},
		     json);
	bench_deinit(&bench);
	cedar_engine_free(engine);
}

/* What loading takes in time and memory, without entities. */
static void run_loads(const struct policy_shape *shape, uint32_t count, bool json)
{
	double parse[LOADS], validated[LOADS], seal[LOADS], all[LOADS];
	int loads = bench_size(LOADS, 1);
	struct load load;

	for (int i = 0; i < loads; i++) {
		cedar_engine_free(load_engine(shape, count, false, true, &load));
		parse[i] = load.parse_ms;
		validated[i] = load.validate_ms;
		seal[i] = load.seal_ms;
		all[i] = load.all_ms;
	}
	report(count, "load", shape->name, bench_median(all, loads), "ms", 0, json);
	report(count, "load/parse", shape->name, bench_median(parse, loads), "ms", 0, json);
	report(count, "load/validate", shape->name, bench_median(validated, loads), "ms", 0, json);
	report(count, "load/seal", shape->name, bench_median(seal, loads), "ms", 0, json);
	report(count, "memory", shape->name, (double)load.bytes / count, "bytes/policy", 0, json);
}

int bench_policy(bool json)
{
	/* The one without a name is what the goals speak of. */
	static const struct policy_shape shapes[] = {
		{"", write_in},
		{"eq", write_eq},
		{"action", write_action},
		{"grid", write_grid},
		{"condition-key", write_condition_key},
	};
	static const struct policy_shape loaded[] = {{"", write_in}, {"eq", write_eq}};
	static const uint32_t counts[] = {10, 100, 1000, 10000, MOST_POLICIES};
	int count = bench_size(ARRAY_COUNT(counts), 2);

	for (size_t i = 0; i < ARRAY_COUNT(shapes); i++) {
		for (int k = 0; k < count; k++)
			run_decisions(&shapes[i], counts[k], json);
	}
	run_evaluations(json);
	for (size_t i = 0; i < ARRAY_COUNT(loaded); i++)
		run_loads(&loaded[i], (uint32_t)bench_size(MOST_POLICIES, 100), json);
	bench_activate(json);
	return 0;
}
