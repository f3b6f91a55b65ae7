/*
 * The operating system as the daemon sees it: the only header above which nothing differs between
 * systems. Each section is one file per system (endpoint_posix.c, endpoint_win32.c, ...); the build
 * picks the file.
 *
 * Where a person can put right what failed, the function takes `why`, a buffer to which it appends
 * one sentence without line break on failure: what is wrong, with what, and what to do. Paths in it
 * are as configured and not escaped; the log does that.
 */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

/* Time: clock_posix.c. */

/* The system's clocks (base/clock.h). Any thread. */
const struct clock *platform_clock(void);

/* What local time is ahead of UTC at that moment, in seconds, by the time zone the process started
 * with. The first call reads the zone's file. Any thread. */
int32_t platform_utc_offset_s(int64_t wall_us);

/* What tells one boot of the machine from the next; records do not survive a boot. */
struct boot_id {
	unsigned char bytes[16];
};

enum error platform_boot_id(struct boot_id *out) ATTR_MUST_CHECK;

/* The process: process_posix.c. */

/* Fills `out` from the system's random source. ERR_IO when there is none. Any thread. */
enum error platform_random(void *out, size_t length) ATTR_MUST_CHECK;

/* Before anything else is opened: descriptors 0 to 2 exist, files are created without rights for
 * others, no core dumps, no new privileges, no SIGPIPE, and enough descriptors where the system
 * allows them. `allow_debugger` leaves the process readable to a debugger and a leak checker of the
 * same user. */
enum error process_harden(bool allow_debugger) ATTR_MUST_CHECK;

/* Makes the arguments and the standard streams what the rest of the program takes them for: UTF-8,
 * and bytes as they are. Before anything is printed. `*argv` may be replaced by one that lives as
 * long as the process. ERR_NO_MEMORY. */
enum error process_arguments(int *argc, char ***argv) ATTR_MUST_CHECK;

/* Signals that ask the daemon to stop, zero-terminated, and the one that asks for the policy to be
 * loaded again, 0 where there is none. */
enum { PROCESS_STOP_SIGNALS_MAX = 4 };
extern const int process_stop_signals[PROCESS_STOP_SIGNALS_MAX];
extern const int process_reload_signal;

/* From here on the calling thread, and what it starts, gets the processor only when nobody else wants
 * it much: for questions that may take their time while decisions may not. */
void process_give_way(void);

/* When such a thread rests; zeroed at first. */
struct process_rests {
	uint64_t due_ns;       /* when to look next; 0: nothing was looked at yet */
	int64_t interruptions; /* how often the system has taken the processor from the thread */
	uint32_t left;
	uint32_t run; /* how many followed the last interruption; 0: all were had in peace */
};

/* To be called by a thread that gives way, often. While others keep taking the processor from it, it
 * works for some 200 microseconds and rests for 500, so that it has the processor a third of the time
 * at most; else this costs nothing. An interruption among the rests that followed the last one doubles
 * how many follow, so that who was in somebody's way but once is not held up. Who only gives way keeps
 * a processor from ever being idle, and only an idle one looks at once for threads that wait for
 * another: a decision would wait for the scheduler's next tick. `arg`: struct process_rests. */
void process_rest(void *arg);

/* This process, for messages. */
uint64_t process_id(void);

/* Bytes of memory in use that are resident; 0 when the system does not say. Reads the file system:
 * not for the loop thread. */
uint64_t process_resident_bytes(void);

/* A process for work on bytes that nobody can vouch for: child_posix.c. */

/* What a child may take. */
struct child_limits {
	uint64_t memory_bytes; /* of address space; not heeded under a sanitizer */
	uint32_t cpu_s;        /* of processor time */
	uint32_t wall_ms;      /* from its start to its end */
};

/* Runs this program once more with the one argument `argument`, no environment, the parts of
 * `input` one after the other on its standard input, and its standard output into `output`, which is
 * cleared first. Nothing else of this process is open in it. Blocks until the child has ended,
 * whatever happened to it. ERR_NONE when it ended with status 0; else with `why` ERR_LIMIT (it took
 * too much, or ended with another status), ERR_INTERNAL (it crashed), ERR_IO, ERR_NO_MEMORY. Any
 * thread. SIGPIPE must be ignored. */
