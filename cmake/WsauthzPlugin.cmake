# What wsauthz.dll exports and which DLLs it may load, in one place for the check of what was built and
# for wsauthzctl doctor, which looks at what is installed.
set(definitions ${PROJECT_SOURCE_DIR}/client-plugin/wsauthz.def)
set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${definitions})
file(STRINGS ${definitions} WSAUTHZ_PLUGIN_EXPORTS REGEX "^\t")
list(TRANSFORM WSAUTHZ_PLUGIN_EXPORTS STRIP)

# The system's own, and the service of WinRM.
set(WSAUTHZ_PLUGIN_IMPORTS ADVAPI32.dll KERNEL32.dll msvcrt.dll WsmSvc.dll)
