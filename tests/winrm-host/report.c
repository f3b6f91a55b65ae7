#include "winrm-host/report.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "winrm-host/port.h"

enum {
	RULES_MAX = 32,
	RULE_BYTES = 48,
	DURATIONS_MAX = 1 << 20,
	SLOW_US = 50000,
	PRINTED_MAX = 20
};

static const char *const counter_names[REPORT_COUNTER_COUNT] = {
	"user_calls",       "operation_calls",   "quota_calls",       "completions",
	"late_completions", "early_completions", "allowed_users",     "allowed_operations",
	"denials",          "contexts_returned", "contexts_released", "default_quotas",
	"slow_callbacks",
};

static atomic_uint_fast64_t counters[REPORT_COUNTER_COUNT];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards the rest */
static FILE *trace;
static struct {
	char name[RULE_BYTES];
	size_t count;
} rules[RULES_MAX];
static size_t rule_count, printed_count;
static uint32_t durations_us[DURATIONS_MAX];
static size_t duration_count;

void report_open(const char *trace_path)
{
	if (trace_path == NULL)
		return;
	trace = fopen(trace_path, "w");
	if (trace == NULL)
		port_fail("%s cannot be written", trace_path);
}

void report_close(void)
{
	if (trace != NULL)
		fclose(trace);
	trace = NULL;
}

void report_count(enum report_counter counter)
{
	atomic_fetch_add(&counters[counter], 1);
}

uint64_t report_get(enum report_counter counter)
{
	return atomic_load(&counters[counter]);
}

enum report_counter report_find(const char *name)
{
	size_t i = 0;

	while (i < REPORT_COUNTER_COUNT && strcmp(counter_names[i], name) != 0)
		i++;
	return (enum report_counter)i;
}

static size_t find_rule(const char *name)
{
	size_t i = 0;

	while (i < rule_count && strcmp(rules[i].name, name) != 0)
		i++;
	if (i == rule_count && rule_count < RULES_MAX)
		snprintf(rules[rule_count++].name, RULE_BYTES, "%s", name);
	return i < RULES_MAX ? i : RULES_MAX - 1;
}

void report_broken(const char *rule, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	pthread_mutex_lock(&mutex);
	rules[find_rule(rule)].count++;
	if (printed_count++ < PRINTED_MAX) {
		fprintf(stderr, "broken: %s: ", rule);
		vfprintf(stderr, format, arguments);
		fputc('\n', stderr);
	}
	pthread_mutex_unlock(&mutex);
	va_end(arguments);
}

size_t report_broken_count(const char *rule)
{
	size_t count = 0;

	pthread_mutex_lock(&mutex);
	for (size_t i = 0; i < rule_count; i++) {
		if (rule == NULL || strcmp(rules[i].name, rule) == 0)
			count += rules[i].count;
	}
	pthread_mutex_unlock(&mutex);
	return count;
}

void report_forgive(const char *rule)
{
	pthread_mutex_lock(&mutex);
	rules[find_rule(rule)].count = 0;
	pthread_mutex_unlock(&mutex);
}

void report_event(unsigned event, const char *user, const char *subject, uint32_t code)
{
	pthread_mutex_lock(&mutex);
	/* Users and subjects come from scenarios and need no escapes. */
	if (trace != NULL)
		fprintf(trace,
			"{\"us\":%" PRId64 ",\"event\":%u,\"user\":\"%s\",\"subject\":\"%s\","
			"\"code\":%" PRIu32 "}\n",
			port_now_us(), event, user, subject, code);
	pthread_mutex_unlock(&mutex);
}

void report_duration(int64_t duration_us)
{
	if (duration_us > SLOW_US)
		report_count(REPORT_SLOW_CALLBACKS);
	pthread_mutex_lock(&mutex);
	if (duration_count < DURATIONS_MAX)
		durations_us[duration_count++] = (uint32_t)duration_us;
	pthread_mutex_unlock(&mutex);
}

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

int64_t report_quantile_us(unsigned thousandths)
{
	int64_t value = 0;

	pthread_mutex_lock(&mutex);
	if (duration_count != 0) {
		qsort(durations_us, duration_count, sizeof(durations_us[0]), compare);
		value = durations_us[(duration_count - 1) * thousandths / 1000];
	}
	pthread_mutex_unlock(&mutex);
	return value;
}
