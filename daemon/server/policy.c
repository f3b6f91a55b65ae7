#include "server/policy.h"

#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "cedar/json_write.h"

struct policy {
	struct policy_options options;
	struct snapshot *snapshot;
	int64_t activated_us;
	bool is_fallback;
	bool is_pinned;

	/* One load in progress and one that failed before, in turns. */
	struct policy_load loads[2];
	struct policy_load *load;
	bool has_failed; /* the other one is the last load, and failed */

	/* Loads that were asked for. */
	struct policy_waiter *first_waiter, **last_waiter;
	bool is_wanted;  /* one that nobody waits for */
	bool is_changed; /* the directory, since the last load began */

	/* The load in progress; the worker's until on_loaded(). */
	uv_work_t work;
	struct policy_waiter *waiter;
	bool is_loading;
	bool check_only;
	uint64_t rollback_to;
	struct policy_gate gate;
	bool is_asked_for; /* not only noticed */

	uv_async_t farewell; /* its end is the policy's, so that on_closed() always comes later */
	bool is_closing;
	void (*on_closed)(void *arg);
	void *on_closed_arg;
};

static struct policy_load *other_load(struct policy *policy)
{
	return &policy->loads[policy->load == &policy->loads[0]];
}

static void empty_load(struct policy_load *load)
{
	policy_load_deinit(load);
	policy_load_init(load);
}

enum error policy_new(const struct policy_options *options, struct policy **out)
{
	struct policy *policy = mem_calloc(1, sizeof(*policy));

	if (policy == NULL)
		return ERR_NO_MEMORY;
	policy->options = *options;
	policy->gate = options->gate;
	policy_load_init(&policy->loads[0]);
	policy_load_init(&policy->loads[1]);
	policy->load = &policy->loads[0];
	policy->last_waiter = &policy->first_waiter;
	policy->work.data = policy;
	if (uv_async_init(options->loop, &policy->farewell, NULL) != 0) {
		mem_free(policy);
		return ERR_NO_MEMORY;
	}
	policy->farewell.data = policy;
	*out = policy;
	return ERR_NONE;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct policy *policy = handle->data;
	void (*on_closed)(void *arg) = policy->on_closed;
	void *arg = policy->on_closed_arg;

	snapshot_unref(policy->snapshot);
	policy_load_deinit(&policy->loads[0]);
	policy_load_deinit(&policy->loads[1]);
	mem_free(policy);
	on_closed(arg);
}

static void finish_close(struct policy *policy)
{
	if (!policy->is_loading)
		uv_close((uv_handle_t *)&policy->farewell, on_handle_closed);
}

static bool same_content(const struct policy *policy, const struct policy_load *load)
{
	return policy->snapshot != NULL &&
	       snapshot_revision(policy->snapshot) == snapshot_revision(load->snapshot) &&
	       memcmp(snapshot_digest(policy->snapshot), load->digest, sizeof(load->digest)) == 0;
}

/* Who asked for the load that just ended; empty for nobody in particular. */
static struct str actor_of(const struct policy *policy)
{
	return policy->waiter != NULL ? policy->waiter->actor : STR("");
}

/* An event of the audit; the rows behind it are decided by the new revision. */
static void add_activation(struct policy *policy, const struct policy_load *load)
{
	char memory[256];
	struct buf detail;

	buf_init_fixed(&detail, memory, sizeof(memory));
	buf_printf(&detail, "{\"revision\":%llu,\"policies\":%zu,\"sha256\":\"",
		   (unsigned long long)snapshot_revision(load->snapshot),
		   cedar_policy_count(snapshot_engine(load->snapshot)));
	hex_append(&detail, load->digest, sizeof(load->digest));
	buf_printf(&detail, "\",\"rollback\":%s}", policy->rollback_to != 0 ? "true" : "false");
	audit_events_add(policy->options.events, "policy.activated", actor_of(policy),
			 buf_str(&detail));
}

/* The same of a policy that was refused, with the first thing that is wrong. */
static void add_refusal(struct policy *policy, const struct policy_load *load)
{
	struct str outcome = policy_store_outcome(load);
	struct json_writer json;
	struct buf detail;

	buf_init(&detail, AUDIT_ROW_MAX_BYTES / 2);
	json = json_write_to(&detail);
	json_write_object(&json);
	json_write_key(&json, STR("error"));
	json_write_string(&json, outcome);
	json_write_key(&json, STR("errors"));
	json_write_u64(&json, load->diags.error_count);
	json_write_object_end(&json);
	audit_events_add(policy->options.events, "policy.refused", actor_of(policy),
			 detail.failed == ERR_NONE ? buf_str(&detail) : STR("{}"));
	buf_deinit(&detail);
}

