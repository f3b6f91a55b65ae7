#include "winrm-host/verbs.h"

#include <string.h>

#define TRANSFER    "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
#define ENUMERATION "http://schemas.xmlsoap.org/ws/2004/09/enumeration/"
#define EVENTING    "http://schemas.xmlsoap.org/ws/2004/08/eventing/"
#define SHELL       "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/"

static const struct verb verbs[] = {
	{"Get", TRANSFER "Get", true, false, false},
	{"Put", TRANSFER "Put", true, false, false},
	{"Create", TRANSFER "Create", true, false, false},
	{"Delete", TRANSFER "Delete", true, false, false},
	{"Enumerate", ENUMERATION "Enumerate", true, true, false},
	{"Subscribe", EVENTING "Subscribe", true, true, false},
	{"Shell", TRANSFER "Create", true, true, true},
	{"Command", SHELL "Command", true, true, false},
	{"Invoke", "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_Service/Start",
	 true, false, false},
	{"Pull", ENUMERATION "Pull", false, false, false},
	{"Release", ENUMERATION "Release", false, false, false},
	{"Unsubscribe", EVENTING "Unsubscribe", false, false, false},
	{"Send", SHELL "Send", false, false, false},
	{"Receive", SHELL "Receive", false, false, false},
	{"Signal", SHELL "Signal", false, false, false},
	{"Connect", SHELL "Connect", false, false, false},
	{"Disconnect", SHELL "Disconnect", false, false, false},
	{"Reconnect", SHELL "Reconnect", false, false, false},
};

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

unsigned verb_number(const struct verb *verb)
{
	return (unsigned)(verb - verbs);
}
