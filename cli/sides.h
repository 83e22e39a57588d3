// The two sides of a verb that takes an object from one place to another: SRC and DST, each with
// its own bucket, credentials, region, endpoints and keys, so that neither needs what is the
// other's. What the options for DST do not say is as for SRC. Main thread.
//
// Each side has half of --memory-limit: while a copy runs, one reads ahead and the other gathers
// parts.
#ifndef CLI_SIDES_H
#define CLI_SIDES_H

#include "cli/connect.h"

struct side {
    struct source place;
    char *shown;            // "s3://BUCKET/KEY", fit to be printed; owned
    struct options options; // of this side: a copy whose texts are the caller's, or below
    char region[32];
    char format[32];
    struct connection connection;
};

struct sides {
    const struct options *given; // borrowed
    struct side from, to;
};

// Takes the addresses and what belongs to which side from the options, and looks at all that can be
// wrong without asking anybody. to_key: the ARN that new objects are under, of the option
// to_key_option ("--to-key"). *s is the caller's to close, also after an error. -EINVAL, -ENOMEM.
int sides_init(struct sides *s, const struct options *o, const char *to_key_option,
               char *to_key) MUST_CHECK;
// connection_open of one side. The source first; the target's format may follow from what was found
// there.
int sides_open_source(struct sides *s, enum connection_use use) MUST_CHECK;
int sides_open_target(struct sides *s, const struct format *format) MUST_CHECK;
// Whether both are one object, as far as addresses tell; both sides are open.
bool sides_are_one_object(const struct sides *s);
void sides_close(struct sides *s);
#define AUTO_SIDES CLEANUP(sides_close)

#endif
