#include "support/cmocka.h"

#include "authz/identity.h"
#include "base/attributes.h"
#include "support/fault.h"

#define ALICE "S-1-5-21-1-2-3-1001"

static const struct sender_group some_groups[] = {
	{{"S-1-5-32-545", 12}, false},
	{{"S-1-1-0", 7}, false},
	{{"S-1-5-32-544", 12}, true},
};

static const struct sender_certificate some_certificate = {
	.subject = {"CN=Alice", 8},
	.subject_name = {"alice.contoso.com", 17},
	.issuer = {"CN=Contoso CA", 13},
	.issuer_thumbprint = {"00AABBCC", 8},
};

static int setup(void **state)
{
	static struct arena arena;

	arena_init(&arena, 4096, SIZE_MAX);
	*state = &arena;
	return 0;
}

static int teardown(void **state)
{
	arena_deinit(*state);
	return 0;
}

static struct sender with_token(void)
{
	return (struct sender){
		.name = STR("CONTOSO\\Alice"),
		.mechanism = STR("Kerberos"),
		.http_url = STR("https://PS.Contoso.com/PowerShell?x=1"),
		.has_token = true,
		.user_sid = STR(ALICE),
		.groups = some_groups,
		.group_count = ARRAY_COUNT(some_groups),
	};
}

static struct sender without_token(void)
{
	return (struct sender){.name = STR("Alice"), .mechanism = STR("Basic")};
}

static struct sender with_certificate(void)
{
	return (struct sender){
		.name = STR("CN=Alice"),
		.mechanism = STR("ClientCertificate"),
		.certificate = &some_certificate,
	};
}

static struct identity read_ok(struct arena *arena, struct sender sender)
{
	struct identity identity;
	const char *what = NULL;

	assert_int_equal(identity_read(arena, STR("wsman/Test"), &sender, &identity, &what),
			 ERR_NONE);
	return identity;
}

static void assert_refused(struct arena *arena, struct sender sender, enum error error,
			   const char *field)
{
	struct identity identity;
	const char *what = NULL;

	assert_int_equal(identity_read(arena, STR("wsman/Test"), &sender, &identity, &what), error);
	assert_string_equal(what, field);
}

static bool same_key(const struct identity *a, const struct identity *b)
{
	return memcmp(a->key.bytes, b->key.bytes, sizeof(a->key.bytes)) == 0;
}

static void with_a_token_the_sid_is_the_principal(void **state)
{
	struct identity identity = read_ok(*state, with_token());

	assert_str_equal(identity.principal, ALICE);
	assert_str_equal(identity.sid, ALICE);
	assert_true(identity.has_token);
	assert_str_equal(identity.name, "contoso\\alice");
	assert_str_equal(identity.mechanism, "kerberos");
}

static void without_a_token_mechanism_and_folded_name_are(void **state)
{
	struct identity identity = read_ok(*state, without_token());

	assert_str_equal(identity.principal, "basic:alice");
	assert_str_equal(identity.sid, "");
	assert_false(identity.has_token);
}

static void a_certificate_belongs_to_the_principal(void **state)
{
	struct identity identity = read_ok(*state, with_certificate());

	assert_str_equal(identity.principal, "clientcertificate:cn=alice:00aabbcc:cn=alice");
	assert_true(identity.has_certificate);
	assert_str_equal(identity.certificate.subject, "CN=Alice");
	assert_str_equal(identity.certificate.issuer_thumbprint, "00aabbcc");
}

static void a_certificate_without_its_mechanism_is_ignored(void **state)
{
	struct sender sender = without_token();

	sender.certificate = &some_certificate;
	assert_false(read_ok(*state, sender).has_certificate);
	assert_str_equal(read_ok(*state, sender).principal, "basic:alice");
}

static void different_senders_never_share_a_principal(void **state)
{
	static const struct {
		const char *mechanism, *name;
	} senders[] = {
		{"a:b", "c"}, {"a", "b:c"}, {"a", "b%3ac"}, {"a%3ab", "c"}, {"a", "b%c"},
	};
	struct str principals[ARRAY_COUNT(senders)];

	for (size_t i = 0; i < ARRAY_COUNT(senders); i++) {
		struct sender sender = {.mechanism = str_from(senders[i].mechanism),
					.name = str_from(senders[i].name)};
		principals[i] = read_ok(*state, sender).principal;
		for (size_t j = 0; j < i; j++)
			assert_false(str_equal(principals[i], principals[j]));
	}
	assert_str_equal(principals[1], "a:b%3ac");
	assert_str_equal(principals[2], "a:b%253ac");
}

