#include "cli/option_values.h"

#include "cli/options.h"
#include "common/codec.h"
#include "common/err.h"
#include "common/serve.h"

#include <ctype.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#define CONNECTIONS_MAX    256       // more sockets than this only queue at the network card
#define SECONDS_MAX        86400     // one day
#define DURATION_MAX       315360000 // ten years
#define FILES_MAX          10        // of one backup or restore of RDS
#define OPTION_LOOKUP_SIZE 4096      // getpwnam_r's scratch: glibc suggests 1,024

int option_flag(const char *value, void *field)
{
    if (value != NULL)
        return err_set(-EINVAL, "takes no value");
    *(bool *)field = true;
    return 0;
}

// The last one given wins, so fstab's options can be overridden on the command line.
static int set_text(char *copy, char **field)
{
    if (copy == NULL)
        return err_set(-ENOMEM, "out of memory");
    free(*field);
    *field = copy;
    return 0;
}

int option_text(const char *value, void *field)
{
    if (*value == '\0')
        return err_set(-EINVAL, "needs a value that is not empty");
    return set_text(strdup(value), field);
}

// The daemon changes to /, so relative paths are resolved while it still knows where it was called.
int option_path(const char *value, void *field)
{
    if (*value == '\0' || *value == '/')
        return option_text(value, field);
    char here[PATH_MAX];
    char *copy = NULL;
    if (getcwd(here, sizeof here) == NULL)
        return err_set(-EINVAL, "'%s' is relative and the current directory is gone", value);
    if (asprintf(&copy, "%s/%s", here, value) < 0)
        copy = NULL;
    return set_text(copy, field);
}

int option_url(const char *value, void *field)
{
    static const char *const SCHEMES[] = {"https://", "http://"};
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(SCHEMES[i]);
        if (strncmp(value, SCHEMES[i], len) == 0 && isalnum((unsigned char)value[len]) != 0)
            return option_text(value, field);
        if (strncmp(value, SCHEMES[i], len) == 0 && value[len] == '[')
            return option_text(value, field);
    }
    return err_set(-EINVAL, "'%s' is not a URL: give https://HOST[:PORT]", value);
}

static int list_add(struct option_list *list, int (*parse)(const char *, void *), const char *value)
{
    if (list->count == OPTIONS_LIST_MAX)
        return err_set(-EINVAL, "given more than %d times", OPTIONS_LIST_MAX);
    int rc = parse(value, &list->items[list->count]);
    if (rc == 0)
        list->count++;
    return rc;
}

int option_text_list(const char *value, void *field)
{
    return list_add(field, option_text, value);
}

int option_path_list(const char *value, void *field)
{
    return list_add(field, option_path, value);
}

// The value may be empty and hold further '='.
int option_pair_list(const char *value, void *field)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value)
        return err_set(-EINVAL, "'%s' is not of the form NAME=VALUE", value);
    return list_add(field, option_text, value);
}

int option_size(const char *value, void *field)
{
    return size_parse(value, field);
}

static int count_between(const char *value, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t number = 0;
    if (decimal_parse(value, max, &number) < 0 || number < min)
        return err_set(-EINVAL, "'%s' is not a number from %llu to %llu", value,
                       (unsigned long long)min, (unsigned long long)max);
    *out = number;
    return 0;
}

int option_connections(const char *value, void *field)
{
    return count_between(value, 1, CONNECTIONS_MAX, field);
}

int option_file_count(const char *value, void *field)
{
    return count_between(value, 1, FILES_MAX, field);
}

int option_seconds(const char *value, void *field)
{
    return count_between(value, 0, SECONDS_MAX, field);
}

