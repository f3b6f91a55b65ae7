-- How readers see a segment of schema version 2: as in 0001-decision.sql.

-- No event told of an answer that did not leave.
CREATE TEMP VIEW v_decision AS SELECT *, 1 AS delivered FROM main.v_decision;
CREATE TEMP VIEW v_denial AS SELECT *, 1 AS delivered FROM main.v_denial;