static void account_and_domain_come_apart(void **state)
{
	static const struct {
		const char *name, *account, *domain;
	} rows[] = {
		{"CONTOSO\\Alice", "alice", "contoso"},
		{"alice@contoso.com", "alice", "contoso.com"},
		{"CONTOSO\\a@b", "a@b", "contoso"},
		{"Alice", "alice", ""},
		{"\\alice", "alice", ""},
		{"contoso\\", "", "contoso"},
		{"CN=Alice, O=Contoso", "cn=alice, o=contoso", ""},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct sender sender = with_token();
		struct identity identity;
		sender.name = str_from(rows[i].name);
		identity = read_ok(*state, sender);
		assert_str_equal(identity.account, rows[i].account);
		assert_str_equal(identity.domain, rows[i].domain);
	}
}

static void groups_are_sorted_and_each_is_there_once(void **state)
{
	static const struct sender_group groups[] = {
		{{"S-1-5-9", 7}, false}, {{"S-1-5-3", 7}, false}, {{"S-1-5-9", 7}, false},
		{{"S-1-5-7", 7}, true},  {{"S-1-5-5", 7}, true},  {{"S-1-5-7", 7}, true},
	};
	struct sender sender = with_token();
	struct identity identity;

	sender.groups = groups;
	sender.group_count = ARRAY_COUNT(groups);
	identity = read_ok(*state, sender);
	assert_int_equal(identity.group_count, 2);
	assert_str_equal(identity.groups[0], "S-1-5-3");
	assert_str_equal(identity.groups[1], "S-1-5-9");
	assert_int_equal(identity.deny_only_group_count, 2);
	assert_str_equal(identity.deny_only_groups[0], "S-1-5-5");
	assert_str_equal(identity.deny_only_groups[1], "S-1-5-7");
}

static void every_logon_of_a_user_is_the_same_user(void **state)
{
	static const struct sender_group first[] = {
		{{"S-1-5-32-545", 12}, false},
		{{"S-1-5-5-0-123456", 16}, false},
	};
	static const struct sender_group second[] = {
		{{"S-1-5-5-0-98765432", 18}, false},
		{{"S-1-5-32-545", 12}, false},
	};
	struct identity one, other;
	struct sender sender = with_token();

	sender.groups = first;
	sender.group_count = ARRAY_COUNT(first);
	one = read_ok(*state, sender);
	sender.groups = second;
	other = read_ok(*state, sender);
	assert_int_equal(one.group_count, 1);
	assert_str_equal(one.groups[0], "S-1-5-32-545");
	assert_true(same_key(&one, &other));
}

static void a_group_that_is_enabled_and_deny_only_is_deny_only(void **state)
{
	static const struct sender_group groups[] = {
		{{"S-1-5-9", 7}, false},
		{{"S-1-5-9", 7}, true},
		{{"S-1-5-9", 7}, false},
	};
	struct sender sender = with_token();
	struct identity identity;

	sender.groups = groups;
	sender.group_count = ARRAY_COUNT(groups);
	identity = read_ok(*state, sender);
	assert_int_equal(identity.group_count, 0);
	assert_int_equal(identity.deny_only_group_count, 1);
}

static void the_endpoint_is_folded_and_may_be_missing(void **state)
{
	struct identity identity = read_ok(*state, with_token());

	assert_str_equal(identity.url.scheme, "https");
	assert_str_equal(identity.url.host, "ps.contoso.com");
	assert_int_equal(identity.url.port, 443);
	assert_str_equal(identity.url.path, "/powershell");
	identity = read_ok(*state, without_token());
	assert_str_equal(identity.url.scheme, "");
	assert_int_equal(identity.url.port, 0);
}

static bool same_endpoint(const struct identity *a, const struct identity *b)
{
	return memcmp(a->endpoint.bytes, b->endpoint.bytes, sizeof(a->endpoint.bytes)) == 0;
}

