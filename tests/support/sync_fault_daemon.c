/* The daemon's side of sync_fault.h: these functions are found before those of the C library. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/sync_fault.h"

enum { DESCRIPTORS_MAX = 4096 };

typedef int descriptor_call(int fd);

static struct sync_fault *fault;
static atomic_bool has_failed[DESCRIPTORS_MAX]; /* since it was opened */
static descriptor_call *real_fsync, *real_fdatasync, *real_close;

static descriptor_call *find_real(const char *name)
{
	descriptor_call *call;
	void *address = dlsym(RTLD_NEXT, name);

	if (address == NULL)
		abort();
	memcpy(&call, &address, sizeof(call));
	return call;
}

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv(SYNC_FAULT_ENV);

	real_fsync = find_real("fsync");
	real_fdatasync = find_real("fdatasync");
	real_close = find_real("close");
	if (path == NULL)
		return;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *block = mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || block == MAP_FAILED)
		abort();
	real_close(fd);
	fault = block;
}

static bool counts(int fd)
{
	struct stat status;
	uint64_t inode;

	if (fault == NULL || fd < 0 || fd >= DESCRIPTORS_MAX)
		return false;
	inode = atomic_load(&fault->inode);
	return inode == 0 || (fstat(fd, &status) == 0 && status.st_ino == inode);
}

static int sync_or_fail(int fd, descriptor_call *real)
{
	uint64_t number, first;

	if (!counts(fd))
		return real(fd);
	number = atomic_fetch_add(&fault->taken, 1) + 1;
	first = atomic_load(&fault->first);
	if (atomic_load(&has_failed[fd]))
		atomic_fetch_add(&fault->again, 1);
	if (first == 0 || number < first || number > atomic_load(&fault->last))
		return real(fd);
	atomic_store(&has_failed[fd], true);
	atomic_fetch_add(&fault->failed, 1);
	errno = EIO;
	return -1;
}

/* The names by which all others know them. */
int on_fsync(int fd) __asm__("fsync");
int on_fdatasync(int fd) __asm__("fdatasync");
int on_close(int fd) __asm__("close");

int on_fsync(int fd)
{
	return sync_or_fail(fd, real_fsync);
}

int on_fdatasync(int fd)
{
	return sync_or_fail(fd, real_fdatasync);
}

int on_close(int fd)
{
	/* The constructors of others may run first. */
	if (real_close == NULL)
		real_close = find_real("close");
	if (fd >= 0 && fd < DESCRIPTORS_MAX)
		atomic_store(&has_failed[fd], false);
	return real_close(fd);
}
