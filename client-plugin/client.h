/*
 * Asks wsauthzd who may do what, from any program on the same machine. The WinRM plug-in is one
 * such program.
 *
 * A client speaks for one application over one connection, which it makes and makes again by
 * itself. Questions may be asked from any thread; nothing blocks. Each question that was taken is
 * answered exactly once, by a call of its callback on the client's own thread, at the latest when
 * its time is over or the client is stopped.
 *
 * Everything fails closed: an answer that is not an intact, timely decision of the right server is
 * a denial, with the reason why. Denials of this kind are counted, and reported to the daemon for
 * its audit when it can be reached again.
 *
 *	struct client_settings settings = {
 *		.endpoint = "/run/wsauthz/authorize.sock",
 *		.server_owner = "0",
 *		.application = "wsman/Contoso",
 *	};
 *	struct client_sender sender = {.name = "alice", .mechanism = "Basic"};
 *	struct client *client;
 *
 *	if (client_open(&settings, &client) != CLIENT_OK)
 *		return false;
 *	if (client_authorize_user(client, &sender, on_answer, arg) != CLIENT_OK)
 *		deny(arg);
 *	...
 *	client_close(client);
 *
 * Texts are UTF-8 and end with a zero byte; NULL stands for "". Bounds are those of
 * proto/authz.proto.
 */
#ifndef CLIENT_PLUGIN_CLIENT_H
#define CLIENT_PLUGIN_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;

enum {
	CLIENT_RECORD_ID_BYTES = 16,
	CLIENT_INFORMATION_BYTES = 2048, /* of client_answer.information, without its end */
	CLIENT_DEFAULT_REPLY_TIMEOUT_MS = 5000,
	CLIENT_DEFAULT_CONNECT_TIMEOUT_MS = 1000,
	CLIENT_DEFAULT_MAX_PENDING = 16384,
	CLIENT_MAX_TIMEOUT_MS = 600000,
};

/* Why there is no decision. The numbers are those of FailureCount.Reason in proto/authz.proto. */
enum client_reason {
	CLIENT_OK = 0,              /* there is one; or the call did what it says */
	CLIENT_NO_SERVER = 1,       /* the endpoint does not exist or refuses connections */
	CLIENT_WRONG_OWNER = 2,     /* the server is not server_owner; it was sent nothing */
	CLIENT_CONNECT_TIMEOUT = 3, /* the server did not greet in time */
	CLIENT_DEADLINE = 4,        /* no reply in time */
	CLIENT_DISCONNECTED = 5,    /* the connection ended before the reply */
	CLIENT_MALFORMED = 6,       /* the server broke the protocol; the connection was closed */
	CLIENT_BAD_VERDICT = 7,     /* the decision contradicts itself */
	CLIENT_STALE_REPLY = 8,     /* only counted: a reply that nobody waits for was discarded */
	CLIENT_VERSION = 9,         /* the server does not speak our protocol version */
	CLIENT_REFUSED_BUSY = 10,   /* the server refused: too much to do */
	CLIENT_REFUSED_NO_POLICY = 11,
	CLIENT_REFUSED_AUDIT = 12, /* the decision could not be recorded */
	CLIENT_REFUSED_PEER = 13,  /* this account is not served */
	CLIENT_REFUSED_OTHER = 14,
	CLIENT_QUEUE_FULL = 15, /* max_pending questions are open */
	CLIENT_NO_MEMORY = 16,  /* no memory, or no thread */
	CLIENT_TOO_LARGE = 17,  /* the question does not fit its bounds */
	CLIENT_SENDER = 18,     /* the question is not valid, or the sender could not be read */
	CLIENT_CLOSED = 19,     /* the client was stopped */
	CLIENT_INVALID = 20,    /* only from client_open(): the settings are not valid */
	CLIENT_REASON_COUNT
};

/* A static phrase, such as "no reply in time". */
const char *client_reason_text(enum client_reason reason);

/*
 * What the administrator of the host program should know: from here, because the daemon cannot be
 * asked why it is not there. A notice says what the matter is, since when, and what to do; it is
 * meant for a log.
 */
enum client_notice_kind {
	/* Without a connection for the connect time-out, so that requests are denied; and again every
	 * CLIENT_NOTICE_REPEAT_MS while it lasts, as the two kinds that follow. */
	CLIENT_NOTICE_UNREACHABLE,
	CLIENT_NOTICE_WRONG_OWNER, /* the endpoint is not server_owner's; told at once */
	CLIENT_NOTICE_REFUSED,   /* the server answers Hello with a refusal, or all else with one */
	CLIENT_NOTICE_CONNECTED, /* only after one of the above */
	CLIENT_NOTICE_DENIED,    /* the client denied by itself; after CLIENT_NOTICE_GATHER_MS */
	CLIENT_NOTICE_KIND_COUNT
};

enum {
	CLIENT_NOTICE_INTERVAL_MS = 60000, /* from one to the next of the same kind, at least */
	CLIENT_NOTICE_REPEAT_MS = 3600000,
	CLIENT_NOTICE_GATHER_MS = 5000,
	CLIENT_NOTICE_BYTES = 2048, /* of its text, without its end */
};

struct client_notice {
	enum client_notice_kind kind;
	enum client_reason reason; /* of the first three kinds; else CLIENT_OK */
	/* For how long it was so: without a connection, or since the first denial. */
	int64_t duration_ms;
	/* CLIENT_NOTICE_DENIED: since the notice before, in all and by reason (CLIENT_REASON_COUNT
	 * numbers). Else 0 and NULL. */
	uint64_t denied_count;
	const uint64_t *denied_counts;
	/* One line of printable ASCII, made of our own words, numbers and the settings; nothing that a
	 * user sent is in it. */
	const char *text;
};

