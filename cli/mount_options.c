// See mount_options.h. A word of -o is, in this order: one that mount(8) or fstab use (table
// FOREIGN, prefixes x- and X-), or an option of ours, or unknown.
#include "cli/mount_options.h"

#include "common/err.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX  4096 // bytes of one option; a KMS key ARN has at most 2,048
#define EXTRA_MAX 4096 // bytes of all options handed to libfuse: a page, as mount(2) takes them

enum foreign_use {
    FOREIGN_IGNORE, // of mount(8), fstab or systemd, or a kernel flag without meaning here
    FOREIGN_RO,     // the same as --read-only
    FOREIGN_RW,     // takes an earlier ro back
    FOREIGN_FUSE,   // libfuse's: handed on
    FOREIGN_REFUSE, // would be wrong to ignore; the row says why
};

struct foreign {
    const char *name;
    enum foreign_use use;
    const char *reason;
};

// dev, suid and exec are only ignored: the mount is nosuid, nodev and noexec whatever is asked.
static const struct foreign FOREIGN[] = {
    {"ro", FOREIGN_RO, NULL},
    {"rw", FOREIGN_RW, NULL},
    {"default_permissions", FOREIGN_FUSE, NULL},
    {"auto_unmount", FOREIGN_FUSE, NULL},
    {"max_read", FOREIGN_FUSE, NULL},
    {"context", FOREIGN_FUSE, NULL},
    {"fscontext", FOREIGN_FUSE, NULL},
    {"rootcontext", FOREIGN_FUSE, NULL},
    {"defcontext", FOREIGN_FUSE, NULL},
    {"remount", FOREIGN_REFUSE, "cannot be done; umount, then mount with the new options"},
    {"bind", FOREIGN_REFUSE, "is not for this filesystem; use mount --bind on the mounted tree"},
    {"allow_root", FOREIGN_REFUSE, "is not supported; use allow_other with the modes wanted"},
    {"nonempty", FOREIGN_REFUSE, "is not supported; mount over an empty directory"},
    {"umask", FOREIGN_REFUSE, "is not supported; use file-mode and dir-mode"},
    {"defaults", FOREIGN_IGNORE, NULL},
    {"dev", FOREIGN_IGNORE, NULL},
    {"nodev", FOREIGN_IGNORE, NULL},
    {"suid", FOREIGN_IGNORE, NULL},
    {"nosuid", FOREIGN_IGNORE, NULL},
    {"exec", FOREIGN_IGNORE, NULL},
    {"noexec", FOREIGN_IGNORE, NULL},
    {"auto", FOREIGN_IGNORE, NULL},
    {"noauto", FOREIGN_IGNORE, NULL},
    {"user", FOREIGN_IGNORE, NULL},
    {"nouser", FOREIGN_IGNORE, NULL},
    {"users", FOREIGN_IGNORE, NULL},
    {"owner", FOREIGN_IGNORE, NULL},
    {"group", FOREIGN_IGNORE, NULL},
    {"nofail", FOREIGN_IGNORE, NULL},
    {"_netdev", FOREIGN_IGNORE, NULL},
    {"comment", FOREIGN_IGNORE, NULL},
    {"helper", FOREIGN_IGNORE, NULL},
    {"uhelper", FOREIGN_IGNORE, NULL},
    {"fsname", FOREIGN_IGNORE, NULL}, // always the source
    {"subtype", FOREIGN_IGNORE, NULL},
    {"async", FOREIGN_IGNORE, NULL},
    {"sync", FOREIGN_IGNORE, NULL}, // close and fsync are durable in any case
    {"dirsync", FOREIGN_IGNORE, NULL},
    {"atime", FOREIGN_IGNORE, NULL}, // no access times are kept
    {"noatime", FOREIGN_IGNORE, NULL},
    {"relatime", FOREIGN_IGNORE, NULL},
    {"norelatime", FOREIGN_IGNORE, NULL},
    {"strictatime", FOREIGN_IGNORE, NULL},
    {"nostrictatime", FOREIGN_IGNORE, NULL},
    {"diratime", FOREIGN_IGNORE, NULL},
    {"nodiratime", FOREIGN_IGNORE, NULL},
    {"lazytime", FOREIGN_IGNORE, NULL},
    {"nolazytime", FOREIGN_IGNORE, NULL},
    {"iversion", FOREIGN_IGNORE, NULL},
    {"noiversion", FOREIGN_IGNORE, NULL},
    {"mand", FOREIGN_IGNORE, NULL},
    {"nomand", FOREIGN_IGNORE, NULL},
    {"silent", FOREIGN_IGNORE, NULL},
    {"loud", FOREIGN_IGNORE, NULL},
};