enum error child_run(const char *argument, const struct child_limits *limits,
		     const struct str *input, size_t input_count, struct buf *output,
		     struct buf *why) ATTR_MUST_CHECK;

/* The log where the system collects it: standard error, one write a line, with the priority prefix
 * of sd-daemon(3) where that is the journal; for a service of Windows the Application event log. For
 * struct log; `arg` is a struct log_output. Any thread. */
struct log_output {
	bool is_journal;
	void *event_source; /* NULL for standard error */
};

void log_output_init(struct log_output *output);
void log_output_deinit(struct log_output *output);
void log_output_write(void *arg, enum log_level level, struct str line);

/* Changes of files: watch_posix.c. One thread. */

enum { WATCH_PACE_MS = 50 };

struct watch;

/* Watches the files directly in a directory. ERR_NOT_FOUND, ERR_IO and ERR_NO_MEMORY, with `why`. */
enum error watch_open(const char *directory, struct watch **out, struct buf *why) ATTR_MUST_CHECK;

/* Accepts NULL. */
void watch_close(struct watch *watch);

/* Blocks until a file was written, made, removed or renamed since watch_open() or the last return.
 * Files that change all the time end it once in WATCH_PACE_MS; what changes after a pause ends it at
 * once. ERR_TIMEOUT after `timeout_ms`, which is without end when negative; ERR_IO. */
enum error watch_wait(struct watch *watch, int timeout_ms) ATTR_MUST_CHECK;

/* The terminal: terminal_posix.c. */

/* How many columns the terminal at standard output has; 0 when it is no terminal. */
unsigned terminal_columns(void);

/* Whether somebody watches standard error. */
bool terminal_watches_errors(void);

/* The process gives up what it does not need any more: sandbox_posix.c. */

enum sandbox_access {
	SANDBOX_READ,    /* what lies at and below a path */
	SANDBOX_EXECUTE, /* and run programs from there */
	SANDBOX_REMOVE,  /* only remove files */
	SANDBOX_WRITE,   /* read, create, change and remove files */
};

/* A path that stays accessible; one that is missing is left out. */
struct sandbox_path {
	const char *path;
	enum sandbox_access access;
};

/* Both hold for this process, its threads and its children, cannot be taken back, and are to be
 * called while one thread runs. ERR_UNSUPPORTED with `why` when the system cannot do it, ERR_IO and
 * so on with `why` when it fails; nothing holds then. */

/* From here on only files at `paths` can be opened and changed, those every C program reads, and
 * what it takes to run this program again. */
enum error sandbox_limit_files(const struct sandbox_path *paths, size_t count,
			       struct buf *why) ATTR_MUST_CHECK;

/* From here on only the system calls are made that a server on local sockets needs. Any other fails
 * with EPERM, or with `kills` ends the process. */
enum error sandbox_limit_calls(bool kills, struct buf *why) ATTR_MUST_CHECK;

/* Leaves nothing but memory, the clock and the descriptors that are open. */
enum error sandbox_limit_to_computing(struct buf *why) ATTR_MUST_CHECK;

/* The supervisor: service_posix.c. */

/* What the service manager asks of the daemon other than by signals. */
enum service_request {
	SERVICE_ASKS_STOP,
	SERVICE_ASKS_RELOAD, /* the policy */
};

/* The argument that the service manager of Windows starts this program with, and on which main() has
 * service_run() call `run(arg)`, as the body of the service; returns what it returned, or 1 when
 * somebody else started the program. Elsewhere it just calls. Once a process. */
#define SERVICE_ARGUMENT "--service"
int service_run(int (*run)(void *arg), void *arg);

/* Has `on_request` called, on any thread, for each request of the service manager until the next
 * call; NULL for none. When it returns the function before is not running any more. */
void service_listen(void (*on_request)(void *arg, enum service_request request), void *arg);

/* Registers this program as a service that starts with the machine and serves with the configuration
 * `config_path`, makes the directories of platform_paths() and the log's event source; an
 * installation that is there is brought up to date. And the reverse, which stops the service first
 * and leaves the directories. On systems whose service manager reads files instead: ERR_UNSUPPORTED.
 * All errors with `why`. Needs an administrator. */
