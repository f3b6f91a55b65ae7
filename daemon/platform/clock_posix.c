#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/posix.h"

static int64_t system_wall_us(const struct clock *clock)
{
	struct timespec now;

	(void)clock;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t system_boot_ms(const struct clock *clock)
{
	struct timespec now;

	(void)clock;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const struct clock *platform_clock(void)
{
	static const struct clock system_clock = {system_wall_us, system_boot_ms};

	return &system_clock;
}

int32_t platform_utc_offset_s(int64_t wall_us)
{
	time_t seconds = (time_t)(wall_us / 1000000);
	struct tm local;

	/* localtime_r() reads the zone once, localtime() would look for a new one each time. */
	if (localtime_r(&seconds, &local) == NULL)
		return 0;
	return (int32_t)local.tm_gmtoff;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* The kernel writes a UUID in lower case (random(4)). */
enum error platform_boot_id(struct boot_id *out)
{
	char text[64];
	struct boot_id id = {{0}};
	size_t digits = 0;
	ssize_t length;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return ERR_UNSUPPORTED;
	length = read(fd, text, sizeof(text));
	close(fd);
	for (ssize_t i = 0; i < length && digits < 2 * sizeof(id.bytes); i++) {
		int value = hex_value(text[i]);

		if (value < 0)
			continue;
		id.bytes[digits / 2] = (unsigned char)(id.bytes[digits / 2] << 4 | value);
		digits++;
	}
	if (digits != 2 * sizeof(id.bytes))
		return ERR_UNSUPPORTED;
	*out = id;
	return ERR_NONE;
}