static const struct foreign *foreign_find(const char *name, size_t name_len)
{
    static const struct foreign COMMENT = {"x-", FOREIGN_IGNORE, NULL};
    if (name_len >= 2 && (name[0] == 'x' || name[0] == 'X') && name[1] == '-')
        return &COMMENT;
    for (size_t i = 0; i < sizeof FOREIGN / sizeof *FOREIGN; i++) {
        if (strncmp(FOREIGN[i].name, name, name_len) == 0 && FOREIGN[i].name[name_len] == '\0')
            return &FOREIGN[i];
    }
    return NULL;
}

// Adds a word to those for libfuse, its commas escaped again as libfuse wants them.
static int hand_on(struct options *o, const char *word)
{
    size_t old_len = o->fuse_extra != NULL ? strlen(o->fuse_extra) : 0;
    size_t room = old_len + 2 * strlen(word) + 2;
    if (room > EXTRA_MAX)
        return err_set(-EINVAL, "-o %.20s...: longer than %d bytes", word, EXTRA_MAX);
    char *joined = realloc(o->fuse_extra, room);
    if (joined == NULL)
        return err_set(-ENOMEM, "out of memory");
    o->fuse_extra = joined;
    char *at = joined + old_len;
    if (old_len > 0)
        *at++ = ',';
    for (; *word != '\0'; word++) {
        if (*word == ',' || *word == '\\')
            *at++ = '\\';
        *at++ = *word;
    }
    *at = '\0';
    return 0;
}

static int apply_foreign(struct options *o, const struct foreign *foreign, const char *word)
{
    switch (foreign->use) {
    case FOREIGN_RO:
        o->read_only = true;
        return 0;
    case FOREIGN_RW:
        o->read_only = false;
        return 0;
    case FOREIGN_FUSE:
        return hand_on(o, word);
    case FOREIGN_REFUSE:
        return err_set(-EINVAL, "-o %s: %s", foreign->name, foreign->reason);
    case FOREIGN_IGNORE:
        break;
    }
    return 0;
}

static int unknown(const struct options *o, const struct verb *verb, const char *name, size_t len)
{
    const char *nearest = option_nearest(name, len, verb->bit);
    if (o->sloppy)
        return 0;
    if (nearest != NULL)
        return err_set(-EINVAL, "-o %.*s: unknown option; did you mean %s?", (int)len, name,
                       nearest);
    return err_set(-EINVAL, "-o %.*s: unknown option; see rdsbak %s --help", (int)len, name,
                   verb->name);
}

static int apply_word(struct options *o, const struct verb *verb, const char *word)
{
    size_t name_len = strcspn(word, "=");
    const char *value = word[name_len] == '=' ? word + name_len + 1 : NULL;
    const struct foreign *foreign = foreign_find(word, name_len);
    if (name_len == 0 && value == NULL)
        return 0; // "a,,b"
    if (foreign != NULL)
        return apply_foreign(o, foreign, word);
    const struct option_row *row = option_find(word, name_len);
    if (row == NULL)
        return unknown(o, verb, word, name_len);
    char shown[80];
    snprintf(shown, sizeof shown, "-o %s", row->name);
    return option_set(o, row, verb, value, shown);
}

// Copies one word up to a bare comma, without the escapes. Returns where the next begins, or NULL
// when the word is too long.
static const char *next_word(const char *text, char word[static WORD_MAX])
{
    size_t len = 0;
    while (*text != '\0' && *text != ',') {
        if (*text == '\\' && (text[1] == ',' || text[1] == '\\'))
            text++;
        if (len + 1 == WORD_MAX)
            return NULL;
        word[len++] = *text++;
    }
    word[len] = '\0';
    return *text == ',' ? text + 1 : text;
}

int mount_options_parse(struct options *o, const struct verb *verb, const char *text)
{
    while (*text != '\0') {
        char word[WORD_MAX];
        text = next_word(text, word);
        if (text == NULL)
            return err_set(-EINVAL, "-o: an option is longer than %d bytes", WORD_MAX - 1);
        int rc = apply_word(o, verb, word);
        if (rc < 0)
            return rc;
    }
    return 0;
}
