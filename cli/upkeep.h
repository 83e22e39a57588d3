// What is done beside a verb's own work so that no unfinished upload stays behind: the journal, the
// sweep of what dead processes left, and a look at the bucket's lifecycle rules. None of it makes a
// verb fail: what does not work is warned of. Main thread.
#ifndef CLI_UPKEEP_H
#define CLI_UPKEEP_H

#include "cli/connect.h"
#include "s3/journal.h"

// The state directory and the place that journals are for; texts live as long as the options and
// the connection. *dir is the caller's to free. -EINVAL, -ENOMEM.
int upkeep_place(const struct connection *c, const struct options *o, const struct source *source,
                 struct journal_place *place, char **dir) MUST_CHECK;

// The connection's uploads are in a journal from now on.
void upkeep_keep_journal(struct connection *c, const struct options *o,
                         const struct source *source);
// Begins, in the background, to end what processes of this machine that died left in the bucket.
void upkeep_sweep(struct connection *c, const struct options *o, const struct source *source);
// Whether the bucket has no lifecycle rule that ends unfinished uploads under prefix; false also if
// it does not tell. Blocks, for 5 s at most.
bool upkeep_lacks_rule(const struct connection *c, const struct source *source);
void upkeep_warn_rule(const struct source *source);
// connection_close's part.
void upkeep_stop(struct connection *c);

#endif
