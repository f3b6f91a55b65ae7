# Checks that docs/events.md and the daemon agree: every event that is logged is listed with the level
# it is logged at, every event listed is there, and none that was retired is used again.
#
# In the daemon's sources every text that consists of two lower-case words with a dot between is the
# name of an event, or of an administrator's action, which the page lists too.
#
#	cmake [-DROOT=dir] -P scripts/check-events.cmake
cmake_minimum_required(VERSION 3.25)

if(NOT DEFINED ROOT)
	get_filename_component(ROOT ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
endif()

set(finding_count 0)

macro(report text)
	message("${text}")
	math(EXPR finding_count "${finding_count} + 1")
endmacro()

file(READ ${ROOT}/docs/events.md page)
# Lists of CMake break at semicolons and do not break inside brackets.
string(REGEX REPLACE "[][;]" " " page "${page}")
string(REGEX REPLACE "\n## Retired.*" "" current "${page}")
string(REGEX MATCH "\n## Retired.*" retired "${page}")
string(REGEX REPLACE ".*\n## Actions" "" actions "${current}")
string(REGEX REPLACE "\n## Actions.*" "" current "${current}")

string(REGEX MATCHALL "\n[|] `[a-z_]+[.][a-z_]+`( [*])? [|] [a-z, ]+ [|]" rows "${current}")
set(listed "")
foreach(row IN LISTS rows)
	string(REGEX REPLACE ".*`([a-z_.]+)`.*" "\\1" event "${row}")
	string(REGEX REPLACE ".*[|] ([a-z, ]+) [|]" "\\1" levels "${row}")
	if(event IN_LIST listed)
		report("docs/events.md: lists ${event} twice")
	endif()
	list(APPEND listed ${event})
	set(levels_${event} "${levels}")
endforeach()
string(REGEX MATCHALL "[a-z_]+[.][a-z_]+" retired "${retired}")
string(REGEX MATCHALL "`[a-z_]+[.][a-z_]+`" actions "${actions}")
list(TRANSFORM actions REPLACE "`" "")

file(GLOB sources RELATIVE ${ROOT} ${ROOT}/daemon/*.c ${ROOT}/daemon/server/*.c
	${ROOT}/daemon/platform/*.c ${ROOT}/daemon/policy/*.c)
set(used "")
foreach(source IN LISTS sources)
	file(READ ${ROOT}/${source} text)
	string(REGEX REPLACE "[][;]" " " text "${text}")
	string(REGEX REPLACE "\n#include[^\n]*" "" text "${text}")
	string(REGEX MATCHALL "\"[a-z][a-z_]+[.][a-z][a-z_]+\"" names "${text}")
	foreach(event IN LISTS names)
		string(REPLACE "\"" "" event "${event}")
		if(event IN_LIST retired)
			report("${source}: uses ${event}, which docs/events.md says is retired")
		elseif(NOT event IN_LIST listed AND NOT event IN_LIST actions)
			report("docs/events.md: lacks ${event} (${source})")
		endif()
		list(APPEND used ${event})
	endforeach()
	string(REGEX MATCHALL "log_(error|warning|info|debug)\\([^,\n]*,[ \n\t]*\"[a-z_.]+\"" calls
		"${text}")
	foreach(call IN LISTS calls)
		string(REGEX REPLACE "log_([a-z]+).*\"([a-z_.]+)\"" "\\1;\\2" call "${call}")
		list(GET call 0 level)
		list(GET call 1 event)
		if(event IN_LIST listed AND NOT ", ${levels_${event}}," MATCHES ", ${level},")
			report("docs/events.md: ${event} is logged as ${level} (${source})")
		endif()
		if(NOT event MATCHES "^[a-z][a-z_]+[.][a-z][a-z_]+$")
			report("${source}: ${event} is not the name of an event")
		endif()
	endforeach()
endforeach()
foreach(event IN LISTS listed actions)
	if(NOT event IN_LIST used)
		report("docs/events.md: lists ${event}, which is logged nowhere; move it to Retired")
	endif()
endforeach()

list(LENGTH listed count)
if(count EQUAL 0)
	report("docs/events.md: lists no event")
endif()
if(finding_count GREATER 0)
	message(FATAL_ERROR "${finding_count} events and docs/events.md do not agree")
endif()
message("docs/events.md lists ${count} events, all that there are")
