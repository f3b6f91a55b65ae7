/*
 * The texts of policies that decided, as they were then: gathered from rows of the audit, read from
 * the revisions in the state database, printed behind the rows.
 */
#ifndef CTL_POLICY_TEXTS_H
#define CTL_POLICY_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "ctl/ctl.h"
#include "store/audit.h"

enum { POLICY_TEXTS_MAX = 256 };

struct policy_texts {
	struct {
		uint64_t revision;
		struct str id;
	} items[POLICY_TEXTS_MAX]; /* each once, in the order they came */
	size_t count;
	bool has_more; /* than fit */
	struct arena arena;
};

void policy_texts_init(struct policy_texts *texts);
void policy_texts_deinit(struct policy_texts *texts);

/* Adds a policy of a revision, or all that decided the row or failed in it. False when memory is spent. */
bool policy_texts_add(struct policy_texts *texts, uint64_t revision, struct str id);
bool policy_texts_add_row(struct policy_texts *texts, const struct audit_row *row);

/* Prints them; with --json an object a line. CTL_INVALID after a message when one is not there any
 * more, or there were too many. */
enum ctl_exit policy_texts_print(const struct policy_texts *texts, const struct ctl *ctl);

/* Appends a text with a bar before each line, escaped. */
void policy_texts_quote(struct buf *out, struct str text);

#endif
