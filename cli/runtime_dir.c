#include "cli/runtime_dir.h"

#include <stdio.h>
#include <string.h>

#define OF_ROOT "/run/rdsbak"

static char *join(const char *dir, const char *rest)
{
    char *path;
    if (dir == NULL || dir[0] != '/' || asprintf(&path, "%s%s", dir, rest) < 0)
        return NULL;
    return path;
}

static char *from_state(void)
{
    char *path = join(getenv("XDG_STATE_HOME"), "/rdsbak");
    return path != NULL ? path : join(getenv("HOME"), "/.local/state/rdsbak");
}

// Several directories stand there with colons between; the first is as good as any.
static char *from_systemd(void)
{
    const char *list = getenv("RUNTIME_DIRECTORY");
    return list != NULL && list[0] == '/' ? strndup(list, strcspn(list, ":")) : NULL;
}

char *runtime_dir_own(void)
{
    char *path = from_systemd();
    if (path == NULL && geteuid() == 0)
        path = strdup(OF_ROOT);
    if (path == NULL)
        path = join(getenv("XDG_RUNTIME_DIR"), "/rdsbak");
    return path != NULL ? path : from_state();
}

char *runtime_dir_of(uid_t user, unsigned number)
{
    char text[64];
    switch (number) {
    case 0:
        return runtime_dir_own();
    case 1:
        return strdup(OF_ROOT);
    case 2:
        snprintf(text, sizeof text, "/run/user/%u/rdsbak", (unsigned)user);
        return strdup(text);
    case 3:
        return from_state();
    default:
        return NULL;
    }
}
