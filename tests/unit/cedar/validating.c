#include "validating.h"

#include <string.h>

#include "support/cmocka.h"

static const char schema_text[] =
	"entity Group in [Group];"
	"entity User in [Group] { n: Long, name: String, on: Bool, o?: String, boss?: User,"
	" home: { city: String, zip?: Long }, t: datetime, d: duration, ip: ipaddr, dec: decimal,"
	" tags: Set<String>, g: Group } tags String;"
	"entity Robot { n: Long, o: String, extra: Long } tags Long;"
	"entity Doc { owner: User, n: Long };"
	"entity Color enum [\"red\", \"blue\"];"
	"action read, write in [all] appliesTo"
	" { principal: [User], resource: [Doc], context: { x?: Long, y: Bool } };"
	"action build in [all] appliesTo"
	" { principal: [User, Robot], resource: [Doc], context: {} };"
	"action all; action alone;";

int validating_setup(void **state)
{
	static struct validating fixture;
	struct cedar_diags diags;

	cedar_diags_init(&diags);
	if (cedar_schema_read(STR("s"), str_from(schema_text), CEDAR_SCHEMA_TEXT, &diags,
			      &fixture.schema) != ERR_NONE)
		fail_msg("%.*s", STR_ARGS(diags.first->message));
	cedar_diags_deinit(&diags);
	*state = &fixture;
	return 0;
}

int validating_teardown(void **state)
{
	struct validating *f = *state;

	cedar_schema_free(f->schema);
	return 0;
}

static void on_finding(void *arg, enum validate_kind kind, enum cedar_severity severity)
{
	struct validating *f = arg;

	(void)severity;
	assert_true(f->count < VALIDATING_FINDINGS_MAX);
	f->kinds[f->count++] = kind;
}

enum error validating_run(struct validating *f, const char *text, bool strict)
{
	struct validate_options options = {.strict = strict, .on_finding = on_finding, .arg = f};

	parsed_init(&f->parsed, str_from(text), NULL);
	if (f->parsed.error != ERR_NONE)
		fail_msg("%s: %.*s", text, STR_ARGS(f->parsed.diags.first->message));
	f->count = 0;
	return validate_policy(f->schema, parsed_policy(&f->parsed), NULL, &options,
			       &f->parsed.arena, &f->parsed.diags);
}

void validating_fail(struct validating *f, const char *text, const char *what)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	for (const struct cedar_diag *diag = f->parsed.diags.first; diag != NULL; diag = diag->next)
		cedar_diag_print(&out, diag);
	fail_msg("%s: %s\n%s", text, what, buf_text(&out));
	buf_deinit(&out);
}

void assert_policy_valid(struct validating *f, const char *text, bool strict)
{
	if (validating_run(f, text, strict) != ERR_NONE || f->count != 0)
		validating_fail(f, text, "is not valid");
	parsed_deinit(&f->parsed);
}

void assert_finding(struct validating *f, const char *text, bool strict, enum validate_kind kind,
		    const char *at)
{
	const struct cedar_diag *diag;

	validating_run(f, text, strict);
	diag = f->parsed.diags.first;
	if (f->count != 1 || f->kinds[0] != kind || strstr(text, at) == NULL ||
	    diag->offset != (uint32_t)(strstr(text, at) - text) || diag->length != strlen(at))
		validating_fail(f, text, at);
	parsed_deinit(&f->parsed);
}
