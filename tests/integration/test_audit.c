/* wsauthzctl on an audit whose names were chosen to hurt, and the page it makes of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "integration/command.h"
#include "store/audit.h"
#include "store/seal.h"
#include "support/cmocka.h"
#include "support/store_env.h"
#include "support/tmpdir.h"

enum { RANDOM_ROWS = 10000, NAME_MAX_BYTES = 40 };

/* Names that broke somebody's log, terminal, spreadsheet or page. */
static const struct str nasty[] = {
	{"a\r\n2026-11-22 21:38:31.123  allow  root", 38},
	{"\x1b]0;owned\x07", 10},
	{"\x1b[2J\x1b[1;1H", 10},
	{"\x9b"
	 "2J",
	 3},
	{"\xc2\x9b"
	 "2J",
	 4},
	{"evil\xe2\x80\xaegnp.exe", 14},
	{"\xe2\x81\xa6isolate\xe2\x81\xa9", 13},
	{"zero\xe2\x80\x8bwidth", 12},
	{"line\xe2\x80\xa8separator", 16},
	{"\xf3\xa0\x81\x81tag", 7},
	{"nul\0inside", 10},
	{"=cmd|' /C calc'!A0", 18},
	{"+1+1", 4},
	{"-2+3", 4},
	{"@SUM(1+1)*cmd|' /C calc'!A0", 27},
	{"\t=1+1", 5},
	{"\",\"=1+1", 7},
	{"a,b\"c", 5},
	{"<script>alert(1)</script>", 25},
	{"\"><img src=x onerror=alert(1)>", 30},
	{"'-alert(1)-'", 12},
	{"</style><svg onload=alert(1)>", 29},
	{"</title><script>x</script>", 26},
	{"&lt;b&gt;&#60;", 14},
	{"<!--", 4},
	{"]]>", 3},
	{"{\"user\":\"root\"}", 15},
	{"\\u0000\\x1b", 10},
	{"\\u{1b}[2J", 9},
	{"%s%n%x", 6},
	{"$(reboot)`reboot`", 17},
	{"' OR 1 = 1 --", 13},
	{"\xff\xfe\xfd", 3},
	{"\xed\xa0\x80", 3},
	{"\xc0\xaf", 2},
	{"\xef\xbb\xbf"
	 "bom",
	 6},
	{"CONTOSO\\alice", 13},
};

enum { ROWS = RANDOM_ROWS + sizeof(nasty) / sizeof(nasty[0]) };

static struct tmpdir dir;

static struct str make_name(uint32_t number, char name[NAME_MAX_BYTES])
{
	unsigned seed = number * 2654435761U;
	size_t length = (size_t)rand_r(&seed) % NAME_MAX_BYTES + 1;

	if (number < ARRAY_COUNT(nasty))
		return nasty[number];
	for (size_t i = 0; i < length; i++)
		name[i] = (char)rand_r(&seed);
	return str_make(name, length);
}

/* One row whose texts are all the same name. */
static void append_hostile(struct audit *audit, uint32_t number)
{
	char name[NAME_MAX_BYTES];
	struct store_row_texts texts;
	struct audit_row row;
	uint64_t id;

	store_row_make(number, &texts, &row);
	struct str text = make_name(number, name);
	row.application = row.principal = row.user = row.user_folded = row.mechanism = text;
	row.action = row.action_uri = row.resource_uri = row.source = row.extended = text;
	row.context = row.peer = texts.policies[0] = texts.groups[0] = text;
	row.verdict = number % 2 == 0 ? AUDIT_DENY : AUDIT_ALLOW;
	assert_int_equal(audit_append(audit, &row, 1, &id), ERR_NONE);
}

static void append_event(struct audit *audit, struct str text)
{
	const struct audit_event event = {text, text, text};
	const struct audit_row row = {.wall_us = INT64_C(1767225600000000), .event = &event};
	uint64_t id;

	assert_int_equal(audit_append(audit, &row, 1, &id), ERR_NONE);
}

