-- What administrators did, in order. Read it through v_admin_action, whose name and columns stay.
CREATE TABLE admin_action (
	id        INTEGER PRIMARY KEY, -- from 1, without gaps
	at_us     INTEGER NOT NULL, -- wall clock, microseconds since 1970 UTC
	actor     TEXT NOT NULL,    -- who asked: uid:N or a SID
	action    TEXT NOT NULL,    -- records.revoke, policy.rollback, ...
	arguments TEXT NOT NULL,    -- JSON object
	outcome   TEXT NOT NULL     -- done, or what was wrong
) STRICT;

CREATE TRIGGER admin_action_no_update BEFORE UPDATE ON admin_action
	BEGIN SELECT RAISE(ABORT, 'admin actions do not change'); END;
CREATE TRIGGER admin_action_no_delete BEFORE DELETE ON admin_action
	BEGIN SELECT RAISE(ABORT, 'admin actions do not change'); END;
CREATE TRIGGER admin_action_only_grows BEFORE INSERT ON admin_action
	WHEN new.id <= (SELECT max(id) FROM admin_action)
	BEGIN SELECT RAISE(ABORT, 'admin actions do not change'); END;

CREATE VIEW v_admin_action AS SELECT
	id AS action_id,
	strftime('%Y-%m-%dT%H:%M:%fZ', at_us / 1000000.0, 'unixepoch') AS done_at, -- UTC
	actor,
	action,
	arguments,
	outcome,
	at_us
FROM admin_action;