static void the_digest_of_the_endpoint_stands_for_all_of_it_and_not_for_the_key(void **state)
{
	static const char *const urls[] = {"",
					   "https://server7/wsman",
					   "http://server7:443/wsman",
					   "https://server7:5986/wsman",
					   "https://server8/wsman",
					   "https://server7/wsman/",
					   "https://server7w/sman"};
	struct identity identities[ARRAY_COUNT(urls)], same;
	struct sender sender = with_token();

	for (size_t i = 0; i < ARRAY_COUNT(urls); i++) {
		sender.http_url = str_from(urls[i]);
		identities[i] = read_ok(*state, sender);
		for (size_t j = 0; j < i; j++)
			assert_false(same_endpoint(&identities[i], &identities[j]));
		assert_true(same_key(&identities[i], &identities[0]));
	}
	sender.http_url = STR("HTTPS://Server7:443/WSMan?a");
	same = read_ok(*state, sender);
	assert_true(same_endpoint(&same, &identities[1]));
}

static void the_key_ignores_the_name_when_there_is_a_sid(void **state)
{
	struct identity identity = read_ok(*state, with_token());
	struct sender sender = with_token();

	sender.name = STR("somebody@else");
	sender.http_url = STR("");
	assert_true(same_key(&identity, &(struct identity){.key = read_ok(*state, sender).key}));
}

static void the_key_ignores_the_order_of_groups_and_the_case_of_the_mechanism(void **state)
{
	struct sender_group groups[] = {some_groups[2], some_groups[0], some_groups[1],
					some_groups[0]};
	struct identity identity = read_ok(*state, with_token());
	struct sender sender = with_token();
	struct identity other;

	sender.groups = groups;
	sender.group_count = ARRAY_COUNT(groups);
	sender.mechanism = STR("KERBEROS");
	other = read_ok(*state, sender);
	assert_true(same_key(&identity, &other));
}

static void the_key_depends_on_everything_else(void **state)
{
	struct sender_group fewer[] = {some_groups[0], some_groups[2]};
	struct sender_group enabled[] = {
		some_groups[0], some_groups[1], {STR("S-1-5-32-544"), false}};
	struct sender_certificate other_subject = some_certificate;
	struct sender_certificate other_issuer = some_certificate;
	struct sender_group more[] = {
		some_groups[0], some_groups[1], some_groups[2], {STR("S-1-5-32-551"), true}};
	struct sender senders[10];
	struct identity identities[ARRAY_COUNT(senders) + 1];
	const char *what;

	for (size_t i = 0; i < 6; i++)
		senders[i] = with_token();
	senders[1].user_sid = STR("S-1-5-21-1-2-3-1002");
	senders[2].mechanism = STR("NTLM");
	senders[3].groups = fewer;
	senders[3].group_count = ARRAY_COUNT(fewer);
	senders[4].groups = enabled;
	senders[5].elevated = true;
	for (size_t i = 6; i < 9; i++)
		senders[i] = with_certificate();
	other_subject.subject = STR("CN=alice");
	senders[7].certificate = &other_subject;
	other_issuer.issuer_thumbprint = STR("00AABBCD");
	senders[8].certificate = &other_issuer;
	senders[9] = with_token();
	senders[9].groups = more;
	senders[9].group_count = ARRAY_COUNT(more);
	for (size_t i = 0; i < ARRAY_COUNT(senders); i++)
		identities[i] = read_ok(*state, senders[i]);
	assert_int_equal(identity_read(*state, STR("wsman/Other"), &senders[0],
				       &identities[ARRAY_COUNT(senders)], &what),
			 ERR_NONE);
	for (size_t i = 0; i < ARRAY_COUNT(identities); i++) {
		for (size_t j = 0; j < i; j++)
			assert_false(same_key(&identities[i], &identities[j]));
	}
}

static void parts_of_the_key_cannot_run_into_each_other(void **state)
{
	struct sender first = {.mechanism = STR("x"), .name = STR("ax")};
	struct sender second = {.mechanism = STR("xx"), .name = STR("a")};
	struct identity identities[2];
	const char *what;

	assert_int_equal(identity_read(*state, STR("xx"), &first, &identities[0], &what), ERR_NONE);
	assert_int_equal(identity_read(*state, STR("x"), &second, &identities[1], &what), ERR_NONE);
	assert_false(same_key(&identities[0], &identities[1]));
}

static void hostile_names_are_kept_as_they_are(void **state)
{
	static const char *const names[] = {
		"a\n2026 ALLOW root",
		"\x1b]0;x\x07",
		"\xe2\x80\xae"
		"ecila",
		"alice.",
		"alice ",
		"\xef\xbd\x81lice",
	};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		struct sender sender = with_token();
		sender.name = str_from(names[i]);
		assert_int_equal(read_ok(*state, sender).name.length, strlen(names[i]));
	}
}

