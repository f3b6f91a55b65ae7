#include "ctl/record.h"

#include "base/hex.h"
#include "ctl/output.h"

bool record_id_parse(const char *text, uint8_t id[AUTHZ_ID_BYTES])
{
	return hex_parse(str_from(text), id, AUTHZ_ID_BYTES);
}

enum ctl_exit record_fetch(struct link *link, uint8_t id[AUTHZ_ID_BYTES],
			   const Wsauthz__Record **out)
{
	Wsauthz__RecordsList query = WSAUTHZ__RECORDS_LIST__INIT;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	const Wsauthz__AdminReply *reply = NULL;
	enum ctl_exit code;

	query.limit = 1;
	query.record_id = authz_bytes(id, AUTHZ_ID_BYTES);
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_RECORDS_LIST;
	request.records_list = &query;
	code = link_call(link, &request, WSAUTHZ__ADMIN_REPLY__BODY_RECORDS_LIST, &reply);
	if (code != CTL_DONE)
		return code;
	if (reply->records_list->n_records == 0) {
		output_error("there is no such record; it may have expired");
		return CTL_DENIED;
	}
	*out = reply->records_list->records[0];
	return CTL_DONE;
}
