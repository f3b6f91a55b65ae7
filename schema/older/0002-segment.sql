-- How readers see a segment of schema version 2: as in 0001-decision.sql.

-- No event of that version told of an answer that did not leave. One that does is in a file that
-- was made older, and counts.
CREATE TEMP VIEW v_decision AS SELECT *, decision_id NOT IN (
	SELECT CAST(substr(detail, 16) AS INTEGER) FROM main.event
	WHERE kind = 'decision.undelivered') AS delivered FROM main.v_decision;
CREATE TEMP VIEW v_denial AS SELECT * FROM v_decision WHERE verdict_code = 0;
