# Runs clang-tidy 14 with .clang-tidy over the files of a build's compile_commands.json.
#
#	cmake -DBUILD=dir [-DROOT=dir] -P scripts/check-tidy.cmake
cmake_minimum_required(VERSION 3.25)

if(NOT DEFINED ROOT)
	get_filename_component(ROOT ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
endif()

find_program(CLANG_TIDY NAMES clang-tidy-14)
find_program(RUN_CLANG_TIDY NAMES run-clang-tidy-14)
if(NOT CLANG_TIDY OR NOT RUN_CLANG_TIDY)
	message("skipped: clang-tidy 14 is not installed (Debian: clang-tidy-14)")
	return()
endif()
cmake_host_system_information(RESULT jobs QUERY NUMBER_OF_LOGICAL_CORES)

# clang 14 knows the hardening flag but refuses its value; the last one given wins. Generated files
# lie in the build tree and are not asked for.
execute_process(COMMAND ${RUN_CLANG_TIDY} -quiet -p ${BUILD} -j ${jobs}
	-clang-tidy-binary ${CLANG_TIDY} -extra-arg=-ftrivial-auto-var-init=uninitialized
	"^${ROOT}/(daemon|proto|client-plugin|tests|docs)/"
	RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE noise)
string(REGEX MATCHALL "(^|\n)[^\n]*clang-tidy-14 [^\n]*" runs "${output}")
list(LENGTH runs file_count)
if(file_count EQUAL 0)
	message(FATAL_ERROR "no files in ${BUILD}/compile_commands.json\n${output}${noise}")
endif()
if(NOT result EQUAL 0)
	string(ASCII 27 escape)
	string(REGEX REPLACE "${escape}\\[[0-9;]*m" "" output "${output}")
	string(REGEX REPLACE "(^|\n)[^\n]*clang-tidy-14 [^\n]*" "" output "${output}")
	message("${output}")
	message(FATAL_ERROR "clang-tidy found the above")
endif()
message("${file_count} files are clean under clang-tidy")
