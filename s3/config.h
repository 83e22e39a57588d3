// Every limit of s3/, each beside its reason.
#ifndef S3_CONFIG_H
#define S3_CONFIG_H

// ---- HTTP
// curl sends and receives in pieces of this size: fewer system calls than with its 16 and 64 KiB.
#define HTTP_BUFFER_BYTES       (128 * 1024)
#define HTTP_BUFFER_SMALL_BYTES (16 * 1024) // KMS: a few KiB a call
#define HTTP_HEADERS_MAX        128         // S3 sends about 15 and up to 2 KiB of metadata
#define HTTP_HEADERS_BYTES_MAX  (64 * 1024)
#define HTTP_POLL_MS            100 // how soon a raised cancel flag is seen (at most twice this)
// Calls without a large body (HEAD, LIST, Complete) do not queue behind the bodies.
#define HTTP_SHORT_CALLS_MAX 64
#define HTTP_SHORT_IDLE_MAX  24 // connections kept for them beside those of the bodies
#define HTTP_HEADS_MAX       16 // of one answer: 100 Continue and the like come before it
// A server that asks for fewer requests gets half as many bodies at once, and one more each time
// that it has served as many as there are now, but no sooner than this: S3 takes seconds to spread
// a prefix over more machines.
#define HTTP_PACE_GROW_MS 1000

// ---- Deadlines, milliseconds
#define CALL_CONNECT_TIMEOUT_MS 10000
#define CALL_STALL_TIMEOUT_MS   30000
#define CALL_TURN_TIMEOUT_MS    60000 // signatures are good for 15 minutes, credentials may be less
#define CALL_RETRY_TOTAL_MS     300000
#define CALL_HEAD_TOTAL_MS      10000  // the kernel may hold a directory meanwhile
#define CALL_LIFECYCLE_TOTAL_MS 5000   // only for a warning, and a mount waits for it
#define CALL_SMALL_TIMEOUT_MS   60000  // one attempt of a call with a small body either way
#define CALL_SMALL_TOTAL_MS     60000  // DELETE and LIST with their retries
#define CALL_LONG_TIMEOUT_MS    900000 // Complete and copies work before they answer
#define CALL_BODY_TIMEOUT_MS    900000 // a body: this, and ...
#define CALL_BODY_BYTES_PER_MS  32     // ... as long as its size takes at 32 KB/s
#define CALL_KMS_TOTAL_MS       10000

// ---- Credentials: asking for new ones
#define FETCH_TOTAL_MS           30000 // all of it: several servers may have a part in it
#define FETCH_ATTEMPTS_MAX       3     // of one request
#define FETCH_TIMEOUT_MS         10000 // one request to STS
#define FETCH_CONNECT_MS         5000
#define FETCH_NEAR_TIMEOUT_MS    5000        // metadata: on this machine, or one hop away
#define FETCH_NEAR_CONNECT_MS    1000        // most machines have none, and nobody refuses there
#define FETCH_ANSWER_MAX         (64 * 1024) // a session token of up to some KiB
#define TOKEN_FILE_MAX           (64 * 1024)
#define CREDENTIALS_WAIT_MS      8000 // of a request for new ones: less than a HEAD may take in all
#define CREDENTIALS_ADVISORY_S   900  // before expiry: ask for new ones
#define CREDENTIALS_MANDATORY_S  300  // wait for them
#define CREDENTIALS_PAUSE_MS     1000 // between fetches while there are none; and with old ones
#define CREDENTIALS_PAUSE_MAX_MS 60000 // to be had up to this

// ---- Retries
#define RETRY_DELAY_FIRST_MS     100
#define RETRY_DELAY_THROTTLED_MS 400   // first delay when the server asks for fewer requests
#define RETRY_TELL_AFTER_MS      10000 // of failing: then whoever waits is told, and ...
#define RETRY_TELL_EVERY_MS      60000 // ... at most so often for the whole process
#define RETRY_DELAY_MAX_MS       10000 // and the longest Retry-After that is heeded
#define RETRY_SERVER_ERRORS_MAX  8     // InternalError and the like: some never recover
#define RETRY_AT_ONCE_MAX        3 // settings changed (credentials refreshed, checksums given up)

// ---- Answers
#define XML_DEPTH_MAX        8
#define XML_NAME_MAX         64
#define XML_TEXT_MAX         (16 * 1024)       // a key is at most 3 KiB when escaped
#define ANSWER_SMALL_MAX     (64 * 1024)       // errors, ETags, upload ids
#define ANSWER_LIST_MAX      (8 * 1024 * 1024) // 1,000 keys of 3 KiB and their fields, doubled
#define COMPLETE_BODY_MAX    (4 * 1024 * 1024) // 10,000 parts of 150 to 250 bytes
#define TAGS_MAX             (16 * 1024)       // 10 tags of 128 and 256 characters, escaped
#define LIST_PAGE_KEYS       1000
#define LIST_EMPTY_PAGES_MAX 1000 // pages in a row that bring nothing
#define KMS_ANSWER_MAX       (64 * 1024)
#define CREDENTIALS_FILE_MAX (1024 * 1024)
#define INI_LINE_MAX         (68 * 1024) // a session token of 64 KiB and its name
#define INI_NAME_MAX         512
#define CALL_KEY_SHOWN_MAX   200 // bytes of a key in an error's text, which has 1 KiB in all

// ---- The journal of uploads
#define JOURNAL_NAME_PREFIX      "uploads-"
#define JOURNAL_NAME_TRIES       100    // others' hands on a new file, names that are taken
#define JOURNAL_FILES_MAX        10000  // of dead processes that nobody could clean up after
#define JOURNAL_RENEW_BYTES      262144 // begin a new file: a thousand uploads or so
#define JOURNAL_COMPLETE_GRACE_S 900    // a Complete that was sent may work as long as one may take
#define JOURNAL_ELSEWHERE_S      86400  // of a copied disk: no upload is at work for longer
#define SWEEP_AGAIN_MS           600000 // what could not be ended yet
#define SWEEP_ABORTS_MAX         3      // parts under way may outlive an abort: see it through

#endif
