/*
 * The keys of the configuration as data: what each is called, what it takes and where it goes.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define CONFIG_SECONDS(n) (INT64_C(1000) * (n))
#define CONFIG_DAYS(n)    (CONFIG_SECONDS(86400) * (n))

enum config_value {
	VALUE_SECTION,  /* a mapping of further keys */
	VALUE_PATH,     /* absolute; the range is of its bytes */
	VALUE_ENDPOINT, /* the path of an endpoint; the range is of its bytes */
	VALUE_TEXT,     /* may be empty; the range is of its bytes */
	VALUE_COUNT,    /* a whole number into a uint32_t */
	VALUE_QUOTA,    /* the same, or "unlimited" */
	VALUE_SECONDS,  /* a duration into a uint32_t of seconds; the range is of milliseconds */
	VALUE_DURATION, /* a duration into an int64_t of milliseconds */
	VALUE_CHOICE,   /* one of several words into an enum */
	VALUE_SID,      /* a SID, or empty */
	VALUE_ACCOUNTS, /* a sequence of names or numbers */
	VALUE_MASKS,    /* a sequence of rules, see authz/mask.h */
};

struct config_choice {
	const char *word;
	int value;
};

struct config_key {
	const char *path; /* sections and name with dots between */
	enum config_value kind;
	size_t offset; /* in struct config */
	int64_t min, max;
	const struct config_choice *choices; /* ended by a NULL word */
};

enum { CONFIG_KEYS_MAX = 128 };

/* At most CONFIG_KEYS_MAX, in the order of the sample; a section stands before its keys. */
extern const struct config_key config_keys[];
extern const size_t config_key_count;

/* The key called `name` in `section`, which is empty at the top; NULL when there is none. */
const struct config_key *config_key_find(struct str section, struct str name);

/* The name of the section's key that `name` is at most two edits away from, for a suggestion; empty
 * when there is none. */
struct str config_key_nearest(struct str section, struct str name);

#endif
