// The header of a backup that is an object: read from its two ends, with few further small ranges
// for the older sets of an appended file. Blocks; one thread per reader.
#ifndef CLI_BACKUP_READ_H
#define CLI_BACKUP_READ_H

#include "mtf/mtf.h"
#include "object/reader.h"

#define BACKUP_SETS_MAX 1000 // the newest that are described; each older one costs a request or two

struct backup {
    struct mtf_info info;
    struct mtf_set *sets; // owned; oldest first
    size_t count;
    uint32_t left_out; // older sets that were not read
};

// Reads and describes. What is no backup, or damaged, is a result (info.kind, info.damage), not an
// error; the errors are the reader's.
int backup_read(struct reader *r, struct backup *out) MUST_CHECK;
void backup_clear(struct backup *b); // wipes: names of the file are its content
#define AUTO_BACKUP CLEANUP(backup_clear)

#endif
