/*
 * Inputs made to hurt the engine: each must end in an error with its place, or in the right answer,
 * within a second of processor time and 256 MiB of address space. Each runs in a child that is
 * killed beyond that (under a sanitizer, which takes more of both, only the outcome counts).
 *
 * usage: cedar_hostile [CASE]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "cedar/cedar.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_LIMITED false
#else
#define IS_LIMITED true
#endif

enum {
	MEMORY_BYTES = 256 << 20,
	CPU_S = 1,
	DEEP = 100000,
	LONG_BYTES = 10 << 20,
	MANY = 1 << 16,
	TEXT_MAX = 64 << 20,
};

/* Everything an input goes through. */
struct lab {
	struct cedar_engine *engine;
	struct cedar_diags diags;
	struct buf text;
	enum error error;
};

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	(void)fprintf(stderr, "cedar_hostile: %s\n", what);
	exit(3);
}

static void repeat(struct buf *out, const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_append_str(out, str_from(text));
}

static void add_policies(struct lab *lab)
{
	lab->error = cedar_engine_add_policies(lab->engine, STR("hostile"), buf_str(&lab->text),
					       CEDAR_IDS_BY_POSITION, &lab->diags);
}

static void add_entities(struct lab *lab)
{
	lab->error = cedar_engine_add_entities(lab->engine, NULL, STR("hostile"),
					       buf_str(&lab->text), &lab->diags);
}

static void read_schema(struct lab *lab, enum cedar_schema_syntax syntax)
{
	struct cedar_schema *schema = NULL;

	lab->error = cedar_schema_read(STR("hostile"), buf_str(&lab->text), syntax, &lab->diags,
				       &schema);
	cedar_schema_free(schema);
}

/* Seals what was added and asks; the number of reasons, errors weigh a thousand. */
static size_t ask(struct lab *lab)
{
	struct cedar_request *request = NULL;
	struct cedar_answer answer;
	cedar_uid uid;

	must(lab->error == ERR_NONE, "the input was refused");
	must(cedar_engine_seal(lab->engine, &lab->diags) == ERR_NONE, "cannot seal");
	must(cedar_request_new(NULL, &request) == ERR_NONE, "no request");
	cedar_request_begin(request, lab->engine);
	uid = cedar_request_uid(request, STR("User"), STR("a"));
	cedar_request_ask(request, uid, uid, uid, cedar_record(request, NULL, 0));
	must(cedar_authorize(request, &answer) == ERR_NONE, "no answer");
	cedar_request_free(request);
	return answer.reason_count + 1000 * answer.error_count;
}

/* The input must be refused at this line and column; a column of 0 stands for any. */
static void expect_refused(const struct lab *lab, uint32_t line, uint32_t column)
{
	const struct cedar_diag *diag = lab->diags.first;

	must(lab->error != ERR_NONE && lab->error != ERR_NO_MEMORY, "the input was accepted");
	must(diag != NULL && diag->message.length != 0, "there is no diagnostic");
	if (diag->line != line || (column != 0 && diag->column != column)) {
		(void)fprintf(stderr, "refused at %u:%u: %.*s\n", (unsigned)diag->line,
			      (unsigned)diag->column, STR_ARGS(diag->message));
		exit(4);
	}
}

#define SCOPE "permit(principal, action, resource) when { "

/* The cases. */

static void parentheses(struct lab *lab)
{
	repeat(&lab->text, SCOPE, 1);
	repeat(&lab->text, "(", DEEP);
	add_policies(lab);
	expect_refused(lab, 1, 0);
}

static void negations(struct lab *lab)
{
	repeat(&lab->text, SCOPE, 1);
	repeat(&lab->text, "!", DEEP);
	repeat(&lab->text, "true };", 1);
	add_policies(lab);
	expect_refused(lab, 1, 0);
}

static void nested_records(struct lab *lab)
{
	repeat(&lab->text, SCOPE, 1);
	repeat(&lab->text, "{a:", DEEP);
	add_policies(lab);
	expect_refused(lab, 1, 0);
}

