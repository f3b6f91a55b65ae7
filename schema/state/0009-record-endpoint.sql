-- A record answers only for the endpoint that its user was last let in at: a policy may say of one what
-- it does not say of another. Records of before are at none, and their users are asked for once more.
ALTER TABLE record ADD COLUMN endpoint BLOB NOT NULL
	DEFAULT x'00000000000000000000000000000000' -- digest of its URL without the query
	CHECK (length(endpoint) = 16);