static int setup(void **state)
{
	struct store_env env = store_env_make(NULL);
	struct audit *audit;
	struct buf why;

	(void)state;
	tmpdir_create(&dir);
	buf_init(&why, 4096);
	if (audit_open(dir.path, &env, false, &audit, &why) != ERR_NONE)
		fail_msg("%s", buf_text(&why));
	for (uint32_t i = 0; i < ROWS; i++)
		append_hostile(audit, i);
	for (size_t i = 0; i < ARRAY_COUNT(nasty); i++)
		append_event(audit, nasty[i]);
	audit_close(audit);
	buf_deinit(&why);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tmpdir_remove(&dir);
	return 0;
}

static int ctl(const char *arguments)
{
	char command[1024];

	assert_true(snprintf(command, sizeof(command), "%s --state %s", arguments, dir.path) <
		    (int)sizeof(command));
	return command_run_alone(command);
}

/* No byte of the output can do anything in a terminal but show a character. */
static void expect_harmless(const char *what)
{
	struct str output = str_from(command_output()), rest = output;

	while (rest.length != 0) {
		uint32_t c = 0;
		size_t length = utf8_decode(rest, &c);

		if (length == 0 || (c != '\n' && utf8_is_deceptive(c)))
			fail_msg("%s: U+%04x at %zu", what, (unsigned)c,
				 output.length - rest.length);
		rest = str_make(rest.ptr + length, rest.length - length);
	}
}

