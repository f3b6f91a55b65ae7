#include "support/fault_vfs.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/attributes.h"

/* What an operation does, and so which kinds of fault can hit it. */
enum { READS = 1, CHANGES = 2, TAKES_SPACE = 4, SYNCS = 8 };

static struct {
	bool armed, fired;
	enum fault_vfs_kind kind;
	enum fault_mode mode;
	uint64_t index, seen;
} fault;

void fault_vfs_arm(enum fault_vfs_kind kind, uint64_t index, enum fault_mode mode)
{
	fault.armed = true;
	fault.fired = false;
	fault.kind = kind;
	fault.mode = mode;
	fault.index = index;
	fault.seen = 0;
}

bool fault_vfs_disarm(void)
{
	fault.armed = false;
	return fault.fired;
}

static bool is_hit_by(enum fault_vfs_kind kind, int what)
{
	switch (kind) {
	case FAULT_VFS_IOERR: return true;
	case FAULT_VFS_SYNC: return (what & SYNCS) != 0;
	case FAULT_VFS_FULL:
	case FAULT_VFS_SHORT_WRITE: return (what & TAKES_SPACE) != 0;
	case FAULT_VFS_KILL: return (what & CHANGES) != 0;
	case FAULT_VFS_KIND_COUNT: break;
	}
	return false;
}

/* True when the operation must fail. */
static bool strikes(int what)
{
	if (!fault.armed || !is_hit_by(fault.kind, what))
		return false;
	uint64_t index = fault.seen++;
	if (index != fault.index && (fault.mode == FAULT_ONCE || index < fault.index))
		return false;
	fault.fired = true;
	if (fault.kind == FAULT_VFS_KILL)
		kill(getpid(), SIGKILL);
	return true;
}

/* The result of a failed operation whose I/O error is `ioerr`. */
static int result_of_fault(int ioerr)
{
	return fault.kind == FAULT_VFS_FULL || fault.kind == FAULT_VFS_SHORT_WRITE ? SQLITE_FULL
										   : ioerr;
}

/* A file: ours, followed in the same memory by the system's. */
struct fault_file {
	sqlite3_file base;
};

static sqlite3_file *real(sqlite3_file *file)
{
	return (sqlite3_file *)((struct fault_file *)file + 1);
}

static int file_close(sqlite3_file *file)
{
	return real(file)->pMethods->xClose(real(file));
}

static int file_read(sqlite3_file *file, void *out, int length, sqlite3_int64 offset)
{
	if (strikes(READS))
		return SQLITE_IOERR_READ;
	return real(file)->pMethods->xRead(real(file), out, length, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 offset)
{
	if (!strikes(CHANGES | TAKES_SPACE))
		return real(file)->pMethods->xWrite(real(file), bytes, length, offset);
	if (fault.kind == FAULT_VFS_SHORT_WRITE)
		real(file)->pMethods->xWrite(real(file), bytes, length / 2, offset);
	return result_of_fault(SQLITE_IOERR_WRITE);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	if (strikes(CHANGES))
		return SQLITE_IOERR_TRUNCATE;
	return real(file)->pMethods->xTruncate(real(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
	if (strikes(CHANGES | SYNCS))
		return SQLITE_IOERR_FSYNC;
	return real(file)->pMethods->xSync(real(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	if (strikes(READS))
		return SQLITE_IOERR_FSTAT;
	return real(file)->pMethods->xFileSize(real(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
	if (strikes(READS))
		return SQLITE_IOERR_LOCK;
	return real(file)->pMethods->xLock(real(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xUnlock(real(file), level);
}

static int file_check_lock(sqlite3_file *file, int *out)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

static int file_control(sqlite3_file *file, int operation, void *arg)
{
	return real(file)->pMethods->xFileControl(real(file), operation, arg);
}

static int file_sector_size(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int file_characteristics(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int file_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
	if (strikes(CHANGES | TAKES_SPACE)) {
		/* Also on a full disk, as in SQLite's own VFS. */
		*out = NULL;
		return SQLITE_IOERR_SHMSIZE;
	}
	return real(file)->pMethods->xShmMap(real(file), region, size, extend, out);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	if ((flags & SQLITE_SHM_LOCK) != 0 && strikes(READS))
		return SQLITE_IOERR_SHMLOCK;
	return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
	real(file)->pMethods->xShmBarrier(real(file));
}

static int file_shm_unmap(sqlite3_file *file, int delete)
{
	return real(file)->pMethods->xShmUnmap(real(file), delete);
}

/* Version 2: with shared memory for the log, without memory-mapped reads. */
static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_check_lock,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_characteristics,
	.xShmMap = file_shm_map,
	.xShmLock = file_shm_lock,
	.xShmBarrier = file_shm_barrier,
	.xShmUnmap = file_shm_unmap,
};

static sqlite3_vfs *system_vfs(sqlite3_vfs *vfs)
{
	return vfs->pAppData;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		    int *out_flags)
{
	file->pMethods = NULL;
	if (strikes((flags & SQLITE_OPEN_CREATE) != 0 ? CHANGES | TAKES_SPACE : READS))
		return result_of_fault(SQLITE_CANTOPEN);
	int result = system_vfs(vfs)->xOpen(system_vfs(vfs), name, real(file), flags, out_flags);
	if (real(file)->pMethods != NULL)
		file->pMethods = &methods;
	return result;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
	if (strikes(CHANGES))
		return SQLITE_IOERR_DELETE;
	return system_vfs(vfs)->xDelete(system_vfs(vfs), name, sync_directory);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	if (strikes(READS))
		return SQLITE_IOERR_ACCESS;
	return system_vfs(vfs)->xAccess(system_vfs(vfs), name, flags, out);
}

const char *fault_vfs_name(void)
{
	static sqlite3_vfs vfs;

	if (vfs.zName == NULL) {
		sqlite3_vfs *system = sqlite3_vfs_find(NULL);
		/* What is not replaced works on the system's own data, which is copied with it. */
		vfs = *system;
		vfs.zName = "fault";
		vfs.szOsFile = (int)sizeof(struct fault_file) + system->szOsFile;
		vfs.pNext = NULL;
		vfs.pAppData = system;
		vfs.xOpen = vfs_open;
		vfs.xDelete = vfs_delete;
		vfs.xAccess = vfs_access;
		sqlite3_vfs_register(&vfs, 0);
	}
	return vfs.zName;
}
