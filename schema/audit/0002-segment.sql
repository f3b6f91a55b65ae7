-- Segments follow each other: each says where the chain stood when it began, and a sealed one where
-- it ended. Events stand in the same order and the same chain as decisions.

-- The beginning, one row. The first segment of an audit that schema version 1 began has none: its
-- chain begins with nothing. A later segment without it has not begun yet.
CREATE TABLE beginning (
	id         INTEGER PRIMARY KEY CHECK (id = 1),
	number     INTEGER NOT NULL, -- of the segment: audit-NUMBER.db
	base_id    INTEGER NOT NULL, -- the last id of the segments before; 0: none
	base_chain BLOB NOT NULL CHECK (length(base_chain) = 32), -- the chain there
	begun_us   INTEGER NOT NULL  -- wall clock, microseconds since 1970 UTC
) STRICT;

-- The end, one row, made together with the indexes of schema/seal when the segment is sealed.
CREATE TABLE seal (
	id             INTEGER PRIMARY KEY CHECK (id = 1),
	sealed_us      INTEGER NOT NULL, -- wall clock, microseconds since 1970 UTC
	first_id       INTEGER NOT NULL, -- of its decisions and events
	last_id        INTEGER NOT NULL,
	decision_count INTEGER NOT NULL,
	event_count    INTEGER NOT NULL,
	first_us       INTEGER NOT NULL, -- the least wall clock time of any of its rows
	last_us        INTEGER NOT NULL, -- the greatest
	chain          BLOB NOT NULL CHECK (length(chain) = 32), -- at last_id
	public_key     BLOB CHECK (length(public_key) = 32), -- Ed25519; NULL: not signed
	signature      BLOB CHECK (length(signature) = 64)   -- daemon/store/seal.h says of what
) STRICT;

-- What happened besides decisions.
CREATE TABLE event (
	id      INTEGER PRIMARY KEY, -- from the same count as decision.id
	wall_us INTEGER NOT NULL,    -- microseconds since 1970 UTC; may step back
	boot_ms INTEGER NOT NULL,    -- milliseconds since the machine started
	kind    TEXT NOT NULL,       -- daemon.started, policy.activated, ...
	actor   TEXT NOT NULL,       -- who: uid:N or a SID; empty: the daemon by itself
	detail  TEXT NOT NULL,       -- JSON object
	chain   BLOB NOT NULL CHECK (length(chain) = 32)
) STRICT;

CREATE TRIGGER beginning_no_update BEFORE UPDATE ON beginning
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER beginning_no_delete BEFORE DELETE ON beginning
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER beginning_only_first BEFORE INSERT ON beginning
	WHEN EXISTS (SELECT 1 FROM beginning) OR EXISTS (SELECT 1 FROM decision)
		OR EXISTS (SELECT 1 FROM event)
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TRIGGER seal_no_update BEFORE UPDATE ON seal
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER seal_no_delete BEFORE DELETE ON seal
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER seal_only_once BEFORE INSERT ON seal WHEN EXISTS (SELECT 1 FROM seal)
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TRIGGER event_no_update BEFORE UPDATE ON event
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event
	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER event_only_grows BEFORE INSERT ON event
	WHEN new.id <= (SELECT ifnull(max(id), 0) FROM event)
		OR new.id <= (SELECT ifnull(max(id), 0) FROM decision)
	BEGIN SELECT RAISE(ABORT, 'event ids only grow'); END;

-- Ids are also greater than those of events, and a sealed segment takes no more.
DROP TRIGGER decision_only_grows;
CREATE TRIGGER decision_only_grows BEFORE INSERT ON decision
	WHEN new.id <= (SELECT ifnull(max(id), 0) FROM decision)
		OR new.id <= (SELECT ifnull(max(id), 0) FROM event)
	BEGIN SELECT RAISE(ABORT, 'decision ids only grow'); END;
CREATE TRIGGER decision_not_sealed BEFORE INSERT ON decision WHEN EXISTS (SELECT 1 FROM seal)
	BEGIN SELECT RAISE(ABORT, 'the segment is sealed'); END;
CREATE TRIGGER event_not_sealed BEFORE INSERT ON event WHEN EXISTS (SELECT 1 FROM seal)
	BEGIN SELECT RAISE(ABORT, 'the segment is sealed'); END;

-- Every event, readable.
CREATE VIEW v_event AS SELECT
	id AS event_id,
	strftime('%Y-%m-%dT%H:%M:%fZ', wall_us / 1000000.0, 'unixepoch') AS happened_at, -- UTC
	kind,
	actor,
	detail,
	wall_us,
	boot_ms,
	lower(hex(chain)) AS chain
FROM event;
