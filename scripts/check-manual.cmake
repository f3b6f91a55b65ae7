# Checks the manual pages: mandoc finds nothing wrong with them, and they name exactly the commands,
# options, settings, actions and annotations that there are.
#
#	cmake -DROOT=dir -DBUILD=dir -P scripts/check-manual.cmake
cmake_minimum_required(VERSION 3.25)

set(finding_count 0)

macro(report text)
	message("${text}")
	math(EXPR finding_count "${finding_count} + 1")
endmacro()

# collect(OUT TEXT EXPRESSION): what the first group of the expression matches, wherever it does.
function(collect out text expression)
	# Lists of CMake break at semicolons and do not break inside brackets.
	string(REGEX REPLACE "[][;]" " " text "${text}")
	string(REGEX MATCHALL "${expression}" matches "${text}")
	set(found "")
	foreach(match IN LISTS matches)
		string(REGEX REPLACE "${expression}" "\\1" name "${match}")
		list(APPEND found "${name}")
	endforeach()
	list(REMOVE_DUPLICATES found)
	set(${out} "${found}" PARENT_SCOPE)
endfunction()

# same(PAGE WHAT THERE NAMED): reports what is in the list THERE and not in the list NAMED, and the
# other way round.
function(same page what there named)
	if(NOT ${there})
		report("${page}: no ${what} found to compare with")
	endif()
	foreach(name IN LISTS ${there})
		if(NOT name IN_LIST ${named})
			report("${page}: lacks the ${what} ${name}")
		endif()
	endforeach()
	foreach(name IN LISTS ${named})
		if(NOT name IN_LIST ${there})
			report("${page}: has the ${what} ${name}, which is not there")
		endif()
	endforeach()
	set(finding_count ${finding_count} PARENT_SCOPE)
endfunction()

macro(output_of out)
	execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE ${out} ERROR_VARIABLE errors
		RESULT_VARIABLE result)
	if(NOT result EQUAL 0)
		message(FATAL_ERROR "${ARGN}: ${result} ${errors}")
	endif()
endmacro()

file(GLOB pages ${ROOT}/packaging/man/*.[0-9] ${BUILD}/packaging/man/*.[0-9])
foreach(page IN LISTS pages)
	get_filename_component(name ${page} NAME)
	file(READ ${page} text)
	string(REPLACE "\\-" "-" text "${text}")
	set(text_${name} "${text}")
endforeach()
foreach(name wsauthzd.8 wsauthzctl.1 wsauthz.yaml.5 wsauthz-policy.5)
	if(NOT DEFINED text_${name})
		report("${name}: is not there")
		set(text_${name} "")
	endif()
endforeach()

# Commands of wsauthzctl, and the options of both programs.
output_of(help ${BUILD}/bin/wsauthzctl --help)
string(REGEX REPLACE "\nfor every command:.*" "" commands "${help}")
collect(commands "${commands}" "\n  ([a-z][-a-z]*( [a-z][-a-z]*)*)  ")
string(REGEX REPLACE ".*\n.Sh COMMANDS" "" section "${text_wsauthzctl.1}")
string(REGEX REPLACE "\n.Sh .*" "" section "${section}")
collect(page_commands "${section}" "\n.Ss ([a-z][-a-z]*( [a-z][-a-z]*)*)")
same(wsauthzctl.1 command commands page_commands)

string(REGEX REPLACE ".*\nfor every command:" "" options "${help}")
string(REGEX REPLACE "\n  -[a-z], " "\n  " options "${options}")
collect(options "${options}" "\n  (--[a-z-]+)")
string(REGEX REPLACE "\n.Sh COMMANDS.*" "" section "${text_wsauthzctl.1}")
collect(page_options "${section}" "\n.It Fl -([a-z-]+)")
list(TRANSFORM page_options PREPEND "--")
same(wsauthzctl.1 option options page_options)

output_of(help ${BUILD}/bin/wsauthzd --help)
collect(options "${help}" "\n  (--[a-z-]+)")
collect(page_options "${text_wsauthzd.8}" "\n.It Fl -([a-z-]+)")
list(TRANSFORM page_options PREPEND "--")
same(wsauthzd.8 option options page_options)

# Settings.
file(READ ${ROOT}/daemon/config/keys.c text)
collect(keys "${text}" "{\"([a-z_]+[.][a-z_.]+)\"")
collect(page_keys "${text_wsauthz.yaml.5}" "\n.It Ic ([a-z_.]+)")
same(wsauthz.yaml.5 setting keys page_keys)

# The words of policies.
file(READ ${ROOT}/schema/wsauthz.cedarschema text)
collect(actions "${text}" "\naction ([A-Za-z, ]+[A-Za-z]) (appliesTo|in|;)")
collect(more "${text}" "\naction ([A-Za-z, ]+)\n")
string(REGEX REPLACE " (in|appliesTo)( |$)" "" actions "${actions};${more}")
string(REGEX REPLACE "[, ;]+" ";" actions "${actions}")
list(REMOVE_ITEM actions "")
foreach(action IN LISTS actions)
	if(NOT "${text_wsauthz-policy.5}" MATCHES "(Li|,) ${action}[ \n]")
		report("wsauthz-policy.5: lacks the action ${action}")
	endif()
endforeach()
file(READ ${ROOT}/daemon/authz/obligations.h text)
collect(annotations "${text}" "\n [*]\t(@[a-z_]+)")
collect(page_annotations "${text_wsauthz-policy.5}" "[ ](@[a-z_]+).\\\\.dq")
same(wsauthz-policy.5 annotation annotations page_annotations)

find_program(MANDOC NAMES mandoc)
if(MANDOC)
	execute_process(COMMAND ${MANDOC} -T lint -W warning ${pages} OUTPUT_VARIABLE lint
		ERROR_VARIABLE lint)
	string(REGEX MATCHALL "[^\n]*(WARNING|ERROR|UNSUPP|SYSERR|BADARG): [^\n]*" lint "${lint}")
	foreach(line IN LISTS lint)
		report("${line}")
	endforeach()
else()
	message("skipped: mandoc is not installed (Debian: mandoc)")
endif()

if(finding_count GREATER 0)
	message(FATAL_ERROR "${finding_count} faults in the manual pages")
endif()
list(LENGTH commands command_count)
list(LENGTH keys key_count)
message("the manual pages name ${command_count} commands and ${key_count} settings, all that there are")
