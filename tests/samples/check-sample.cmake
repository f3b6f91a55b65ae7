# Runs the tests of a sample policy and checks its layout. On a copy, because a policy must not be
# writable by others, and a checkout may be.
#
#	cmake -DSAMPLE=dir -DCOPY=dir -DPERCENT=n -DWSAUTHZCTL=program -P check-sample.cmake
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE ${COPY})
get_filename_component(parent ${COPY} DIRECTORY)
file(COPY ${SAMPLE} DESTINATION ${parent}
	FILE_PERMISSIONS OWNER_READ OWNER_WRITE
	DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
execute_process(COMMAND ${WSAUTHZCTL} policy test --min-coverage ${PERCENT} ${COPY}
	RESULT_VARIABLE result)
if(NOT result EQUAL 0)
	message(FATAL_ERROR "the sample does not pass its tests, or they do not cover it")
endif()
file(GLOB policies ${COPY}/*.cedar)
foreach(policy IN LISTS policies)
	execute_process(COMMAND ${WSAUTHZCTL} cedar format --check --policies ${policy}
		RESULT_VARIABLE result)
	if(NOT result EQUAL 0)
		message(FATAL_ERROR "wsauthzctl cedar format --write lays it out")
	endif()
endforeach()
