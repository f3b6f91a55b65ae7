#include "platform/why.h"

#include <stdarg.h>

enum error why_error(struct buf *why, enum error error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(why, format, args);
	va_end(args);
	return error;
}
