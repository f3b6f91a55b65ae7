#include "support/sync_fault.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/cmocka.h"

struct sync_fault *sync_fault_new(const struct daemon *daemon)
{
	struct sync_fault *fault;
	char path[256];
	int fd;

	tmpdir_path(&daemon->dir, "sync-fault", path, sizeof(path));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, sizeof(*fault)), 0);
	fault = mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(fault != MAP_FAILED);
	close(fd);
	assert_int_equal(setenv(SYNC_FAULT_ENV, path, 1), 0);
	return fault;
}

void sync_fault_free(struct sync_fault *fault)
{
	unsetenv(SYNC_FAULT_ENV);
	munmap(fault, sizeof(*fault));
}

void sync_fault_watch(struct sync_fault *fault, const struct daemon *daemon, const char *file)
{
	struct stat status = {0};
	char path[256];

	if (file != NULL)
		assert_int_equal(stat(tmpdir_path(&daemon->dir, file, path, sizeof(path)), &status),
				 0);
	atomic_store(&fault->inode, status.st_ino);
}

void sync_fault_arm(struct sync_fault *fault, uint64_t nth, bool lasting)
{
	uint64_t first = atomic_load(&fault->taken) + nth;

	atomic_store(&fault->last, lasting ? UINT64_MAX : first);
	atomic_store(&fault->first, first);
}

void sync_fault_disarm(struct sync_fault *fault)
{
	atomic_store(&fault->first, 0);
}
