-- The least decision of which an event in a sealed segment says that its answer did not leave: such an
-- event may be about a decision of an earlier segment, and then that segment's readers must know of it.
-- A segment that was noted before this has no row here until the daemon has looked.
CREATE TABLE audit_segment_undelivered (
	number   INTEGER PRIMARY KEY REFERENCES audit_segment,
	least_id INTEGER NOT NULL -- 0: no event says so
) STRICT;

CREATE TRIGGER audit_segment_undelivered_no_update BEFORE UPDATE ON audit_segment_undelivered
	BEGIN SELECT RAISE(ABORT, 'sealed segments do not change'); END;
CREATE TRIGGER audit_segment_undelivered_no_delete BEFORE DELETE ON audit_segment_undelivered
	BEGIN SELECT RAISE(ABORT, 'sealed segments do not change'); END;
CREATE TRIGGER audit_segment_undelivered_no_replace BEFORE INSERT ON audit_segment_undelivered
	WHEN EXISTS (SELECT 1 FROM audit_segment_undelivered WHERE number = new.number)
	BEGIN SELECT RAISE(ABORT, 'sealed segments do not change'); END;