enum error service_install(const char *config_path, struct buf *why) ATTR_MUST_CHECK;
enum error service_uninstall(struct buf *why) ATTR_MUST_CHECK;

/* Writes one newline to `descriptor` and closes it: "ready" for whoever started us with
 * --ready-fd. */
enum error ready_fd_notify(int descriptor) ATTR_MUST_CHECK;

/* Sends `state`, "READY=1" or "STOPPING=1", to the service manager, and "WATCHDOG=1" to one that
 * wants it, by the protocol of sd_notify(3) or as the state of the service. Does nothing and
 * succeeds when there is no manager. */
enum error service_notify(const char *state) ATTR_MUST_CHECK;

/* The sockets that the manager listens on for us, by the protocol of sd_listen_fds(3): their number,
 * 0 without any. */
unsigned service_socket_count(void);

/* The one of them that listens at `path`: a descriptor, which is the caller's to close, once; -1
 * when there is none. */
int service_socket_take(const char *path);

/* How often the manager wants WATCHDOG=1: half its time-out in milliseconds, 0 for never. */
uint64_t service_watchdog_ms(void);

/* Where things are unless they are configured: paths_posix.c. */

enum {
	PLATFORM_PATH_MAX = 2048, /* bytes of a configured path */
/* Bytes of an endpoint's path: of sun_path, or of a pipe's name. */
#ifdef _WIN32
	ENDPOINT_PATH_MAX = 250,
#else
	ENDPOINT_PATH_MAX = 107,
#endif
};

struct platform_paths {
	const char *config, *policy, *state;
	const char *authorize, *admin; /* endpoints */
};

/* They live as long as the process. Any thread. */
const struct platform_paths *platform_paths(void);

/* Whether `path` means the same file whatever the working directory. */
bool path_is_absolute(const char *path);

/* Whether `path` can be an endpoint's, and what it would have to be if not: "must ...". */
bool endpoint_path_is_valid(const char *path);
extern const char endpoint_path_rule[];

/* Peers: peer_posix.c. */

enum {
	ACCOUNT_MAX_BYTES = 68,
	PEER_GROUPS_MAX = 1024, /* groups looked at; a peer with more counts as in none */
	PEER_TEXT_MAX = 224,    /* bytes of a peer's text form, its zero included */
	PEER_RULES_MAX = 64,    /* users and groups in one list, each */
	SID_TEXT_MAX = 184,     /* bytes of a SID's text form, its zero included */
};

/* A user or group as the system numbers them: four bytes of a uid or gid, or a SID. All zero is
 * nobody. */
struct account {
	uint8_t length;
	uint8_t bytes[ACCOUNT_MAX_BYTES];
};

/* The SID of an account of this system or its domain, such as "CONTOSO\\Helpdesk", as text.
 * ERR_NOT_FOUND when there is none; ERR_UNSUPPORTED where accounts have no SIDs. May ask other
 * machines: not for the loop thread. */
enum error account_find_sid(struct str name, char out[SID_TEXT_MAX]) ATTR_MUST_CHECK;

/* Who is at the other end, as the kernel said when the connection was made. All zero is nobody. */
struct peer {
	bool valid;
	uint64_t pid; /* for messages only: a process id says nothing once it is read */
	struct account user;
	uint32_t group_count;
	struct account groups[PEER_GROUPS_MAX]; /* the primary one first */
};

/* "uid 1000, gid 1000, pid 4242", "S-1-5-21-1-2-3-1001, pid 4242", or "unknown peer". */
void peer_text(const struct peer *peer, char out[PEER_TEXT_MAX]);

/* The account alone, as the audit keeps it: "uid:1000" or the SID; empty for an invalid peer. */
void peer_account(const struct peer *peer, char out[PEER_TEXT_MAX]);

/* Who may connect. All zero is nobody. */
struct peer_rules {
	uint32_t user_count, group_count;
	struct account users[PEER_RULES_MAX];
	struct account groups[PEER_RULES_MAX];
};

/* Adds a user or group by name, or by number or SID. ERR_NOT_FOUND and ERR_LIMIT say `why`. */
enum error peer_rules_add_user(struct peer_rules *rules, struct str name,
			       struct buf *why) ATTR_MUST_CHECK;
