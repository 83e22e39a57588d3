// Finds out of one object what an audit says of it: from its HEAD, from an instruction file beside
// it, and, if wanted, from KMS. Any thread, an entry each.
//
// An object without an envelope may have one in an instruction file (KEY.instruction), so that is
// looked for before PLAINTEXT is said. A name that ends so excuses nothing by itself: the file must
// hold an envelope.
#ifndef CLI_AUDIT_LOOK_H
#define CLI_AUDIT_LOOK_H

#include "cli/ask_kms.h"
#include "cli/audit.h"
#include "object/volume.h"

struct audit_look { // immutable; all borrowed
    struct volume *volume;
    struct ask_kms *ask; // NULL: KMS is not asked
    const struct option_list *allowed;
    size_t skip; // bytes of the key that no name repeats
};

struct audit_entry {
    char key[STORE_KEY_MAX + 1];
    struct audit_finding finding; // its texts point into what follows, the key and `allowed`
    struct object_info info;
    bool has_info;
    struct envelope aside; // from the instruction file; owned
    struct err_saved failure;
    char whose[STORE_KEY_MAX + 32];
};

// key and the finding's name, size and times are filled in, from the listing; the rest is now.
void audit_look(const struct audit_look *look, struct audit_entry *e);
void audit_entry_clear(struct audit_entry *e);

#endif
