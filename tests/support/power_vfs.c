#include "support/power_vfs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>
#include <sqlite3.h>

#include "base/attributes.h"

enum { SECTOR_BYTES = 512, FILES_MAX = 16, PATH_MAX_BYTES = 256 };

/* Bytes that grow; memory that runs out ends the test program. */
struct bytes {
	unsigned char *data;
	size_t length, capacity;
};

struct disk_file {
	char path[PATH_MAX_BYTES];
	bool exists;
	struct bytes content; /* as a process sees it */
	struct bytes shared;  /* the index of the log, which is never on disk */
};

enum event_kind {
	EVENT_CREATE,
	EVENT_DELETE,
	EVENT_WRITE,
	EVENT_TRUNCATE,
	EVENT_SYNC,           /* of the file's content */
	EVENT_FORGET,         /* a failed sync */
	EVENT_SYNC_DIRECTORY, /* of all files' existence */
	EVENT_NOTE,
};

struct event {
	enum event_kind kind;
	size_t file;        /* index in disk.files */
	uint64_t value;     /* offset, size or note */
	struct bytes bytes; /* EVENT_WRITE */
	bool forgotten;     /* while a state is put together: an earlier sync of it failed */
};

static struct {
	struct disk_file files[FILES_MAX];
	struct event *events;
	size_t event_count, event_capacity;
	bool recording;
	int ignored_type;
	bool fail_next_sync;
} disk;

static void *must(void *pointer)
{
	if (pointer == NULL)
		abort();
	return pointer;
}

static void resize(struct bytes *bytes, size_t length)
{
	if (bytes->data == NULL || length > bytes->capacity) {
		bytes->capacity = length * 2 + 64;
		bytes->data = must(realloc(bytes->data, bytes->capacity));
	}
	if (length > bytes->length)
		memset(bytes->data + bytes->length, 0, length - bytes->length);
	bytes->length = length;
}

static void write_at(struct bytes *bytes, uint64_t offset, const void *from, size_t length)
{
	if (length == 0)
		return;
	if (bytes->data == NULL || offset + length > bytes->length)
		resize(bytes, offset + length);
	memcpy(bytes->data + offset, from, length);
}

static void record(enum event_kind kind, size_t file, uint64_t value, const void *from,
		   size_t length)
{
	struct event event = {.kind = kind, .file = file, .value = value};

	if (!disk.recording)
		return;
	if (length != 0)
		write_at(&event.bytes, 0, from, length);
	if (disk.event_count == disk.event_capacity) {
		disk.event_capacity = disk.event_capacity * 2 + 64;
		disk.events = must(realloc(disk.events, disk.event_capacity * sizeof(event)));
	}
	disk.events[disk.event_count++] = event;
}

/* The file of that path, in a free place when it is new. */
static size_t find_file(const char *path)
{
	size_t i = 0;

	while (i < FILES_MAX && disk.files[i].path[0] != '\0' &&
	       strcmp(disk.files[i].path, path) != 0)
		i++;
	if (i == FILES_MAX || strlen(path) >= PATH_MAX_BYTES)
		abort();
	memcpy(disk.files[i].path, path, strlen(path) + 1);
	return i;
}

static void create(size_t file)
{
	if (disk.files[file].exists)
		return;
	disk.files[file].exists = true;
	disk.files[file].content.length = 0;
	record(EVENT_CREATE, file, 0, NULL, 0);
}

/* Putting a state together. */

/* Of one file: what is safely on disk. */
struct durable {
	bool exists;
	struct bytes content;
};

struct chance {
	enum power_loss loss;
	uint64_t state;
};

static bool happens(struct chance *chance)
{
	/* splitmix64 */
	uint64_t z = chance->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return chance->loss == POWER_LOSS_NONE ||
	       (chance->loss == POWER_LOSS_RANDOM && ((z ^ (z >> 31)) & 1) != 0);
}

static bool changes_content(const struct event *event, size_t file)
{
	return event->file == file && (event->kind == EVENT_WRITE || event->kind == EVENT_TRUNCATE);
}

