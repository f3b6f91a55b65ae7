/* What the daemon is told when it starts; constant while it runs. Slices and paths are borrowed
 * from whoever read the configuration. */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "authz/decide.h"
#include "authz/mask.h"
#include "base/str.h"
#include "platform/peer.h"

/* Sealing sorts the rows for each index in memory, of which it takes 60 bytes a row, and shares
 * DB_HEAP_MAX_BYTES (store/db.h) with the writer: beyond it no row could be written. */
enum { SETTINGS_SEAL_ROWS_MAX = 2000000 };

/* Names or numbers of accounts. */
struct settings_accounts {
	struct str items[PEER_RULES_MAX];
	uint32_t count;
};

/* Who has a role on the admin channel below that of an administrator. */
struct settings_role {
	struct settings_accounts users, groups;
};

/* One of the two doors. */
struct settings_endpoint {
	const char *socket; /* path of the Unix socket, or name of the pipe */
	struct str group;   /* the socket is given to it with mode 0660; empty: mode 0600 */
	/* Who is served. Both empty: the daemon's own user and root. */
	struct settings_accounts users, groups;
	uint32_t max_connections;
	uint32_t max_in_flight; /* requests of one connection that wait for their reply */
};

enum settings_reload {
	RELOAD_ON_CHANGE,  /* of the policy directory, and on request */
	RELOAD_ON_REQUEST, /* by signal or wsauthzctl only */
};

enum settings_durability {
	DURABILITY_STRICT,  /* an answer leaves after its audit row is on disk */
	DURABILITY_RELAXED, /* at once; the row follows */
};

enum settings_sandbox {
	SANDBOX_OFF,
	SANDBOX_PREFER,  /* what the kernel cannot do is left out and logged */
	SANDBOX_REQUIRE, /* the daemon does not start without */
};

enum settings_violation {
	VIOLATION_FAILS, /* the system call does */
	VIOLATION_KILLS, /* the daemon */
};

enum settings_on_corrupt {
	ON_CORRUPT_REFUSE,     /* the daemon does not start */
	ON_CORRUPT_QUARANTINE, /* the file is set aside, and the audit goes on without it */
};

struct settings {
	struct settings_endpoint authorize, admin;
	struct settings_role operators, auditors;

	const char *state_directory;
	const char *policy_directory;
	enum settings_reload policy_reload;
	const char *shadow_directory; /* empty: no shadow policy */
	uint32_t shadow_cpu_percent;  /* of one processor, that the shadow takes at most */
	uint32_t max_flips;           /* that an activation may cause; QUOTA_UNLIMITED: no replay */
	int64_t replay_window_ms;     /* decisions that are asked again before an activation */
	/* Candidates are first checked in a child of this program, whose main() must know
	 * policy/candidate.h; set by main(), no key. */
	bool isolates_candidates;

	enum settings_sandbox sandbox;
	enum settings_violation sandbox_violation; /* what a forbidden system call does */

	enum settings_durability durability;
	struct mask_rules mask;              /* what the audit must not keep */
	enum settings_on_corrupt on_corrupt; /* at start: an audit file that cannot be used */
	uint32_t audit_queue_rows; /* rows that may wait for the disk; more requests are refused */

	uint32_t seal_rows;     /* rows after which the next segment of the audit begins */
	int64_t seal_ms;        /* time after which it begins, if there are rows */
	int64_t retention_ms;   /* sealed segments with younger rows stay */
	const char *audit_key;  /* file of the key that seals are signed with; empty: none */
	uint32_t retention_mib; /* sealed segments beyond that much disk go, the oldest first */

	struct decide_settings decide;
	uint32_t max_records; /* live user records */

	/* Requests of one principal: so many a second (QUOTA_UNLIMITED for any number) after a burst. */
	uint32_t max_rate, max_burst;
	uint32_t request_kib; /* of memory a request may take */
	uint32_t memory_mib;  /* that connections and waiting requests may take together */

	const char *metrics_file; /* for a textfile collector; "" for none */
	int64_t metrics_interval_ms;

	int64_t hello_ms; /* from the connection to its Hello */
	int64_t frame_ms; /* from the first byte of a frame to its last, either way */
	int64_t idle_ms;  /* without any request */
	int64_t stop_ms;  /* for answering what is in flight when the daemon stops */
};

#endif
