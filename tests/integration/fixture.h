/* What the integration tests share: a policy, a running daemon, and how replies are looked at. */
#ifndef TESTS_INTEGRATION_FIXTURE_H
#define TESTS_INTEGRATION_FIXTURE_H

#include "support/cmocka.h"
#include "support/daemon.h"
#include "support/raw_peer.h"

#define OPERATORS "S-1-5-21-1-2-3-1101" /* may connect and read */
#define MOVED     "S-1-5-21-1-2-3-1102" /* are redirected */
#define BANNED    "S-1-5-21-1-2-3-1103" /* are denied with a message */

#define ALICE "S-1-5-21-1-2-3-2001"
#define BOB   "S-1-5-21-1-2-3-2002"

#define ACTION_GET_URI "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get"
#define ACTION_PUT_URI "http://schemas.xmlsoap.org/ws/2004/09/transfer/Put"
#define RESOURCE_OS    "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_OperatingSystem"

/* The policy the tests start with; idle time-out of a record: IDLE. */
#define FIXTURE_POLICY(IDLE)                                                                       \
	"@id(\"operators-connect\") @idle_timeout(\"" IDLE "\") @max_shells(\"5\")\n"              \
	"permit(principal in WinRM::Group::\"" OPERATORS "\",\n"                                   \
	"       action == WinRM::Action::\"Connect\", resource);\n"                                \
	"@id(\"operators-read\")\n"                                                                \
	"permit(principal in WinRM::Group::\"" OPERATORS "\",\n"                                   \
	"       action in WinRM::Action::\"Read\", resource);\n"                                   \
	"@id(\"moved\") @redirect(\"https://ps2.contoso.example/wsman\")\n"                        \
	"forbid(principal in WinRM::Group::\"" MOVED "\",\n"                                       \
	"       action == WinRM::Action::\"Connect\", resource);\n"                                \
	"@id(\"banned\") @deny_message(\"Ask the help desk.\")\n"                                  \
	"forbid(principal in WinRM::Group::\"" BANNED "\", action, resource);\n"

/* Init and start; fails the test with the daemon's log when it does not come up. */
void fixture_start(struct daemon *daemon, const char *policy, const char *settings);

/* SIGTERM; fails the test unless the daemon ends with 0. Removes the directory. */
void fixture_stop(struct daemon *daemon);

/* The verdict of a reply that must be an intact Decision. */
uint32_t fixture_verdict(const Wsauthz__Reply *reply);

/* Fails the test unless the reply is a Refusal for this reason. */
void fixture_expect_refusal(const Wsauthz__Reply *reply, Wsauthz__Refusal__Reason reason);

/* Fails the test unless a new peer is served: the daemon is alive and well. */
void fixture_expect_service(const struct daemon *daemon);

#endif
