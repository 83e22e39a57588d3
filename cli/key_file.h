// --key-file: a key of the user's own, from a file into guarded memory. Main thread.
#ifndef CLI_KEY_FILE_H
#define CLI_KEY_FILE_H

#include "crypto/keyring.h"

// Reads the file and adds its key to a keyring_raw. -EINVAL with a text that begins with
// "--key-file PATH": it cannot be read, or holds no key that fits. A file that others may read is
// warned of.
int key_file_add(struct keyring *raw, const char *path) MUST_CHECK;

#endif
