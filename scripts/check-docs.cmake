# Checks that what the documents name is there: the targets of relative links, and every path of the
# project that stands between backquotes (without <placeholders> and wildcards).
#
#	cmake [-DROOT=dir] -P scripts/check-docs.cmake
cmake_minimum_required(VERSION 3.25)

if(NOT DEFINED ROOT)
	get_filename_component(ROOT ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
endif()

set(finding_count 0)
set(top_folders "daemon|client-plugin|proto|schema|tests|scripts|docs|packaging|cmake|\\.ci")

macro(report text)
	message("${document}: ${text}")
	math(EXPR finding_count "${finding_count} + 1")
endmacro()

file(GLOB documents RELATIVE ${ROOT} ${ROOT}/*.md)
file(GLOB_RECURSE more RELATIVE ${ROOT} ${ROOT}/docs/*.md)
list(APPEND documents ${more})
foreach(document IN LISTS documents)
	file(READ ${ROOT}/${document} text)
	# Lists of CMake break at semicolons and do not break inside brackets.
	string(REPLACE ";" "," text "${text}")
	string(REPLACE "](" "\n(" text "${text}")
	string(REPLACE "[" "" text "${text}")
	string(REPLACE "]" "" text "${text}")
	get_filename_component(folder ${ROOT}/${document} DIRECTORY)

	string(REGEX MATCHALL "\n\\([^()\n ]+\\)" links "${text}")
	foreach(link IN LISTS links)
		string(REGEX REPLACE "^\n\\(([^)#]*)(#[^)]*)?\\)$" "\\1" target "${link}")
		if(target AND NOT target MATCHES "^[a-z]+:" AND NOT EXISTS ${folder}/${target})
			report("links to ${target}, which is not there")
		endif()
	endforeach()

	string(REGEX MATCHALL "`(${top_folders})/[-A-Za-z0-9_./]*`" paths "${text}")
	foreach(path IN LISTS paths)
		string(REPLACE "`" "" path "${path}")
		if(NOT EXISTS ${ROOT}/${path})
			report("names ${path}, which is not there")
		endif()
	endforeach()
endforeach()

list(LENGTH documents document_count)
if(finding_count GREATER 0)
	message(FATAL_ERROR "${finding_count} names in the documents lead nowhere")
endif()
message("${document_count} documents name only what is there")
