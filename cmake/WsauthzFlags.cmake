# The flags every target of the project is built with, as the interface library wsauthz_flags.
add_library(wsauthz_flags INTERFACE)

# Warnings.
if(MSVC)
	target_compile_options(wsauthz_flags INTERFACE
		/W4 /utf-8 /experimental:c11atomics $<$<BOOL:${WSAUTHZ_WERROR}>:/WX>)
else()
	target_compile_options(wsauthz_flags INTERFACE
		-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
		-Wformat=2 -Wvla -fno-strict-overflow -fno-common
		$<$<BOOL:${WSAUTHZ_WERROR}>:-Werror>)
endif()

# What the system's headers declare: Windows 8 and later, and printf() as C99 has it.
if(WIN32)
	target_compile_definitions(wsauthz_flags INTERFACE
		_WIN32_WINNT=0x0602 WIN32_LEAN_AND_MEAN NOMINMAX UNICODE _UNICODE
		_CRT_SECURE_NO_WARNINGS $<$<BOOL:${MINGW}>:__USE_MINGW_ANSI_STDIO=1>)
else()
	target_compile_definitions(wsauthz_flags INTERFACE _GNU_SOURCE)
endif()

# Sanitizers, or hardening. FORTIFY needs optimisation; the demo, the package and CI's release build
# have it.
if(WSAUTHZ_SANITIZE)
	target_compile_options(wsauthz_flags INTERFACE
		-fsanitize=${WSAUTHZ_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(wsauthz_flags INTERFACE -fsanitize=${WSAUTHZ_SANITIZE})
elseif(MSVC)
	target_compile_options(wsauthz_flags INTERFACE /sdl /guard:cf)
	target_link_options(wsauthz_flags INTERFACE /guard:cf)
elseif(MINGW)
	# Static, because the runtime libraries of the compiler are on no user's machine. A program
	# without a timestamp is the same whenever it is built.
	target_compile_options(wsauthz_flags INTERFACE
		-fstack-protector-strong $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
	target_link_options(wsauthz_flags INTERFACE
		-static -fstack-protector-strong -Wl,--dynamicbase,--nxcompat,--no-insert-timestamp
		$<$<EQUAL:${CMAKE_SIZEOF_VOID_P},8>:-Wl,--high-entropy-va>)
else()
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

# Debug information in every configuration; asserts stay on in every configuration, for they guard
# decisions.
if(MSVC)
	set(CMAKE_C_FLAGS_RELEASE "/O2 /Zi")
	set(CMAKE_MSVC_RUNTIME_LIBRARY "MultiThreaded$<$<CONFIG:Debug>:Debug>")
else()
	set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
	set(CMAKE_C_FLAGS_DEBUG "-Og -g")
endif()
