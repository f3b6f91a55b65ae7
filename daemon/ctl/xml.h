/*
 * The elements and attributes of an XML file such as web.config, one after the other. Text between
 * tags is skipped, a document type is refused, and so are tags that do not pair. Bytes may be
 * anything; takes no memory and does not recurse. Pure.
 *
 * [XML] "Extensible Markup Language (XML) 1.0", sections 2.4 to 3.1 and 4.6.
 */
#ifndef CTL_XML_H
#define CTL_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum { XML_DEPTH_MAX = 64, XML_ATTRIBUTES_MAX = 64 };

enum xml_event {
	XML_ELEMENT,     /* begins; `name` and its attributes */
	XML_ELEMENT_END, /* `name` */
	XML_END,         /* of the file */
	XML_FAILED,      /* `problem` on `line`; stays so */
};

struct xml_attribute {
	struct str name, raw; /* with its entities */
};

struct xml_reader {
	struct str rest;
	uint32_t line; /* from 1 */
	enum xml_event event;
	const char *problem; /* a phrase */
	struct str name;
	bool is_closed; /* the element has its end in its tag */
	bool had_root;
	uint32_t depth;
	struct str open[XML_DEPTH_MAX];
	uint32_t attribute_count;
	struct xml_attribute attributes[XML_ATTRIBUTES_MAX];
};

/* The text must outlive the reader. */
void xml_init(struct xml_reader *reader, struct str text);

enum xml_event xml_next(struct xml_reader *reader);

/* Appends the value of an attribute of the element that has just begun. False when it has none of that
 * name. */
bool xml_get(const struct xml_reader *reader, struct str name, struct buf *out);

#endif