/* Flat, so it is only long. */
static void conjunction(struct lab *lab)
{
	repeat(&lab->text, SCOPE "true", 1);
	repeat(&lab->text, " && true", DEEP);
	repeat(&lab->text, " };", 1);
	add_policies(lab);
	must(ask(lab) == 1, "wrong answer");
}

static void long_string(struct lab *lab)
{
	repeat(&lab->text, SCOPE "\"", 1);
	repeat(&lab->text, "x", LONG_BYTES);
	repeat(&lab->text, "\" == \"\" };", 1);
	add_policies(lab);
	if (lab->error != ERR_NONE)
		expect_refused(lab, 0, 0);
	else
		must(ask(lab) == 0, "wrong answer");
}

static void long_attribute(struct lab *lab)
{
	repeat(&lab->text,
	       "[{\"uid\":{\"type\":\"User\",\"id\":\"a\"},\"parents\":[],"
	       "\"attrs\":{\"s\":\"",
	       1);
	repeat(&lab->text, "x", LONG_BYTES);
	repeat(&lab->text, "\"}}]", 1);
	add_entities(lab);
	if (lab->error == ERR_NONE) {
		buf_clear(&lab->text);
		repeat(&lab->text, SCOPE "principal.s like \"*y*\" };", 1);
		add_policies(lab);
		must(ask(lab) == 0, "wrong answer");
	} else {
		expect_refused(lab, 0, 0);
	}
}

static void many_attributes(struct lab *lab)
{
	repeat(&lab->text, "[{\"uid\":{\"type\":\"User\",\"id\":\"a\"},\"parents\":[],\"attrs\":{",
	       1);
	for (unsigned i = 0; i < MANY; i++)
		buf_printf(&lab->text, "%s\"a%u\":%u", i != 0 ? "," : "", i, i);
	repeat(&lab->text, "}}]", 1);
	add_entities(lab);
	if (lab->error == ERR_NONE) {
		buf_clear(&lab->text);
		repeat(&lab->text, SCOPE "principal.a65535 == 65535 };", 1);
		add_policies(lab);
		must(ask(lab) == 1, "wrong answer");
	} else {
		expect_refused(lab, 1, 0);
	}
}

/* A matcher that tries all ways would never end. */
static void like_pattern(struct lab *lab)
{
	repeat(&lab->text, SCOPE "\"", 1);
	repeat(&lab->text, "a", 10000);
	repeat(&lab->text, "\" like \"", 1);
	repeat(&lab->text, "*a", 5000);
	repeat(&lab->text, "*b\" };", 1);
	add_policies(lab);
	must(ask(lab) == 0, "wrong answer");
}

static void like_pattern_that_fits(struct lab *lab)
{
	repeat(&lab->text, SCOPE "\"", 1);
	repeat(&lab->text, "ab", 10000);
	repeat(&lab->text, "\" like \"", 1);
	repeat(&lab->text, "*ab", 5000);
	repeat(&lab->text, "\" };", 1);
	add_policies(lab);
	must(ask(lab) == 1, "wrong answer");
}

static void cyclic_entities(struct lab *lab)
{
	struct cedar_diags *diags = &lab->diags;

	repeat(&lab->text, "[", 1);
	for (unsigned i = 0; i < MANY; i++)
		buf_printf(&lab->text,
			   "%s{\"uid\":{\"type\":\"G\",\"id\":\"%u\"},\"attrs\":{},\"parents\":"
			   "[{\"type\":\"G\",\"id\":\"%u\"}]}",
			   i != 0 ? "," : "", i, (i + 1) % MANY);
	repeat(&lab->text, "]", 1);
	add_entities(lab);
	must(lab->error == ERR_NONE, "refused too early");
	must(cedar_engine_seal(lab->engine, diags) == ERR_INVALID, "a cycle was accepted");
	must(diags->error_count != 0, "there is no diagnostic");
}