enum error peer_rules_add_group(struct peer_rules *rules, struct str name,
				struct buf *why) ATTR_MUST_CHECK;

/* Adds the user this process runs as, on Windows the service if it is that, and the system's
 * administrators, who could replace or trace it anyway. */
enum error peer_rules_add_own(struct peer_rules *rules) ATTR_MUST_CHECK;

/* False for an invalid peer, whatever the rules. */
bool peer_rules_allow(const struct peer_rules *rules, const struct peer *peer);

/* The listening end: endpoint_posix.c. */

struct endpoint_options {
	const char *path;
	/* Where an endpoint is a file: its permission bits, 0600 or 0660, and the name or number of
	 * the group it is given; empty for none. */
	uint32_t mode;
	struct str group;
	/* Where it has an access list: who gets on it. */
	const struct peer_rules *rules;
	size_t rules_count;
	bool is_for_administrators; /* programs of lower integrity cannot open it */
	uint32_t queue_length;      /* connections the kernel holds before they are accepted */
};

struct endpoint;

/* A connected descriptor, ready for uv_pipe_open(), with its peer. */
struct endpoint_connection {
	int descriptor;
	struct peer peer;
};

enum endpoint_outcome {
	ENDPOINT_EMPTY, /* nobody waits */
	ENDPOINT_ACCEPTED,
	ENDPOINT_GONE,      /* a connection failed before it was accepted; go on */
	ENDPOINT_EXHAUSTED, /* a connection was dropped for want of descriptors or memory */
};

/* Takes the address and listens, or goes on with the socket at this path that the service manager
 * listens on: its rights and its group are the manager's business then, and so is the file, which
 * stays. The directory of the socket is created when it is missing (its
 * parent is not) and must be one that only the owner can change; a stale socket is removed, a
 * living one never: ERR_EXISTS. ERR_INVALID for a bad path or directory. A failure leaves at most
 * the new directory behind, and "PATH.lock", which always stays. At start only, while one thread
 * runs: the umask is changed for a moment. */
enum error endpoint_open(const struct endpoint_options *options, struct endpoint **out,
			 struct buf *why) ATTR_MUST_CHECK;

/* Whether the service manager listens for us. */
bool endpoint_is_passed(const struct endpoint *endpoint);

/* Stops listening and removes the address. Accepts NULL. */
void endpoint_close(struct endpoint *endpoint);

/* How to learn that endpoint_accept() has something to say: from a descriptor that is then readable
 * (uv_poll) and that the endpoint keeps; or, where this is -1, from endpoint_notify(). */
int endpoint_descriptor(const struct endpoint *endpoint);

/* Has `on_waiting` called, on any thread, each time somebody new waits, and at once; NULL ends that,
 * and when it returns the function is not running any more. Where there is a descriptor:
 * ERR_UNSUPPORTED. */
enum error endpoint_notify(struct endpoint *endpoint, void (*on_waiting)(void *arg),
			   void *arg) ATTR_MUST_CHECK;

/* Takes one waiting connection, never blocks. `out` is written for ENDPOINT_ACCEPTED only; the
 * caller owns its descriptor. An invalid peer is accepted and must be refused by its rules. */
enum endpoint_outcome endpoint_accept(struct endpoint *endpoint, struct endpoint_connection *out);

/* Closes what endpoint_accept() gave, after some last bytes if they can be sent without waiting;
 * `length` may be 0. */
void endpoint_refuse(const struct endpoint_connection *connection, const void *bytes,
		     size_t length);

/* The calling end, for wsauthzctl: channel_posix.c. One thread, blocking with deadlines. */

struct channel;

/* ERR_NOT_FOUND (nobody listens), ERR_DENIED, ERR_TIMEOUT, ERR_INVALID (path), each with `why`. */
enum error channel_open(const char *path, int timeout_ms, struct channel **out,
			struct buf *why) ATTR_MUST_CHECK;
void channel_close(struct channel *channel); /* accepts NULL */

/* Who serves. */
const struct peer *channel_peer(const struct channel *channel);

