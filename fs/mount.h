// The mount: a volume at a mount point, until it is unmounted or told to stop. The only folder that
// knows libfuse.
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include "object/volume.h"

#include <sys/types.h>

enum mount_event {
    MOUNT_SERVES, // the kernel's first request is being answered: whoever opens a file is served
    MOUNT_STOPS,  // a signal or an unmounting ends it
};

struct mount_config {
    const char *source; // "s3://bucket/prefix", shown by mount(8)
    const char *prefix; // key prefix, "" or ending in '/'
    const char *mountpoint;
    bool read_only;
    bool allow_other; // implies default_permissions
    bool foreground;
    uid_t uid; // owner of everything shown
    gid_t gid;
    mode_t file_mode;         // 0600
    mode_t dir_mode;          // 0700
    int64_t stop_timeout_ms;  // SIGTERM: how long writers may finish
    uint64_t rename_copy_max; // larger objects are not renamed: the kernel holds the directories
    // Told each at most once, from threads of the mount's; must not block. NULL: nobody.
    void (*on_event)(void *context, enum mount_event event);
    void *event_context;
    const char *extra_options; // further -o options for libfuse, or NULL
    const char *control_dir;   // made if it is missing: for the socket of rdsbak status; NULL: none
};

// The control socket of the mount of that st_dev: DIR/MAJOR-MINOR.sock. Its length; negative: it
// does not fit.
#define CONTROL_VERSION 1
int control_path(char *out, size_t size, const char *dir, unsigned major, unsigned minor);

struct mount;

// Checks the mount point and mounts; the kernel's requests wait until mount_run. -ENOENT, -ENOTDIR,
// -EBUSY, -EACCES with texts.
int mount_new(struct mount **out, struct volume *v, const struct mount_config *config) MUST_CHECK;
// Serves until unmounted or SIGTERM/SIGINT. 0: a clean end in which nothing was lost; -EIO:
// something was (it is in the log).
int mount_run(struct mount *m) MUST_CHECK;
// Whether requests can be answered: takes the locks that each of them needs, one after the other.
// In a deadlock it does not return. Asks no server, and not the kernel. Any thread, between
// mount_new and mount_free.
bool mount_answers(struct mount *m);
void mount_free(struct mount *m);

#endif
