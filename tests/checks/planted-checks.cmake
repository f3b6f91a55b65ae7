# Proves that the checks on format, headers, words, documents, events, manual pages, tidiness and
# hardening find what they are there for: each is run on a small tree with planted faults and must
# fail naming them.
#
#	cmake -DROOT=dir -DSCRATCH=dir -P planted-checks.cmake
cmake_minimum_required(VERSION 3.25)

# Runs scripts/check-NAME.cmake on the scratch tree and expects a failure whose text has `expected`,
# or that the check says it cannot run here.
function(expect_failure name expected)
	execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${SCRATCH} -DBUILD=${SCRATCH} ${ARGN}
		-P ${ROOT}/scripts/check-${name}.cmake
		RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
	string(FIND "${output}" "${expected}" at)
	if(output MATCHES "skipped: ")
		message("${name}: ${output}")
	elseif(result EQUAL 0 OR at EQUAL -1)
		message(SEND_ERROR "check-${name} did not find '${expected}'\n${output}")
	endif()
endfunction()

# An empty tree with the project's settings and one file.
function(plant file text)
	file(REMOVE_RECURSE ${SCRATCH})
	file(COPY ${ROOT}/.clang-format ${ROOT}/.clang-tidy DESTINATION ${SCRATCH})
	file(WRITE ${SCRATCH}/${file} "${text}")
endfunction()

plant(daemon/base/planted.c "int planted(void);\nint planted(void) { return 0; }\n")
expect_failure(format "planted.c:2:")

plant(daemon/base/planted.h "#ifndef P_H\n#define P_H\nuint32_t planted(void);\n#endif\n")
expect_failure(headers "base/planted.h: does not compile alone with")
plant(daemon/base/planted.h "struct planted {\n\tint member;\n};\n")
expect_failure(headers "base/planted.h: does not compile alone with")
plant(daemon/base/planted.h "#ifndef P_H\n#define P_H\nint planted();\n#endif\n")
expect_failure(headers "base/planted.h: does not compile alone with")

foreach(fault "daemon/base/planted.c;strncpy(a, b, 3)~" "daemon/store/planted.c;a = malloc(3)~"
		"daemon/server/planted.h;free(a)~" "tests/unit/planted.c;usleep (10)~"
		"proto/planted.h;/* TODO */")
	list(GET fault 0 file)
	list(GET fault 1 text)
	string(REPLACE "~" "\;" text "${text}")
	plant(${file} "${text}\n")
	expect_failure(words "${file}: ")
endforeach()

plant(README.md "See [this](docs/planted.md).\n")
expect_failure(docs "README.md: links to docs/planted.md")
plant(docs/deep/page.md "[a](../../README.md#part) [b](https://a.b/c) [c](#part)\n")
expect_failure(docs "docs/deep/page.md: links to ../../README.md")
plant(README.md "Run `scripts/planted`.\n")
expect_failure(docs "README.md: names scripts/planted")

foreach(fault "docs/events.md: lacks plant.grown;log_info(log, \"plant.grown\", \"\")"
		"docs/events.md: lists plant.listed, which is logged nowhere;"
		"docs/events.md: plant.listed is logged as error;log_error(log, \"plant.listed\", \"\")"
		"uses plant.retired, which docs/events.md says is retired;report(\"plant.retired\")")
	list(GET fault 0 expected)
	list(GET fault 1 text)
	plant(daemon/server/planted.c "${text}\n")
	file(WRITE ${SCRATCH}/docs/events.md "\n| `plant.listed` | info |\n\n## Actions\n"
		"\n## Retired\n`plant.retired`\n")
	expect_failure(events "${expected}")
endforeach()
foreach(fault "docs/events.md: lacks 7 plant.grown error;{7, \"plant.grown\", EVENT_ERROR}"
		"docs/events.md: lacks 8 plant.numbered error;{8, \"plant.numbered\", EVENT_ERROR}"
		"docs/events.md: lacks 9 plant.numbered info;{9, \"plant.numbered\", EVENT_INFO}"
		"docs/events.md: lists 9 plant.numbered error, which the plug-in does not write;")
	list(GET fault 0 expected)
	list(GET fault 1 text)
	plant(client-plugin/planted.c "${text}\n")
	file(WRITE ${SCRATCH}/docs/events.md "\n| 9 | `plant.numbered` | error |\n\n## Actions\n")
	expect_failure(events "${expected}")
endforeach()

plant(daemon/config/keys.c "\t{\"log.planted\", VALUE_CHOICE}\n")
file(WRITE ${SCRATCH}/schema/wsauthz.cedarschema "\naction Plant;\n")
file(WRITE ${SCRATCH}/daemon/authz/obligations.h "/*\n *\t@planted(\"1\")\n")
file(WRITE ${SCRATCH}/packaging/man/wsauthzd.8 ".Dd November 29, 2026\n.Dt P 8\n.Os\n.Planted\n")
foreach(program wsauthzd wsauthzctl)
	file(WRITE ${SCRATCH}/bin/${program}
		"#!/bin/sh\nprintf 'usage\\n  plant  it\\nfor every command:\\n  --plant  it\\n'\n")
	file(CHMOD ${SCRATCH}/bin/${program} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
endforeach()
if(CMAKE_HOST_UNIX)
	foreach(fault "yaml.5: lacks the setting log.planted" "ctl.1: lacks the command plant"
			"zd.8: lacks the option --plant" "policy.5: lacks the action Plant"
			"policy.5: lacks the annotation @planted" "ctl.1: is not there"
			"unknown macro")
		expect_failure(manual "${fault}")
	endforeach()
endif()

plant(daemon/base/planted.c "int planted(int a);\nint planted(int a)\n{\n\treturn a == 1 || a == 1;\n}\n")
file(WRITE ${SCRATCH}/compile_commands.json "[{\"directory\": \"${SCRATCH}\",
	\"command\": \"cc -c daemon/base/planted.c\", \"file\": \"daemon/base/planted.c\"}]")
expect_failure(tidy "misc-redundant-expression")

plant(daemon/base/planted.c "int main(void)\n{\n\treturn 0;\n}\n")
find_program(compiler NAMES cc gcc clang)
if(CMAKE_HOST_UNIX AND compiler)
	execute_process(COMMAND ${compiler} -fno-pie -no-pie -fno-stack-protector -z norelro -z lazy
		-z execstack ${SCRATCH}/daemon/base/planted.c -o ${SCRATCH}/planted RESULT_VARIABLE result)
	if(result EQUAL 0)
		foreach(measure "position-independent" "read-only relocations" "lazily"
				"executable stack" "stack protector" "fortified")
			expect_failure(hardening "${measure}" -DFILES=${SCRATCH}/planted)
		endforeach()
	endif()
endif()
