-- A block for a span of time goes by the boot clock, which nobody sets; one until a time goes by the
-- wall clock. Those that were there before go on by the wall clock.
ALTER TABLE block ADD COLUMN until_ms INTEGER NOT NULL DEFAULT 0; -- boot clock: when its span is over
ALTER TABLE block ADD COLUMN by_wall_clock INTEGER NOT NULL DEFAULT 1 CHECK (by_wall_clock IN (0, 1));

-- The boot whose clock until_ms is of, and how far that had come when the daemon last noted it. In
-- another boot the rest of each span begins anew there: while the machine is off nothing of it passes.
CREATE TABLE block_clock (
	id      INTEGER PRIMARY KEY CHECK (id = 1),
	boot_id BLOB NOT NULL CHECK (length(boot_id) = 16),
	seen_ms INTEGER NOT NULL
) STRICT;

DROP VIEW v_block;
CREATE VIEW v_block AS SELECT
	principal,
	strftime('%Y-%m-%dT%H:%M:%fZ', created_us / 1000000.0, 'unixepoch') AS created_at, -- UTC
	CASE until_us WHEN 9223372036854775807 THEN NULL
		ELSE strftime('%Y-%m-%dT%H:%M:%fZ', until_us / 1000000.0, 'unixepoch')
		END AS blocked_until, -- UTC; NULL: for ever
	reason,
	created_us,
	until_us,
	CASE WHEN until_us = 9223372036854775807 THEN NULL WHEN by_wall_clock THEN 'time' ELSE 'span'
		END AS ends_by -- span: after so much running time, blocked_until was the time foreseen
FROM block;
