/*
 * The activation of a policy directory from end to end, as the daemon's worker does it: the files
 * are read, a child checks them, the snapshot is built and the revision is stored on the disk.
 *
 *	policy/activate/N          all of it, a new revision each time
 *	policy/activate/N/cpu      the processor time of it, the child's included: the floor on an
 *	                           idle machine, which other work does not change
 *	policy/activate/N/read     of that, reading the directory
 *	policy/activate/N/check    of that, the child: parse, validate, index, obligations, tests
 *	policy/activate/N/build    of that, building the snapshot of the same bytes
 *	policy/activate/N/store    of that, the revision's text in the state database
 *
 * A figure is the median of a few activations.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/attributes.h"
#include "base/mem.h"
#include "bench/bench.h"
#include "platform/tree.h"
#include "policy/candidate.h"
#include "policy/load.h"
#include "store/state.h"
#include "support/store_env.h"
#include "support/tmpdir.h"

enum { ACTIVATIONS = 5, POLICIES_A_FILE = 2500, NAME_MAX_BYTES = 64 };

static const struct hash_key key = {1, 2};

struct phases {
	double all, cpu, read, check, build, store;
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Of this process and of those it waited for. */
static double cpu_ms(void)
{
	static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
	double sum = 0;

	for (size_t i = 0; i < ARRAY_COUNT(whose); i++) {
		struct rusage usage;

		(void)getrusage((__rusage_who_t)whose[i], &usage);
		sum += (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3;
		sum += (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
	}
	return sum;
}

static void must(bool holds, const char *what, const struct policy_load *load)
{
	struct buf why;

	if (holds)
		return;
	buf_init(&why, SIZE_MAX);
	if (load != NULL)
		policy_load_print(load, &why);
	(void)fprintf(stderr, "bench policy: %s failed\n%s", what, buf_text(&why));
	exit(1);
}

/* Policies as an administrator would generate them: a group may read a class under two conditions. */
static void write_policy(struct buf *out, unsigned number, unsigned turn)
{
	buf_printf(
		out,
		"@id(\"rule-%u\")\npermit (\n  principal in WinRM::Group::\"S-1-5-21-1-2-3-%u\",\n"
		"  action in WinRM::Action::\"Read\",\n  resource in "
		"WinRM::Resource::\"wmicimv2/class%u\"\n)\nwhen { context.session.url.scheme == "
		"\"https\" && context.session.url.port == %u };\n\n",
		number, 1000 + number, number % 1000, 5986 + turn);
}

static void write_directory(const struct tmpdir *dir, unsigned count, unsigned turn)
{
	struct buf text;

	buf_init(&text, SIZE_MAX);
	for (unsigned first = 0; first < count; first += POLICIES_A_FILE) {
		char name[NAME_MAX_BYTES];

		buf_clear(&text);
		for (unsigned i = first; i < count && i < first + POLICIES_A_FILE; i++)
			write_policy(&text, i, turn);
		(void)snprintf(name, sizeof(name), "%06u.cedar", first);
		tmpdir_write(dir, name, text.data, text.length);
	}
	buf_deinit(&text);
}

static void store(struct state *state, const struct tree *tree, const struct policy_load *load)
{
	struct state_revision revision = {
		.activated_us = 1, .source = STR("bench"), .file_count = tree->file_count};
	struct state_policy_file *files = mem_calloc(tree->file_count, sizeof(*files));
	uint64_t number = 0;
	bool added = false;

	must(files != NULL, "memory", NULL);
	for (size_t i = 0; i < tree->file_count; i++)
		files[i] = (struct state_policy_file){tree->files[i].name, tree->files[i].text};
	revision.files = files;
	memcpy(revision.digest, load->digest, sizeof(load->digest));
	must(state_put_revision(state, &revision, &number, &added) == ERR_NONE && added,
	     "storing a revision", NULL);
	mem_free(files);
}

static struct phases activate(const struct tmpdir *dir, struct state *state, unsigned count)
{
	double start = now_ms(), start_cpu = cpu_ms(), read, check, build, end, cpu;
	struct policy_load load;
	struct tree tree;

	policy_load_init(&load);
	must(policy_read_directory(dir->path, &tree, &load.obstacle) == ERR_NONE, "reading", &load);
	read = now_ms();
	policy_candidate_check(&load, &tree, &policy_candidate_limits);
	must(load.error == ERR_NONE, "the check", &load);
	check = now_ms();
	policy_load_checked(&load, &tree, key);
	must(load.error == ERR_NONE, "building", &load);
	must(cedar_policy_count(snapshot_engine(load.snapshot)) == count, "counting", NULL);
	build = now_ms();
	store(state, &tree, &load);
	end = now_ms();
	cpu = cpu_ms() - start_cpu;
	tree_deinit(&tree);
	policy_load_deinit(&load);
	return (struct phases){end - start,  cpu,           read - start,
			       check - read, build - check, end - build};
}

static void report(unsigned count, const char *part, double *values, int turns, bool json)
{
	char name[NAME_MAX_BYTES];

	(void)snprintf(name, sizeof(name), "policy/activate/%u%s", count, part);
	bench_report(&(struct bench_result){name, bench_median(values, turns), "ms", 0}, json);
}

static void run(unsigned count, bool json)
{
	double all[ACTIVATIONS], read[ACTIVATIONS], check[ACTIVATIONS], build[ACTIVATIONS];
	double stored[ACTIVATIONS], cpu[ACTIVATIONS];
	int turns = bench_size(ACTIVATIONS, 1);
	struct store_env env = store_env_make(NULL);
	struct tmpdir policies, database;
	struct state *state = NULL;
	struct buf why;

	tmpdir_create(&policies);
	tmpdir_create(&database);
	buf_init(&why, NAME_MAX_BYTES * NAME_MAX_BYTES);
	must(state_open(database.path, &env, false, &state, &why) == ERR_NONE,
	     "opening the state database", NULL);
	for (int turn = 0; turn < turns; turn++) {
		struct phases phases;

		write_directory(&policies, count, (unsigned)turn);
		phases = activate(&policies, state, count);
		all[turn] = phases.all;
		cpu[turn] = phases.cpu;
		read[turn] = phases.read;
		check[turn] = phases.check;
		build[turn] = phases.build;
		stored[turn] = phases.store;
	}
	report(count, "", all, turns, json);
	report(count, "/cpu", cpu, turns, json);
	report(count, "/read", read, turns, json);
	report(count, "/check", check, turns, json);
	report(count, "/build", build, turns, json);
	report(count, "/store", stored, turns, json);
	state_close(state);
	buf_deinit(&why);
	tmpdir_remove(&policies);
	tmpdir_remove(&database);
}

void bench_activate(bool json)
{
	static const unsigned counts[] = {100, 10000, 100000};

	for (int i = 0; i < bench_size(ARRAY_COUNT(counts), 1); i++)
		run(counts[i], json);
}