/* Takes the snapshot of `load` into service; false when it serves already. */
static bool activate(struct policy *policy, struct policy_load *load)
{
	struct snapshot *old = policy->snapshot;
	size_t count;

	policy->is_fallback = false;
	if (same_content(policy, load))
		return false;
	policy->snapshot = snapshot_ref(load->snapshot);
	count = cedar_policy_count(snapshot_engine(policy->snapshot));
	policy->activated_us = load->finished_us;
	snapshot_unref(old);
	log_info(policy->options.log, "policy.activated", "revision %llu with %zu %s",
		 (unsigned long long)snapshot_revision(policy->snapshot), count,
		 count_noun(count, "policy", "policies"));
	add_activation(policy, load);
	return true;
}

/* Keeps the load that failed for whoever asks, and readies the other one for the next. */
static void note_failure(struct policy *policy)
{
	policy->load = other_load(policy);
	empty_load(policy->load);
	policy->has_failed = true;
}

static void note_success(struct policy *policy)
{
	empty_load(policy->load);
	empty_load(other_load(policy));
	policy->has_failed = false;
}

static void load_directory(struct policy *policy, struct state_store *store)
{
	const struct policy_options *options = &policy->options;
	struct policy_candidate candidate = {options->directory, options->key,
					     options->isolates_candidates, &policy->gate};

	policy_store_load(policy->load, &candidate, options->clock, store);
}

/* Takes the pinned revision into service, if there is one and it still can be. */
static bool start_pinned(struct policy *policy)
{
	const struct policy_options *options = &policy->options;
	uint64_t number = 0;

	if (policy_store_pinned(options->store, &number) != ERR_NONE || number == 0)
		return false;
	policy_store_fetch(policy->load, number, options->key, options->clock, options->store);
	policy_store_log(policy->load, options->log);
	if (policy->load->error != ERR_NONE) {
		add_refusal(policy, policy->load);
		note_failure(policy);
		return false;
	}
	activate(policy, policy->load);
	policy->is_pinned = true;
	log_warning(options->log, "policy.pinned",
		    "revision %llu is pinned by a rollback; a reload ends that",
		    (unsigned long long)number);
	note_success(policy);
	return true;
}

enum error policy_start(struct policy *policy)
{
	const struct policy_options *options = &policy->options;

	if (start_pinned(policy))
		return ERR_NONE;
	load_directory(policy, options->store);
	policy_store_log(policy->load, options->log);
	if (policy->load->error == ERR_NONE) {
		activate(policy, policy->load);
		note_success(policy);
		return ERR_NONE;
	}
	add_refusal(policy, policy->load);
	note_failure(policy);
	policy_store_fetch(policy->load, 0, options->key, options->clock, options->store);
	if (policy->load->error == ERR_NONE) {
		activate(policy, policy->load);
		policy->is_fallback = true;
		log_error(
			options->log, "policy.fallback",
			"the policy directory is invalid; revision %llu, the last good one, serves",
			(unsigned long long)snapshot_revision(policy->snapshot));
	}
	empty_load(policy->load);
	return policy->snapshot != NULL ? ERR_NONE : ERR_INVALID;
}

/* Stores what comes with a load that succeeded: a pin, or the end of one. */
static void store_pin(struct policy *policy)
{
	struct policy_load *load = policy->load;
	enum error error = ERR_NONE;

	if (policy->rollback_to != 0)
		error = policy_store_pin(load, policy->options.store);
	else if (policy->is_asked_for)
		error = policy_store_pin(NULL, policy->options.store);
	if (error != ERR_NONE) {
		load->error = error;
		buf_printf(&load->obstacle, "the pin could not be stored: %s", error_text(error));
	}
}

static void run_load(uv_work_t *work)
{
	struct policy *policy = work->data;
	const struct policy_options *options = &policy->options;
	struct policy_action action = {.name = "policy.reload"};

	if (policy->rollback_to != 0)
		policy_store_fetch(policy->load, policy->rollback_to, options->key, options->clock,
				   options->store);
	else
		load_directory(policy, policy->check_only ? NULL : options->store);
	if (policy->check_only)
		return;
	if (policy->load->error == ERR_NONE)
		store_pin(policy);
	if (policy->waiter == NULL)
		return;
	action.actor = policy->waiter->actor;
	action.rollback_to = policy->rollback_to;
	if (policy->rollback_to != 0)
		action.name = "policy.rollback";
	policy_store_record(policy->load, &action, options->clock, options->store);
}

static void start_next(struct policy *policy);

