-- What a shadow policy (policy.shadow_directory) would have decided otherwise. Read it through
-- v_shadow_difference, whose name and columns stay.

-- How far it has come, one row.
CREATE TABLE shadow (
	id           INTEGER PRIMARY KEY CHECK (id = 1),
	directory    TEXT NOT NULL,
	digest       BLOB NOT NULL CHECK (length(digest) = 32), -- SHA-256 of the policy's content
	since_us     INTEGER NOT NULL, -- wall clock: when this content began to be compared
	updated_us   INTEGER NOT NULL, -- wall clock
	compared     INTEGER NOT NULL, -- decisions, since then
	differed     INTEGER NOT NULL, -- of them, those that come out otherwise
	not_compared INTEGER NOT NULL, -- decided by what no policy decides, such as blocks
	skipped      INTEGER NOT NULL  -- left out because the shadow was too far behind
) STRICT;

-- The newest differences of this content.
CREATE TABLE shadow_difference (
	decision_id INTEGER PRIMARY KEY,
	decided_us  INTEGER NOT NULL, -- wall clock
	flip        TEXT NOT NULL,    -- "allow to deny", ...
	user        TEXT NOT NULL,
	before      TEXT NOT NULL,    -- what decided: ids of policies, or a source
	after       TEXT NOT NULL     -- what would have decided
) STRICT;

CREATE VIEW v_shadow_difference AS SELECT
	decision_id,
	strftime('%Y-%m-%dT%H:%M:%fZ', decided_us / 1000000.0, 'unixepoch') AS decided_at, -- UTC
	flip,
	user,
	before,
	after,
	decided_us
FROM shadow_difference;