static void apply(const struct event *event, struct durable *durable)
{
	if (event->kind == EVENT_WRITE)
		write_at(&durable->content, event->value, event->bytes.data, event->bytes.length);
	else
		resize(&durable->content, event->value);
}

/* Each sector of a write by chance. */
static void apply_torn(const struct event *event, struct durable *durable, struct chance *chance)
{
	uint64_t end = event->value + event->bytes.length;

	if (event->kind == EVENT_TRUNCATE) {
		if (happens(chance))
			apply(event, durable);
		return;
	}
	for (uint64_t at = event->value; at < end;) {
		uint64_t next = (at / SECTOR_BYTES + 1) * SECTOR_BYTES;
		size_t length = (size_t)((next < end ? next : end) - at);
		if (happens(chance))
			write_at(&durable->content, at, event->bytes.data + (at - event->value),
				 length);
		at += length;
	}
}

/* What events `from` to `to` did to a file's content, safely or torn by chance. */
static void apply_content(size_t from, size_t to, size_t file, struct durable *durable,
			  struct chance *chance)
{
	for (size_t i = from; i < to; i++) {
		struct event *event = &disk.events[i];
		if (!changes_content(event, file) || event->forgotten)
			continue;
		if (chance == NULL)
			apply(event, durable);
		else
			apply_torn(event, durable, chance);
	}
}

static void forget(size_t from, size_t to, size_t file)
{
	for (size_t i = from; i < to; i++)
		disk.events[i].forgotten |= changes_content(&disk.events[i], file);
}

static bool changes_existence(const struct event *event, size_t file)
{
	return event->file == file && (event->kind == EVENT_CREATE || event->kind == EVENT_DELETE);
}

/* Whether a file's directory entry is there: the creations and removals that were synced, and of
 * the others, in order, as many as chance has it. Returns where the file's history ends with
 * that. */
static size_t apply_existence(size_t count, size_t file, struct durable *durable,
			      struct chance *chance)
{
	size_t synced = 0;

	for (size_t i = 0; i < count; i++) {
		if (disk.events[i].kind == EVENT_SYNC_DIRECTORY)
			synced = i;
	}
	for (size_t i = 0; i < count; i++) {
		if (!changes_existence(&disk.events[i], file))
			continue;
		if (i > synced && !happens(chance))
			return i;
		durable->exists = disk.events[i].kind == EVENT_CREATE;
	}
	return count;
}

/* What is on disk of a file up to event `count`; one that is made anew starts empty. */
static void apply_history(size_t count, size_t file, struct durable *durable, struct chance *chance)
{
	size_t synced = 0;

	for (size_t i = 0; i < count; i++) {
		if (disk.events[i].file != file)
			continue;
		if (disk.events[i].kind == EVENT_SYNC) {
			apply_content(synced, i, file, durable, NULL);
			synced = i;
		} else if (disk.events[i].kind == EVENT_FORGET) {
			forget(synced, i, file);
		} else if (disk.events[i].kind == EVENT_CREATE) {
			resize(&durable->content, 0);
			synced = i;
		}
	}
	apply_content(synced, count, file, durable, chance);
}

static void lose_file(size_t count, size_t file, struct chance *chance)
{
	struct durable durable = {0};

	for (size_t i = 0; i < count; i++) {
		if (disk.events[i].file == file)
			disk.events[i].forgotten = false;
	}
	apply_history(apply_existence(count, file, &durable, chance), file, &durable, chance);
	free(disk.files[file].content.data);
	free(disk.files[file].shared.data);
	disk.files[file].shared = (struct bytes){0};
	disk.files[file].content = durable.content;
	disk.files[file].exists = durable.exists;
}

uint64_t power_vfs_lose_power(size_t event_count, enum power_loss loss, uint32_t seed)
{
	struct chance chance = {loss, seed};
	uint64_t noted = 0;

	disk.recording = false;
	for (size_t i = 0; i < FILES_MAX; i++)
		lose_file(event_count, i, &chance);
	for (size_t i = 0; i < event_count; i++) {
		if (disk.events[i].kind == EVENT_NOTE)
			noted = disk.events[i].value;
	}
	return noted;
}

