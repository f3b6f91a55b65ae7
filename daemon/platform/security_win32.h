/* Access control on Windows, shared by the files of this folder. */
#ifndef PLATFORM_SECURITY_WIN32_H
#define PLATFORM_SECURITY_WIN32_H

#include <windows.h>

#include <stdbool.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "platform/peer.h"

/* Of the service "wsauthz": S-1-5-80 and the SHA-1 of its name in capitals. */
#define SERVICE_SID "S-1-5-80-2547975705-2253474220-1768302429-2609100955-2658970097"

/* The SID as an account; a SID always fits. */
struct account account_of_sid(PSID sid);
PSID account_sid(const struct account *account);

/* The account of a SID's text; of nobody when it is none. */
struct account account_of_text(const char *text);

/* Appends "S-1-..."; "nobody" for an account of nobody. */
void account_append(const struct account *account, struct buf *out);

bool account_equal(const struct account *a, const struct account *b);

/* The accounts that must be trusted anyway: the user this process runs as, the service, the system
 * and its administrators, and who installs the system's own files. */
bool account_is_trusted(const struct account *account);

/* Whom new pipes and files of this process belong to: the service if its SID is in our token, else
 * our user. ERR_IO, ERR_NO_MEMORY. */
enum error account_own(struct account *out) ATTR_MUST_CHECK;

/* The user of this process. */
enum error account_user(struct account *out) ATTR_MUST_CHECK;

/* The information of a token, to be freed with mem_free(). NULL when there is none. */
void *token_query(HANDLE token, TOKEN_INFORMATION_CLASS class) ATTR_MUST_CHECK;

/* A descriptor for what only this process and those it must trust may use; `is_directory` hands it
 * on to what is made inside. To be freed with LocalFree(). NULL when it cannot be made. */
PSECURITY_DESCRIPTOR security_private(bool is_directory) ATTR_MUST_CHECK;

/* The same for what has no other owner yet, and with that owner. */
PSECURITY_DESCRIPTOR security_owned(void) ATTR_MUST_CHECK;

/* The same for a file that everybody may read. */
PSECURITY_DESCRIPTOR security_published(void) ATTR_MUST_CHECK;

/* What others must not be able to do. */
enum security_demand {
	SECURITY_NOT_WRITABLE, /* change it or what is in it */
	SECURITY_NOT_MOVABLE, /* rename or replace what is in it, or change who may: for ancestors */
	SECURITY_PRIVATE,     /* anything */
	SECURITY_KEY_NOT_WRITABLE, /* change a key of the registry or what is in it */
};

/* Checks the owner and the access list of an open file, directory or key, called `name` in `why`.
 * ERR_INVALID when anybody who is not trusted is the owner or may do what is demanded against. */
enum error security_check(HANDLE handle, const char *name, enum security_demand demand,
			  struct buf *why) ATTR_MUST_CHECK;

/* Nobody who is not trusted may rename or replace anything on the way to the open directory. */
enum error security_check_ancestors(HANDLE directory, const char *name,
				    struct buf *why) ATTR_MUST_CHECK;

#endif
