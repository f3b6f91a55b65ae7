# What the toolchains of both word sizes share: WSAUTHZ_TRIPLET is set by who includes this.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_C_COMPILER ${WSAUTHZ_TRIPLET}-gcc-win32)
set(CMAKE_RC_COMPILER ${WSAUTHZ_TRIPLET}-windres)
set(CMAKE_DLLTOOL ${WSAUTHZ_TRIPLET}-dlltool)

# Programs are those of this machine, headers and libraries are not.
set(WSAUTHZ_BUILT_DEPENDENCIES
	${CMAKE_CURRENT_LIST_DIR}/../../build-windows/deps-${CMAKE_SYSTEM_PROCESSOR})
set(CMAKE_FIND_ROOT_PATH /usr/${WSAUTHZ_TRIPLET} ${WSAUTHZ_BUILT_DEPENDENCIES})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${WSAUTHZ_BUILT_DEPENDENCIES}/lib/pkgconfig)

# Tests run under Wine, as ctest starts them.
set(CMAKE_CROSSCOMPILING_EMULATOR ${CMAKE_CURRENT_LIST_DIR}/../../scripts/wine)