static void names_that_are_no_text_are_refused(void **state)
{
	static const struct str bad[] = {{"a\0b", 3}, {"\xff", 1}, {"\xed\xa0\x80", 3}};

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct sender sender = with_token();
		sender.name = bad[i];
		assert_refused(*state, sender, ERR_INVALID, "sender.name");
		sender = with_token();
		sender.mechanism = bad[i];
		assert_refused(*state, sender, ERR_INVALID, "sender.mechanism");
		sender = with_token();
		sender.http_url = bad[i];
		assert_refused(*state, sender, ERR_INVALID, "sender.http_url");
	}
}

static void what_must_be_there_must_be_there(void **state)
{
	struct sender sender = without_token();
	struct identity identity;
	const char *what = NULL;

	sender.name = STR("");
	assert_refused(*state, sender, ERR_INVALID, "sender.name");
	sender = without_token();
	sender.mechanism = STR("");
	assert_refused(*state, sender, ERR_INVALID, "sender.mechanism");
	sender = with_certificate();
	sender.certificate = NULL;
	assert_refused(*state, sender, ERR_INVALID, "sender.certificate");
	sender = with_token();
	sender.user_sid = STR("");
	assert_refused(*state, sender, ERR_INVALID, "sender.token.user_sid");
	sender = with_token();
	assert_int_equal(identity_read(*state, STR(""), &sender, &identity, &what), ERR_INVALID);
	assert_string_equal(what, "application");
}

static void malformed_certificates_are_refused(void **state)
{
	struct sender_certificate certificate = some_certificate;
	struct sender sender = with_certificate();

	sender.certificate = &certificate;
	certificate.issuer_thumbprint = STR("00 AA");
	assert_refused(*state, sender, ERR_INVALID, "sender.certificate.issuer_thumbprint");
	certificate.issuer_thumbprint = STR("");
	assert_refused(*state, sender, ERR_INVALID, "sender.certificate.issuer_thumbprint");
	certificate.subject = STR("a\0b");
	assert_refused(*state, sender, ERR_INVALID, "sender.certificate.subject");
	certificate = some_certificate;
	certificate.subject_name = STR("\xff");
	assert_refused(*state, sender, ERR_INVALID, "sender.certificate.subject_name");
	certificate = some_certificate;
	certificate.issuer = STR("\xff");
	assert_refused(*state, sender, ERR_INVALID, "sender.certificate.issuer_name");
}

static void texts_may_be_as_long_as_their_bounds(void **state)
{
	static char text[IDENTITY_MAX_NAME_BYTES + 1];
	struct sender_certificate certificate = some_certificate;
	struct sender sender = with_certificate();
	struct identity identity;
	const char *what = NULL;

	memset(text, 'a', sizeof(text));
	sender.certificate = &certificate;
	sender.name = str_make(text, IDENTITY_MAX_NAME_BYTES);
	certificate.subject = str_make(text, IDENTITY_MAX_CERTIFICATE_BYTES);
	certificate.issuer_thumbprint = str_make(text, IDENTITY_MAX_THUMBPRINT_BYTES);
	read_ok(*state, sender);
	certificate.issuer_thumbprint.length++;
	assert_refused(*state, sender, ERR_LIMIT, "sender.certificate.issuer_thumbprint");
	certificate.subject.length++;
	assert_refused(*state, sender, ERR_LIMIT, "sender.certificate.subject");
	sender.name.length++;
	assert_refused(*state, sender, ERR_LIMIT, "sender.name");
	sender = with_token();
	sender.mechanism = str_make(text, IDENTITY_MAX_MECHANISM_BYTES);
	read_ok(*state, sender);
	sender.mechanism.length++;
	assert_refused(*state, sender, ERR_LIMIT, "sender.mechanism");
	sender = with_token();
	assert_int_equal(identity_read(*state, str_make(text, IDENTITY_MAX_APPLICATION_BYTES),
				       &sender, &identity, &what),
			 ERR_NONE);
	assert_int_equal(identity_read(*state, str_make(text, IDENTITY_MAX_APPLICATION_BYTES + 1),
				       &sender, &identity, &what),
			 ERR_LIMIT);
}

static void groups_may_be_as_many_as_their_bound(void **state)
{
	static struct sender_group groups[IDENTITY_MAX_GROUPS + 1];
	struct sender sender = with_token();

	for (size_t i = 0; i < ARRAY_COUNT(groups); i++)
		groups[i] = (struct sender_group){STR("S-1-5-32-544"), false};
	sender.groups = groups;
	sender.group_count = IDENTITY_MAX_GROUPS;
	assert_int_equal(read_ok(*state, sender).group_count, 1);
	sender.group_count++;
	assert_refused(*state, sender, ERR_LIMIT, "sender.token.group_sids");
	sender.group_count = 1;
	groups[0].sid = STR("S-1-5-032-544");
	assert_refused(*state, sender, ERR_INVALID, "sender.token.group_sids");
}