// "90" are seconds, "30m", "24h", "7d".
int option_duration(const char *value, void *field)
{
    static const struct {
        char letter;
        uint64_t seconds;
    } UNITS[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char digits[16] = "";
    uint64_t number = 0, unit = 1;
    size_t len = strspn(value, "0123456789");
    bool known = value[len] == '\0';
    for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS && !known; i++) {
        known = value[len] == UNITS[i].letter && value[len + 1] == '\0';
        unit = UNITS[i].seconds;
    }
    if (len < sizeof digits)
        memcpy(digits, value, len);
    if (!known || decimal_parse(digits, DURATION_MAX, &number) < 0 || number * unit > DURATION_MAX)
        return err_set(-EINVAL, "'%s' is no time: a number and s, m, h or d, as in 24h", value);
    *(uint64_t *)field = number * unit;
    return 0;
}

int option_uid(const char *value, void *field)
{
    uint64_t number = 0;
    char scratch[OPTION_LOOKUP_SIZE];
    struct passwd entry;
    struct passwd *found = NULL;
    // 2^32 - 1 is (uid_t)-1, "no change" to chown.
    if (decimal_parse(value, UINT32_MAX - 1, &number) == 0) {
        *(uid_t *)field = (uid_t)number;
        return 0;
    }
    if (getpwnam_r(value, &entry, scratch, sizeof scratch, &found) != 0 || found == NULL)
        return err_set(-EINVAL, "'%s' is neither a user id nor a user's name", value);
    *(uid_t *)field = found->pw_uid;
    return 0;
}

int option_gid(const char *value, void *field)
{
    uint64_t number = 0;
    char scratch[OPTION_LOOKUP_SIZE];
    struct group entry;
    struct group *found = NULL;
    if (decimal_parse(value, UINT32_MAX - 1, &number) == 0) {
        *(gid_t *)field = (gid_t)number;
        return 0;
    }
    if (getgrnam_r(value, &entry, scratch, sizeof scratch, &found) != 0 || found == NULL)
        return err_set(-EINVAL, "'%s' is neither a group id nor a group's name", value);
    *(gid_t *)field = found->gr_gid;
    return 0;
}

// Permission bits only: set-id and sticky bits mean nothing on a nosuid mount.
int option_mode(const char *value, void *field)
{
    size_t digits = strspn(value, "01234567");
    unsigned long mode = strtoul(value, NULL, 8);
    if (digits == 0 || digits > 4 || value[digits] != '\0' || mode > 0777)
        return err_set(-EINVAL, "'%s' is not an octal mode from 0 to 0777", value);
    *(mode_t *)field = (mode_t)mode;
    return 0;
}

int option_plaintext(const char *value, void *field)
{
    bool read = strcmp(value, "read") == 0;
    if (!read && strcmp(value, "refuse") != 0)
        return err_set(-EINVAL, "'%s' is unknown: use refuse or read", value);
    *(bool *)field = read;
    return 0;
}

int option_log_level(const char *value, void *field)
{
    enum log_level level;
    int rc = log_level_parse(value, &level);
    if (rc == 0)
        *(int *)field = (int)level;
    return rc;
}

int option_log_where(const char *value, void *field)
{
    static const struct {
        const char *name;
        enum log_where where;
    } KNOWN[] = {{"stderr", LOG_WHERE_STDERR},
                 {"syslog", LOG_WHERE_SYSLOG},
                 {"journald", LOG_WHERE_JOURNALD}};
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++) {
        if (strcmp(value, KNOWN[i].name) == 0) {
            *(enum log_where *)field = KNOWN[i].where;
            return 0;
        }
    }
    return err_set(-EINVAL, "'%s' is unknown: use stderr, syslog or journald", value);
}

int option_log_format(const char *value, void *field)
{
    bool json = strcmp(value, "json") == 0;
    if (!json && strcmp(value, "text") != 0)
        return err_set(-EINVAL, "'%s' is unknown: use text or json", value);
    *(enum log_format *)field = json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
    return 0;
}

// Checked now, listened at later.
int option_serve_address(const char *value, void *field)
{
    struct serve_address address;
    int rc = serve_address_parse(value, &address);
    return rc < 0 ? rc : option_text(value, field);
}
