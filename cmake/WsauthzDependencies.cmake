# The libraries the project builds on, each as an imported target. On Debian 12:
# libuv1-dev libprotobuf-c-dev protobuf-c-compiler libsqlite3-dev libsodium-dev libyaml-dev
# libseccomp-dev. For Windows scripts/build-windows builds them, or vcpkg does (vcpkg.json).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(protobuf_c REQUIRED IMPORTED_TARGET libprotobuf-c>=1.4)
if(WSAUTHZ_DAEMON)
	pkg_check_modules(libuv REQUIRED IMPORTED_TARGET libuv>=1.44)
	pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3>=3.40)
	pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
	pkg_check_modules(yaml REQUIRED IMPORTED_TARGET yaml-0.1>=0.2.5)
	if(NOT WIN32)
		pkg_check_modules(seccomp REQUIRED IMPORTED_TARGET libseccomp>=2.5)
	endif()
endif()
find_program(PROTOC_C NAMES protoc-c REQUIRED)
if(WSAUTHZ_TESTS)
	pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka>=1.1)
endif()