static void a_chain_of_entities(struct lab *lab)
{
	repeat(&lab->text, "[", 1);
	for (unsigned i = 0; i < 2000; i++)
		buf_printf(
			&lab->text,
			"%s{\"uid\":{\"type\":\"User\",\"id\":\"%s%u\"},\"attrs\":{},\"parents\":"
			"[{\"type\":\"User\",\"id\":\"%u\"}]}",
			i != 0 ? "," : "", "", i, i + 1);
	repeat(&lab->text,
	       ",{\"uid\":{\"type\":\"User\",\"id\":\"a\"},\"attrs\":{},\"parents\":"
	       "[{\"type\":\"User\",\"id\":\"0\"}]}]",
	       1);
	add_entities(lab);
	buf_clear(&lab->text);
	repeat(&lab->text, "permit(principal in User::\"2000\", action, resource);", 1);
	must(lab->error == ERR_NONE, "the chain was refused");
	add_policies(lab);
	must(ask(lab) == 1, "wrong answer");
}

static void invalid_utf8(struct lab *lab)
{
	repeat(&lab->text, "permit(principal, action,\nresource) when { \"\xc3\x28\" == \"\" };",
	       1);
	add_policies(lab);
	expect_refused(lab, 2, 0);
}

static void invalid_utf8_in_entities(struct lab *lab)
{
	repeat(&lab->text,
	       "[{\"uid\":{\"type\":\"User\",\n\"id\":\"\xff\"},\"attrs\":{},"
	       "\"parents\":[]}]",
	       1);
	add_entities(lab);
	expect_refused(lab, 2, 0);
}

static void deep_json(struct lab *lab)
{
	repeat(&lab->text,
	       "[{\"uid\":{\"type\":\"User\",\"id\":\"a\"},\"parents\":[],\"attrs\":{\"a\":", 1);
	repeat(&lab->text, "[", DEEP);
	add_entities(lab);
	expect_refused(lab, 1, 0);
}

static void deep_schema(struct lab *lab)
{
	repeat(&lab->text, "entity User = {\"a\": ", 1);
	repeat(&lab->text, "Set<", DEEP);
	read_schema(lab, CEDAR_SCHEMA_TEXT);
	expect_refused(lab, 1, 0);
}

/* Each type twice the one before: written out it would fill any memory. */
static void doubling_types(struct lab *lab)
{
	repeat(&lab->text, "type T0 = {a: Long};\n", 1);
	for (unsigned i = 1; i < 64; i++)
		buf_printf(&lab->text, "type T%u = {a: T%u, b: T%u};\n", i, i - 1, i - 1);
	repeat(&lab->text, "entity User = {t: T63};\n", 1);
	read_schema(lab, CEDAR_SCHEMA_TEXT);
	if (lab->error != ERR_NONE)
		must(lab->diags.first != NULL && lab->diags.first->line != 0, "no place");
}

static void cyclic_types(struct lab *lab)
{
	repeat(&lab->text, "type A = B;\ntype B = C;\ntype C = A;\nentity User = {a: A};\n", 1);
	read_schema(lab, CEDAR_SCHEMA_TEXT);
	must(lab->error != ERR_NONE && lab->diags.first != NULL && lab->diags.first->line != 0,
	     "a cycle was accepted");
}

/* Every beginning of a valid text is refused at its end, or is valid itself. */
static void truncated_policies(struct lab *lab)
{
	static const char whole[] = "@id(\"a\") permit(principal in U::\"x\", action in "
				    "[Action::\"a\"], resource is F)\nwhen { context.a.b has c && "
				    "principal.x like \"a*\" || [1, {k: ip(\"::1\")}] == [] };";

	for (size_t length = 1; length < sizeof(whole) - 1; length++) {
		struct cedar_diags diags;
		enum error error;

		cedar_diags_init(&diags);
		error = cedar_engine_add_policies(lab->engine, STR("hostile"),
						  str_make(whole, length), CEDAR_IDS_BY_POSITION,
						  &diags);
		must(error == ERR_SYNTAX, "half a policy was accepted");
		must(diags.first != NULL && diags.first->line >= 1 && diags.first->line <= 2,
		     "there is no place");
		cedar_diags_deinit(&diags);
	}
}

