/*
 * What goes to the child: a line that says how many files there are and how long each is, then their
 * names and texts. What comes back: numbers of four bytes and texts with their lengths before them,
 * read with as little trust as anything from outside.
 */
#include "policy/candidate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "platform/process.h"
#include "platform/sandbox.h"
#include "platform/user_file.h"

enum {
	HEAD_FILE_BYTES = 48, /* two numbers and what is between them */
	INPUT_MAX_BYTES = POLICY_MAX_TOTAL_BYTES +
			  SNAPSHOT_MAX_FILES * (SNAPSHOT_MAX_NAME_BYTES + HEAD_FILE_BYTES) + 64,
	OUTPUT_MAX_BYTES = 1 << 20, /* CEDAR_MAX_DIAGS of a few KiB each */
	DIAG_TEXT_MAX_BYTES = 8 * 1024,
};

const struct child_limits policy_candidate_limits = {
	.memory_bytes = POLICY_CANDIDATE_MEMORY_BYTES,
	.cpu_s = POLICY_CANDIDATE_CPU_S,
	.wall_ms = POLICY_CANDIDATE_WALL_MS,
};

/* What comes back, both sides. */

static void put_number(struct buf *out, uint32_t number)
{
	uint8_t bytes[4];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(number >> (8 * i));
	buf_append(out, bytes, sizeof(bytes));
}

static void put_text(struct buf *out, struct str text)
{
	if (text.length > DIAG_TEXT_MAX_BYTES)
		text.length = DIAG_TEXT_MAX_BYTES;
	put_number(out, (uint32_t)text.length);
	buf_append_str(out, text);
}

static bool take_number(struct str *in, uint32_t *number)
{
	if (in->length < 4)
		return false;
	*number = 0;
	for (size_t i = 0; i < 4; i++)
		*number |= (uint32_t)(uint8_t)in->ptr[i] << (8 * i);
	*in = str_make(in->ptr + 4, in->length - 4);
	return true;
}

static bool take_text(struct str *in, struct str *text)
{
	uint32_t length;

	if (!take_number(in, &length) || length > in->length || length > DIAG_TEXT_MAX_BYTES)
		return false;
	*text = str_make(in->ptr, length);
	*in = str_make(in->ptr + length, in->length - length);
	return true;
}

static void put_findings(struct buf *out, const struct policy_load *load)
{
	uint32_t count = 0;

	for (const struct cedar_diag *diag = load->diags.first; diag != NULL; diag = diag->next)
		count++;
	put_number(out, (uint32_t)load->error);
	put_number(out, load->diags.error_count);
	put_number(out, load->diags.warning_count);
	put_text(out, buf_str(&load->obstacle));
	put_number(out, count);
	for (const struct cedar_diag *diag = load->diags.first; diag != NULL; diag = diag->next) {
		put_number(out, (uint32_t)diag->severity);
		put_number(out, diag->line);
		put_number(out, diag->column);
		put_number(out, diag->offset);
		put_number(out, diag->length);
		put_number(out, diag->caret);
		put_text(out, diag->source);
		put_text(out, diag->message);
		put_text(out, diag->excerpt);
	}
	put_number(out, load->tests.run);
	put_number(out, load->tests.failed);
}

/* Takes one diagnostic into `diags`. */
static bool take_diag(struct str *in, struct cedar_diags *diags)
{
	struct cedar_diag *diag = arena_calloc(&diags->arena, 1, sizeof(*diag));
	struct str source, message, excerpt;
	uint32_t severity;

	if (diag == NULL || !take_number(in, &severity) || !take_number(in, &diag->line) ||
	    !take_number(in, &diag->column) || !take_number(in, &diag->offset) ||
	    !take_number(in, &diag->length) || !take_number(in, &diag->caret) ||
	    !take_text(in, &source) || !take_text(in, &message) || !take_text(in, &excerpt) ||
	    diag->caret > excerpt.length)
		return false;
	diag->severity = severity == (uint32_t)CEDAR_WARNING ? CEDAR_WARNING : CEDAR_ERROR;
	diag->source = arena_copy(&diags->arena, source);
	diag->message = arena_copy(&diags->arena, message);
	diag->excerpt = arena_copy(&diags->arena, excerpt);
	if (diag->source.ptr == NULL || diag->message.ptr == NULL || diag->excerpt.ptr == NULL)
		return false;
	*diags->tail = diag;
	diags->tail = &diag->next;
	return true;
}

/* False when the answer is not as a child writes it, or memory is spent. */
static bool take_findings(struct str in, struct policy_load *load)
{
	struct cedar_diags *diags = &load->diags;
	uint32_t error, count;
	struct str obstacle;

	if (!take_number(&in, &error) || !take_number(&in, &diags->error_count) ||
	    !take_number(&in, &diags->warning_count) || !take_text(&in, &obstacle) ||
	    !take_number(&in, &count) || count > CEDAR_MAX_DIAGS)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!take_diag(&in, diags))
			return false;
	}
	if (!take_number(&in, &load->tests.run) || !take_number(&in, &load->tests.failed))
		return false;
	buf_append_str(&load->obstacle, obstacle);
	/* Only what found nothing wrong may pass as right. */
	load->error = ERR_INVALID;
	if (error == (uint32_t)ERR_NONE && diags->error_count == 0 && obstacle.length == 0 &&
	    load->tests.failed == 0)
		load->error = ERR_NONE;
	else if (error == (uint32_t)ERR_NO_MEMORY)
		load->error = ERR_NO_MEMORY;
	return in.length == 0;
}

