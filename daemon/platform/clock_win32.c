#include "platform/system_win32.h"

#include <string.h>

#include "platform/clock.h"

enum { TICKS_PER_US = 10 }; /* of a FILETIME, which counts from 1601 */
static const int64_t unix_epoch_us = INT64_C(11644473600000000);

static uint64_t ticks(const FILETIME *time)
{
	return (uint64_t)time->dwHighDateTime << 32 | time->dwLowDateTime;
}

static int64_t system_wall_us(const struct clock *clock)
{
	FILETIME now;

	(void)clock;
	GetSystemTimePreciseAsFileTime(&now);
	return (int64_t)(ticks(&now) / TICKS_PER_US) - unix_epoch_us;
}

static int64_t system_boot_ms(const struct clock *clock)
{
	(void)clock;
	return (int64_t)GetTickCount64(); /* counts sleep and hibernation */
}

const struct clock *platform_clock(void)
{
	static const struct clock system_clock = {system_wall_us, system_boot_ms};

	return &system_clock;
}

int32_t platform_utc_offset_s(int64_t wall_us)
{
	uint64_t moment = (uint64_t)(wall_us + unix_epoch_us) * TICKS_PER_US;
	FILETIME utc = {(DWORD)moment, (DWORD)(moment >> 32)}, there;
	SYSTEMTIME universal, local;

	if (!FileTimeToSystemTime(&utc, &universal) ||
	    !SystemTimeToTzSpecificLocalTime(NULL, &universal, &local) ||
	    !SystemTimeToFileTime(&local, &there))
		return 0;
	/* A system time has milliseconds, the offset whole seconds. */
	moment -= moment % (UINT64_C(1000) * TICKS_PER_US);
	return (int32_t)(((int64_t)ticks(&there) - (int64_t)moment) / (TICKS_PER_US * 1000000));
}

/* What NtQuerySystemInformation() says of the time of day; the SDK names no fields. */
struct time_of_day {
	LARGE_INTEGER boot_time, current_time, zone_bias;
	ULONG zone, reserved;
	ULONGLONG boot_time_bias, sleep_time_bias;
};

enum { SYSTEM_TIME_OF_DAY = 3 };

typedef LONG WINAPI query_system_information(int class, void *information, ULONG length,
					     ULONG *returned);

/* The moment of the boot, to 100 ns, without what the clock was set by since then. */
enum error platform_boot_id(struct boot_id *out)
{
	HMODULE ntdll = GetModuleHandleW(L"ntdll");
	struct boot_id id = {{0}};
	struct time_of_day time;
	query_system_information *query = NULL;
	FARPROC address;
	int64_t booted;

	memset(&time, 0, sizeof(time));
	address = ntdll != NULL ? GetProcAddress(ntdll, "NtQuerySystemInformation") : NULL;
	memcpy(&query, &address, sizeof(query));
	if (query == NULL || query(SYSTEM_TIME_OF_DAY, &time, sizeof(time), NULL) < 0 ||
	    time.boot_time.QuadPart == 0)
		return ERR_UNSUPPORTED;
	booted = time.boot_time.QuadPart - (int64_t)time.boot_time_bias;
	memcpy(id.bytes, &booted, sizeof(booted));
	*out = id;
	return ERR_NONE;
}
