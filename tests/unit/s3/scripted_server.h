// A server on loopback that answers requests one after the other with what a test has written down,
// and keeps what was asked. For tests of one client call at a time.
#ifndef TESTS_UNIT_S3_SCRIPTED_SERVER_H
#define TESTS_UNIT_S3_SCRIPTED_SERVER_H

#include <stddef.h>

struct scripted_answer {
    const char *status;  // "200 OK"; NULL: the connection is closed without an answer
    const char *headers; // each with \r\n; may be NULL
    const char *body;    // may be NULL
    unsigned delay_ms;   // before the body, in which white space trickles if `trickle`
    int trickle;
    int silent;         // nothing comes, until the client leaves
    int early;          // answered before the request's body is read, then closed
    size_t claim;       // Content-Length if not the body's own (the rest never comes)
    unsigned gather;    // waits until so many requests are there, unanswered
    const char *raw;    // sent as it is instead of all of the above, then the connection is closed;
    const char *repeat; // ... before that this over and over, until the client leaves
};

struct scripted_server;

// The answers are the caller's; after the last one every request gets 418.
struct scripted_server *scripted_server_start(const struct scripted_answer *answers, size_t count);
void scripted_server_stop(struct scripted_server *s);
const char *scripted_server_url(const struct scripted_server *s);
size_t scripted_server_requests(struct scripted_server *s);
size_t scripted_server_connections(struct scripted_server *s); // accepted so far
// The most requests that were there unanswered at once, since the last reset.
size_t scripted_server_at_once(struct scripted_server *s);
void scripted_server_at_once_reset(struct scripted_server *s);
// Head and body of request number index as text; valid until the stop.
const char *scripted_server_request(struct scripted_server *s, size_t index);

#endif
