# The flags every target of the project is built with, as the interface library wsauthz_flags.
add_library(wsauthz_flags INTERFACE)

target_compile_options(wsauthz_flags INTERFACE
	-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wformat=2 -Wvla -fno-strict-overflow -fno-common)
if(WSAUTHZ_WERROR)
	target_compile_options(wsauthz_flags INTERFACE -Werror)
endif()
if(NOT WIN32)
	target_compile_definitions(wsauthz_flags INTERFACE _GNU_SOURCE)
endif()

if(WSAUTHZ_SANITIZE)
	target_compile_options(wsauthz_flags INTERFACE
		-fsanitize=${WSAUTHZ_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(wsauthz_flags INTERFACE -fsanitize=${WSAUTHZ_SANITIZE})
elseif(NOT WIN32)
	# Hardening. FORTIFY needs optimisation; the demo, the package and CI's release build have it.
	include(CheckCCompilerFlag)
	check_c_compiler_flag(-ftrivial-auto-var-init=zero WSAUTHZ_HAVE_AUTO_VAR_INIT)
	target_compile_options(wsauthz_flags INTERFACE
		-fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
		$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
		$<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>
		$<$<BOOL:${WSAUTHZ_HAVE_AUTO_VAR_INIT}>:-ftrivial-auto-var-init=zero>)
	target_link_options(wsauthz_flags INTERFACE
		-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code)
endif()
# -g stays in every configuration; asserts stay on in every configuration, for they guard decisions.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-Og -g")
