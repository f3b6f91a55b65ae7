# Windows on x86, for wsauthz.dll in worker processes of 32 bits.
set(CMAKE_SYSTEM_PROCESSOR i686)
set(WSAUTHZ_TRIPLET i686-w64-mingw32)
include(${CMAKE_CURRENT_LIST_DIR}/mingw.cmake)
