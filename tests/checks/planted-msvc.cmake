# Proves that scripts/check-msvc.cmake finds what it is there for: each planted source must be refused
# with the words behind it, and a sound one pass.
#
#	cmake -DROOT=dir -DSCRATCH=dir -P planted-msvc.cmake
cmake_minimum_required(VERSION 3.25)

function(check text expected)
	file(REMOVE_RECURSE ${SCRATCH})
	file(WRITE ${SCRATCH}/daemon/base/planted.c "${text}")
	file(WRITE ${SCRATCH}/compile_commands.json "[{\"file\": \"${SCRATCH}/daemon/base/planted.c\",
		\"command\": \"gcc -DUNICODE -I${SCRATCH}/daemon -c planted.c\"}]")
	execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${SCRATCH} -DBUILD=${SCRATCH}
		-P ${ROOT}/scripts/check-msvc.cmake
		RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
	if(output MATCHES "skipped: ")
		message("${output}")
	elseif(expected STREQUAL "" AND NOT result EQUAL 0)
		message(SEND_ERROR "a sound source was refused\n${output}")
	elseif(NOT expected STREQUAL "" AND (result EQUAL 0 OR NOT output MATCHES "${expected}"))
		message(SEND_ERROR "check-msvc did not find '${expected}'\n${output}")
	endif()
endfunction()

set(head "#include <windows.h>\n#include <stdatomic.h>\nint f(int n);\n")
check("${head}int f(int n)\n{\n\treturn n + (int)GetLastError();\n}\n" "")
check("${head}int f(int n)\n{\n\treturn ({ n + 1; });\n}\n" "statement expression")
check("${head}int f(int n)\n{\n\treturn n ?: 1;\n}\n" "omitting middle operand")
check("${head}int f(int n)\n{\n\ttypeof(n) m = n;\n\n\treturn m;\n}\n" "typeof")
check("${head}int f(int n)\n{\n\t__typeof__(n) m = n;\n\n\treturn m;\n}\n" "planted.c: .*__typeof__")
check("${head}int f(int n)\n{\n\tint list[n];\n\n\treturn (int)sizeof(list);\n}\n" "variable length array")
check("${head}struct s {\n\tint n, list[0];\n};\n" "zero size array")
check("${head}struct s {\n\tint n;\n} s = {};\n" "empty initializer")
check("${head}int f(int n)\n{\n\tswitch (n) {\n\tcase 1 ... 3: return 1;\n\tdefault: return 0;\n\t}\n}\n"
	"case range")
check("${head}void *g(void *p);\nvoid *g(void *p)\n{\n\treturn p + 1;\n}\n" "pointer to void")
check("${head}int f(int n) __attribute__((pure));\n" "planted.c: .*__attribute__")
check("${head}int f(int n)\n{\n\treturn __builtin_expect(n, 1);\n}\n" "planted.c: .*__builtin_expect")
check("#include <unistd.h>\n${head}" "has no <unistd.h>")
check("#include <sys/time.h>\n${head}" "has no <sys/time.h>")
check("${head}#include <string.h>\nint f(int n)\n{\n\treturn n + strcasecmp(\"a\", \"A\");\n}\n"
	"planted.c: .*strcasecmp")
file(REMOVE_RECURSE ${SCRATCH})
