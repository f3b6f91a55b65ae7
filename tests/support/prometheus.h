/* The text format of Prometheus, read strictly: stricter than Prometheus itself, so that whatever
 * reads our metrics can. */
#ifndef TESTS_SUPPORT_PROMETHEUS_H
#define TESTS_SUPPORT_PROMETHEUS_H

#include <stdbool.h>
#include <stddef.h>

enum { PROMETHEUS_FAMILIES_MAX = 256, PROMETHEUS_SAMPLES_MAX = 4096, PROMETHEUS_TEXT_MAX = 256 };

struct prometheus_family {
	char name[PROMETHEUS_TEXT_MAX];
	char type[16];
	char labels[PROMETHEUS_TEXT_MAX]; /* "decision, source", without le */
};

struct prometheus {
	struct prometheus_family families[PROMETHEUS_FAMILIES_MAX];
	size_t family_count;
	struct prometheus_sample {
		char series[PROMETHEUS_TEXT_MAX]; /* name and labels as they stand */
		double value;
	} samples[PROMETHEUS_SAMPLES_MAX];
	size_t sample_count;
	char fault[2 * PROMETHEUS_TEXT_MAX]; /* what is wrong, with the line */
};

/* False when the text breaks a rule of the format or of the naming conventions. */
bool prometheus_read(struct prometheus *prometheus, const char *text);

/* The value of a series such as `wsauthz_records{stage="x"}`; -1 when it is not there. */
double prometheus_value(const struct prometheus *prometheus, const char *series);

#endif
