#include "server/audit_key.h"

#include "platform/file.h"
#include "store/seal_key.h"

enum error audit_key_read(const char *path, struct seal_key *out, struct buf *why)
{
	char memory[SEAL_KEY_TEXT_MAX_BYTES + 1];
	struct buf text;

	buf_init_fixed(&text, memory, sizeof(memory));
	enum error error = file_read_secret(path, SEAL_KEY_TEXT_MAX_BYTES, &text, why);
	if (error == ERR_NONE) {
		error = seal_key_read(buf_str(&text), out);
		if (error == ERR_SYNTAX) {
			error = ERR_INVALID;
			buf_printf(why,
				   "%s: holds no key for the audit; 'wsauthzctl audit key FILE' "
				   "makes one",
				   path);
		}
	}
	seal_key_wipe(memory, sizeof(memory));
	return error;
}
