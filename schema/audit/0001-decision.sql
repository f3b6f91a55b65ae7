-- One audit segment. A row of `decision` is one completion; the texts it needs are in the other
-- tables, each content once, found by its digest. Read it through the views v_decision and
-- v_denial, whose names and columns stay; the tables may change with the schema version.
--
-- A digest is BLAKE2b-192 over the content as daemon/store/audit_part.h writes it. `chain` is
-- defined in daemon/store/chain.h. Numbers that C has as unsigned 64-bit are stored with the same
-- bits. Texts are stored as they came, whatever bytes that were.

-- Who.
CREATE TABLE subject (
	id          INTEGER PRIMARY KEY,
	digest      BLOB NOT NULL UNIQUE CHECK (length(digest) = 24),
	application TEXT NOT NULL, -- applicationIdentification given at Startup
	principal   TEXT NOT NULL, -- what records are keyed by: a SID, or MECHANISM:NAME without token
	user        TEXT NOT NULL, -- the name as it was sent
	user_folded TEXT NOT NULL, -- the name folded for case
	mechanism   TEXT NOT NULL  -- authentication mechanism
) STRICT;

-- The groups of a token.
CREATE TABLE group_set (
	id        INTEGER PRIMARY KEY,
	digest    BLOB NOT NULL UNIQUE CHECK (length(digest) = 24),
	groups    TEXT NOT NULL, -- JSON array of the SIDs of enabled groups, sorted
	deny_only TEXT NOT NULL  -- JSON array of the SIDs of deny-only groups, sorted
) STRICT;

-- What was asked.
CREATE TABLE request (
	id           INTEGER PRIMARY KEY,
	digest       BLOB NOT NULL UNIQUE CHECK (length(digest) = 24),
	kind         INTEGER NOT NULL, -- 1 AuthorizeUser, 2 AuthorizeOperation, 3 QueryQuota
	action       TEXT NOT NULL,    -- Cedar action
	action_uri   TEXT NOT NULL,
	resource_uri TEXT NOT NULL
) STRICT;

-- The Cedar context without its attributes time, localTime and weekday, which follow from
-- decision.wall_us and decision.utc_offset_minutes.
CREATE TABLE context (
	id      INTEGER PRIMARY KEY,
	digest  BLOB NOT NULL UNIQUE CHECK (length(digest) = 24),
	context TEXT NOT NULL -- JSON
) STRICT;

-- Why, and what was answered besides the verdict.
CREATE TABLE outcome (
	id              INTEGER PRIMARY KEY,
	digest          BLOB NOT NULL UNIQUE CHECK (length(digest) = 24),
	code            INTEGER NOT NULL, -- Win32
	administrator   INTEGER NOT NULL CHECK (administrator IN (0, 1)),
	source          TEXT NOT NULL,    -- policy, record, block, policy_error, ...
	extended        TEXT NOT NULL,    -- extended information that went with the code
	policy_revision INTEGER NOT NULL, -- 0: none was active
	policies        TEXT NOT NULL,    -- JSON array: ids of the determining policies
	erring          TEXT NOT NULL     -- JSON array: ids of the policies whose evaluation failed
) STRICT;

-- From where.
CREATE TABLE origin (
	id         INTEGER PRIMARY KEY,
	digest     BLOB NOT NULL UNIQUE CHECK (length(digest) = 24),
	connection INTEGER NOT NULL, -- number of the connection since the daemon started
	peer       TEXT NOT NULL,    -- host program: uid:N or a SID
	peer_pid   INTEGER NOT NULL
) STRICT;

CREATE TABLE decision (
	id                 INTEGER PRIMARY KEY, -- grows with every row, also across restarts
	wall_us            INTEGER NOT NULL,    -- microseconds since 1970 UTC; may step back
	boot_ms            INTEGER NOT NULL,    -- milliseconds since the machine started
	utc_offset_minutes INTEGER NOT NULL,    -- local time minus UTC
	subject            INTEGER NOT NULL REFERENCES subject,
	group_set          INTEGER NOT NULL REFERENCES group_set,
	request            INTEGER NOT NULL REFERENCES request,
	context            INTEGER NOT NULL REFERENCES context,
	verdict            INTEGER NOT NULL CHECK (verdict BETWEEN 0 AND 2), -- deny, allow, redirect
	outcome            INTEGER NOT NULL REFERENCES outcome,
	origin             INTEGER NOT NULL REFERENCES origin,
	record_id          BLOB CHECK (length(record_id) = 16), -- user record; NULL: none
	latency_us         INTEGER NOT NULL, -- from the request's last byte to the decision
	relaxed            INTEGER NOT NULL CHECK (relaxed IN (0, 1)), -- 1: the answer did not wait
	chain              BLOB NOT NULL CHECK (length(chain) = 32)
) STRICT;

