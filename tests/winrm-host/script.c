#include "winrm-host/script.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "winrm-host/event_record.h"
#include "winrm-host/host.h"
#include "winrm-host/load.h"
#include "winrm-host/port.h"
#include "winrm-host/report.h"

enum { WORDS_MAX = 32, LINE_BYTES = 512, LASTING_MAX = 64, LOADS_MAX = 16 };

struct script {
	const char *path;
	const struct script_options *options;
	unsigned line;
	char *words[WORDS_MAX];
	size_t word_count;
	struct {
		char name[32];
		struct operation *operation;
	} lasting[LASTING_MAX];
	struct load *loads[LOADS_MAX];
	size_t load_count;
};

static _Noreturn void fail(const struct script *script, const char *what)
{
	port_fail("%s:%u: %s", script->path, script->line, what);
}

static const char *word(const struct script *script, size_t i)
{
	if (i >= script->word_count)
		fail(script, "a word is missing");
	return script->words[i];
}

static bool word_is(const struct script *script, size_t i, const char *text)
{
	return i < script->word_count && strcmp(script->words[i], text) == 0;
}

/* A number; with a star it is scaled. */
static uint64_t number(const struct script *script, const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (end == text || (*end != '\0' && strcmp(end, "*") != 0))
		fail(script, "not a number");
	if (*end == '*') {
		value /= script->options->scale;
		if (value == 0)
			value = 1;
	}
	return value;
}

/* The number behind NAME= among the words from `first` on. */
static uint64_t option(const struct script *script, size_t first, const char *name,
		       uint64_t fallback)
{
	size_t length = strlen(name);

	for (size_t i = first; i < script->word_count; i++) {
		if (strncmp(script->words[i], name, length) == 0 && script->words[i][length] == '=')
			return number(script, script->words[i] + length + 1);
	}
	return fallback;
}

static void expect(const struct script *script, bool holds, const char *what)
{
	if (!holds)
		report_broken("expectation", "%s:%u: %s", script->path, script->line, what);
}

/* "== N" and the like, from word i on. */
static void expect_number(const struct script *script, size_t i, uint64_t value)
{
	const char *operator= word(script, i);
	uint64_t bound = number(script, word(script, i + 1));
	bool holds;

	if (strcmp(operator, "==") == 0)
		holds = value == bound;
	else if (strcmp(operator, ">=") == 0)
		holds = value >= bound;
	else if (strcmp(operator, "<=") == 0)
		holds = value <= bound;
	else
		fail(script, "not ==, >= or <=");
	if (!holds)
		report_broken("expectation", "%s:%u: %s is %" PRIu64 ", not %s %" PRIu64,
			      script->path, script->line, script->words[i - 1], value, operator,
			      bound);
}

/* Outcomes as in "ok|denied", as a set of bits. */
static unsigned outcomes(const struct script *script, const char *text)
{
	unsigned set = 0;

	for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
		const char *name = outcome_name((enum outcome)i);
		const char *at = strstr(text, name);

		if (at != NULL && (at == text || at[-1] == '|') &&
		    (at[strlen(name)] == '\0' || at[strlen(name)] == '|'))
			set |= 1U << i;
	}
	if (set == 0)
		fail(script, "no outcome");
	return set;
}

static void expect_outcome(const struct script *script, enum outcome outcome, const char *text)
{
	if ((outcomes(script, text) >> outcome & 1) == 0)
		report_broken("expectation", "%s:%u: %s, not %s", script->path, script->line,
			      outcome_name(outcome), text);
}

static const struct verb *verb(const struct script *script, const char *name)
{
	const struct verb *found = verb_find(name);

	if (found == NULL)
		fail(script, "no such verb");
	return found;
}

/* Commands. */

/* load [faulty] */
static void run_load(struct script *script)
{
	host_load(word_is(script, 1, "faulty") ? script->options->faulty : script->options->plugin);
}

