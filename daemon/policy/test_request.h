/*
 * What a policy test asks: a request as WinRM would make it, written by a person. Names of groups
 * and aliases of resources mean what they mean in policies. For this layer; the format is in
 * docs/policy.md.
 */
#ifndef POLICY_TEST_REQUEST_H
#define POLICY_TEST_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "authz/decide.h"
#include "authz/names.h"
#include "authz/sender.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cedar/json_read.h"
#include "cedar/source.h"

enum test_field {
	TEST_USER,
	TEST_SID,
	TEST_GROUPS,
	TEST_DENY_ONLY_GROUPS,
	TEST_ELEVATED,
	TEST_MECHANISM,
	TEST_CERTIFICATE,
	TEST_URL,
	TEST_APPLICATION,
	TEST_TIME,
	TEST_ACTION,
	TEST_METHOD,
	TEST_RESOURCE,
	TEST_FIELD_COUNT
};

struct test_sids {
	const struct str *items;
	size_t count;
};

struct test_request {
	uint32_t given;                      /* bit N: field N was written */
	struct str texts[TEST_FIELD_COUNT];  /* of the fields that are one text; resolved */
	struct span spans[TEST_FIELD_COUNT]; /* of the values */
	struct test_sids groups, deny_only_groups;
	bool elevated;
	struct sender_certificate certificate;
	struct instant instant;
};

/* The request that a test starts from: Monday 2026-01-05 12:00 UTC, Kerberos, application wsman,
 * action Connect. */
struct test_request test_request_default(void);

/* Reads the object whose start the reader stands at; what it does not hold stays as it is in
 * `request`. Texts live as long as the reader's source and arena. False after a failure of the
 * reader. */
bool test_request_read(struct json_reader *reader, struct names *names,
		       struct test_request *request);

/* Fails the reader at `object` when the fields do not make a request together. */
bool test_request_check(struct json_reader *reader, const struct test_request *request,
			struct span object);

/* Makes the question; it borrows from the request and `arena`. ERR_NO_MEMORY. */
enum error test_request_ask(const struct test_request *request, struct arena *arena,
			    struct question *question) ATTR_MUST_CHECK;

#endif