static void names_cannot_leave_their_place_in_any_output(void **state)
{
	static const struct {
		const char *arguments;
		size_t lines; /* 0: any number */
	} commands[] = {
		{"audit query --limit 20000", ROWS + 1},
		{"audit query --limit 20000 --format csv", ROWS + 1},
		{"audit query --limit 20000 --format json", ROWS},
		{"audit query --denied --limit 20000 --format json", (ROWS + 1) / 2},
		{"audit export --events", ROWS + ARRAY_COUNT(nasty)},
		{"audit export --format csv", ROWS + 1},
		{"audit export --format ocsf --events", ROWS + ARRAY_COUNT(nasty)},
		{"audit top --since 2000-01-01 --limit 20000", 0},
		{"audit top users --since 2000-01-01 --limit 20000 --format csv", 0},
		{"audit top users --since 2000-01-01 --limit 20000 --json", 0},
		{"audit stats --since 2025-12-31 --until 2026-01-02", 0},
		{"audit sql 'SELECT decision_id, user, action FROM v_decision'", ROWS + 1},
		{"audit sql 'SELECT user FROM v_decision' --format csv", ROWS + 1},
		{"audit sql 'SELECT user FROM v_decision' --json", ROWS},
		{"audit sql 'SELECT * FROM v_event'", ARRAY_COUNT(nasty) + 1},
		{"audit sql 'SELECT * FROM v_decision LIMIT 100'", 0},
		{"audit sql \"SELECT 1 AS '\x1b[2J'\"", 2},
		{"audit sql \"SELECT x'1b5b324a' || 'x', char(27), char(8238)\"", 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
		if (ctl(commands[i].arguments) != COMMAND_DONE)
			fail_msg("%s: %s", commands[i].arguments, command_output());
		expect_harmless(commands[i].arguments);
		if (commands[i].lines != 0 && command_line_count() != commands[i].lines)
			fail_msg("%s: %zu lines", commands[i].arguments, command_line_count());
	}
}

static void no_cell_of_a_spreadsheet_computes(void **state)
{
	const char *output = command_output();

	(void)state;
	assert_int_equal(ctl("audit export --format csv"), COMMAND_DONE);
	for (size_t i = 1; output[i] != '\0'; i++) {
		bool starts = output[i] == '"' && (output[i - 1] == ',' || output[i - 1] == '\n');
		if (starts && strchr("=+-@\t\r|%", output[i + 1]) != NULL)
			fail_msg("a cell begins with '%c' at %zu", output[i + 1], i);
	}
}

/* Tags that the page has; a name that got out of its place would bring another one, or an
 * attribute. */
static void expect_only_our_tags(void)
{
	static const char *const tags[] = {
		"!DOCTYPE html>",
		"html lang=\"en\">",
		"head>",
		"meta ",
		"title>",
		"style>",
		"body>",
		"main>",
		"header>",
		"h1>",
		"h2>",
		"p>",
		"p class=\"",
		"section class=\"",
		"div>",
		"div class=\"",
		"b>",
		"span>",
		"span class=\"",
		"span title=\"",
		"svg viewBox=\"",
		"line class=\"",
		"text x=\"",
		"g>",
		"rect class=\"",
		"polyline class=\"",
		"ol>",
		"li>",
		"table>",
		"tr>",
		"th>",
		"th class=\"",
		"td>",
		"td class=\"",
		"code>",
		"footer>",
		"i class=\"",
	};

	for (const char *at = strchr(command_output(), '<'); at != NULL; at = strchr(at, '<')) {
		at++;
		bool known = *at == '/';

		for (size_t j = 0; j < ARRAY_COUNT(tags); j++)
			known |= strncmp(at, tags[j], strlen(tags[j])) == 0;
		if (!known)
			fail_msg("an unknown tag: <%.60s", at);
	}
}

static void a_report_is_one_page_with_charts_and_nothing_from_elsewhere(void **state)
{
	char count[64];

	(void)state;
	snprintf(count, sizeof(count), "10,0%02d</b><span>decisions", ROWS - RANDOM_ROWS);
	assert_int_equal(ctl("audit report --html - --since 2025-12-31 --until 2026-01-02 --title "
			     "'<script>alert(1)</script>'"),
			 COMMAND_DONE);
	expect_harmless("report");
	expect_only_our_tags();
	command_expect("default-src 'none'");
	command_expect("&lt;script&gt;alert(1)&lt;/script&gt;</h1>");
	command_expect(count);
	command_expect("Decisions over time");
	command_expect("<polyline class=\"slow\"");
	command_expect("Most denied users");
	command_expect("Latest denials");
	command_expect("Latest events");
	/* Of a time without decisions. */
	assert_int_equal(ctl("audit report --html - --since 2020-01-01 --until 2020-01-02"),
			 COMMAND_DONE);
	expect_only_our_tags();
	command_expect("Nobody was denied.");
	/* It has no text but ours, so what would fetch something could only be ours. */
	command_expect_not("src=");
	command_expect_not("href=");
	command_expect_not("url(");
	command_expect_not("@import");
	assert_int_equal(ctl("audit report"), 2);
	assert_int_equal(ctl("audit report --html /nonexistent/x.html"), 4);
}

static long file_size(const char *name)
{
	char path[256];
	struct stat info;

	return stat(tmpdir_path(&dir, name, path, sizeof(path)), &info) == 0 ? (long)info.st_size
									     : -1;
}

/* The page in a browser: what is in the document after it was read, and a picture of it. */
static void a_browser_shows_the_report(void **state)
{
	static const char browser[] =
		"chromium --headless --no-sandbox --disable-gpu --hide-scrollbars "
		"--window-size=1240,2400 --user-data-dir=%s/chromium %s file://%s/report.html "
		"2>/dev/null";
	char command[1024], arguments[512], picture[512];

	(void)state;
	if (command_shell("command -v chromium") != COMMAND_DONE) {
		printf("chromium is not installed: the report was not looked at in a browser\n");
		skip();
	}
	snprintf(arguments, sizeof(arguments),
		 "audit report --since 2025-12-31 --until 2026-01-02 --html %s/report.html",
		 dir.path);
	assert_int_equal(ctl(arguments), COMMAND_DONE);
	snprintf(command, sizeof(command), browser, dir.path, "--dump-dom", dir.path);
	assert_int_equal(command_shell(command), COMMAND_DONE);
	/* Names became text, not elements. */
	command_expect_not("<script");
	command_expect_not("<img");
	command_expect("Decisions over time");
	command_expect("</svg>");
	snprintf(picture, sizeof(picture), "--screenshot=%s/report.png", dir.path);
	snprintf(command, sizeof(command), browser, dir.path, picture, dir.path);
	assert_int_equal(command_shell(command), COMMAND_DONE);
	/* An empty page is a few kilobytes. */
	assert_true(file_size("report.png") > 50000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_cannot_leave_their_place_in_any_output),
		cmocka_unit_test(no_cell_of_a_spreadsheet_computes),
		cmocka_unit_test(a_report_is_one_page_with_charts_and_nothing_from_elsewhere),
		cmocka_unit_test(a_browser_shows_the_report),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
