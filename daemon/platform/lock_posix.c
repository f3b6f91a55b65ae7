#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/mem.h"
#include "platform/lock.h"
#include "platform/posix.h"
#include "platform/process.h"

struct daemon_lock {
	int descriptor;
};

static enum error report_holder(int fd, const char *path, struct buf *why)
{
	char text[24];
	uint64_t pid;
	ssize_t length = pread(fd, text, sizeof(text), 0);
	struct str line = str_make(text, length > 0 ? (size_t)length : 0);

	if (line.length != 0 && line.ptr[line.length - 1] == '\n')
		line.length--;
	if (!str_to_u64(line, &pid))
		return why_error(why, ERR_BUSY, "already running (lock %s)", path);
	return why_error(why, ERR_BUSY, "already running (pid %llu, lock %s)",
			 (unsigned long long)pid, path);
}

/* The pid is for the message above alone: what excludes the other daemon is the kernel's lock. */
static enum error write_pid(int fd)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)process_id());

	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length)
		return error_from_errno(errno);
	return ERR_NONE;
}

enum error daemon_lock_take(const char *directory, struct daemon_lock **out, struct buf *why)
{
	char path[PATH_MAX];
	struct daemon_lock *lock = NULL;
	enum error error = ERR_NONE;
	int fd = -1;

	if (snprintf(path, sizeof(path), "%s/lock", directory) >= (int)sizeof(path))
		return why_error(why, ERR_INVALID, "%s: the path is too long", directory);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		error = why_errno(why, path, "open the lock file");
		goto out;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		error = errno == EWOULDBLOCK ? report_holder(fd, path, why)
					     : why_errno(why, path, "lock");
		goto out;
	}
	error = write_pid(fd);
	if (error != ERR_NONE) {
		error = why_errno(why, path, "write");
		goto out;
	}
	lock = mem_alloc(sizeof(*lock));
	if (lock == NULL) {
		error = why_error(why, ERR_NO_MEMORY, "%s", error_text(ERR_NO_MEMORY));
		goto out;
	}
	lock->descriptor = fd;
	fd = -1;
	*out = lock;
out:
	if (fd >= 0)
		close(fd);
	return error;
}

/* The file stays: removing it would let a third daemon lock a new file of the same name while a
 * second one waits on the old. */
void daemon_lock_release(struct daemon_lock *lock)
{
	if (lock == NULL)
		return;
	close(lock->descriptor);
	mem_free(lock);
}
