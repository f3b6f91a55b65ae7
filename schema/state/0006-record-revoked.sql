-- A record that an administrator revoked stays, so that it is refused after a restart, too.
ALTER TABLE record ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0 CHECK (revoked IN (0, 1));

DROP VIEW v_record;
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
	lower(hex(boot_id)) AS boot_id,
	revoked
FROM record;
