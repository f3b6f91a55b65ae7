# Checks what `cmake --install` puts where, and that a configuration that is there stays as it is.
#
#	cmake -DBUILD=dir -DSCRATCH=dir -P check-install.cmake
cmake_minimum_required(VERSION 3.25)

function(install_to folder)
	execute_process(COMMAND ${CMAKE_COMMAND} -E env DESTDIR=${folder} ${CMAKE_COMMAND}
		--install ${BUILD} --prefix /usr
		RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
	if(NOT result EQUAL 0)
		message(FATAL_ERROR "${output}")
	endif()
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
install_to(${SCRATCH})
foreach(file
		etc/wsauthz/policy
		etc/wsauthz/wsauthz.yaml
		usr/bin/wsauthz-ask
		usr/bin/wsauthzctl
		usr/sbin/wsauthzd
		usr/share/bash-completion/completions/wsauthzctl
		usr/share/doc/wsauthz/README.md
		usr/share/doc/wsauthz/samples/demo/helpdesk.cedar
		usr/share/doc/wsauthz/ten-minutes.md
		usr/share/man/man1/wsauthzctl.1
		usr/share/man/man5/wsauthz-policy.5
		usr/share/man/man5/wsauthz.yaml.5
		usr/share/man/man8/wsauthzd.8
		usr/share/wsauthz/wsauthz.cedarschema
		usr/share/wsauthz/wsauthz.rules.yaml
		usr/share/wsauthz/wsauthz.yaml)
	if(NOT EXISTS ${SCRATCH}/${file})
		message(SEND_ERROR "${file} is not installed")
	endif()
endforeach()
execute_process(COMMAND ${SCRATCH}/usr/bin/wsauthzctl --version RESULT_VARIABLE result
	OUTPUT_QUIET)
if(NOT result EQUAL 0)
	message(SEND_ERROR "what is installed does not run")
endif()

file(WRITE ${SCRATCH}/etc/wsauthz/wsauthz.yaml "log: {level: debug}\n")
file(WRITE ${SCRATCH}/etc/wsauthz/policy/mine.cedar "permit(principal, action, resource);\n")
install_to(${SCRATCH})
file(READ ${SCRATCH}/etc/wsauthz/wsauthz.yaml text)
if(NOT text STREQUAL "log: {level: debug}\n" OR NOT EXISTS ${SCRATCH}/etc/wsauthz/policy/mine.cedar)
	message(SEND_ERROR "a second installation changed the configuration")
endif()
file(REMOVE_RECURSE ${SCRATCH})
