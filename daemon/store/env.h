/* What the store is given by the program it is part of, so that it needs no operating system. */
#ifndef STORE_ENV_H
#define STORE_ENV_H

#include "base/error.h"
#include "base/hash.h"

/* How long a write waits for another program to let go of the database. Long enough for a person's
 * query in a shell, short enough that requests still get their refusal in time. */
enum { STORE_BUSY_MS = 1000 };

struct store_env {
	/* Creates an empty file that only its owner may read and write, whatever the umask says,
	 * without following a link. ERR_EXISTS when the name is taken, which is no failure here. */
	enum error (*create_private)(const char *path);
	/* Takes away everybody's right to write to a file that is there. */
	enum error (*make_readonly)(const char *path);
	/* Delivers the names of the files in a directory, in any order; an error of `on_name` ends
	 * it and is returned. ERR_NOT_FOUND when there is no such directory. */
	enum error (*list_names)(const char *directory,
				 enum error (*on_name)(void *arg, const char *name), void *arg);
	/* Called every now and then by whoever reads, between two steps of a question: a place to let
	 * others have the processor. NULL: none. */
	void (*yield)(void);
	/* The SQLite VFS to use; NULL for the system's own. */
	const char *vfs;
	/* Seeds the tables of recently used texts, whose keys come from outside. */
	struct hash_key hash_key;
};

#endif