/* unload */
static void run_unload(struct script *script)
{
	(void)script;
	host_unload();
}

/* cycle N: loads, starts, stops and unloads, N times */
static void run_cycle(struct script *script)
{
	uint64_t count = number(script, word(script, 1));
	size_t handles = 0, threads = 0;

	for (uint64_t i = 0; i < count; i++) {
		host_load(script->options->plugin);
		expect(script, host_start("wsman/Cycle") == NO_ERROR, "it did not start");
		host_stop("wsman/Cycle");
		host_unload();
		if (i == 0) {
			handles = census_handles();
			threads = census_threads();
		}
	}
	if (census_handles() > handles || census_threads() > threads)
		report_broken("leak", "%zu handles after %zu, %zu threads after %zu",
			      census_handles(), handles, census_threads(), threads);
}

/* start APPLICATION [fails] */
static void run_start(struct script *script)
{
	bool started = host_start(word(script, 1)) == NO_ERROR;

	expect(script, started != word_is(script, 2, "fails"), "Startup");
}

/* stop APPLICATION */
static void run_stop(struct script *script)
{
	host_stop(word(script, 1));
}

static void set_plugin(struct script *script, const char *name, const char *value)
{
	if (strcmp(value, "somebody-else") == 0)
		setting_put_text(name, port_other_owner());
	else if (value[strspn(value, "0123456789")] == '\0')
		setting_put_number(name, (uint32_t)number(script, value));
	else
		setting_put_text(name, strcmp(value, "-") != 0 ? value : NULL);
}

static void set_mechanism(struct host_options *options, const char *value)
{
	static char mechanisms[16][32]; /* records go on using them */
	static size_t next;

	if (next == 16)
		port_fail("too many mechanisms");
	snprintf(mechanisms[next], sizeof(mechanisms[0]), "%s", value);
	options->mechanism = mechanisms[next++];
}

/* set OPTION VALUE: of the host; with a capital letter, a setting of the plug-in ("-": none) */
static void run_set(struct script *script)
{
	struct host_options *options = host_options();
	const char *name = word(script, 1), *value = word(script, 2);
	bool is_on = strcmp(value, "on") == 0;

	if (*name >= 'A' && *name <= 'Z')
		set_plugin(script, name, value);
	else if (strcmp(name, "quota") == 0)
		options->supports_quota = is_on;
	else if (strcmp(name, "race") == 0)
		options->lets_first_race = is_on;
	else if (strcmp(name, "impersonate") == 0)
		options->impersonates = is_on;
	else if (strcmp(name, "token") == 0)
		options->gives_no_token = !is_on;
	else if (strcmp(name, "garbage-certificate") == 0)
		options->gives_garbage_certificate = is_on;
	else if (strcmp(name, "access") == 0)
		module_set_access(is_on);
	else if (strcmp(name, "mechanism") == 0)
		set_mechanism(options, value);
	else if (strcmp(name, "startup-flags") == 0)
		options->startup_flags = (uint32_t)number(script, value);
	else if (strcmp(name, "timeout") == 0)
		options->operation_timeout_ms = (int64_t)number(script, value);
	else if (strcmp(name, "idle") == 0)
		options->idle_ms = (int64_t)number(script, value);
	else if (strcmp(name, "refresh") == 0)
		options->refresh_ms = (int64_t)number(script, value);
	else
		fail(script, "no such option");
	host_apply_options();
}

