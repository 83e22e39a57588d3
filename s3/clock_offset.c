#include "s3/clock_offset.h"
#include "common/clock.h"
#include "common/log.h"

#include <inttypes.h>
#include <stdatomic.h>

#define GAIN_MIN_S 60 // less is not why it was refused

static atomic_int_fast64_t noted_s; // of the process: there is one clock

int64_t clock_offset_s(void)
{
    return atomic_load(&noted_s);
}

static bool believable(int64_t offset_s)
{
    return offset_s <= CLOCK_OFFSET_MAX_S && offset_s >= -CLOCK_OFFSET_MAX_S;
}

void clock_offset_note(int64_t date_s)
{
    int64_t offset_s = date_s - clock_wall_s();
    if (date_s != 0 && believable(offset_s))
        atomic_store(&noted_s, offset_s);
}

static void warn_once(const char *server, int64_t offset_s)
{
    static atomic_bool warned;
    if (atomic_exchange(&warned, true))
        return;
    log_warn("this machine's clock is %" PRId64 " s %s that of %s: requests are signed by the "
             "server's from now on; set the clock (NTP: timedatectl set-ntp true)",
             offset_s < 0 ? -offset_s : offset_s, offset_s < 0 ? "ahead of" : "behind", server);
}

bool clock_offset_learn(const char *server, bool trustworthy, int64_t date_s, int64_t *offset_s)
{
    int64_t found_s = date_s - clock_wall_s(), gain_s = found_s - *offset_s;
    if (!trustworthy || date_s == 0 || !believable(found_s))
        return false;
    if (gain_s < GAIN_MIN_S && gain_s > -GAIN_MIN_S)
        return false;
    *offset_s = found_s;
    warn_once(server, found_s);
    return true;
}
