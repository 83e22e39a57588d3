#include "s3/profile.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/secret.h"
#include "s3/config.h"
#include "s3/ini.h"
#include "s3/secret_file.h"

#include <assert.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

// ---- paths

static int home_path(char **out, const char *file)
{
    const char *home = getenv("HOME");
    struct passwd entry, *found = NULL;
    char room[4096];
    if ((home == NULL || *home == '\0') &&
        getpwuid_r(getuid(), &entry, room, sizeof room, &found) == 0 && found != NULL)
        home = entry.pw_dir;
    *out = NULL;
    if (home == NULL || *home == '\0')
        return 0;
    if (asprintf(out, "%s/.aws/%s", home, file) < 0) {
        *out = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    return 0;
}

static int file_path(char **out, const char *variable, const char *file)
{
    const char *set = getenv(variable);
    if (set == NULL || *set == '\0')
        return home_path(out, file);
    *out = strdup(set);
    return *out != NULL ? 0 : err_set(-ENOMEM, "out of memory");
}

int profile_init(struct profile *p, const char *name)
{
    assert(name != NULL);
    *p = (struct profile){.name = strdup(name)};
    int rc = p->name != NULL ? 0 : err_set(-ENOMEM, "out of memory");
    if (rc == 0)
        rc = file_path(&p->credentials_path, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
    if (rc == 0)
        rc = file_path(&p->config_path, "AWS_CONFIG_FILE", "config");
    return rc;
}

static void settings_clear(struct kv *settings)
{
    KV_EACH (settings, pair)
        secret_wipe(pair->value, strlen(pair->value));
    kv_clear(settings);
}

void profile_clear(struct profile *p)
{
    settings_clear(&p->settings);
    free(p->name);
    free(p->credentials_path);
    free(p->config_path);
    *p = (struct profile){0};
}

// ---- reading

static struct profile_stamp stamp_of(const char *path)
{
    struct stat st;
    if (path == NULL || stat(path, &st) != 0)
        return (struct profile_stamp){0};
    return (struct profile_stamp){
        .mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
        .inode = st.st_ino,
        .size = (uint64_t)st.st_size,
        .exists = 1,
    };
}

static int stamp_differs(const struct profile_stamp *a, const struct profile_stamp *b)
{
    return a->mtime_ns != b->mtime_ns || a->inode != b->inode || a->size != b->size ||
           a->exists != b->exists;
}

// A file that is not there is an empty one.
static int read_file(const char *path, struct buf *out)
{
    int rc = secret_file_read(path, out);
    return rc == -ENOENT ? 0 : rc;
}

struct loading {
    struct kv *settings;
    const char *section;       // to take
    const char *section_other; // also it; may be NULL
    const char *prefix;        // put before names
    int *found;
};

static int on_setting(void *context, const char *section, const char *name, const char *value)
{
    const struct loading *l = context;
    if (strcmp(section, l->section) != 0 &&
        (l->section_other == NULL || strcmp(section, l->section_other) != 0))
        return 0;
    if (l->found != NULL)
        *l->found = 1;
    char full[2 * INI_NAME_MAX];
    snprintf(full, sizeof full, "%s%s", l->prefix, name);
    return kv_set(l->settings, full, value);
}

static int load(const char *path, const struct buf *text, struct loading *l)
{
    int rc = ini_parse(text->data, text->len, on_setting, l);
    return rc < 0 ? err_prefix(rc, "%s", path) : 0;
}

// [profile NAME] (or [default]) of the config file, then the services section it names.
static int load_config(struct profile *p, struct kv *settings)
{
    AUTO_BUF struct buf text;
    char section[INI_NAME_MAX + 16];
    buf_init_secret(&text, CREDENTIALS_FILE_MAX);
    int rc = read_file(p->config_path, &text);
    snprintf(section, sizeof section, "profile %s", p->name);
    struct loading l = {settings, section, NULL, "", &p->found};
    if (strcmp(p->name, "default") == 0)
        l.section_other = "default";
    if (rc == 0)
        rc = load(p->config_path, &text, &l);
    const char *services = kv_get(settings, "services");
    if (rc < 0 || services == NULL)
        return rc;
    snprintf(section, sizeof section, "services %s", services);
    struct loading s = {settings, section, NULL, "services:", NULL};
    return load(p->config_path, &text, &s);
}

static int load_credentials(struct profile *p, struct kv *settings)
{
    AUTO_BUF struct buf text;
    buf_init_secret(&text, CREDENTIALS_FILE_MAX);
    int rc = read_file(p->credentials_path, &text);
    struct loading l = {settings, p->name, NULL, "", &p->found};
    return rc < 0 ? rc : load(p->credentials_path, &text, &l);
}

// The stamps are taken before the reading: a change meanwhile is seen the next time.
int profile_refresh(struct profile *p, int force)
{
    struct profile_stamp credentials = stamp_of(p->credentials_path);
    struct profile_stamp config = stamp_of(p->config_path);
    if (!force && !stamp_differs(&credentials, &p->credentials_stamp) &&
        !stamp_differs(&config, &p->config_stamp))
        return 0;
    struct kv settings = {0};
    int rc = 0;
    p->found = 0;
    if (stamp_differs(&credentials, &p->credentials_seen) ||
        stamp_differs(&config, &p->config_seen))
        p->loads++;
    p->credentials_seen = credentials;
    p->config_seen = config;
    if (config.exists)
        rc = load_config(p, &settings);
    if (rc == 0 && credentials.exists) // this file wins
        rc = load_credentials(p, &settings);
    settings_clear(&p->settings);
    p->settings = settings;
    // After an error the next call tries again.
    p->credentials_stamp = rc == 0 ? credentials : (struct profile_stamp){0};
    p->config_stamp = rc == 0 ? config : (struct profile_stamp){0};
    return rc;
}

const char *profile_get(const struct profile *p, const char *name)
{
    return kv_get(&p->settings, name);
}
