#include "proto/wire.h"

#include <stdio.h>

const char *wire_error_text(enum wire_error error)
{
	switch (error) {
#define X(name, text)                                                                              \
	case WIRE_##name: return text;
		WIRE_ERROR_LIST(X)
#undef X
	}
	return "has an unknown error";
}

void wire_diag_print(const struct wire_diag *diag, char *out, size_t size)
{
	const char *subject = diag->path[0] != '\0' ? diag->path : "the message";

	if (size != 0)
		snprintf(out, size, "%s %s", subject, wire_error_text(diag->error));
}