void power_vfs_digest(uint8_t digest[POWER_VFS_DIGEST_BYTES])
{
	crypto_generichash_state hash;

	if (sodium_init() < 0)
		abort();
	crypto_generichash_init(&hash, NULL, 0, POWER_VFS_DIGEST_BYTES);
	for (size_t i = 0; i < FILES_MAX; i++) {
		const struct disk_file *file = &disk.files[i];
		uint64_t length = file->content.length;

		if (!file->exists)
			continue;
		crypto_generichash_update(&hash, (const unsigned char *)file->path,
					  sizeof(file->path));
		crypto_generichash_update(&hash, (const unsigned char *)&length, sizeof(length));
		crypto_generichash_update(&hash, file->content.data, length);
	}
	crypto_generichash_final(&hash, digest, POWER_VFS_DIGEST_BYTES);
}

void power_vfs_reset(void)
{
	power_vfs_free();
	disk.recording = true;
}

void power_vfs_free(void)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		free(disk.files[i].content.data);
		free(disk.files[i].shared.data);
	}
	for (size_t i = 0; i < disk.event_count; i++)
		free(disk.events[i].bytes.data);
	free(disk.events);
	memset(&disk, 0, sizeof(disk));
}

enum error power_vfs_make_readonly(const char *path)
{
	return disk.files[find_file(path)].exists ? ERR_NONE : ERR_NOT_FOUND;
}

enum error power_vfs_list(const char *directory, enum error (*on_name)(void *arg, const char *name),
			  void *arg)
{
	enum error error = ERR_NONE;

	(void)directory;
	for (size_t i = 0; error == ERR_NONE && i < FILES_MAX; i++) {
		const char *slash = strrchr(disk.files[i].path, '/');

		if (disk.files[i].exists && slash != NULL)
			error = on_name(arg, slash + 1);
	}
	return error;
}

enum error power_vfs_create(const char *path)
{
	size_t file = find_file(path);

	if (disk.files[file].exists)
		return ERR_EXISTS;
	create(file);
	return ERR_NONE;
}

void power_vfs_note(uint64_t value)
{
	record(EVENT_NOTE, FILES_MAX, value, NULL, 0);
}

size_t power_vfs_event_count(void)
{
	return disk.event_count;
}

void power_vfs_ignore_syncs(int file_type)
{
	disk.ignored_type = file_type;
}

void power_vfs_fail_next_sync(void)
{
	disk.fail_next_sync = true;
}

/* The VFS. */

struct power_file {
	sqlite3_file base;
	size_t file;
	int type;
};

static struct disk_file *disk_file(sqlite3_file *file)
{
	return &disk.files[((struct power_file *)file)->file];
}

static int file_close(sqlite3_file *file)
{
	(void)file;
	return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *out, int length, sqlite3_int64 offset)
{
	const struct bytes *content = &disk_file(file)->content;
	size_t there = 0;

	if ((uint64_t)offset < content->length) {
		there = content->length - (size_t)offset;
		if (there > (size_t)length)
			there = (size_t)length;
		memcpy(out, content->data + offset, there);
	}
	memset((char *)out + there, 0, (size_t)length - there);
	return there == (size_t)length ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 offset)
{
	write_at(&disk_file(file)->content, (uint64_t)offset, bytes, (size_t)length);
	record(EVENT_WRITE, ((struct power_file *)file)->file, (uint64_t)offset, bytes,
	       (size_t)length);
	return SQLITE_OK;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	resize(&disk_file(file)->content, (size_t)size);
	record(EVENT_TRUNCATE, ((struct power_file *)file)->file, (uint64_t)size, NULL, 0);
	return SQLITE_OK;
}

