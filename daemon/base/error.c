#include "base/error.h"

const char *error_text(enum error error)
{
	switch (error) {
#define X(name, text)                                                                              \
	case ERR_##name: return text;
		ERROR_LIST(X)
#undef X
	}
	return "unknown error";
}
