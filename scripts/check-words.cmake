# Checks that C files do without words that do not belong in them: functions with a better
# replacement, memory past base/mem.h, waiting by time in tests, notes of work that is owed.
#
#	cmake [-DROOT=dir] -P scripts/check-words.cmake
cmake_minimum_required(VERSION 3.25)

if(NOT DEFINED ROOT)
	get_filename_component(ROOT ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
endif()

set(finding_count 0)

# forbid(WORDS FILES REASON): reports the lines of FILES (a regular expression on their paths) where
# one of WORDS (alternatives, as a regular expression) stands alone.
function(forbid words files reason)
	foreach(file IN LISTS sources)
		if(NOT file MATCHES "${files}")
			continue()
		endif()
		file(STRINGS ${ROOT}/${file} lines REGEX "(^|[^A-Za-z0-9_])(${words})")
		foreach(line IN LISTS lines)
			string(STRIP "${line}" line)
			message("${file}: ${line}\n\t${reason}")
			math(EXPR finding_count "${finding_count} + 1")
		endforeach()
	endforeach()
	set(finding_count ${finding_count} PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE sources RELATIVE ${ROOT} ${ROOT}/daemon/*.[ch] ${ROOT}/proto/*.[ch]
	${ROOT}/client-plugin/*.[ch] ${ROOT}/tests/*.[ch] ${ROOT}/docs/*.[ch])
if(NOT sources)
	message(FATAL_ERROR "no source files below ${ROOT}")
endif()

forbid("(stpcpy|strncat|strncpy|sprintf|vsprintf|gets|strtok|alloca|atoi|atol|atoll) *\\("
	"." "has no bound or no way to say that it failed; see base/str.h and base/buf.h")
forbid("(malloc|calloc|realloc|free|strdup|strndup|asprintf) *\\("
	"^daemon/(cedar|store|authz|server|ctl)/"
	"memory comes from base/mem.h, so that tests can make it fail")
forbid("(sleep|usleep|nanosleep|uv_sleep) *\\(" "^tests/" "tests wait for events, not for time")
forbid("(TODO|FIXME|XXX|HACK)([^A-Za-z0-9_]|$)" "." "owed work belongs in an issue, not in the code")

list(LENGTH sources file_count)
if(finding_count GREATER 0)
	message(FATAL_ERROR "${finding_count} lines with words that do not belong there")
endif()
message("${file_count} files keep to the words of the house")
