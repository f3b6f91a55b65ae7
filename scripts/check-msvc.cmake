# Checks that the sources which are built for Windows hold nothing that Microsoft's compiler does not
# know, as far as clang can tell: it takes itself for that compiler, with warnings about extensions of
# GNU as errors, and without the headers of POSIX that mingw-w64 has. Words and functions of GNU and
# POSIX that neither shows are looked for by their names.
#
#	cmake -DBUILD=dir [-DROOT=dir] -P scripts/check-msvc.cmake
#
# The sources and their options are those of BUILD/compile_commands.json, a build for Windows.
cmake_minimum_required(VERSION 3.25)

if(NOT DEFINED ROOT)
	get_filename_component(ROOT ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
endif()
find_program(CLANG NAMES clang-14)
if(NOT CLANG)
	message("skipped: clang 14 is not installed (Debian: clang-14)")
	return()
endif()

set(flags --target=x86_64-pc-windows-msvc -fms-compatibility-version=19.38 -fsyntax-only -std=c11
	-Wall -Wextra -Wpedantic -Wgnu -Wvla -Werror
	# In Microsoft's ABI every enumeration is an int, and size_t is no long.
	-Wno-sign-compare
	-include ${CMAKE_CURRENT_LIST_DIR}/../tests/checks/msvc.h)

# Headers that are not there: the names of POSIX's, as files that say so, found before the system's.
set(stubs ${BUILD}/no-posix)
foreach(header dirent.h getopt.h libgen.h poll.h pthread.h sched.h strings.h sys/param.h sys/time.h
		unistd.h)
	file(WRITE ${stubs}/${header}
		"#error \"Microsoft's compiler has no <${header}>\"\n")
endforeach()

# options_of(COMMAND VARIABLE): its definitions and directories.
function(options_of command variable)
	separate_arguments(words UNIX_COMMAND "${command}")
	set(options "")
	set(take_next NO)
	foreach(word IN LISTS words)
		if(take_next OR word MATCHES "^-[DI]")
			list(APPEND options ${word})
			set(take_next NO)
		elseif(word STREQUAL "-isystem")
			list(APPEND options ${word})
			set(take_next YES)
		endif()
	endforeach()
	list(FILTER options EXCLUDE REGEX "__USE_MINGW|_FORTIFY_SOURCE")
	set(${variable} "${options}" PARENT_SCOPE)
endfunction()

file(READ ${BUILD}/compile_commands.json commands)
string(JSON count LENGTH "${commands}")
math(EXPR last "${count} - 1")
set(keys "")
set(source_count 0)
foreach(i RANGE ${last})
	string(JSON file GET "${commands}" ${i} file)
	if(NOT file MATCHES "^${ROOT}/(daemon|client-plugin|proto)/")
		continue()
	endif()
	string(JSON command GET "${commands}" ${i} command)
	options_of("${command}" options)
	# Sources with the same options go together.
	string(MD5 key "${options}")
	if(NOT key IN_LIST keys)
		list(APPEND keys ${key})
		set(options_${key} "${options}")
		set(sources_${key} "")
	endif()
	if(NOT file IN_LIST sources_${key})
		list(APPEND sources_${key} ${file})
		math(EXPR source_count "${source_count} + 1")
	endif()
endforeach()
if(source_count EQUAL 0)
	message(FATAL_ERROR "no sources in ${BUILD}/compile_commands.json")
endif()

# Words that only gcc and clang know, and functions that only mingw-w64 has. attributes.h is where the
# former are written, for other compilers to do without.
set(words "__(attribute|asm|auto_type|extension|int128|typeof|builtin_[a-z_]+|sync_[a-z_]+)_*")
set(functions aligned_alloc asprintf clock_gettime clock_nanosleep ffs fseeko fsync ftello ftruncate
	getline getopt getopt_long gettimeofday gmtime_r localtime_r mkstemp nanosleep opendir pread
	"pthread_[a-z_]+" pwrite readdir setenv sleep strcasecmp strncasecmp strndup strptime strsep
	strtok_r timegm truncate usleep vasprintf)
list(JOIN functions "|" functions)
set(pattern "(^|[^A-Za-z0-9_])(${words}|(${functions}) ?\\()")
set(failed NO)
file(GLOB_RECURSE headers ${ROOT}/daemon/*.h ${ROOT}/client-plugin/*.h ${ROOT}/proto/*.h)
list(FILTER headers EXCLUDE REGEX "base/attributes\\.h$|_posix\\.h$")
foreach(key IN LISTS keys)
	list(APPEND headers ${sources_${key}})
endforeach()
foreach(file IN LISTS headers)
	file(STRINGS ${file} lines REGEX "${pattern}")
	foreach(line IN LISTS lines)
		message("${file}: ${line}")
		set(failed YES)
	endforeach()
endforeach()

foreach(key IN LISTS keys)
	execute_process(COMMAND ${CLANG} ${flags} ${options_${key}} -isystem ${stubs}
		-isystem /usr/share/mingw-w64/include ${sources_${key}}
		RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
	if(NOT result EQUAL 0)
		message("${output}")
		set(failed YES)
	endif()
endforeach()
file(REMOVE_RECURSE ${stubs})
if(failed)
	message(FATAL_ERROR "Microsoft's compiler would not take the above")
endif()
message("${source_count} sources hold nothing of GNU's")
