#include "ctl/doctor_plugin.h"

#include <string.h>

#include "base/attributes.h"
#include "support/cmocka.h"
#include "unit/ctl/finding.h"

/* The DLL as it is built. */
static struct pe make_library(void)
{
	struct pe pe = {.machine = PE_X64, .is_dll = true, .can_move = true, .runs_no_data = true};

	for (; plugin_exports[pe.export_count] != NULL; pe.export_count++)
		pe.exports[pe.export_count] = str_from(plugin_exports[pe.export_count]);
	pe.function_count = (uint32_t)pe.export_count;
	for (; plugin_imports[pe.import_count] != NULL; pe.import_count++)
		pe.imports[pe.import_count] = str_from(plugin_imports[pe.import_count]);
	return pe;
}

static void the_library_as_it_is_built_is_well(void **state)
{
	struct pe pe = make_library();

	(void)state;
	assert_int_equal(pe.export_count, 6);
	finding_expect(doctor_judge_library(&pe, PE_X64, &finding), DOCTOR_OK,
		       "a DLL, x64, exports and loads what it must and no more");
	pe.machine = PE_X86;
	pe.imports[0] = STR("kernel32.DLL");
	pe.import_count = 1;
	finding_expect(doctor_judge_library(&pe, PE_X86, &finding), DOCTOR_OK, "a DLL, x86");
}

static void a_library_of_the_other_machine_is_a_problem(void **state)
{
	struct pe pe = make_library();

	(void)state;
	finding_expect(doctor_judge_library(&pe, PE_X86, &finding), DOCTOR_PROBLEM,
		       "a DLL, x64, but it must be for x86");
	pe.is_dll = false;
	finding_expect(doctor_judge_library(&pe, PE_X64, &finding), DOCTOR_PROBLEM,
		       "a program, x64, but it must be a DLL");
}

static void each_missing_export_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; plugin_exports[i] != NULL; i++) {
		struct pe pe = make_library();
		char wanted[128] = "but it does not export ";

		pe.exports[i] = pe.exports[--pe.export_count];
		pe.function_count--;
		strcat(wanted, plugin_exports[i]);
		finding_expect(doctor_judge_library(&pe, PE_X64, &finding), DOCTOR_PROBLEM, wanted);
	}
}

static void a_decorated_export_is_missing_and_too_many(void **state)
{
	struct pe pe = make_library();

	(void)state;
	pe.exports[0] = STR("_WSManPluginStartup@16");
	finding_expect(doctor_judge_library(&pe, PE_X64, &finding), DOCTOR_PROBLEM,
		       "but it does not export WSManPluginStartup, exports _WSManPluginStartup@16");
}

static void what_is_exported_otherwise_is_a_problem(void **state)
{
	struct pe pe = make_library();

	(void)state;
	pe.function_count++;
	finding_expect(doctor_judge_library(&pe, PE_X64, &finding), DOCTOR_PROBLEM,
		       "but it exports functions without a name");
	pe.function_count--;
	pe.forwards = true;
	finding_expect(doctor_judge_library(&pe, PE_X64, &finding), DOCTOR_PROBLEM,
		       "but it exports functions of another DLL");
}

static void a_dll_that_is_not_on_the_list_is_named(void **state)
{
	struct pe pe = make_library();

	(void)state;
	pe.imports[pe.import_count++] = STR("libgcc_s_seh-1.dll");
	pe.imports[pe.import_count++] = STR("WS2_32.dll");
	finding_expect(doctor_judge_library(&pe, PE_X64, &finding), DOCTOR_PROBLEM,
		       "but it loads libgcc_s_seh-1.dll, loads WS2_32.dll");
}

static void a_library_without_its_hardening_is_a_problem(void **state)
{
	struct pe pe = make_library();

	(void)state;
	pe.can_move = false;
	pe.runs_no_data = false;
	finding_expect(doctor_judge_library(&pe, PE_X64, &finding), DOCTOR_PROBLEM,
		       "but it is always at the same place in memory, may run its data");
}

static void where_there_is_no_winrm_nothing_is_said(void **state)
{
	struct doctor doctor = {.ctl = NULL};

	(void)state;
#ifndef _WIN32
	assert_int_equal(doctor_look_library(&doctor, &finding), DOCTOR_LEFT_OUT);
	assert_int_equal(doctor_look_library32(&doctor, &finding), DOCTOR_LEFT_OUT);
	assert_int_equal(finding.detail.length + finding.advice.length, 0);
#else
	/* Beside this test there is no plug-in; for 32 bits there need be none. */
	finding_expect(doctor_look_library(&doctor, &finding), DOCTOR_PROBLEM, "wsauthz.dll");
	assert_int_equal(doctor_look_library32(&doctor, &finding), DOCTOR_LEFT_OUT);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_library_as_it_is_built_is_well),
		cmocka_unit_test(a_library_of_the_other_machine_is_a_problem),
		cmocka_unit_test(each_missing_export_is_named),
		cmocka_unit_test(a_decorated_export_is_missing_and_too_many),
		cmocka_unit_test(what_is_exported_otherwise_is_a_problem),
		cmocka_unit_test(a_dll_that_is_not_on_the_list_is_named),
		cmocka_unit_test(a_library_without_its_hardening_is_a_problem),
		cmocka_unit_test(where_there_is_no_winrm_nothing_is_said),
	};

	return cmocka_run_group_tests_name("doctor_plugin", tests, finding_start, finding_end);
}
