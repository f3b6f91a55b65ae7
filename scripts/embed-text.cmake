# Turns a text file into a C function that returns it: struct str FUNCTION(void), declared in HEADER.
# Usage: cmake -D INPUT=file -D FUNCTION=name -D HEADER=layer/file.h -D OUTPUT=file.c
#        -P embed-text.cmake
# The text becomes an array of numbers, because a string literal of C may be no longer than 4,095
# characters, and so that nothing in it needs escaping.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "/* Made by scripts/embed-text.cmake. */
#include \"${HEADER}\"

static const unsigned char text[] = {${bytes}};

struct str ${FUNCTION}(void)
{
	return str_make((const char *)text, sizeof(text));
}
")