/* What a load means for the policy that serves; true when it now serves another one. */
static bool conclude(struct policy *policy)
{
	bool activated;

	policy_store_log(policy->load, policy->options.log);
	policy->options.metrics->reloads++;
	if (policy->load->error != ERR_NONE) {
		policy->options.metrics->failed_reloads++;
		add_refusal(policy, policy->load);
		log_error(policy->options.log, "policy.kept", "the policy that serves stays");
		return false;
	}
	if (policy->rollback_to != 0 || policy->is_asked_for)
		policy->is_pinned = policy->rollback_to != 0;
	activated = activate(policy, policy->load);
	if (!activated)
		log_info(policy->options.log, "policy.unchanged", "the policy that serves stays");
	return activated;
}

static void on_loaded(uv_work_t *work, int status)
{
	struct policy *policy = work->data;
	struct policy_waiter *waiter = policy->waiter;
	bool activated;

	if (status != 0)
		policy->load->error = ERR_CANCELLED;
	policy->is_loading = false;
	activated = !policy->check_only && conclude(policy);
	if (waiter != NULL)
		waiter->on_done(waiter, policy->load, activated);
	if (policy->check_only)
		empty_load(policy->load);
	else if (policy->load->error != ERR_NONE)
		note_failure(policy);
	else
		note_success(policy);
	if (policy->is_closing)
		finish_close(policy);
	else
		start_next(policy);
}

/* Whether there is something to do for nobody in particular. */
static bool has_work(struct policy *policy)
{
	if (policy->is_changed && policy->is_pinned && !policy->is_wanted) {
		policy->is_changed = false;
		log_info(policy->options.log, "policy.pinned",
			 "the policy directory changed; the pinned revision stays until a reload");
	}
	return policy->is_wanted || policy->is_changed;
}

/* The configured gate, or the one that was asked for. */
static struct policy_gate gate_of(const struct policy *policy, const struct policy_waiter *waiter)
{
	struct policy_gate gate = policy->options.gate;

	if (waiter != NULL && waiter->has_gate) {
		gate.max_flips = waiter->max_flips;
		if (waiter->window_ms != 0)
			gate.window_ms = waiter->window_ms;
	}
	return gate;
}

/* Starts the load that has waited longest. */
static void start_next(struct policy *policy)
{
	struct policy_waiter *waiter = policy->first_waiter;

	if (policy->is_loading || (waiter == NULL && !has_work(policy)))
		return;
	policy->waiter = waiter;
	policy->check_only = waiter != NULL && waiter->check_only;
	policy->rollback_to = waiter != NULL ? waiter->rollback_to : 0;
	policy->is_asked_for = waiter != NULL || policy->is_wanted;
	policy->gate = gate_of(policy, waiter);
	if (waiter != NULL) {
		policy->first_waiter = waiter->next;
		if (policy->first_waiter == NULL)
			policy->last_waiter = &policy->first_waiter;
	}
	/* Whatever is loaded and activated from here on is what a signal or a change asked for. */
	if (!policy->check_only && policy->rollback_to == 0)
		policy->is_wanted = policy->is_changed = false;
	policy->is_loading = true;
	(void)uv_queue_work(policy->options.loop, &policy->work, run_load, on_loaded);
}

void policy_reload(struct policy *policy, struct policy_waiter *waiter)
{
	if (waiter != NULL) {
		waiter->next = NULL;
		*policy->last_waiter = waiter;
		policy->last_waiter = &waiter->next;
	} else {
		policy->is_wanted = true;
	}
	start_next(policy);
}

void policy_notice_change(struct policy *policy)
{
	policy->is_changed = true;
	start_next(policy);
}

struct policy_status policy_status(const struct policy *policy)
{
	return (struct policy_status){
		.snapshot = policy->snapshot,
		.activated_us = policy->activated_us,
		.is_fallback = policy->is_fallback,
		.is_pinned = policy->is_pinned,
		.failure = policy->has_failed ? &policy->loads[policy->load == &policy->loads[0]]
					      : NULL,
	};
}

struct snapshot *policy_snapshot(const struct policy *policy)
{
	return policy->snapshot;
}

void policy_cancel(struct policy *policy)
{
	struct policy_load cancelled;

	policy->is_wanted = policy->is_changed = false;
	policy_load_init(&cancelled);
	cancelled.error = ERR_CANCELLED;
	while (policy->first_waiter != NULL) {
		struct policy_waiter *waiter = policy->first_waiter;

		policy->first_waiter = waiter->next;
		waiter->on_done(waiter, &cancelled, false);
	}
	policy->last_waiter = &policy->first_waiter;
	policy_load_deinit(&cancelled);
}

void policy_close(struct policy *policy, void (*on_closed)(void *arg), void *arg)
{
	policy_cancel(policy);
	policy->is_closing = true;
	policy->on_closed = on_closed;
	policy->on_closed_arg = arg;
	finish_close(policy);
}