static void truncated_entities(struct lab *lab)
{
	static const char whole[] =
		"[{\"uid\":{\"type\":\"User\",\"id\":\"\\u00e4\"},\"attrs\":{\"a\":"
		"[true,-1,{\"__extn\":{\"fn\":\"ip\",\"arg\":\"::1\"}}]},"
		"\"parents\":[]}]";

	for (size_t length = 0; length < sizeof(whole) - 1; length++) {
		struct cedar_diags diags;
		enum error error;

		cedar_diags_init(&diags);
		error = cedar_engine_add_entities(lab->engine, NULL, STR("hostile"),
						  str_make(whole, length), &diags);
		must(error != ERR_NONE && error != ERR_NO_MEMORY, "half a text was accepted");
		must(diags.first != NULL && diags.first->line == 1, "there is no place");
		cedar_diags_deinit(&diags);
	}
}

static const struct hostile_case {
	const char *name;
	void (*run)(struct lab *lab);
} cases[] = {
	{"100,000 parentheses", parentheses},
	{"100,000 negations", negations},
	{"100,000 records in each other", nested_records},
	{"100,000 conjuncts", conjunction},
	{"a string of 10 MiB in a policy", long_string},
	{"a string of 10 MiB in an entity", long_attribute},
	{"65,536 attributes", many_attributes},
	{"a like pattern with 5,000 stars", like_pattern},
	{"a like pattern with 5,000 stars that fits", like_pattern_that_fits},
	{"65,536 entities in a circle", cyclic_entities},
	{"2,000 entities in a chain", a_chain_of_entities},
	{"a policy that is not UTF-8", invalid_utf8},
	{"an entity that is not UTF-8", invalid_utf8_in_entities},
	{"100,000 arrays in each other", deep_json},
	{"100,000 sets in each other", deep_schema},
	{"types that double 63 times", doubling_types},
	{"types in a circle", cyclic_types},
	{"a policy cut off anywhere", truncated_policies},
	{"an entity cut off anywhere", truncated_entities},
};

static void run_case(const struct hostile_case *hostile)
{
	struct lab lab = {.error = ERR_NONE};
	struct cedar_limits limits = {.text_bytes = TEXT_MAX};

	cedar_diags_init(&lab.diags);
	buf_init(&lab.text, TEXT_MAX);
	must(cedar_engine_new(&limits, (struct hash_key){1, 2}, &lab.engine) == ERR_NONE,
	     "no engine");
	hostile->run(&lab);
	must(lab.text.failed == ERR_NONE, "the input could not be made");
	cedar_engine_free(lab.engine);
	buf_deinit(&lab.text);
	cedar_diags_deinit(&lab.diags);
}

static void limit(int resource, rlim_t value)
{
	struct rlimit rlimit = {value, value};

	must(setrlimit((__rlimit_resource_t)resource, &rlimit) == 0, "no limits");
}

static bool passes(const struct hostile_case *hostile)
{
	struct rusage usage;
	int status = 0;
	pid_t pid = fork();

	must(pid >= 0, "no child");
	if (pid == 0) {
		if (IS_LIMITED) {
			limit(RLIMIT_AS, MEMORY_BYTES);
			limit(RLIMIT_CPU, CPU_S);
		}
		run_case(hostile);
		exit(0);
	}
	must(wait4(pid, &status, 0, &usage) == pid, "the child is lost");
	(void)printf("%-44s %4ld ms %4ld MiB%s\n", hostile->name,
		     (long)usage.ru_utime.tv_sec * 1000 + (long)usage.ru_utime.tv_usec / 1000 +
			     (long)usage.ru_stime.tv_sec * 1000 +
			     (long)usage.ru_stime.tv_usec / 1000,
		     usage.ru_maxrss / 1024, status == 0 ? "" : "  FAILED");
	(void)fflush(stdout);
	return status == 0;
}

int main(int argc, char **argv)
{
	bool good = true;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		if (argc < 2 || strcmp(argv[1], cases[i].name) == 0)
			good = passes(&cases[i]) && good;
	}
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
