// Reads an XML answer with bounds: depth, name and text sizes; no DTD, no entities. Pure.
#ifndef S3_XML_H
#define S3_XML_H

#include "common/cleanup.h"

#include <stddef.h>

enum xml_event { XML_OPEN, XML_CLOSE };

// path: names from the root, as "/ListBucketResult/Contents/Key" (prefixes of namespaces dropped).
// XML_OPEN has no text; XML_CLOSE has the element's own text ("" if it has none). Negative ends the
// parsing with that code.
typedef int (*xml_fn)(void *context, enum xml_event event, const char *path, const char *text);

// 0; -EIO with a text for what is not well-formed or beyond the bounds; or fn's code. White space
// before the document is skipped: servers trickle it while they work. Control characters, which
// XML 1.0 does not have, are taken as XML 1.1 has them.
int xml_parse(const char *text, size_t len, xml_fn fn, void *context) MUST_CHECK;

#endif
