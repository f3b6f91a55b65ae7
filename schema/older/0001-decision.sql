-- How readers see a segment of schema version 1, whose file stays as it is: what it has in the files of
-- today, without rows where there were none, and the views with the columns of today. A column that
-- such a segment cannot know is NULL, or what docs/audit.md says of it.

CREATE TEMP TABLE beginning (
	id         INTEGER PRIMARY KEY,
	number     INTEGER NOT NULL,
	base_id    INTEGER NOT NULL,
	base_chain BLOB NOT NULL,
	begun_us   INTEGER NOT NULL
) STRICT;

CREATE TEMP TABLE seal (
	id             INTEGER PRIMARY KEY,
	sealed_us      INTEGER NOT NULL,
	first_id       INTEGER NOT NULL,
	last_id        INTEGER NOT NULL,
	decision_count INTEGER NOT NULL,
	event_count    INTEGER NOT NULL,
	first_us       INTEGER NOT NULL,
	last_us        INTEGER NOT NULL,
	chain          BLOB NOT NULL,
	public_key     BLOB,
	signature      BLOB
) STRICT;

CREATE TEMP TABLE event (
	id      INTEGER PRIMARY KEY,
	wall_us INTEGER NOT NULL,
	boot_ms INTEGER NOT NULL,
	kind    TEXT NOT NULL,
	actor   TEXT NOT NULL,
	detail  TEXT NOT NULL,
	chain   BLOB NOT NULL
) STRICT;

-- No event could tell of an answer that did not leave.
CREATE TEMP VIEW v_decision AS SELECT *, 1 AS delivered FROM main.v_decision;
CREATE TEMP VIEW v_denial AS SELECT *, 1 AS delivered FROM main.v_denial;

CREATE TEMP VIEW v_event AS SELECT
	id AS event_id,
	strftime('%Y-%m-%dT%H:%M:%fZ', wall_us / 1000000.0, 'unixepoch') AS happened_at,
	kind,
	actor,
	detail,
	wall_us,
	boot_ms,
	lower(hex(chain)) AS chain
FROM event;
