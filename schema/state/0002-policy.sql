-- Policy revisions with their full texts, each text once. Read it through v_policy_revision, whose
-- name and columns stay.
CREATE TABLE policy_text (
	id     INTEGER PRIMARY KEY,
	digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), -- SHA-256 of the text
	text   TEXT NOT NULL
) STRICT;

CREATE TABLE policy_revision (
	number       INTEGER PRIMARY KEY, -- from 1
	digest       BLOB NOT NULL CHECK (length(digest) = 32), -- SHA-256 of the content
	activated_us INTEGER NOT NULL, -- wall clock, microseconds since 1970 UTC
	source       TEXT NOT NULL     -- where it came from
) STRICT;

CREATE TABLE policy_file (
	revision INTEGER NOT NULL REFERENCES policy_revision,
	name     TEXT NOT NULL, -- relative to the policy directory
	text     INTEGER NOT NULL REFERENCES policy_text,
	PRIMARY KEY (revision, name)
) STRICT, WITHOUT ROWID;

-- What a decision was made by must stay what it was.
CREATE TRIGGER policy_text_no_update BEFORE UPDATE ON policy_text
	BEGIN SELECT RAISE(ABORT, 'policy revisions do not change'); END;
CREATE TRIGGER policy_text_no_delete BEFORE DELETE ON policy_text
	BEGIN SELECT RAISE(ABORT, 'policy revisions do not change'); END;
CREATE TRIGGER policy_text_no_replace BEFORE INSERT ON policy_text
	WHEN EXISTS (SELECT 1 FROM policy_text WHERE id = new.id OR digest = new.digest)
	BEGIN SELECT RAISE(ABORT, 'policy revisions do not change'); END;

CREATE TRIGGER policy_revision_no_update BEFORE UPDATE ON policy_revision
	BEGIN SELECT RAISE(ABORT, 'policy revisions do not change'); END;
CREATE TRIGGER policy_revision_no_delete BEFORE DELETE ON policy_revision
	BEGIN SELECT RAISE(ABORT, 'policy revisions do not change'); END;
CREATE TRIGGER policy_revision_only_grows BEFORE INSERT ON policy_revision
	WHEN new.number <= (SELECT max(number) FROM policy_revision)
	BEGIN SELECT RAISE(ABORT, 'policy revisions do not change'); END;

CREATE TRIGGER policy_file_no_update BEFORE UPDATE ON policy_file
	BEGIN SELECT RAISE(ABORT, 'policy revisions do not change'); END;
CREATE TRIGGER policy_file_no_delete BEFORE DELETE ON policy_file
	BEGIN SELECT RAISE(ABORT, 'policy revisions do not change'); END;
CREATE TRIGGER policy_file_no_replace BEFORE INSERT ON policy_file
	WHEN EXISTS (SELECT 1 FROM policy_file WHERE revision = new.revision AND name = new.name)
	BEGIN SELECT RAISE(ABORT, 'policy revisions do not change'); END;

CREATE VIEW v_policy_revision AS SELECT
	r.number AS policy_revision,
	strftime('%Y-%m-%dT%H:%M:%fZ', r.activated_us / 1000000.0, 'unixepoch') AS activated_at, -- UTC
	r.source AS source,
	lower(hex(r.digest)) AS digest,
	(SELECT count(*) FROM policy_file f WHERE f.revision = r.number) AS file_count,
	(SELECT sum(length(CAST(t.text AS BLOB))) FROM policy_file f
		JOIN policy_text t ON t.id = f.text WHERE f.revision = r.number) AS text_bytes,
	r.activated_us AS activated_us
FROM policy_revision r;
