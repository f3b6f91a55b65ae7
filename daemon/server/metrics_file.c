#include "server/metrics_file.h"

#include "platform/user_file.h"
#include "server/metrics_text.h"

static void note_result(struct metrics_file *file)
{
	const struct log *log = file->service->log;

	if (file->error == ERR_NONE && file->failing_since_us != 0) {
		log_info(log, "metrics.recovered", "%s is written again",
			 file->service->settings->metrics_file);
		file->failing_since_us = 0;
	} else if (file->error != ERR_NONE && file->failing_since_us == 0) {
		log_warning(log, "metrics.not_written", "%s", buf_text(&file->why));
		file->failing_since_us = clock_wall_us(log->clock);
	}
}

/* Worker. */
static void write_file(uv_work_t *work)
{
	struct metrics_file *file = work->data;

	buf_clear(&file->why);
	file->error = file_publish(file->service->settings->metrics_file, buf_str(&file->text),
				   &file->why);
}

static void on_written(uv_work_t *work, int status)
{
	struct metrics_file *file = work->data;

	file->is_writing = false;
	if (status != 0)
		return;
	note_result(file);
	if (file->error == ERR_NONE)
		log_debug(file->service->log, "metrics.written", "%s",
			  file->service->settings->metrics_file);
}

static void begin(struct metrics_file *file)
{
	/* A disk that takes longer than the interval is not waited for twice. */
	if (file->is_writing)
		return;
	buf_clear(&file->text);
	metrics_text_append(file->service, &file->text);
	if (file->text.failed != ERR_NONE) {
		file->error = file->text.failed;
		buf_clear(&file->why);
		buf_printf(&file->why, "%s: %s", file->service->settings->metrics_file,
			   error_text(file->error));
		note_result(file);
		return;
	}
	file->work.data = file;
	file->is_writing =
		uv_queue_work(file->timer.loop, &file->work, write_file, on_written) == 0;
}

static void on_timer(uv_timer_t *timer)
{
	begin(timer->data);
}

void metrics_file_start(struct metrics_file *file, struct service *service, uv_loop_t *loop)
{
	file->service = service;
	buf_init(&file->text, METRICS_TEXT_MAX_BYTES);
	buf_init(&file->why, LOG_MESSAGE_MAX);
	uv_timer_init(loop, &file->timer); /* cannot fail */
	file->timer.data = file;
	if (service->settings->metrics_file[0] != '\0')
		(void)uv_timer_start(&file->timer, on_timer, 0,
				     (uint64_t)service->settings->metrics_interval_ms);
}

void metrics_file_stop(struct metrics_file *file)
{
	uv_timer_stop(&file->timer);
}

void metrics_file_deinit(struct metrics_file *file)
{
	buf_deinit(&file->text);
	buf_deinit(&file->why);
}

int64_t metrics_file_failing_since_us(const struct metrics_file *file)
{
	return file->failing_since_us;
}