/* daemon start|kill | mode MODE | await N | check NAME OP N | audit */
static void run_daemon(struct script *script)
{
	const struct daemon_control *daemon = script->options->daemon;
	const char *action = word(script, 1);
	unsigned long value;

	if (strcmp(action, "start") == 0) {
		daemon->start();
	} else if (strcmp(action, "kill") == 0) {
		daemon->kill();
	} else if (strcmp(action, "mode") == 0) {
		if (!daemon->set_mode(word(script, 2)))
			fail(script, "this daemon has no such mode");
	} else if (strcmp(action, "await") == 0) {
		if (!daemon->await((unsigned long)number(script, word(script, 2))))
			fail(script, "this daemon cannot wait");
	} else if (strcmp(action, "check") == 0) {
		if (!daemon->get(word(script, 2), &value))
			fail(script, "this daemon does not count that");
		expect_number(script, 3, value);
	} else if (strcmp(action, "audit") == 0) {
		daemon->check_audit(report_get(REPORT_ALLOWED_USERS),
				    report_get(REPORT_ALLOWED_OPERATIONS),
				    word_is(script, 2, "exactly"));
	} else {
		fail(script, "no such action");
	}
}

static struct load *new_load(struct script *script)
{
	const struct load_plan plan = {
		.application = word(script, 1),
		.user = word(script, 2),
		.verb = verb(script, word(script, 3)),
		.resource_uri = word(script, 4),
		.outcomes = outcomes(script, word(script, 5)),
		.count = option(script, 6, "count", 1),
		.user_count = (unsigned)option(script, 6, "users", 1),
		.thread_count = (unsigned)option(script, 6, "threads", 1),
		.restart_count = (unsigned)option(script, 6, "restarts", 0),
		.daemon = script->options->daemon,
	};

	return load_start(&plan);
}

static void finish_load(struct script *script, struct load *load)
{
	struct load_result result = load_join(load);

	if (result.unexpected_count != 0)
		report_broken("expectation",
			      "%s:%u: %" PRIu64 " of %" PRIu64 " requests were not, such as %s",
			      script->path, script->line, result.unexpected_count, result.count,
			      outcome_name(result.unexpected));
}

/* request APPLICATION USER VERB RESOURCE OUTCOME [count=N] [users=N] [threads=N] [restarts=N] */
static void run_request(struct script *script)
{
	finish_load(script, new_load(script));
}

/* launch ...: as request, and goes on; join waits for all that was launched */
static void run_launch(struct script *script)
{
	if (script->load_count == LOADS_MAX)
		fail(script, "too many launched");
	script->loads[script->load_count++] = new_load(script);
}

static void run_join(struct script *script)
{
	for (size_t i = 0; i < script->load_count; i++)
		finish_load(script, script->loads[i]);
	script->load_count = 0;
}

static size_t find_lasting(struct script *script, const char *name)
{
	size_t i = 0;

	while (i < LASTING_MAX && strcmp(script->lasting[i].name, name) != 0)
		i++;
	if (i == LASTING_MAX)
		fail(script, "no operation of this name, or too many");
	return i;
}

/* begin NAME APPLICATION USER VERB RESOURCE OUTCOME: an operation that lasts */
static void run_begin(struct script *script)
{
	size_t i = find_lasting(script, "");
	enum outcome outcome =
		host_request(word(script, 2), word(script, 3), verb(script, word(script, 4)),
			     word(script, 5), &script->lasting[i].operation);

	expect_outcome(script, outcome, word(script, 6));
	if (outcome == OUTCOME_OK)
		snprintf(script->lasting[i].name, sizeof(script->lasting[i].name), "%s",
			 word(script, 1));
}

/* follow NAME VERB OUTCOME */
static void run_follow(struct script *script)
{
	size_t i = find_lasting(script, word(script, 1));

	expect_outcome(script,
		       host_follow(script->lasting[i].operation, verb(script, word(script, 2))),
		       word(script, 3));
}

/* end NAME */
static void run_end(struct script *script)
{
	size_t i = find_lasting(script, word(script, 1));

	host_end(script->lasting[i].operation);
	script->lasting[i].name[0] = '\0';
}

/* advance MS: the host's clock */
static void run_advance(struct script *script)
{
	host_advance((int64_t)number(script, word(script, 1)));
}

