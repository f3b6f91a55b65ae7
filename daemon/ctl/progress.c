#include "ctl/progress.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "platform/clock.h"
#include "platform/terminal.h"

enum { FIRST_MS = 1000, EACH_MS = 200 };

void progress_begin(struct progress *progress, const char *what)
{
	*progress = (struct progress){
		.what = what,
		.is_watched = terminal_watches_errors(),
		.started_ms = clock_boot_ms(platform_clock()),
	};
}

void progress_show(struct progress *progress, uint64_t done, uint64_t total)
{
	int64_t now_ms;

	if (!progress->is_watched)
		return;
	now_ms = clock_boot_ms(platform_clock());
	if (now_ms - progress->started_ms < FIRST_MS || now_ms - progress->shown_ms < EACH_MS)
		return;
	progress->shown_ms = now_ms;
	progress->is_shown = true;
	fprintf(stderr, "\r%s: %" PRIu64 " of %" PRIu64 " decisions (%u %%)\033[K", progress->what,
		done, total, total != 0 ? (unsigned)((double)done / (double)total * 100) : 100);
	fflush(stderr);
}

void progress_end(struct progress *progress)
{
	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	progress->is_shown = false;
}
