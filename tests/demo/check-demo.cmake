# Runs scripts/demo on a build and compares what it prints with expected.txt, up to the chapters that
# differ each time.
#
#	cmake -DROOT=dir -DBUILD=dir -P check-demo.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${ROOT}/scripts/demo --built ${BUILD}
	RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE errors)
if(NOT result EQUAL 0 OR NOT errors STREQUAL "")
	message("${output}")
	message("${errors}")
	message(FATAL_ERROR "the demonstration failed")
endif()

string(FIND "${output}" "\nNobody has changed" end)
string(SUBSTRING "${output}" 0 ${end} output)
file(READ ${CMAKE_CURRENT_LIST_DIR}/expected.txt expected)
if(NOT output STREQUAL expected)
	file(WRITE ${BUILD}/demo-output.txt "${output}")
	message("${output}")
	message(FATAL_ERROR "this is not what tests/demo/expected.txt has; when it is right, copy "
		"${BUILD}/demo-output.txt there")
endif()
