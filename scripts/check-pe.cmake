# Checks with objdump that Windows programs and DLLs carry the hardening cmake/WsauthzFlags.cmake asks
# for, are complete by themselves, and export what they should.
#
#	cmake -DOBJDUMP=objdump -DFILES="a;b" -DIMPORTS="KERNEL32.dll;..." [-DEXPORTS="f;g"]
#		-P scripts/check-pe.cmake
#
# IMPORTS are the only DLLs they may load, EXPORTS exactly what they export.
cmake_minimum_required(VERSION 3.25)

set(failure_count 0)

macro(report what)
	message("${file}: ${what}")
	math(EXPR failure_count "${failure_count} + 1")
endmacro()

macro(want text expression what)
	if(NOT "${text}" MATCHES "${expression}")
		report("${what}")
	endif()
endmacro()

macro(check_imports)
	string(REGEX MATCHALL "DLL Name: [^\n]+" names "${headers}")
	foreach(name IN LISTS names)
		string(REPLACE "DLL Name: " "" name ${name})
		if(NOT name IN_LIST IMPORTS)
			report("imports ${name}")
		endif()
	endforeach()
endmacro()

macro(check_exports)
	string(REGEX MATCH "Ordinal/Name Pointer  Table[^\n]*\n(\t[^\n]*\n)*" table "${headers}")
	string(REGEX MATCHALL "\t +[0-9]+ +[^ \n]+" names "${table}")
	list(TRANSFORM names REPLACE "^\t +[0-9]+ +" "")
	set(expected ${EXPORTS})
	list(SORT names)
	list(SORT expected)
	if(NOT "${names}" STREQUAL "${expected}")
		report("exports ${names}, not ${expected}")
	endif()
endmacro()

foreach(file IN LISTS FILES)
	execute_process(COMMAND ${OBJDUMP} -p -h ${file} OUTPUT_VARIABLE headers RESULT_VARIABLE result)
	execute_process(COMMAND ${OBJDUMP} -t ${file} OUTPUT_VARIABLE symbols)
	if(NOT result EQUAL 0)
		message(FATAL_ERROR "${file}: ${OBJDUMP} cannot read it")
	endif()
	# Lists of CMake break at semicolons and do not break inside brackets.
	string(REGEX REPLACE "[][;]" " " headers "${headers}")
	want("${headers}" "DYNAMIC_BASE" "does not move in memory (--dynamicbase)")
	want("${headers}" "[ \t]\\.reloc[ \t]" "cannot move in memory (no relocations)")
	want("${headers}" "NX_COMPAT" "may run its data (--nxcompat)")
	if(headers MATCHES "file format pei-x86-64")
		want("${headers}" "HIGH_ENTROPY_VA" "moves in 32 bits only (--high-entropy-va)")
	endif()
	want("${symbols}" "__stack_chk_fail" "has no stack protector (-fstack-protector-strong)")
	check_imports()
	if(EXPORTS)
		check_exports()
	endif()
endforeach()

list(LENGTH FILES file_count)
if(failure_count GREATER 0)
	message(FATAL_ERROR "${failure_count} findings")
endif()
message("${file_count} files are hardened and complete")
