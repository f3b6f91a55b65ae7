/* wsauthzctl metrics: what the daemon counts, for Prometheus. */
#include <stdio.h>

#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/ctl.h"
#include "ctl/link.h"
#include "ctl/output.h"

enum { LINE_MAX_BYTES = 4096 };

/* The part of `*rest` before the first `byte`, which is dropped with it; all when there is none. */
static struct str take_until(struct str *rest, char byte)
{
	const char *end = str_find_byte(*rest, byte);
	struct str part = *rest;

	if (end == NULL) {
		*rest = STR("");
		return part;
	}
	part.length = (size_t)(end - part.ptr);
	*rest = str_make(end + 1, rest->length - part.length - 1);
	return part;
}

/* One sample, {"name":"wsauthz_blocks","labels":{},"value":"3"}; the value is a text, as in
 * Prometheus's own JSON, because a double would not hold every counter. */
static void append_sample(struct buf *out, struct str line)
{
	struct json_writer json = json_write_to(out);
	struct str series = take_until(&line, ' ');
	struct str name = take_until(&series, '{');

	json_write_object(&json);
	json_member_string(&json, "name", name);
	json_member_object(&json, "labels");
	/* name="text", without escapes: the daemon's labels have none. */
	while (series.length > 1) {
		struct str label = take_until(&series, '=');

		(void)take_until(&series, '"');
		json_write_key(&json, label);
		json_write_string(&json, take_until(&series, '"'));
		if (series.length > 1)
			(void)take_until(&series, ',');
	}
	json_write_object_end(&json);
	json_member_string(&json, "value", line);
	json_write_object_end(&json);
}

static void print_json(struct str text)
{
	struct buf out;

	buf_init(&out, LINE_MAX_BYTES);
	while (text.length != 0) {
		struct str line = take_until(&text, '\n');

		if (line.length == 0 || line.ptr[0] == '#')
			continue;
		append_sample(&out, line);
		output_line(&out);
	}
	buf_deinit(&out);
}

static enum ctl_exit run(const struct ctl *ctl, const void *options, char **operands,
			 int operand_count)
{
	Wsauthz__Metrics metrics = WSAUTHZ__METRICS__INIT;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	const Wsauthz__AdminReply *reply = NULL;
	struct link *link = NULL;
	enum ctl_exit code;

	(void)options;
	(void)operands;
	(void)operand_count;
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_METRICS;
	request.metrics = &metrics;
	code = link_open(ctl, &link);
	if (code == CTL_DONE)
		code = link_call(link, &request, WSAUTHZ__ADMIN_REPLY__BODY_METRICS, &reply);
	if (code == CTL_DONE && ctl->json)
		print_json(link_str(reply->metrics->text));
	else if (code == CTL_DONE)
		fwrite(reply->metrics->text.data, 1, reply->metrics->text.len, stdout);
	link_close(link);
	return code;
}

const struct ctl_command metrics_command = {
	.words = "metrics",
	.operands = "",
	.summary = "what the daemon counts, as text for Prometheus",
	.options = ctl_no_options,
	.run = run,
};
