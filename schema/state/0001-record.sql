-- User records, as they are in the daemon's memory. Read it through v_record, whose name and
-- columns stay. Times in milliseconds are of the boot clock of the boot `boot_id` names. Numbers
-- that C has as unsigned 64-bit are stored with the same bits.
CREATE TABLE record (
	id              BLOB PRIMARY KEY CHECK (length(id) = 16),
	key             BLOB NOT NULL UNIQUE CHECK (length(key) = 32), -- digest of what it is found by
	boot_id         BLOB NOT NULL CHECK (length(boot_id) = 16),
	application     TEXT NOT NULL,
	principal       TEXT NOT NULL, -- a SID, or MECHANISM:NAME without token
	user            TEXT NOT NULL, -- the name as it was sent
	mechanism       TEXT NOT NULL,
	policy_revision INTEGER NOT NULL, -- under which it was last authorized
	decision_id     INTEGER NOT NULL, -- that allowed it
	created_us      INTEGER NOT NULL, -- wall clock, microseconds since 1970 UTC
	created_ms      INTEGER NOT NULL,
	last_used_ms    INTEGER NOT NULL,
	expires_ms      INTEGER NOT NULL,
	idle_ms         INTEGER NOT NULL, -- idle time-out
	max_lifetime_ms INTEGER NOT NULL,
	max_shells      INTEGER NOT NULL, -- 0: not set, as for the next three
	max_operations  INTEGER NOT NULL,
	timeslot_s      INTEGER NOT NULL, -- seconds
	max_operations_per_timeslot INTEGER NOT NULL,
	administrator   INTEGER NOT NULL CHECK (administrator IN (0, 1))
) STRICT, WITHOUT ROWID;

-- The user records of the last boot that were known when the daemon last wrote. Whether one has
-- expired meanwhile depends on the boot clock: ask the daemon.
CREATE VIEW v_record AS SELECT
	lower(hex(id)) AS record_id,
	user,
	principal,
	application,
	mechanism,
	strftime('%Y-%m-%dT%H:%M:%fZ', created_us / 1000000.0, 'unixepoch') AS created_at, -- UTC
	policy_revision,
	decision_id,
	administrator,
	last_used_ms - created_ms AS used_for_ms, -- from its creation to its last use
	idle_ms,
	max_lifetime_ms,
	max_shells,
	max_operations,
	timeslot_s,
	max_operations_per_timeslot,
	created_ms,
	last_used_ms,
	expires_ms,
	lower(hex(boot_id)) AS boot_id
FROM record;
