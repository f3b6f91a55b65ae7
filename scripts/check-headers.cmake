# Checks that every header compiles alone, with gcc and with clang, without a warning.
#
#	cmake -DBUILD=dir [-DROOT=dir] [-DFLAGS="-I..."] -P scripts/check-headers.cmake
#
# BUILD is where generated headers lie; FLAGS are what the libraries want.
cmake_minimum_required(VERSION 3.25)

if(NOT DEFINED ROOT)
	get_filename_component(ROOT ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
endif()
separate_arguments(FLAGS UNIX_COMMAND "${FLAGS}")
set(flags -std=c11 -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror -fsyntax-only -D_GNU_SOURCE
	-I${ROOT}/daemon -I${ROOT} -I${ROOT}/tests -I${BUILD} ${FLAGS})

set(compilers "")
foreach(names "gcc" "clang;clang-14")
	find_program(compiler NAMES ${names} NO_CACHE)
	if(compiler)
		list(APPEND compilers ${compiler})
	else()
		message("no ${names} here; headers go without it")
	endif()
	unset(compiler)
endforeach()
if(NOT compilers)
	message("skipped: neither gcc nor clang is installed")
	return()
endif()

file(GLOB_RECURSE headers RELATIVE ${ROOT} ${ROOT}/daemon/*.h ${ROOT}/proto/*.h
	${ROOT}/client-plugin/*.h ${ROOT}/tests/support/*.h)
list(FILTER headers EXCLUDE REGEX "_win32\\.h$")
list(LENGTH headers header_count)
if(header_count EQUAL 0)
	message(FATAL_ERROR "no headers below ${ROOT}")
endif()

# The header stands twice, so that a missing include guard shows too. The declaration is there
# because ISO C wants one in each translation unit.
set(unit ${BUILD}/header-alone.c)
set(failure_count 0)
foreach(header IN LISTS headers)
	file(WRITE ${unit} "#include \"${header}\"\n#include \"${header}\"\nextern int header_alone;\n")
	foreach(compiler IN LISTS compilers)
		execute_process(COMMAND ${compiler} ${flags} ${unit} RESULT_VARIABLE result)
		if(NOT result EQUAL 0)
			message("${header}: does not compile alone with ${compiler}")
			math(EXPR failure_count "${failure_count} + 1")
		endif()
	endforeach()
endforeach()
file(REMOVE ${unit})
if(failure_count GREATER 0)
	message(FATAL_ERROR "${failure_count} failures over ${header_count} headers")
endif()
message("${header_count} headers compile alone")
