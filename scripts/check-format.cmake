# Checks that the C files are as clang-format 14 would lay them out. To mend: clang-format -i FILE.
#
#	cmake [-DROOT=dir] -P scripts/check-format.cmake
#
# Other versions of clang-format lay out differently, so without version 14 there is no answer.
cmake_minimum_required(VERSION 3.25)

if(NOT DEFINED ROOT)
	get_filename_component(ROOT ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
endif()

find_program(CLANG_FORMAT NAMES clang-format-14 clang-format)
set(version "")
if(CLANG_FORMAT)
	execute_process(COMMAND ${CLANG_FORMAT} --version OUTPUT_VARIABLE version)
endif()
if(NOT version MATCHES "version 14\\.")
	message("skipped: clang-format 14 is not installed (Debian: clang-format-14)")
	return()
endif()

# The source folders hold nothing but the project's own files, so no version control is asked.
file(GLOB_RECURSE files ${ROOT}/daemon/*.[ch] ${ROOT}/proto/*.[ch] ${ROOT}/client-plugin/*.[ch]
	${ROOT}/tests/*.[ch] ${ROOT}/docs/*.[ch])
if(NOT files)
	message(FATAL_ERROR "no source files below ${ROOT}")
endif()
execute_process(COMMAND ${CLANG_FORMAT} --style=file --dry-run -Werror ${files}
	WORKING_DIRECTORY ${ROOT} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
	message(FATAL_ERROR "the files above differ from .clang-format; mend with clang-format -i")
endif()
list(LENGTH files file_count)
message("${file_count} files are laid out as .clang-format says")
