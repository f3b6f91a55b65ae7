# Runs the tests of a sample policy and checks its layout. On a copy in a private directory, because
# nothing of a policy, nor what it lies in, may be writable by others, and a checkout may be.
#
#	cmake -DSAMPLE=dir -DPERCENT=n -DWSAUTHZCTL=program -P check-sample.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND mktemp -d OUTPUT_VARIABLE private OUTPUT_STRIP_TRAILING_WHITESPACE
	COMMAND_ERROR_IS_FATAL ANY)
file(COPY ${SAMPLE}/ DESTINATION ${private}/policy
	FILE_PERMISSIONS OWNER_READ OWNER_WRITE
	DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
execute_process(COMMAND ${WSAUTHZCTL} policy test --min-coverage ${PERCENT} ${private}/policy
	RESULT_VARIABLE result)
file(REMOVE_RECURSE ${private})
if(NOT result EQUAL 0)
	message(FATAL_ERROR "the sample does not pass its tests, or they do not cover it")
endif()
file(GLOB policies ${SAMPLE}/*.cedar)
foreach(policy IN LISTS policies)
	execute_process(COMMAND ${WSAUTHZCTL} cedar format --check --policies ${policy}
		RESULT_VARIABLE result)
	if(NOT result EQUAL 0)
		message(FATAL_ERROR "wsauthzctl cedar format --write lays it out")
	endif()
endforeach()