-- The only index while rows are still added: anything on user or time slows down as the table
-- grows.
CREATE INDEX decision_denied ON decision (wall_us) WHERE verdict = 0;

-- Append-only. Updating and deleting are refused, and so are the ways in which an insert replaces
-- a row (INSERT OR REPLACE, ON CONFLICT DO UPDATE): a row that is there already is refused before
-- they get to it.
CREATE TRIGGER decision_no_update BEFORE UPDATE ON decision
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER decision_only_grows BEFORE INSERT ON decision
	WHEN new.id <= (SELECT max(id) FROM decision)
	BEGIN SELECT RAISE(ABORT, 'decision ids only grow'); END;

CREATE TRIGGER subject_no_update BEFORE UPDATE ON subject
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER subject_no_delete BEFORE DELETE ON subject
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER subject_no_replace BEFORE INSERT ON subject
	WHEN EXISTS (SELECT 1 FROM subject WHERE id = new.id OR digest = new.digest)
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TRIGGER group_set_no_update BEFORE UPDATE ON group_set
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER group_set_no_delete BEFORE DELETE ON group_set
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER group_set_no_replace BEFORE INSERT ON group_set
	WHEN EXISTS (SELECT 1 FROM group_set WHERE id = new.id OR digest = new.digest)
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TRIGGER request_no_update BEFORE UPDATE ON request
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER request_no_delete BEFORE DELETE ON request
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER request_no_replace BEFORE INSERT ON request
	WHEN EXISTS (SELECT 1 FROM request WHERE id = new.id OR digest = new.digest)
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TRIGGER context_no_update BEFORE UPDATE ON context
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER context_no_delete BEFORE DELETE ON context
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER context_no_replace BEFORE INSERT ON context
	WHEN EXISTS (SELECT 1 FROM context WHERE id = new.id OR digest = new.digest)
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TRIGGER outcome_no_update BEFORE UPDATE ON outcome
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER outcome_no_delete BEFORE DELETE ON outcome
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER outcome_no_replace BEFORE INSERT ON outcome
	WHEN EXISTS (SELECT 1 FROM outcome WHERE id = new.id OR digest = new.digest)
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TRIGGER origin_no_update BEFORE UPDATE ON origin
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER origin_no_delete BEFORE DELETE ON origin
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER origin_no_replace BEFORE INSERT ON origin
	WHEN EXISTS (SELECT 1 FROM origin WHERE id = new.id OR digest = new.digest)
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

-- Every decision, readable. The outer joins show also a row whose texts somebody took away, and cost
-- nothing for texts that a question does not name.
CREATE VIEW v_decision AS SELECT
	d.id AS decision_id,
	strftime('%Y-%m-%dT%H:%M:%fZ', d.wall_us / 1000000.0, 'unixepoch') AS decided_at, -- UTC
	CASE d.verdict WHEN 1 THEN 'allow' WHEN 2 THEN 'redirect' ELSE 'deny' END AS verdict,
	s.user AS user,
	s.principal AS principal,
	r.action AS action,
	r.resource_uri AS resource_uri,
	o.source AS source,
	o.policies AS policies,
	o.erring AS erring_policies,
	o.policy_revision AS policy_revision,
	o.code AS code,
	o.extended AS extended_information,
	o.administrator AS administrator,
	CASE r.kind WHEN 1 THEN 'AuthorizeUser' WHEN 2 THEN 'AuthorizeOperation'
		WHEN 3 THEN 'QueryQuota' ELSE 'unknown' END AS kind,
	r.action_uri AS action_uri,
	s.application AS application,
	s.mechanism AS mechanism,
	g.groups AS groups,
	g.deny_only AS deny_only_groups,
	c.context AS context, -- without time, localTime and weekday
	lower(hex(d.record_id)) AS record_id, -- '' for none
	p.connection AS connection,
	p.peer AS peer,
	p.peer_pid AS peer_pid,
	d.latency_us AS latency_us,
	CASE d.relaxed WHEN 0 THEN 'strict' ELSE 'relaxed' END AS durability,
	d.wall_us AS wall_us,
	d.utc_offset_minutes AS utc_offset_minutes,
	d.boot_ms AS boot_ms,
	lower(hex(d.chain)) AS chain,
	d.verdict AS verdict_code -- 0 deny, 1 allow, 2 redirect. Comparing it with 0 uses an index
FROM decision d
	LEFT JOIN subject s ON s.id = d.subject
	LEFT JOIN group_set g ON g.id = d.group_set
	LEFT JOIN request r ON r.id = d.request
	LEFT JOIN context c ON c.id = d.context
	LEFT JOIN outcome o ON o.id = d.outcome
	LEFT JOIN origin p ON p.id = d.origin;

-- The refusals alone. A redirection is none.
CREATE VIEW v_denial AS SELECT * FROM v_decision WHERE verdict_code = 0;
