-- Principals that an administrator blocked. Read it through v_block, whose name and columns stay.
CREATE TABLE block (
	principal  TEXT PRIMARY KEY, -- a SID, MECHANISM:NAME without token, or a folded name
	created_us INTEGER NOT NULL, -- wall clock, microseconds since 1970 UTC
	until_us   INTEGER NOT NULL, -- its last microsecond; 9223372036854775807: for ever
	reason     TEXT NOT NULL     -- what the administrator said
) STRICT, WITHOUT ROWID;

CREATE VIEW v_block AS SELECT
	principal,
	strftime('%Y-%m-%dT%H:%M:%fZ', created_us / 1000000.0, 'unixepoch') AS created_at, -- UTC
	CASE until_us WHEN 9223372036854775807 THEN NULL
		ELSE strftime('%Y-%m-%dT%H:%M:%fZ', until_us / 1000000.0, 'unixepoch')
		END AS blocked_until, -- UTC; NULL: for ever
	reason,
	created_us,
	until_us
FROM block;