/* The parent. */

static void refuse(struct policy_load *load, enum error error, const char *message)
{
	load->error = error;
	buf_clear(&load->obstacle);
	buf_append_str(&load->obstacle, str_from(message));
}

static void append_head(struct buf *head, const struct tree *tree)
{
	buf_printf(head, "%zu\n", tree->file_count);
	for (size_t i = 0; i < tree->file_count; i++)
		buf_printf(head, "%zu %zu\n", tree->files[i].name.length,
			   tree->files[i].text.length);
}

static void run_child(struct policy_load *load, const struct str *parts, size_t count,
		      const struct child_limits *limits)
{
	struct buf answer, why;
	enum error error;

	buf_init(&answer, OUTPUT_MAX_BYTES);
	buf_init(&why, LOG_MESSAGE_MAX);
	error = child_run(POLICY_CANDIDATE_ARGUMENT, limits, parts, count, &answer, &why);
	if (error != ERR_NONE) {
		load->error = error;
		buf_printf(&load->obstacle, "the policy could not be checked: %s", buf_text(&why));
	} else if (!take_findings(buf_str(&answer), load)) {
		refuse(load, ERR_INTERNAL,
		       "the policy could not be checked: the child's answer is incomplete");
	}
	buf_deinit(&why);
	buf_deinit(&answer);
}

void policy_candidate_check(struct policy_load *load, const struct tree *tree,
			    const struct child_limits *limits)
{
	struct str *parts = mem_calloc(2 * tree->file_count + 1, sizeof(*parts));
	struct buf head;

	buf_init(&head, SIZE_MAX);
	append_head(&head, tree);
	if (parts == NULL || head.failed != ERR_NONE) {
		refuse(load, ERR_NO_MEMORY, error_text(ERR_NO_MEMORY));
	} else {
		parts[0] = buf_str(&head);
		for (size_t i = 0; i < tree->file_count; i++) {
			parts[2 * i + 1] = tree->files[i].name;
			parts[2 * i + 2] = tree->files[i].text;
		}
		run_child(load, parts, 2 * tree->file_count + 1, limits);
	}
	buf_deinit(&head);
	mem_free(parts);
}

/* The child. */

/* The number at the start of `in`, which ends with `end`. */
static bool take_decimal(struct str *in, char end, size_t *value)
{
	const char *stop = str_find_byte(*in, end);
	uint64_t number;

	if (stop == NULL || !str_to_u64(str_make(in->ptr, (size_t)(stop - in->ptr)), &number) ||
	    number > INPUT_MAX_BYTES)
		return false;
	*value = (size_t)number;
	*in = str_make(stop + 1, in->length - (size_t)(stop + 1 - in->ptr));
	return true;
}

static bool take_bytes(struct str *in, size_t length, struct str *out)
{
	if (length > in->length)
		return false;
	*out = str_make(in->ptr, length);
	*in = str_make(in->ptr + length, in->length - length);
	return true;
}

/* The files of `in` into `tree`, whose arena is ready. */
static bool read_files(struct str in, struct tree *tree)
{
	size_t count;

	if (!take_decimal(&in, '\n', &count))
		return false;
	tree->files = arena_calloc(&tree->arena, count + 1, sizeof(*tree->files));
	if (tree->files == NULL)
		return false;
	tree->file_count = count;
	for (size_t i = 0; i < count; i++) {
		if (!take_decimal(&in, ' ', &tree->files[i].name.length) ||
		    !take_decimal(&in, '\n', &tree->files[i].text.length))
			return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct tree_file *file = &tree->files[i];

		if (!take_bytes(&in, file->name.length, &file->name) ||
		    !take_bytes(&in, file->text.length, &file->text))
			return false;
	}
	return in.length == 0;
}

static bool check_input(struct str input, struct buf *answer)
{
	struct policy_load load;
	struct hash_key key;
	struct tree tree = {.file_count = 0};
	bool is_read;

	if (platform_random(&key, sizeof(key)) != ERR_NONE)
		return false;
	arena_init(&tree.arena, 64 * 1024, SIZE_MAX);
	is_read = read_files(input, &tree);
	if (is_read) {
		policy_load_init(&load);
		policy_load_trial(&load, &tree, key);
		put_findings(answer, &load);
		policy_load_deinit(&load);
	}
	arena_deinit(&tree.arena);
	return is_read && answer->failed == ERR_NONE;
}

int policy_candidate_main(void)
{
	struct buf input, answer, why;
	int status = 1;

	buf_init(&input, INPUT_MAX_BYTES);
	buf_init(&answer, OUTPUT_MAX_BYTES);
	buf_init(&why, LOG_MESSAGE_MAX);
	/* Without, the limits that the parent has set still hold. */
	if (sandbox_limit_to_computing(&why) != ERR_NONE)
		buf_clear(&why);
	if (file_read(NULL, INPUT_MAX_BYTES, &input, &why) == ERR_NONE &&
	    check_input(buf_str(&input), &answer) &&
	    fwrite(answer.data, 1, answer.length, stdout) == answer.length && fflush(stdout) == 0)
		status = 0;
	buf_deinit(&why);
	buf_deinit(&answer);
	buf_deinit(&input);
	return status;
}
