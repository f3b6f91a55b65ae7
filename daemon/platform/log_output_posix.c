#include "platform/log_output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The decimal number at the start of `*text`, which is moved behind it and one more byte. */
static bool take_number(struct str *text, uint64_t *value)
{
	size_t length = 0;

	while (length < text->length && text->ptr[length] >= '0' && text->ptr[length] <= '9')
		length++;
	if (!str_to_u64(str_make(text->ptr, length), value))
		return false;
	length += length < text->length;
	*text = str_make(text->ptr + length, text->length - length);
	return true;
}

/* JOURNAL_STREAM holds "device:inode" of the stream that the service manager connected to the
 * journal (systemd.exec(5)); a redirection since then makes it another file. */
void log_output_init(struct log_output *output)
{
	struct str stream = str_from(secure_getenv("JOURNAL_STREAM"));
	uint64_t device, inode;
	struct stat st;

	output->event_source = NULL;
	output->is_journal = take_number(&stream, &device) && take_number(&stream, &inode) &&
			     fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
			     st.st_ino == inode;
}

void log_output_deinit(struct log_output *output)
{
	(void)output;
}

void log_output_write(void *arg, enum log_level level, struct str line)
{
	static const char priorities[][4] = {"<3>", "<4>", "<6>", "<7>"};
	const struct log_output *output = arg;
	char out[8 * 1024];
	size_t length = 0;

	if (output->is_journal) {
		memcpy(out, priorities[level], 3);
		length = 3;
	}
	if (line.length > sizeof(out) - length)
		line.length = sizeof(out) - length;
	memcpy(out + length, line.ptr, line.length);
	length += line.length;
	/* One write a line, so that lines of two threads do not mix. A log that cannot be written
	 * has nowhere to say so. */
	while (write(STDERR_FILENO, out, length) < 0 && errno == EINTR)
		;
}