/* Whether whoever serves may be told anything: root, the user who calls, or the owner of the
 * directory that the endpoint lies in, when nobody else can write to it; on Windows the service, the
 * system, administrators, or the user who calls. */
bool channel_is_trusted(const struct channel *channel) ATTR_MUST_CHECK;

/* Says that nothing more will be written; what comes back can still be read. */
enum error channel_finish(struct channel *channel) ATTR_MUST_CHECK;

/* All of it or an error: ERR_CLOSED, ERR_TIMEOUT, ERR_IO. */
enum error channel_write(struct channel *channel, const void *bytes, size_t length,
			 int timeout_ms) ATTR_MUST_CHECK;

/* What is there, at least one byte, at most `capacity`. ERR_CLOSED at the end. */
enum error channel_read(struct channel *channel, void *bytes, size_t capacity, int timeout_ms,
			size_t *length) ATTR_MUST_CHECK;

/* What a measurement on the user's own machine takes, for wsauthzctl bench: bench_posix.c. One
 * thread, and nothing else of the process runs meanwhile. */

/* A clock that never steps. Any thread. */
uint64_t bench_now_ns(void);

/* Makes a directory of ours below `parent` and appends its path. ERR_NOT_FOUND, ERR_DENIED and so on
 * with `why`. */
enum error bench_directory_make(const char *parent, struct buf *path,
				struct buf *why) ATTR_MUST_CHECK;

/* Removes it with all that is in it. */
void bench_directory_remove(const char *path);

/* Appends the path of the program `name` that belongs to this one: in the same directory, or in
 * ../sbin of it. ERR_NOT_FOUND with `why`. */
enum error bench_find_program(const char *name, struct buf *path, struct buf *why) ATTR_MUST_CHECK;

/* A process beside this one, which does not outlive it. */
struct bench_process;

/* Runs `program` with `arguments` (its name first, NULL last); what it prints goes to the file
 * `log_path`. Returns when it has written to descriptor BENCH_READY_FD. ERR_IO with `why` when it
 * ended before. */
enum { BENCH_READY_FD = 3 };

enum error bench_process_start(const char *program, const char *const *arguments,
			       const char *log_path, struct bench_process **out,
			       struct buf *why) ATTR_MUST_CHECK;

/* A process that sends back what it is sent, with nothing around it, and the channel to it. */
enum error bench_echo_start(struct channel **channel, struct bench_process **out,
			    struct buf *why) ATTR_MUST_CHECK;

/* Ends it and waits for its end. Accepts NULL. */
void bench_process_stop(struct bench_process *process);

/* From now on SIGINT and SIGTERM do not end this process but make bench_is_interrupted() true. */
void bench_catch_interrupt(void);
bool bench_is_interrupted(void);

/* What lies at a path and who may use it, for wsauthzctl doctor; nothing is changed, no link is
 * followed: inspect_posix.c. */

enum path_kind {
	PATH_FILE,
	PATH_DIRECTORY,
	PATH_ENDPOINT,
	PATH_OTHER, /* a link, a device and so on */
};

enum { PATH_RIGHTS_TEXT_MAX = 128 };

struct path_facts {
	enum path_kind kind;
	struct account owner, group;
	bool is_of_root;                   /* the owner is */
	uint32_t mode;                     /* the permission bits */
	char rights[PATH_RIGHTS_TEXT_MAX]; /* "owner root, group wsauthz-admin, mode 0660" */
};

/* ERR_NOT_FOUND, ERR_DENIED and so on with `why`; ERR_UNSUPPORTED, without, where access lists say
 * who may use a file. */
enum error path_inspect(const char *path, struct path_facts *out, struct buf *why) ATTR_MUST_CHECK;

/* The same for the directory that `path` lies in, whose own path goes to `parent`. */
enum error path_inspect_parent(const char *path, struct path_facts *out,
			       char parent[PLATFORM_PATH_MAX], struct buf *why) ATTR_MUST_CHECK;

/* How many bytes the file system of `path` still takes from who is not privileged. All errors with
 * `why`. */
enum error path_free_bytes(const char *path, uint64_t *out, struct buf *why) ATTR_MUST_CHECK;

/* The access list of an endpoint, where it has one. */

