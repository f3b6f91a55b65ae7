#include "support/prometheus.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sample taken apart. */
struct line {
	char name[PROMETHEUS_TEXT_MAX];
	char others[PROMETHEUS_TEXT_MAX]; /* labels but le, as they stand */
	char names[PROMETHEUS_TEXT_MAX];  /* of these labels, with ", " between */
	char bound[32];                   /* of le; empty without */
	double value;
};

/* What the buckets of one histogram said so far. */
struct buckets {
	char others[PROMETHEUS_TEXT_MAX];
	double bound, count;
	bool is_open, is_infinite, has_sum;
};

static bool fault(struct prometheus *prometheus, const char *what, const char *line)
{
	snprintf(prometheus->fault, sizeof(prometheus->fault), "%s: %.*s", what,
		 (int)strcspn(line, "\n"), line);
	return false;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* Length of a name in the house's form: lower-case words with single underscores. */
static size_t name_length(const char *text)
{
	size_t length = 0;

	if (!islower((unsigned char)text[0]))
		return 0;
	while (islower((unsigned char)text[length]) || isdigit((unsigned char)text[length]) ||
	       (text[length] == '_' && text[length - 1] != '_'))
		length++;
	return text[length - 1] == '_' ? 0 : length;
}

static bool copy(char *to, size_t size, const char *from, size_t length)
{
	if (length >= size)
		return false;
	memcpy(to, from, length);
	to[length] = '\0';
	return true;
}

/* One label; `*at` moves behind it. */
static bool read_label(struct line *line, const char **at)
{
	size_t length = name_length(*at), value_length, used = strlen(line->others);
	const char *value;

	if (length == 0 || strncmp(*at + length, "=\"", 2) != 0)
		return false;
	value = *at + length + 2;
	value_length = strcspn(value, "\"\\\n");
	if (value[value_length] != '"' || value_length == 0)
		return false;
	if (length == 2 && strncmp(*at, "le", 2) == 0) {
		if (line->bound[0] != '\0' ||
		    !copy(line->bound, sizeof(line->bound), value, value_length))
			return false;
	} else {
		size_t names = strlen(line->names);

		snprintf(line->names + names, sizeof(line->names) - names, "%s%.*s",
			 names != 0 ? ", " : "", (int)length, *at);
		snprintf(line->others + used, sizeof(line->others) - used, "%.*s,",
			 (int)(length + value_length + 3), *at);
	}
	*at = value + value_length + 1;
	return true;
}

/* Digits, and a point with digits behind it if there is one. */
static bool read_number(const char *text, double *value)
{
	size_t whole = strspn(text, "0123456789"), length = whole;

	if (whole == 0)
		return false;
	if (text[length] == '.') {
		size_t part = strspn(text + length + 1, "0123456789");

		if (part == 0)
			return false;
		length += part + 1;
	}
	*value = strtod(text, NULL);
	return text[length] == '\n';
}

static bool read_sample(struct line *line, const char *text)
{
	size_t length = name_length(text);
	const char *at = text + length;

	*line = (struct line){.value = 0};
	if (length == 0 || !copy(line->name, sizeof(line->name), text, length))
		return false;
	if (*at == '{') {
		do {
			at++;
			if (!read_label(line, &at))
				return false;
		} while (*at == ',');
		if (*at++ != '}')
			return false;
	}
	return *at == ' ' && read_number(at + 1, &line->value);
}

static bool keep_sample(struct prometheus *prometheus, const char *text, double value)
{
	struct prometheus_sample *sample = &prometheus->samples[prometheus->sample_count];

	if (prometheus->sample_count == PROMETHEUS_SAMPLES_MAX ||
	    !copy(sample->series, sizeof(sample->series), text, strcspn(text, " \n")))
		return fault(prometheus, "too much of it", text);
	if (prometheus_value(prometheus, sample->series) >= 0)
		return fault(prometheus, "this series was there before", text);
	sample->value = value;
	prometheus->sample_count++;
	return true;
}

/* Bounds ascend to +Inf and counts with them; then follow the sum and the same count. */
static const char *follow_histogram(struct buckets *buckets, const char *suffix,
				    const struct line *line)
{
	if (strcmp(suffix, "_bucket") == 0) {
		bool is_infinite = strcmp(line->bound, "+Inf") == 0;
		double bound = strtod(line->bound, NULL);

		if (!buckets->is_open) {
			*buckets = (struct buckets){.is_open = true};
			snprintf(buckets->others, sizeof(buckets->others), "%s", line->others);
		} else if (buckets->is_infinite || (!is_infinite && bound <= buckets->bound)) {
			return "the bounds do not ascend";
		}
		if (line->bound[0] == '\0' || line->value < buckets->count)
			return "the buckets are not cumulative";
		buckets->bound = bound;
		buckets->count = line->value;
		buckets->is_infinite = is_infinite;
	} else if (strcmp(suffix, "_sum") == 0) {
		if (!buckets->is_infinite || buckets->has_sum)
			return "the sum belongs behind the +Inf bucket";
		buckets->has_sum = true;
	} else if (strcmp(suffix, "_count") == 0) {
		if (!buckets->has_sum || line->value != buckets->count)
			return "the count is that of the +Inf bucket, behind the sum";
		buckets->is_open = false;
	} else {
		return "a histogram has buckets, a sum and a count";
	}
	return strcmp(buckets->others, line->others) == 0 ? NULL
							  : "the labels of a histogram differ";
}

/* The samples of a family; `*at` moves behind them. */
static bool read_samples(struct prometheus *prometheus, struct prometheus_family *family,
			 const char **at)
{
	bool is_histogram = strcmp(family->type, "histogram") == 0;
	struct buckets buckets = {.is_open = false};
	size_t count = 0;

	for (; **at != '\0' && **at != '#'; *at = strchr(*at, '\n') + 1) {
		const char *wrong = NULL;
		struct line line;
		size_t length = strlen(family->name);

		if (!read_sample(&line, *at))
			return fault(prometheus, "not a sample", *at);
		if (strncmp(line.name, family->name, length) != 0)
			return fault(prometheus, "of another family", *at);
		if (is_histogram)
			wrong = follow_histogram(&buckets, line.name + length, &line);
		else if (line.name[length] != '\0' || line.bound[0] != '\0')
			wrong = "of another family";
		if (wrong == NULL && count != 0 && strcmp(line.names, family->labels) != 0)
			wrong = "other labels than the sample before";
		if (wrong != NULL)
			return fault(prometheus, wrong, *at);
		snprintf(family->labels, sizeof(family->labels), "%s", line.names);
		if (!keep_sample(prometheus, *at, line.value))
			return false;
		count++;
	}
	if (count == 0 || buckets.is_open)
		return fault(prometheus, "samples are missing", family->name);
	return true;
}

/* Names say their kind, and units are seconds and bytes. */
static const char *check_name(const struct prometheus_family *family)
{
	static const char *const wrong_ends[] = {"_ms",           "_us",     "_ns",
						 "_milliseconds", "_bucket", "_sum",
						 "_count",        "_kib",    "_percent"};
	bool is_total = ends_with(family->name, "_total");

	if (strncmp(family->name, "wsauthz_", 8) != 0)
		return "the name does not begin with wsauthz_";
	if (is_total != (strcmp(family->type, "counter") == 0))
		return "counters, and only they, end in _total";
	if (strcmp(family->type, "histogram") == 0 && !ends_with(family->name, "_seconds"))
		return "a histogram without its unit";
	for (size_t i = 0; i < sizeof(wrong_ends) / sizeof(wrong_ends[0]); i++) {
		if (ends_with(family->name, wrong_ends[i]))
			return "a suffix that means something else, or no base unit";
	}
	return NULL;
}

/* "# HELP name text" and "# TYPE name type"; `*at` moves behind them. */
static bool read_head(struct prometheus *prometheus, struct prometheus_family *family,
		      const char **at)
{
	const char *help = *at, *type;
	size_t length, type_length;

	*family = (struct prometheus_family){.name = ""};
	if (strncmp(help, "# HELP ", 7) != 0 || (length = name_length(help + 7)) == 0 ||
	    help[7 + length] != ' ' || strcspn(help + 8 + length, "\n\\") < 2 ||
	    help[8 + length + strcspn(help + 8 + length, "\n\\")] != '\n')
		return fault(prometheus, "not a HELP line", help);
	type = strchr(help, '\n') + 1;
	if (strncmp(type, "# TYPE ", 7) != 0 || strncmp(type + 7, help + 7, length + 1) != 0)
		return fault(prometheus, "not the TYPE line of the family", type);
	type_length = strcspn(type + 8 + length, "\n");
	if (!copy(family->name, sizeof(family->name), help + 7, length) ||
	    !copy(family->type, sizeof(family->type), type + 8 + length, type_length))
		return fault(prometheus, "too long", type);
	if (strcmp(family->type, "counter") != 0 && strcmp(family->type, "gauge") != 0 &&
	    strcmp(family->type, "histogram") != 0)
		return fault(prometheus, "not a type", type);
	*at = strchr(type, '\n') + 1;
	return true;
}

bool prometheus_read(struct prometheus *prometheus, const char *text)
{
	const char *at = text;

	prometheus->family_count = 0;
	prometheus->sample_count = 0;
	prometheus->fault[0] = '\0';
	if (text[0] == '\0' || text[strlen(text) - 1] != '\n')
		return fault(prometheus, "the text does not end with a line feed", "");
	while (*at != '\0') {
		struct prometheus_family *family = &prometheus->families[prometheus->family_count];
		const char *wrong;

		if (prometheus->family_count == PROMETHEUS_FAMILIES_MAX)
			return fault(prometheus, "too many families", at);
		if (!read_head(prometheus, family, &at))
			return false;
		wrong = check_name(family);
		for (size_t i = 0; i < prometheus->family_count; i++) {
			if (strcmp(prometheus->families[i].name, family->name) == 0)
				wrong = "the family was there before";
		}
		if (wrong != NULL)
			return fault(prometheus, wrong, family->name);
		if (!read_samples(prometheus, family, &at))
			return false;
		prometheus->family_count++;
	}
	return true;
}

double prometheus_value(const struct prometheus *prometheus, const char *series)
{
	for (size_t i = 0; i < prometheus->sample_count; i++) {
		if (strcmp(prometheus->samples[i].series, series) == 0)
			return prometheus->samples[i].value;
	}
	return -1;
}