/* check COUNTER OP N, check median OP N, check p99 OP N (microseconds of callbacks),
 * check connects OP N, check inexact-connects, check host-connects,
 * check event-ID OP N, check events, check host-events */
static void run_check(struct script *script)
{
	const char *name = word(script, 1);
	enum report_counter counter = report_find(name);

	if (counter != REPORT_COUNTER_COUNT)
		expect_number(script, 2, report_get(counter));
	else if (strcmp(name, "median") == 0)
		expect_number(script, 2, (uint64_t)report_quantile_us(500));
	else if (strcmp(name, "p99") == 0)
		expect_number(script, 2, (uint64_t)report_quantile_us(990));
	else if (strcmp(name, "connects") == 0)
		expect_number(script, 2, module_connects());
	else if (strcmp(name, "inexact-connects") == 0)
		expect_number(script, 2, module_connects() - module_exact_connects());
	else if (strcmp(name, "host-connects") == 0)
		expect_number(script, 2, module_connects_by_host());
	else if (strncmp(name, "event-", 6) == 0)
		expect_number(script, 2, event_record_count((unsigned)number(script, name + 6)));
	else if (strcmp(name, "events") == 0)
		expect_number(script, 2, event_record_count(0));
	else if (strcmp(name, "host-events") == 0)
		expect_number(script, 2, event_record_count_by_host());
	else
		fail(script, "no such counter");
}

/* event ID WORD...: waits for one whose text holds the words, with a blank between them */
static void run_event(struct script *script)
{
	char words[LINE_BYTES] = "";
	size_t length = 0;

	for (size_t i = 2; i < script->word_count; i++)
		length += (size_t)snprintf(words + length, sizeof(words) - length, "%s%s",
					   i > 2 ? " " : "", script->words[i]);
	if (!event_record_await((unsigned)number(script, word(script, 1)), words))
		report_broken("expectation", "%s:%u: no event %s with: %s", script->path,
			      script->line, script->words[1], words);
}

/* broken RULE: it was broken, as it should be */
static void run_broken(struct script *script)
{
	const char *rule = word(script, 1);

	if (report_broken_count(rule) == 0)
		report_broken("expectation", "%s:%u: %s was not found", script->path, script->line,
			      rule);
	report_forgive(rule);
}

static const struct {
	const char *name;
	void (*run)(struct script *script);
} commands[] = {
	{"advance", run_advance}, {"begin", run_begin},   {"broken", run_broken},
	{"check", run_check},     {"cycle", run_cycle},   {"daemon", run_daemon},
	{"end", run_end},         {"event", run_event},   {"follow", run_follow},
	{"join", run_join},       {"launch", run_launch}, {"load", run_load},
	{"request", run_request}, {"set", run_set},       {"start", run_start},
	{"stop", run_stop},       {"unload", run_unload},
};

static void run_line(struct script *script, char *line)
{
	char *rest = line;
	char *next;

	line[strcspn(line, "#\r\n")] = '\0';
	script->word_count = 0;
	while ((next = strtok_r(rest, " \t", &rest)) != NULL) {
		if (script->word_count == WORDS_MAX)
			fail(script, "too many words");
		script->words[script->word_count++] = next;
	}
	if (script->word_count == 0)
		return;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, script->words[0]) == 0) {
			commands[i].run(script);
			return;
		}
	}
	fail(script, "no such command");
}

void script_run(const char *path, const struct script_options *options)
{
	struct script script = {.path = path, .options = options};
	FILE *file = fopen(path, "r");
	char line[LINE_BYTES];

	if (file == NULL)
		port_fail("%s cannot be read", path);
	while (fgets(line, sizeof(line), file) != NULL) {
		script.line++;
		run_line(&script, line);
	}
	fclose(file);
	run_join(&script);
	for (size_t i = 0; i < LASTING_MAX; i++) {
		if (script.lasting[i].name[0] != '\0')
			host_end(script.lasting[i].operation);
	}
}
