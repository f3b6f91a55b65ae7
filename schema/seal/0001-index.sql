-- What is added to a segment when it is sealed: the indexes for questions, which would slow down
-- the writer if they were there before.

-- Of a user or an application, with time.
CREATE INDEX decision_subject ON decision (subject, wall_us);
-- Of an action or a resource.
CREATE INDEX decision_request ON decision (request);
-- Of a policy, a source or a revision.
CREATE INDEX decision_outcome ON decision (outcome);
