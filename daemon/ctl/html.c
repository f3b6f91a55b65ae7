#include "ctl/html.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

void html_append(struct buf *out, struct str text)
{
	struct buf safe;

	buf_init(&safe, SIZE_MAX);
	log_escape(&safe, text);
	for (size_t i = 0; i < safe.length; i++) {
		switch (safe.data[i]) {
		case '&': buf_append_str(out, STR("&amp;")); break;
		case '<': buf_append_str(out, STR("&lt;")); break;
		case '>': buf_append_str(out, STR("&gt;")); break;
		case '"': buf_append_str(out, STR("&quot;")); break;
		case '\'': buf_append_str(out, STR("&#39;")); break;
		default: buf_append_byte(out, safe.data[i]); break;
		}
	}
	if (safe.failed != ERR_NONE && out->failed == ERR_NONE)
		out->failed = safe.failed;
	buf_deinit(&safe);
}

void html_count(struct buf *out, uint64_t count)
{
	char digits[32];
	size_t length = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, count);

	for (size_t i = 0; i < length; i++) {
		if (i != 0 && (length - i) % 3 == 0)
			buf_append_byte(out, ',');
		buf_append_byte(out, digits[i]);
	}
}

void html_latency(struct buf *out, uint64_t us)
{
	if (us < 1000)
		buf_printf(out, "%" PRIu64 " \xc2\xb5s", us);
	else if (us < 1000000)
		buf_printf(out, "%.1f ms", (double)us / 1e3);
	else
		buf_printf(out, "%.1f s", (double)us / 1e6);
}