enum {
	/* The rights of a client on a pipe: read and write without what on a pipe is the right to
	 * add an instance of it. */
	PIPE_CLIENT_RIGHTS = 0x0012019B,
	/* And of who only looks at its access list; the system always asks for the last two. */
	PIPE_LOOK_RIGHTS = 0x00120080,
	ACCESS_ENTRIES_MAX = 512,
};

struct access_entry {
	bool is_denied;
	uint32_t rights; /* as the system numbers them */
	char account[SID_TEXT_MAX];
};

struct access_facts {
	char owner[SID_TEXT_MAX];
	bool has_list; /* everybody has all rights on what has none */
	uint32_t entry_count;
	struct access_entry entries[ACCESS_ENTRIES_MAX]; /* in the order in which they count */
};

/* Connects to see it, and closes; whoever listens may note a connection that it turned away.
 * ERR_NOT_FOUND (nobody listens), ERR_DENIED and so on with `why`; ERR_UNSUPPORTED, without, where
 * an endpoint is a file. */
enum error endpoint_inspect(const char *path, int timeout_ms, struct access_facts *out,
			    struct buf *why) ATTR_MUST_CHECK;

/* What is installed beside the daemon where WinRM is, for wsauthzctl doctor; nothing is changed.
 * Elsewhere there is none of it: ERR_UNSUPPORTED without `why`. installation_posix.c. */

/* Appends the path of `name` in the directory of this program. ERR_LIMIT and ERR_NO_MEMORY with
 * `why`. */
enum error module_beside(const char *name, struct buf *path, struct buf *why) ATTR_MUST_CHECK;

/* Appends `path` with the names of the environment in it, such as %windir%, replaced by what they are
 * for this process. ERR_LIMIT, ERR_INVALID and ERR_NO_MEMORY with `why`. */
enum error path_expand(const char *path, struct buf *out, struct buf *why) ATTR_MUST_CHECK;

/* Reads a whole program or DLL of at most `max_bytes`, which nobody but administrators, the system,
 * the service and who runs this program may be able to change or replace, nor put others beside it.
 * ERR_NOT_FOUND, ERR_INVALID, ERR_LIMIT, ERR_DENIED and so on with `why`; `out` is cleared first. */
enum error module_read(const char *path, size_t max_bytes, struct buf *out,
		       struct buf *why) ATTR_MUST_CHECK;

/* Whether the key of HKEY_LOCAL_MACHINE, of the view for 64 bits, can be changed by administrators and
 * the like alone; the names of its values go to `on_name`. ERR_NOT_FOUND, ERR_DENIED and, when others
 * can change it, ERR_INVALID; with `why`. An error of `on_name` ends it and is returned. */
enum error registry_check(const char *key, enum error (*on_name)(void *arg, const char *name),
			  void *arg, struct buf *why) ATTR_MUST_CHECK;

/* What the service manager knows of the service. */

enum { SERVICE_COMMAND_MAX = 8192, SERVICE_ACCOUNT_MAX = 512 }; /* bytes with the zero */

enum service_start {
	SERVICE_STARTS_WITH_MACHINE,
	SERVICE_STARTS_ON_REQUEST,
	SERVICE_STARTS_NEVER,
};

/* What an older system, or one that is not the real thing, may not tell. */
enum service_fact { SERVICE_FACT_UNKNOWN, SERVICE_FACT_YES, SERVICE_FACT_NO };

struct service_facts {
	char command[SERVICE_COMMAND_MAX]; /* with its arguments */
	char account[SERVICE_ACCOUNT_MAX]; /* "NT AUTHORITY\\LocalService" */
	enum service_start start;
	bool is_alone; /* in its process */
	bool runs;
	uint64_t pid;               /* 0 unless it runs */
	enum service_fact has_sid;  /* its own, in its token */
	enum service_fact restarts; /* when it fails */
};

/* ERR_NOT_FOUND when there is no service wsauthz; ERR_DENIED, ERR_LIMIT and so on. All with `why`. */
enum error service_inspect(struct service_facts *out, struct buf *why) ATTR_MUST_CHECK;

/* Directories and files: file_posix.c. */

