-- The revision that a rollback put in force, until the next reload. No row: the policy directory is
-- in force.
CREATE TABLE policy_pin (
	id       INTEGER PRIMARY KEY CHECK (id = 1),
	revision INTEGER NOT NULL REFERENCES policy_revision
) STRICT;
