#include "ctl/diagnostics.h"

#include "cedar/cedar.h"
#include "cedar/json_member.h"
#include "ctl/link.h"

static struct cedar_diag from_wire(const Wsauthz__Diagnostic *item)
{
	struct str excerpt = link_str(item->excerpt);
	struct cedar_diag diag = {
		.severity = item->severity == WSAUTHZ__DIAGNOSTIC__SEVERITY__WARNING ? CEDAR_WARNING
										     : CEDAR_ERROR,
		.source = link_str(item->source),
		.line = item->line,
		.column = item->column,
		.length = item->length,
		.message = link_str(item->message),
		.excerpt = excerpt,
		.caret = item->caret <= excerpt.length ? item->caret : 0,
	};

	return diag;
}

void diagnostics_print(struct buf *out, Wsauthz__Diagnostic *const *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct cedar_diag diag = from_wire(items[i]);
		/* What stands against activation as a whole has no file. */
		if (diag.source.length == 0)
			diag.source = STR("policy");
		cedar_diag_print(out, &diag);
	}
}

void diagnostic_json(struct json_writer *json, const struct cedar_diag *diag)
{
	json_write_object(json);
	json_member_string(json, "severity",
			   diag->severity == CEDAR_WARNING ? STR("warning") : STR("error"));
	json_member_string(json, "source", diag->source);
	json_member_u64(json, "line", diag->line);
	json_member_u64(json, "column", diag->column);
	json_member_string(json, "message", diag->message);
	json_member_string(json, "excerpt", diag->excerpt);
	json_write_object_end(json);
}

void diagnostics_json(struct json_writer *json, Wsauthz__Diagnostic *const *items, size_t count)
{
	json_write_array(json);
	for (size_t i = 0; i < count; i++) {
		struct cedar_diag diag = from_wire(items[i]);
		diagnostic_json(json, &diag);
	}
	json_write_array_end(json);
}