static void a_typed_principal_is_made_comparable(void **state)
{
	struct str principal;

	assert_int_equal(identity_read_principal(*state, STR(ALICE), &principal), ERR_NONE);
	assert_str_equal(principal, ALICE);
	/* Some tools print it so, and a block of a name that nobody has would stop nobody. */
	assert_int_equal(identity_read_principal(*state, STR("s-1-5-21-1-2-3-1001"), &principal),
			 ERR_NONE);
	assert_str_equal(principal, ALICE);
	assert_int_equal(identity_read_principal(*state, STR("S-1-0X000100000000-1"), &principal),
			 ERR_NONE);
	assert_str_equal(principal, "S-1-0x000100000000-1");
	assert_int_equal(identity_read_principal(*state, STR("S-1-x"), &principal), ERR_NONE);
	assert_str_equal(principal, "s-1-x");
	assert_int_equal(identity_read_principal(*state, STR("CONTOSO\\Alice"), &principal),
			 ERR_NONE);
	assert_str_equal(principal, "contoso\\alice");
	assert_int_equal(identity_read_principal(*state, STR(""), &principal), ERR_INVALID);
	assert_int_equal(identity_read_principal(*state, STR("a\0b"), &principal), ERR_INVALID);
}

static void without_memory_there_is_no_identity(void **state)
{
	struct sender senders[] = {with_token(), with_certificate()};
	struct identity identity;
	const char *what;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(senders); i++) {
		bool fired = true;
		for (uint64_t n = 0; fired; n++) {
			struct arena arena;
			enum error error;
			arena_init(&arena, 256, SIZE_MAX);
			fault_arm(n, FAULT_ONCE);
			error = identity_read(&arena, STR("x"), &senders[i], &identity, &what);
			fired = fault_disarm();
			assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
			arena_deinit(&arena);
		}
	}
}

static void without_memory_there_is_no_principal_to_block(void **state)
{
	struct str principal;
	bool fired = true;

	(void)state;
	for (uint64_t n = 0; fired; n++) {
		struct arena arena;
		enum error error;

		arena_init(&arena, 256, SIZE_MAX);
		fault_arm(n, FAULT_ONCE);
		error = identity_read_principal(&arena, STR(ALICE), &principal);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
		arena_deinit(&arena);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_a_token_the_sid_is_the_principal),
		cmocka_unit_test(without_a_token_mechanism_and_folded_name_are),
		cmocka_unit_test(a_certificate_belongs_to_the_principal),
		cmocka_unit_test(a_certificate_without_its_mechanism_is_ignored),
		cmocka_unit_test(different_senders_never_share_a_principal),
		cmocka_unit_test(account_and_domain_come_apart),
		cmocka_unit_test(groups_are_sorted_and_each_is_there_once),
		cmocka_unit_test(every_logon_of_a_user_is_the_same_user),
		cmocka_unit_test(a_group_that_is_enabled_and_deny_only_is_deny_only),
		cmocka_unit_test(the_endpoint_is_folded_and_may_be_missing),
		cmocka_unit_test(
			the_digest_of_the_endpoint_stands_for_all_of_it_and_not_for_the_key),
		cmocka_unit_test(the_key_ignores_the_name_when_there_is_a_sid),
		cmocka_unit_test(the_key_ignores_the_order_of_groups_and_the_case_of_the_mechanism),
		cmocka_unit_test(the_key_depends_on_everything_else),
		cmocka_unit_test(parts_of_the_key_cannot_run_into_each_other),
		cmocka_unit_test(hostile_names_are_kept_as_they_are),
		cmocka_unit_test(names_that_are_no_text_are_refused),
		cmocka_unit_test(what_must_be_there_must_be_there),
		cmocka_unit_test(malformed_certificates_are_refused),
		cmocka_unit_test(texts_may_be_as_long_as_their_bounds),
		cmocka_unit_test(groups_may_be_as_many_as_their_bound),
		cmocka_unit_test(a_typed_principal_is_made_comparable),
		cmocka_unit_test(without_memory_there_is_no_identity),
		cmocka_unit_test(without_memory_there_is_no_principal_to_block),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
