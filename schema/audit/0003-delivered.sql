-- Whether an answer left: an event says of which decisions it did not, because the client was gone
-- when the row was on disk. Such an event may stand in a later segment than its decision, which the
-- views of one segment do not see.

-- The detail of such an event is {"decision_id":N}; SQLite's functions for JSON are not for schemas.
CREATE INDEX event_undelivered ON event (CAST(substr(detail, 16) AS INTEGER))
	WHERE kind = 'decision.undelivered';

DROP VIEW v_denial;
DROP VIEW v_decision;

-- As before, with one column more.
CREATE VIEW v_decision AS SELECT
	d.id AS decision_id,
	strftime('%Y-%m-%dT%H:%M:%fZ', d.wall_us / 1000000.0, 'unixepoch') AS decided_at, -- UTC
	CASE d.verdict WHEN 1 THEN 'allow' WHEN 2 THEN 'redirect' ELSE 'deny' END AS verdict,
	s.user AS user,
	s.principal AS principal,
	r.action AS action,
	r.resource_uri AS resource_uri,
	o.source AS source,
	o.policies AS policies,
	o.erring AS erring_policies,
	o.policy_revision AS policy_revision,
	o.code AS code,
	o.extended AS extended_information,
	o.administrator AS administrator,
	CASE r.kind WHEN 1 THEN 'AuthorizeUser' WHEN 2 THEN 'AuthorizeOperation'
		WHEN 3 THEN 'QueryQuota' ELSE 'unknown' END AS kind,
	r.action_uri AS action_uri,
	s.application AS application,
	s.mechanism AS mechanism,
	g.groups AS groups,
	g.deny_only AS deny_only_groups,
	c.context AS context, -- without time, localTime and weekday
	lower(hex(d.record_id)) AS record_id, -- '' for none
	p.connection AS connection,
	p.peer AS peer,
	p.peer_pid AS peer_pid,
	d.latency_us AS latency_us,
	CASE d.relaxed WHEN 0 THEN 'strict' ELSE 'relaxed' END AS durability,
	d.wall_us AS wall_us,
	d.utc_offset_minutes AS utc_offset_minutes,
	d.boot_ms AS boot_ms,
	lower(hex(d.chain)) AS chain,
	d.verdict AS verdict_code, -- 0 deny, 1 allow, 2 redirect. Comparing it with 0 uses an index
	NOT EXISTS (SELECT 1 FROM event e WHERE e.kind = 'decision.undelivered'
		AND CAST(substr(e.detail, 16) AS INTEGER) = d.id) AS delivered
FROM decision d
	LEFT JOIN subject s ON s.id = d.subject
	LEFT JOIN group_set g ON g.id = d.group_set
	LEFT JOIN request r ON r.id = d.request
	LEFT JOIN context c ON c.id = d.context
	LEFT JOIN outcome o ON o.id = d.outcome
	LEFT JOIN origin p ON p.id = d.origin;

CREATE VIEW v_denial AS SELECT * FROM v_decision WHERE verdict_code = 0;
