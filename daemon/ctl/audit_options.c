#include "ctl/audit_options.h"

#include <string.h>

#include "authz/decide.h"
#include "authz/operation.h"
#include "base/attributes.h"
#include "base/casefold.h"
#include "cedar/diag.h"
#include "ctl/output.h"
#include "ctl/resource.h"
#include "ctl/when.h"
#include "platform/clock.h"

enum { RESOURCE_MAX_BYTES = 64 * 1024, DECISION_SOURCES = DECISION_FROM_INTERNAL };

static bool read_time(const char *option, const char *text, int64_t *wall_us)
{
	if (text == NULL || when_parse(str_from(text), clock_wall_us(platform_clock()), wall_us))
		return true;
	output_error("%s: '%s' is no time; give a span such as 15m or 7d, today, yesterday, a time "
		     "such as 02:00 or 2026-11-22T21:38, in UTC or with an offset such as +01:00",
		     option, text);
	return false;
}

static bool read_resource(const char *text, struct arena *arena, struct audit_filter *filter)
{
	struct buf uri;

	buf_init(&uri, RESOURCE_MAX_BYTES);
	resource_expand(&uri, str_from(text));
	filter->resource_prefix = arena_copy(arena, buf_str(&uri));
	if (uri.failed != ERR_NONE || filter->resource_prefix.ptr == NULL) {
		output_error("--resource: %s",
			     error_text(uri.failed != ERR_NONE ? uri.failed : ERR_NO_MEMORY));
		buf_deinit(&uri);
		return false;
	}
	buf_deinit(&uri);
	return true;
}

static bool read_verdicts(const struct audit_options *options, unsigned *verdicts)
{
	static const char *const names[] = {"deny", "allow", "redirect"};

	*verdicts = options->denied ? AUDIT_VERDICT_BIT(AUDIT_DENY) : 0;
	for (size_t i = 0; i < options->decisions.count; i++) {
		unsigned verdict = 0;

		while (verdict < ARRAY_COUNT(names) &&
		       strcmp(options->decisions.items[i], names[verdict]) != 0)
			verdict++;
		if (verdict == ARRAY_COUNT(names)) {
			output_error("--decision: '%s' is none of allow, deny, redirect",
				     options->decisions.items[i]);
			return false;
		}
		*verdicts |= AUDIT_VERDICT_BIT(verdict);
	}
	return true;
}

/* Refuses a name that no row can have; NULL is none. */
static bool is_one_of(const char *option, const char *text, const struct str *names, size_t count)
{
	struct str near;
	struct buf all;

	for (size_t i = 0; text != NULL && i < count; i++) {
		if (str_equal_ascii_case(str_from(text), names[i]))
			return true;
	}
	if (text == NULL)
		return true;
	near = diag_nearest(str_from(text), names, count);
	if (near.length != 0) {
		output_error("%s: there is no '%s'; did you mean %.*s?", option, text,
			     STR_ARGS(near));
		return false;
	}
	buf_init(&all, 1024);
	for (size_t i = 0; i < count; i++)
		buf_printf(&all, "%s%.*s", i != 0 ? ", " : "", STR_ARGS(names[i]));
	output_error("%s: '%s' is none of %s", option, text, buf_text(&all));
	buf_deinit(&all);
	return false;
}

static bool are_names_right(const struct audit_options *options)
{
	struct str actions[ACTION_COUNT], sources[DECISION_SOURCES];
	size_t source_count = 0;

	for (size_t i = 0; i < ARRAY_COUNT(actions); i++)
		actions[i] = action_name((enum action)i);
	/* Rows are of what was decided. */
	for (unsigned i = DECISION_FROM_NONE + 1; i <= DECISION_FROM_INTERNAL; i++)
		sources[source_count++] = str_from(decision_source_text((enum decision_source)i));
	return is_one_of("--action", options->action, actions, ARRAY_COUNT(actions)) &&
	       is_one_of("--source", options->source, sources, source_count);
}

bool audit_options_filter(const struct audit_options *options, struct arena *arena,
			  struct audit_filter *filter)
{
	*filter = (struct audit_filter){
		.application = str_from(options->application),
		.action = str_from(options->action),
		.host = str_from(options->host),
		.policy = str_from(options->policy),
		.source = str_from(options->source),
		.policy_revision = options->revision,
	};
	if (options->user != NULL) {
		filter->user = casefold(arena, str_from(options->user));
		if (filter->user.ptr == NULL) {
			output_error("%s", error_text(ERR_NO_MEMORY));
			return false;
		}
	}
	if (options->resource != NULL && !read_resource(options->resource, arena, filter))
		return false;
	if (!are_names_right(options) || !read_verdicts(options, &filter->verdicts) ||
	    !read_time("--since", options->since, &filter->since_us) ||
	    !read_time("--until", options->until, &filter->until_us))
		return false;
	if (filter->since_us != 0 && filter->until_us != 0 &&
	    filter->since_us >= filter->until_us) {
		output_error("--since %s is not before --until %s: nothing can lie between",
			     options->since, options->until);
		return false;
	}
	return true;
}

bool audit_options_are_of_decisions(const struct audit_options *options)
{
	return options->user != NULL || options->application != NULL || options->action != NULL ||
	       options->resource != NULL || options->host != NULL || options->policy != NULL ||
	       options->source != NULL || options->decisions.count != 0 || options->revision != 0 ||
	       options->denied;
}

void audit_options_default_since(struct audit_options *options, const char *since)
{
	if (options->since == NULL)
		options->since = since;
}

bool audit_options_format(const struct ctl *ctl, const char *text, unsigned allowed,
			  enum audit_format otherwise, enum audit_format *format)
{
	static const char *const names[] = {"table", "json", "csv", "ocsf"};
	struct buf choice;

	*format = ctl->json ? AUDIT_FORMAT_JSON : otherwise;
	if (text == NULL)
		return true;
	buf_init(&choice, 64);
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if ((allowed & 1U << i) == 0)
			continue;
		buf_printf(&choice, "%s%s", choice.length != 0 ? ", " : "", names[i]);
		if (strcmp(text, names[i]) == 0) {
			*format = (enum audit_format)i;
			buf_deinit(&choice);
			return true;
		}
	}
	output_error("--format: '%s' is none of %s", text, buf_text(&choice));
	buf_deinit(&choice);
	return false;
}
