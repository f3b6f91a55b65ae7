/* The child that candidates are checked in. This program is its own child: what the candidate's text
 * says makes it crash, loop or eat memory first. */
#include "support/cmocka.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/attributes.h"
#include "policy/candidate.h"

static const struct child_limits tight = {
	.memory_bytes = UINT64_C(512) << 20, .cpu_s = 1, .wall_ms = 20000};

static void check(struct policy_load *load, const char *text, const struct child_limits *limits)
{
	struct tree_file file = {STR("main.cedar"), str_from(text)};
	struct tree tree = {.files = &file, .file_count = 1};

	policy_load_init(load);
	policy_candidate_check(load, &tree, limits);
}

static void what_is_right_passes_and_is_built_of_the_same_bytes(void **state)
{
	struct tree_file file = {STR("main.cedar"), STR("permit(principal, action, resource);")};
	struct tree tree = {.files = &file, .file_count = 1};
	struct policy_load load;

	(void)state;
	policy_load_init(&load);
	policy_candidate_check(&load, &tree, &policy_candidate_limits);
	assert_int_equal(load.error, ERR_NONE);
	policy_load_checked(&load, &tree, (struct hash_key){1, 2});
	assert_int_equal(load.error, ERR_NONE);
	assert_int_equal(cedar_policy_count(snapshot_engine(load.snapshot)), 1);
	policy_load_deinit(&load);
}

static void mistakes_come_back_with_their_places(void **state)
{
	struct policy_load load;
	struct buf text;

	(void)state;
	check(&load, "permit(principal, action, resource)\nwhen { context.nothing };\n",
	      &policy_candidate_limits);
	assert_int_equal(load.error, ERR_INVALID);
	assert_int_equal(load.diags.error_count, 1);
	assert_int_equal(load.obstacle.length, 0);
	buf_init(&text, 4096);
	policy_load_print(&load, &text);
	if (strstr(buf_text(&text), "main.cedar:2:8: error: ") == NULL ||
	    strstr(buf_text(&text), "\nwhen { context.nothing };\n       ^~~") == NULL)
		fail_msg("%s", buf_text(&text));
	buf_deinit(&text);
	policy_load_deinit(&load);
}

static void warnings_come_back_and_hold_nothing_up(void **state)
{
	struct policy_load load;

	(void)state;
	check(&load, "@idle_timout(\"5m\") permit(principal, action, resource);",
	      &policy_candidate_limits);
	assert_int_equal(load.error, ERR_NONE);
	assert_int_equal(load.diags.warning_count, 1);
	assert_int_equal(load.diags.first->severity, CEDAR_WARNING);
	policy_load_deinit(&load);
}

static void expect_refused(const char *text, enum error error, const char *reason)
{
	struct policy_load load;

	check(&load, text, &tight);
	assert_int_equal(load.error, error);
	if (strstr(buf_text(&load.obstacle), reason) == NULL)
		fail_msg("'%s'", buf_text(&load.obstacle));
	policy_load_deinit(&load);
}

static void a_crash_is_a_refusal(void **state)
{
	(void)state;
	expect_refused("// crash", ERR_INTERNAL, "crashed (signal 6)");
}

static void endless_work_is_a_refusal(void **state)
{
	(void)state;
	expect_refused("// loop", ERR_LIMIT, "processor time");
}

static void an_answer_that_stops_half_way_is_a_refusal(void **state)
{
	(void)state;
	expect_refused("// half", ERR_INTERNAL, "incomplete");
}

static void an_answer_that_claims_too_much_is_a_refusal(void **state)
{
	(void)state;
	expect_refused("// lie", ERR_INTERNAL, "incomplete");
	expect_refused("// chatter", ERR_LIMIT, "said too much");
}

static void a_child_that_does_not_read_is_a_refusal(void **state)
{
	(void)state;
	expect_refused("// deaf", ERR_LIMIT, "failed with status 3");
}

static void an_approval_that_names_an_error_is_none(void **state)
{
	(void)state;
	expect_refused("// two-faced", ERR_INVALID, "");
}

static void memory_without_end_is_a_refusal(void **state)
{
	(void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	print_message("skipped: memory is not limited under a sanitizer\n");
	skip();
#else
	expect_refused("// memory", ERR_LIMIT, "failed with status 4");
#endif
}

/* The child. */

static void write_zeros(size_t count)
{
	for (size_t i = 0; i < count; i++)
		putchar(0);
	fflush(stdout);
}

/* Errors out of nothing: error 0, one error counted, no text, no diagnostics. */
static void approve_with_an_error(void)
{
	static const unsigned char answer[28] = {0, 0, 0, 0, 1};

	fwrite(answer, 1, sizeof(answer), stdout);
	fflush(stdout);
}

static void misbehave(const char *how)
{
	if (strstr(how, "// crash") != NULL)
		abort();
	while (strstr(how, "// loop") != NULL)
		;
	if (strstr(how, "// half") != NULL)
		write_zeros(7);
	if (strstr(how, "// lie") != NULL) {
		static const unsigned char answer[20] = {0, 0, 0, 0, 0, 0, 0,    0,    0,    0,
							 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
		fwrite(answer, 1, sizeof(answer), stdout);
		fflush(stdout);
	}
	if (strstr(how, "// two-faced") != NULL)
		approve_with_an_error();
	if (strstr(how, "// chatter") != NULL)
		write_zeros(4 << 20);
	if (strstr(how, "// memory") != NULL) {
		for (;;) {
			if (malloc(1 << 20) == NULL)
				_exit(4);
		}
	}
	_exit(0);
}

static int be_a_child(void)
{
	char text[4096];
	size_t length;

	/* Whoever writes nothing of this kind is a candidate like any other: give it back. */
	length = fread(text, 1, sizeof(text) - 1, stdin);
	text[length] = '\0';
	if (strstr(text, "// deaf") != NULL)
		_exit(3);
	if (strstr(text, "main.cedar// ") != NULL)
		misbehave(text);
	if (fseek(stdin, 0, SEEK_SET) != 0) {
		/* A pipe cannot be read twice: put what was read into one of its own. */
		int ends[2];

		if (pipe(ends) != 0 || write(ends[1], text, length) != (ssize_t)length ||
		    dup2(ends[0], STDIN_FILENO) < 0)
			_exit(5);
		close(ends[0]);
		close(ends[1]);
	}
	return policy_candidate_main();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_right_passes_and_is_built_of_the_same_bytes),
		cmocka_unit_test(mistakes_come_back_with_their_places),
		cmocka_unit_test(warnings_come_back_and_hold_nothing_up),
		cmocka_unit_test(a_crash_is_a_refusal),
		cmocka_unit_test(endless_work_is_a_refusal),
		cmocka_unit_test(an_answer_that_stops_half_way_is_a_refusal),
		cmocka_unit_test(an_answer_that_claims_too_much_is_a_refusal),
		cmocka_unit_test(a_child_that_does_not_read_is_a_refusal),
		cmocka_unit_test(an_approval_that_names_an_error_is_none),
		cmocka_unit_test(memory_without_end_is_a_refusal),
	};

	if (argc == 2 && strcmp(argv[1], POLICY_CANDIDATE_ARGUMENT) == 0)
		return be_a_child();
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("candidate", tests, NULL, NULL);
}
