-- The sealed segments of the audit, also those that retention removed. Read it through v_segment,
-- whose name and columns stay.
CREATE TABLE audit_segment (
	number         INTEGER PRIMARY KEY, -- audit-NUMBER.db
	base_id        INTEGER NOT NULL,    -- the last id of the segments before
	base_chain     BLOB NOT NULL CHECK (length(base_chain) = 32),
	first_id       INTEGER NOT NULL,
	last_id        INTEGER NOT NULL,
	decision_count INTEGER NOT NULL,
	event_count    INTEGER NOT NULL,
	first_us       INTEGER NOT NULL, -- wall clock, microseconds since 1970 UTC, as all below
	last_us        INTEGER NOT NULL,
	chain          BLOB NOT NULL CHECK (length(chain) = 32), -- at last_id
	file_bytes     INTEGER NOT NULL,
	sealed_us      INTEGER NOT NULL
) STRICT;

CREATE TABLE audit_segment_removed (
	number     INTEGER PRIMARY KEY REFERENCES audit_segment,
	removed_us INTEGER NOT NULL,
	reason     TEXT NOT NULL -- age or size
) STRICT;

CREATE TRIGGER audit_segment_no_update BEFORE UPDATE ON audit_segment
	BEGIN SELECT RAISE(ABORT, 'sealed segments do not change'); END;
CREATE TRIGGER audit_segment_no_delete BEFORE DELETE ON audit_segment
	BEGIN SELECT RAISE(ABORT, 'sealed segments do not change'); END;
CREATE TRIGGER audit_segment_no_replace BEFORE INSERT ON audit_segment
	WHEN EXISTS (SELECT 1 FROM audit_segment WHERE number = new.number)
	BEGIN SELECT RAISE(ABORT, 'sealed segments do not change'); END;
CREATE TRIGGER audit_segment_removed_no_update BEFORE UPDATE ON audit_segment_removed
	BEGIN SELECT RAISE(ABORT, 'sealed segments do not change'); END;
CREATE TRIGGER audit_segment_removed_no_delete BEFORE DELETE ON audit_segment_removed
	BEGIN SELECT RAISE(ABORT, 'sealed segments do not change'); END;
CREATE TRIGGER audit_segment_removed_no_replace BEFORE INSERT ON audit_segment_removed
	WHEN EXISTS (SELECT 1 FROM audit_segment_removed WHERE number = new.number)
	BEGIN SELECT RAISE(ABORT, 'sealed segments do not change'); END;

CREATE VIEW v_segment AS SELECT
	s.number AS segment,
	s.first_id AS first_id,
	s.last_id AS last_id,
	s.decision_count AS decision_count,
	s.event_count AS event_count,
	strftime('%Y-%m-%dT%H:%M:%fZ', s.first_us / 1000000.0, 'unixepoch') AS first_at, -- UTC
	strftime('%Y-%m-%dT%H:%M:%fZ', s.last_us / 1000000.0, 'unixepoch') AS last_at, -- UTC
	s.file_bytes AS file_bytes,
	strftime('%Y-%m-%dT%H:%M:%fZ', s.sealed_us / 1000000.0, 'unixepoch') AS sealed_at, -- UTC
	strftime('%Y-%m-%dT%H:%M:%fZ', r.removed_us / 1000000.0, 'unixepoch')
		AS removed_at, -- UTC; NULL: it is there
	r.reason AS removed_for,
	lower(hex(s.chain)) AS chain
FROM audit_segment s LEFT JOIN audit_segment_removed r ON r.number = s.number;
