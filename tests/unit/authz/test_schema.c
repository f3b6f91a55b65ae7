#include "support/cmocka.h"

#include "authz/schema.h"
#include "cedar/cedar.h"
#include "diags.h"

static void the_schema_in_the_program_is_valid(void **state)
{
	struct cedar_schema *schema = NULL;
	struct cedar_diags diags;
	struct buf said;

	(void)state;
	cedar_diags_init(&diags);
	buf_init(&said, SIZE_MAX);
	assert_int_equal(cedar_schema_read(STR("wsauthz.cedarschema"), schema_text(),
					   CEDAR_SCHEMA_TEXT, &diags, &schema),
			 ERR_NONE);
	diags_print(&said, &diags);
	assert_str_equal(buf_str(&said), "");
	cedar_schema_free(schema);
	buf_deinit(&said);
	cedar_diags_deinit(&diags);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_schema_in_the_program_is_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