/* The daemon's own directory: created when missing (its parent is not), then checked: a directory,
 * ours, no rights for anybody else, and no ancestor that a stranger could swap. ERR_INVALID with
 * `why`. */
enum error directory_make_private(const char *path, struct buf *why) ATTR_MUST_CHECK;

/* Delivers the names in a directory but "." and "..", in any order; an error of `on_name` ends it
 * and is returned. */
enum error directory_list_names(const char *path,
				enum error (*on_name)(void *arg, const char *name),
				void *arg) ATTR_MUST_CHECK;

/* Creates an empty file that only its owner may read and write, whatever the umask, following no
 * link. ERR_EXISTS when the name is taken. */
enum error file_create_private(const char *path) ATTR_MUST_CHECK;

/* Takes away everybody's right to write to a file in the daemon's own directory. */
enum error file_make_readonly(const char *path) ATTR_MUST_CHECK;

/* Reads a whole file of at most `max_bytes` that only root or the daemon's user can change.
 * ERR_NOT_FOUND, ERR_INVALID, ERR_LIMIT, ERR_IO with `why`; `out` is cleared first. */
enum error file_read_trusted(const char *path, size_t max_bytes, struct buf *out,
			     struct buf *why) ATTR_MUST_CHECK;

/* The same, when also nobody else can read it. */
enum error file_read_secret(const char *path, size_t max_bytes, struct buf *out,
			    struct buf *why) ATTR_MUST_CHECK;

/* Files that a person names on the command line, wherever they are and whoever owns them:
 * user_file_posix.c. */

/* Reads all there is, at most `max_bytes`; without a path, which may be NULL, from standard input.
 * Waits for pipes. ERR_NOT_FOUND, ERR_LIMIT, ERR_IO and so on with `why`; `out` is cleared first.
 */
enum error file_read(const char *path, size_t max_bytes, struct buf *out,
		     struct buf *why) ATTR_MUST_CHECK;

/* Puts `content` in the place of a regular file's at one moment: other processes, and a machine
 * that lost power, see the old content or the new. Owner, group and rights stay; a symbolic link is
 * followed. On failure, with `why`, the file is as it was. */
enum error file_replace(const char *path, struct str content, struct buf *why) ATTR_MUST_CHECK;

/* Puts `content` into a file that everybody may read, in the place of what has the name, if
 * anything: other processes see the old content or the new. ERR_NOT_FOUND, ERR_DENIED, ERR_IO and
 * so on with `why`. For this process alone: "PATH.new" is in between. */
enum error file_publish(const char *path, struct str content, struct buf *why) ATTR_MUST_CHECK;

struct tree_file {
	struct str name; /* relative, with '/', such as "tests/first.json"; zero-terminated */
	struct str text; /* zero-terminated beyond its length */
};

/* Which files of a directory tree are wanted and how large they may be. */
struct tree_options {
	const char *const *subdirectories; /* "" for the top itself; missing ones count as empty */
	size_t subdirectory_count;
	/* Which names, relative to the tree, are to be read; others are not looked at. */
	bool (*wants)(struct str name);
	uint32_t max_files;
	size_t max_file_bytes;
	size_t max_total_bytes;
};

struct tree {
	struct arena arena;
	struct tree_file *files; /* ascending by name */
	size_t file_count;
};

/* Reads the wanted files as they are at one moment of each file, without following links and
 * without blocking: every one must be a regular file with one name, owned by root or the daemon's
 * user and not writable by anyone else; likewise the directories. ERR_INVALID, ERR_LIMIT,
 * ERR_NOT_FOUND, ERR_IO with `why`, such as "policy.cedar: is a symbolic link". */
enum error tree_read(const char *path, const struct tree_options *options, struct tree *out,
		     struct buf *why) ATTR_MUST_CHECK;
void tree_deinit(struct tree *tree);

/* One daemon a directory: lock_posix.c. */

struct daemon_lock;

/* Takes the lock of `directory`, held until released or the process ends. ERR_BUSY with `why`
 * "already running (pid N, lock PATH)". */
enum error daemon_lock_take(const char *directory, struct daemon_lock **out,
			    struct buf *why) ATTR_MUST_CHECK;
void daemon_lock_release(struct daemon_lock *lock); /* accepts NULL */

#endif