static int file_sync(sqlite3_file *file, int flags)
{
	struct power_file *power_file = (struct power_file *)file;
	const int with_directory = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;

	(void)flags;
	if (disk.fail_next_sync) {
		disk.fail_next_sync = false;
		record(EVENT_FORGET, power_file->file, 0, NULL, 0);
		return SQLITE_IOERR_FSYNC;
	}
	if ((power_file->type & disk.ignored_type) != 0)
		return SQLITE_OK;
	record(EVENT_SYNC, power_file->file, 0, NULL, 0);
	/* As SQLite's own VFS does for the files it makes and removes. */
	if ((power_file->type & with_directory) != 0)
		record(EVENT_SYNC_DIRECTORY, FILES_MAX, 0, NULL, 0);
	return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	*size = (sqlite3_int64)disk_file(file)->content.length;
	return SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level)
{
	(void)file;
	(void)level;
	return SQLITE_OK;
}

static int file_check_lock(sqlite3_file *file, int *out)
{
	(void)file;
	*out = 0;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int operation, void *arg)
{
	(void)file;
	(void)operation;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *file)
{
	(void)file;
	return 4096;
}

static int file_characteristics(sqlite3_file *file)
{
	(void)file;
	/* As SQLite's own VFS: what is torn is what was written, not what stands beside it. */
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int file_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
	struct bytes *shared = &disk_file(file)->shared;

	/* SQLite keeps the addresses, so all regions are made at once. */
	if (shared->length == 0 && extend)
		resize(shared, (size_t)size * 16);
	if (region >= 16)
		abort();
	*out = shared->length != 0 ? shared->data + (size_t)region * (size_t)size : NULL;
	return SQLITE_OK;
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	(void)file;
	(void)offset;
	(void)count;
	(void)flags;
	return SQLITE_OK;
}

static void file_shm_barrier(sqlite3_file *file)
{
	(void)file;
}

static int file_shm_unmap(sqlite3_file *file, int delete)
{
	struct bytes *shared = &disk_file(file)->shared;

	(void)delete;
	free(shared->data);
	*shared = (struct bytes){0};
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_lock,
	.xCheckReservedLock = file_check_lock,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_characteristics,
	.xShmMap = file_shm_map,
	.xShmLock = file_shm_lock,
	.xShmBarrier = file_shm_barrier,
	.xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		    int *out_flags)
{
	struct power_file *power_file = (struct power_file *)file;

	(void)vfs;
	file->pMethods = NULL;
	if (name == NULL) /* a temporary file, which the store has none of */
		abort();
	power_file->file = find_file(name);
	power_file->type = flags;
	if (!disk.files[power_file->file].exists && (flags & SQLITE_OPEN_CREATE) == 0)
		return SQLITE_CANTOPEN;
	create(power_file->file);
	file->pMethods = &methods;
	if (out_flags != NULL)
		*out_flags = flags;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
	size_t file = find_file(name);

	(void)vfs;
	if (!disk.files[file].exists)
		return SQLITE_IOERR_DELETE_NOENT;
	disk.files[file].exists = false;
	record(EVENT_DELETE, file, 0, NULL, 0);
	if (sync_directory)
		record(EVENT_SYNC_DIRECTORY, FILES_MAX, 0, NULL, 0);
	return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	const struct disk_file *file = &disk.files[find_file(name)];

	(void)vfs;
	/* As SQLite's own VFS, to which an empty file does not exist. */
	*out = file->exists && (flags != SQLITE_ACCESS_EXISTS || file->content.length != 0);
	return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	(void)vfs;
	if ((size_t)size <= strlen(name))
		return SQLITE_CANTOPEN;
	memcpy(out, name, strlen(name) + 1);
	return SQLITE_OK;
}

const char *power_vfs_name(void)
{
	static sqlite3_vfs vfs;

	if (vfs.zName == NULL) {
		vfs = *sqlite3_vfs_find(NULL);
		vfs.zName = "power";
		vfs.szOsFile = (int)sizeof(struct power_file);
		vfs.pNext = NULL;
		vfs.xOpen = vfs_open;
		vfs.xDelete = vfs_delete;
		vfs.xAccess = vfs_access;
		vfs.xFullPathname = vfs_full_path;
		sqlite3_vfs_register(&vfs, 0);
	}
	return vfs.zName;
}
