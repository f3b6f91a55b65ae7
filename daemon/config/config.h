/*
 * The configuration file: YAML, read once at start into one constant struct. Strict: an unknown
 * key, a key twice, a wrong type and a value out of range are errors with their place, and so is
 * whatever of YAML is not needed here (anchors, aliases, tags, several documents). Every key has a
 * default. packaging/wsauthz.yaml shows and explains all of them.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "config/settings.h"

enum {
	CONFIG_MAX_BYTES = 64 * 1024, /* of the file */
};

struct config {
	struct settings server;
	enum log_level log_level;
	enum log_format log_format;
};

/* What holds for the keys that a file leaves out. */
struct config config_default(void);

/* Reads `text`, which people know as `name`. Texts in `*out` live in `arena`. ERR_SYNTAX or
 * ERR_INVALID with `why` "name:line:column: message", ERR_NO_MEMORY; `*out` is then not written. */
enum error config_read(struct str name, struct str text, struct arena *arena, struct config *out,
		       struct buf *why) ATTR_MUST_CHECK;

/* Calls `visit` with every key, such as "audit.durability", in the order of the sample. */
void config_each_key(void (*visit)(const char *key, void *arg), void *arg);

#endif
