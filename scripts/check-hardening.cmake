# Checks with readelf that executables carry the hardening cmake/WsauthzFlags.cmake asks for.
#
#	cmake -DFILES="a;b" -P scripts/check-hardening.cmake
cmake_minimum_required(VERSION 3.25)

find_program(READELF NAMES readelf)
if(NOT READELF)
	message("skipped: readelf is not installed (Debian: binutils)")
	return()
endif()
list(REMOVE_ITEM FILES "")
if(NOT FILES)
	message("skipped: no executables are built")
	return()
endif()

set(failure_count 0)

# Reports `what` unless the text has the regular expression.
macro(want text expression what)
	if(NOT "${text}" MATCHES "${expression}")
		message("${file}: ${what}")
		math(EXPR failure_count "${failure_count} + 1")
	endif()
endmacro()

foreach(file IN LISTS FILES)
	execute_process(COMMAND ${READELF} --wide --file-header --program-headers --dynamic
		--symbols ${file} OUTPUT_VARIABLE elf RESULT_VARIABLE result)
	if(NOT result EQUAL 0)
		message(FATAL_ERROR "${file}: readelf cannot read it")
	endif()
	want("${elf}" "Type: +DYN.*FLAGS_1[^\n]* PIE" "is not position-independent (-fPIE -pie)")
	want("${elf}" "GNU_RELRO" "has no read-only relocations (-z relro)")
	want("${elf}" "FLAGS_1[^\n]* NOW" "binds its symbols lazily (-z now)")
	want("${elf}" "GNU_STACK[^\n]* RW " "has an executable stack (-z noexecstack)")
	want("${elf}" "__stack_chk_fail" "has no stack protector (-fstack-protector-strong)")
	want("${elf}" "__[a-z]+_chk@" "calls no fortified function (-O2 -D_FORTIFY_SOURCE=3)")
endforeach()

list(LENGTH FILES file_count)
if(failure_count GREATER 0)
	message(FATAL_ERROR "${failure_count} hardening measures are missing")
endif()
message("${file_count} executables are hardened")
