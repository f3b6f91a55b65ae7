# Turns schema/{state,audit,seal,older}/NNNN-name.sql into C: struct db_migrations, in order.
# Usage: cmake -D SCHEMA_DIR=schema -D OUTPUT=migrations.c -P embed-sql.cmake
# The texts become arrays of numbers, because a string literal of C may be no longer than 4,095
# characters, and so that nothing in them needs escaping.

function(embed kind)
	file(GLOB files RELATIVE ${SCHEMA_DIR}/${kind} ${SCHEMA_DIR}/${kind}/*.sql)
	list(SORT files)
	set(texts "")
	set(rows "")
	set(version 0)
	foreach(file IN LISTS files)
		math(EXPR version "${version} + 1")
		if(NOT file MATCHES "^([0-9][0-9][0-9][0-9])-([a-z0-9-]+)\\.sql$")
			message(FATAL_ERROR "schema/${kind}/${file}: is not named NNNN-name.sql")
		endif()
		set(name ${CMAKE_MATCH_2})
		string(REGEX REPLACE "^0+" "" number ${CMAKE_MATCH_1})
		if(NOT number EQUAL version)
			message(FATAL_ERROR "schema/${kind}/${file}: number ${version} was expected")
		endif()
		file(READ ${SCHEMA_DIR}/${kind}/${file} bytes HEX)
		string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
		string(APPEND texts "static const char ${kind}_${version}[] = {${bytes}0};\n")
		string(APPEND rows "\t{${version}, \"${name}\", ${kind}_${version}},\n")
	endforeach()
	string(APPEND output "${texts}\nstatic const struct db_migration ${kind}_items[] = {\n${rows}};\n"
		"const struct db_migrations ${kind}_migrations = {${kind}_items, ${version}};\n\n")
	set(output "${output}" PARENT_SCOPE)
	set(${kind}_version ${version} PARENT_SCOPE)
endfunction()

set(output "/* Made by scripts/embed-sql.cmake. */\n#include \"store/migrate.h\"\n\n")
embed(state)
embed(audit)
embed(seal)
embed(older)
# Of each version but the last.
math(EXPR expected "${audit_version} - 1")
if(NOT older_version EQUAL expected)
	message(FATAL_ERROR "schema/audit makes version ${audit_version}, so that schema/older must say "
		"how readers see versions 1 to ${expected}; it does for ${older_version}")
endif()
file(WRITE ${OUTPUT} "${output}")
