# Checks the completion of wsauthzctl by running it in both shells.
#
#	cmake -DROOT=dir -DBUILD=dir -P check-completion.cmake
cmake_minimum_required(VERSION 3.25)

set(failure_count 0)

# expect(SHELL EXPECTED WORD...): completing the last word in the shell gives the words expected. The
# word "nothing" stands for one of which nothing is typed yet.
function(expect shell expected)
	find_program(program_${shell} NAMES ${shell})
	if(NOT program_${shell})
		message("skipped: ${shell} is not installed")
		return()
	endif()
	set(options "")
	if(shell STREQUAL "zsh")
		set(options -f)
	endif()
	execute_process(COMMAND ${program_${shell}} ${options}
		${ROOT}/tests/checks/complete.${shell}
		${ROOT}/packaging/completion/wsauthzctl.${shell} ${BUILD}/bin/wsauthzctl ${ARGN}
		OUTPUT_VARIABLE output ERROR_VARIABLE errors WORKING_DIRECTORY ${ROOT})
	string(STRIP "${output}" output)
	string(REPLACE "\n" " " output "${output}")
	if(NOT output STREQUAL expected OR NOT errors STREQUAL "")
		message("${shell}: ${ARGN}\n\tgives:    ${output}\n\texpected: ${expected}\n${errors}")
		math(EXPR failure_count "${failure_count} + 1")
		set(failure_count ${failure_count} PARENT_SCOPE)
	endif()
endfunction()

foreach(shell bash zsh)
	expect(${shell} "status" stat)
	expect(${shell} "block blocks" bl)
	expect(${shell} "check-parse" cedar che)
	expect(${shell} "rollback" policy ro)
	expect(${shell} "list show revoke" records nothing)
	expect(${shell} "--check-only" policy reload --ch)
	expect(${shell} "--json" status --j)
	expect(${shell} "status" --json --config x stat)
	expect(${shell} "rollback" help policy ro)
	expect(${shell} "" status nothing)
	expect(${shell} "" records list --user nothing)
	expect(${shell} "" nonsense nothing)
	# Names of files come from the shell.
	expect(${shell} "CHANGELOG.md" policy check CHANGE)
	expect(${shell} "CHANGELOG.md" status --config CHANGE)
endforeach()

if(failure_count GREATER 0)
	message(FATAL_ERROR "${failure_count} completions are wrong")
endif()
