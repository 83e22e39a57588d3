// Control characters in XML 1.0. S3's keys may hold any character, XML 1.0 may not: servers write
// the others all the same, as bytes or as "&#x1;", and no parser takes that. Here they are put into
// 32 code points that no text uses (U+FDD0 to U+FDEF, which are no characters at all), and back
// after parsing. Pure.
#ifndef S3_XML_REPAIR_H
#define S3_XML_REPAIR_H

#include "common/buf.h"

// *repaired: there was something to do, and out is the document to parse; its texts are to go
// through xml_restore. A document that itself uses these code points is left as it is.
int xml_repair(const char *text, size_t len, struct buf *out, bool *repaired) MUST_CHECK;
// In place; never longer.
void xml_restore(char *text);

#endif
