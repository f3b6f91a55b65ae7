# Checks how far the daemon's systemd unit is exposed: at most 0.5 of 10 in the eyes of
# `systemd-analyze security`, and what no score says.
#
#	cmake [-DROOT=dir] -P scripts/check-unit.cmake
cmake_minimum_required(VERSION 3.25)

if(NOT DEFINED ROOT)
	get_filename_component(ROOT ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
endif()
set(unit ${ROOT}/packaging/systemd/wsauthzd.service)

file(STRINGS ${unit} users REGEX "^PrivateUsers=")
if(NOT users STREQUAL "PrivateUsers=no")
	message(FATAL_ERROR "${unit}: PrivateUsers must be no: in a user namespace the kernel shows "
		"peers of other users as nobody")
endif()

find_program(SYSTEMD_ANALYZE systemd-analyze)
if(NOT SYSTEMD_ANALYZE)
	message("skipped: systemd-analyze is not installed (Debian: systemd)")
	return()
endif()

# The threshold is in tenths. One that no unit of ours can meet shows that a miss is told.
foreach(threshold 5 1)
	execute_process(COMMAND ${SYSTEMD_ANALYZE} security --no-pager --offline=true
		--threshold=${threshold} ${unit}
		RESULT_VARIABLE result OUTPUT_VARIABLE report ERROR_VARIABLE report)
	set(result_${threshold} ${result})
endforeach()
string(REGEX MATCH "Overall exposure level[^\n]*[0-9]" level "${report}")
if(level STREQUAL "" AND NOT result_5 EQUAL 0)
	message("skipped: this systemd-analyze does not judge files: ${report}")
elseif(result_1 EQUAL 0)
	message(FATAL_ERROR "systemd-analyze finds every unit good enough")
elseif(NOT result_5 EQUAL 0)
	message(FATAL_ERROR "the limit is 0.5; run systemd-analyze security --offline=true ${unit}\n"
		"${level}")
else()
	message("${level}")
endif()