/* Runs on the client's thread, never within a question: it must not stop the client, and what it
 * waits for delays all answers. The notice is valid until it returns. */
typedef void client_tell(void *arg, const struct client_notice *notice);

/* All texts are copied. */
struct client_settings {
	const char *endpoint; /* path of the socket; on Windows the name of the pipe */
	/* The account that the server must run as: a decimal user id, on Windows a SID. On Linux
	 * it is the account that called listen(): root when systemd made the socket. */
	const char *server_owner;
	const char *application;     /* 1..512 bytes; the Application that policies speak of */
	const char *program;         /* for people, at most 64 bytes; may be NULL */
	const char *program_version; /* likewise */
	/* From asking to the answer at the latest; 0 for the default, else at least the connect
	 * time-out and at most CLIENT_MAX_TIMEOUT_MS. */
	uint32_t reply_timeout_ms;
	/* How long a question waits for a connection, and a connection for its greeting; 0 for the
	 * default. */
	uint32_t connect_timeout_ms;
	uint32_t max_pending; /* questions open at the same time; 0 for the default */
	client_tell *tell;    /* may be NULL: nobody is told */
	void *tell_arg;
};

/* Starts the client's thread, which connects at once. It succeeds whether or not there is a server.
 * CLIENT_INVALID, CLIENT_NO_MEMORY leave `*out` alone. */
enum client_reason client_open(const struct client_settings *settings, struct client **out);

/* Answers every open question with CLIENT_CLOSED, closes the connection and ends the thread; when
 * it returns no callback runs or will run, and the calls that asked before have let go of the
 * client. Questions asked meanwhile or later get CLIENT_CLOSED, from the call or from the callback.
 * Not to be called from a callback, nor by two threads at a time. */
void client_stop(struct client *client);

/* Stops the client, if need be, and frees it. No other call may run or follow. Accepts NULL. */
void client_close(struct client *client);

/* What the operating system knows of a sender, by a Windows access token. SIDs are text. */
struct client_token {
	const char *user_sid;
	const char *const *group_sids; /* enabled groups */
	size_t group_count;
	const char *const *deny_only_group_sids;
	size_t deny_only_group_count; /* at most 1,024 groups of both kinds together */
	bool elevated;
};

/* The certificate that the sender identified itself with. */
struct client_certificate {
	const char *subject, *issuer_name;
	const char *issuer_thumbprint; /* required */
	const char *subject_name;
};

struct client_sender {
	const char *name;
	const char *mechanism; /* required: "Kerberos", "Basic", ... */
	const char *http_url;
	const struct client_token *token;             /* NULL when there is none */
	const struct client_certificate *certificate; /* likewise */
};

/* A denial is the zero value. The others differ from it and from each other in 16 bits. */
enum client_verdict {
	CLIENT_DENY = 0,
	CLIENT_ALLOW = 0x1f3a2656,
	CLIENT_REDIRECT = 0x0b9f48f1,
};

/* WSMAN_AUTHZ_QUOTA; no field is 0, UINT32_MAX stands for unlimited. */
struct client_quota {
	uint32_t max_concurrent_shells;
	uint32_t max_concurrent_operations;
	uint32_t timeslot_s;
	uint32_t max_operations_per_timeslot;
};

struct client_answer {
	enum client_verdict verdict;
	enum client_reason reason; /* CLIENT_OK when the server decided */
	uint32_t code;             /* Win32: 0 to allow, 5 to deny, 0x80338199 to redirect */
	/* A text for the user when denied, an https URL when redirected; may be "". Valid until the
	 * callback returns. */
	const char *information;
	bool administrator; /* only when allowed */
	bool has_record;    /* record_id names the user record */
	uint8_t record_id[CLIENT_RECORD_ID_BYTES];
	bool has_quota; /* only client_query_quota(): without it the host's default applies */
	struct client_quota quota;
	uint64_t policy_revision; /* 0 without a decision */
	uint64_t decision_id;     /* what `wsauthzctl explain` takes; 0 without a decision */
};

/* Runs on the client's thread: it must not block for long and must not stop the client; it may ask
 * further questions. */
typedef void client_callback(void *arg, const struct client_answer *answer);

/* Each of the following copies what it needs before it returns. CLIENT_OK: the callback will be
 * called exactly once, perhaps before the function returns. Any other reason is a denial that was
 * counted, and the callback will not be called. `record_id` is NULL or 16 bytes from an earlier
 * answer. Any thread. */

/* May the sender use the application at all? */
enum client_reason client_authorize_user(struct client *client, const struct client_sender *sender,
					 client_callback *callback, void *arg);

/* May the sender do this? */
enum client_reason client_authorize_operation(struct client *client,
					      const struct client_sender *sender,
					      const uint8_t *record_id, const char *action_uri,
					      const char *resource_uri, client_callback *callback,
					      void *arg);

/* Which quota applies to the sender? CLIENT_ALLOW with or without a quota, or a denial. */
enum client_reason client_query_quota(struct client *client, const struct client_sender *sender,
				      const uint8_t *record_id, client_callback *callback,
				      void *arg);

/* Is the server there? The answer's reason says so; its verdict is CLIENT_DENY in any case. */
enum client_reason client_ping(struct client *client, client_callback *callback, void *arg);

/* Lets go of a user record. It is not answered and may be lost with the connection; the record then
 * ends by its idle time-out. */
enum client_reason client_context_released(struct client *client, const uint8_t *record_id);

/* Counts a denial that the caller made by itself, such as CLIENT_SENDER. Any thread. */
void client_count_failure(struct client *client, enum client_reason reason);

/* How often this reason was counted since the client was opened. Any thread. */
uint64_t client_failure_count(const struct client *client, enum client_reason reason);

#endif
