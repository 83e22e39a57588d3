// How far this machine's clock is from the servers'. Any thread.
//
// Signatures are good for minutes around the server's time (S3 15, KMS 5). A server that refuses
// one for its time tells its own in the answer's Date; from then on requests to it are signed by
// that clock (struct caller keeps the offset). Only what came over TLS or from this machine
// teaches: whoever could forge a Date might have signatures made for times to come. More than a day
// is not believed either.
#ifndef S3_CLOCK_OFFSET_H
#define S3_CLOCK_OFFSET_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_OFFSET_MAX_S (26 * 3600) // a wrong date and a wrong time zone
#define CLOCK_WARN_S       300         // what KMS allows; S3 allows 900

// The servers' time minus this machine's, as the last trustworthy answer had it; 0 before any.
// For telling (doctor) and for judging when credentials expire.
int64_t clock_offset_s(void);
// Notes the Date of an answer (0: it had none) that came over TLS or from loopback.
void clock_offset_note(int64_t date_s);
// A refusal for its time by a server of that Date, of a request that was signed with offset_s: the
// offset to sign with from now on in *offset_s, true; or false: nothing to learn. Warns once in a
// process, with the offset.
bool clock_offset_learn(const char *server, bool trustworthy, int64_t date_s, int64_t *offset_s);

#endif
