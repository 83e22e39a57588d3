// What a stream of bytes is, if it is a SQL Server backup: recognised from its first bytes,
// described from its first 16 KiB and its last 64 KiB. For log lines and for `info`; nothing about
// how bytes are stored depends on it. Knows bytes only. Reading all of it: walk.h.
//
// Everything here takes hostile bytes: malformed input gives a struct mtf_damage (why, and where),
// never a crash, and no size out of the file sizes memory. No function blocks, sets an error text
// or logs. Any thread; the structs belong to the caller. Texts are UTF-8, safe to print, and come
// out of the user's data: they are for the user's own screen, never for a log.
//
// SQL Server writes strictly forward: the header in front keeps estimates and no finish time even
// in a finished file, and the final values stand in a second copy near the end. Hence two readings:
// `first` is the file's first set as it was at its start, `last` the last set as it ended.
#ifndef MTF_MTF_H
#define MTF_MTF_H

#include "mtf/text.h"

#define MTF_RECOGNISE_BYTES 96              // enough for mtf_recognise
#define MTF_HEAD_BYTES      ((size_t)16384) // enough for mtf_read_head in all files seen
#define MTF_TAIL_BYTES      ((size_t)65536) // and mtf_read_tail; hundreds of data files need more
#define MTF_FILEMARK_MAX    65536

enum mtf_kind {
    MTF_UNDECIDED, // fewer bytes than it takes
    MTF_NOT_A_BACKUP,
    MTF_OTHER,  // tape format of another program (NTBackup, Backup Exec)
    MTF_PLAIN,  // SQL Server, uncompressed
    MTF_PACKED, // SQL Server, compressed, encrypted or both ("MSSQLBAK")
};

// From the first bytes of a file; more than MTF_RECOGNISE_BYTES are not looked at.
enum mtf_kind mtf_recognise(const uint8_t *data, size_t len);

// ---- what is known of a file ----

struct mtf_damage {
    const char *why; // a constant text without anything out of the file; NULL: no damage
    uint64_t offset; // in the file (inside a compressed record: of the record)
};

struct mtf_date {  // local time of the server
    uint16_t year; // 0: unknown
    uint8_t month, day, hour, minute, second;
};
#define MTF_DATE_TEXT 20
// "2024-12-09 18:58:10", or "".
void mtf_date_format(const struct mtf_date *date, char out[MTF_DATE_TEXT]);

struct mtf_lsn {
    uint32_t sequence, block;
    uint16_t slot;
};
#define MTF_LSN_TEXT 26
// As T-SQL shows it: 968/440/37 is 968000000044000037; "0" if all is zero.
void mtf_lsn_format(const struct mtf_lsn *lsn, char out[MTF_LSN_TEXT]);
int mtf_lsn_compare(const struct mtf_lsn *a, const struct mtf_lsn *b); // as strcmp

struct mtf_guid {
    uint8_t bytes[16]; // as stored
};
#define MTF_GUID_TEXT 37
void mtf_guid_format(const struct mtf_guid *guid, char out[MTF_GUID_TEXT]);

struct mtf_media { // the file as one family (stripe) of a media set
    bool known;
    uint32_t family_id;       // differs per stripe, changes with every FORMAT
    struct mtf_guid set_id;   // same in all stripes
    uint16_t stripe, stripes; // number (from 1) and count; 0 if not told
    uint16_t mirrors;
    uint32_t filemark_size; // S, bytes
    uint16_t block_size;    // of the format's logical blocks
    uint16_t vendor;
    bool has_password;
    struct mtf_date formatted;
    char software[64];
};

enum mtf_recovery {
    MTF_RECOVERY_UNKNOWN,
    MTF_RECOVERY_FULL,
    MTF_RECOVERY_BULK,
    MTF_RECOVERY_SIMPLE
};

struct mtf_set {
    // from its SSET and VOLB, or (not guid, software, time zone) from the set map
    bool has_header;
    uint16_t number;      // position in the file, from 1
    uint64_t address;     // byte offset in the file
    struct mtf_guid guid; // same in all stripes
    struct mtf_date written;
    uint8_t software_major, software_minor; // 16, 0: SQL Server 2022
    int8_t time_zone;                       // quarters of an hour east of UTC; 127: unknown
    char name[MTF_TEXT_MAX], user[MTF_TEXT_MAX], machine[MTF_TEXT_MAX];
    uint64_t size_bytes; // of this set; only from the set map

    // from SQL Server's own description (SCIN); all of it seen in real files but what says
    // "inferred"
    bool has_details;
    bool is_final; // the copy at the end: finish time and sizes are real
    char type; // D full, I differential, L log; F G P Q: file, file diff., partial, partial diff.
    bool checksums;
    uint32_t flags;
    uint16_t software_build;
    struct mtf_lsn first_lsn, last_lsn, checkpoint_lsn, database_backup_lsn;
    struct mtf_guid family;                 // of the database, whatever it is called (inferred)
    struct mtf_lsn differential_base_lsn;   // type I
    struct mtf_guid differential_base_guid; // type I: set GUID of its full backup
    struct mtf_date created, started, finished;
    uint8_t compatibility;
    uint16_t database_version;         // 957: 2022
    uint64_t backup_size, packed_size; // over all stripes; packed 0 before 2008
    enum mtf_recovery recovery;        // inferred
    char database[MTF_TEXT_MAX], server[MTF_TEXT_MAX];
};
// "full", "differential", "log" ...; "backup of an unknown type".
const char *mtf_type_name(char type);

enum mtf_state {
    MTF_STATE_UNKNOWN, // the end was not read
    MTF_FINISHED,      // ends with the filemark that closes a set
    MTF_UNFINISHED,
};

struct mtf_info {
    enum mtf_kind kind;
    bool encrypted;  // MTF_PACKED: WITH ENCRYPTION; nothing more is readable then
    bool packed;     // MTF_PACKED and its records are compressed, as far as seen
    bool old_packed; // compressed by 2008 to 2012: a layout that is not read
    struct mtf_media media;
    struct mtf_set first, last;
    enum mtf_state state;
    uint32_t sets;               // finished ones in the file, from its last filemark
    uint64_t data_end;           // where the last set's data ends: its filemark; 0: not known
    bool head_short, tail_short; // more bytes might tell more
    struct mtf_damage damage;    // the first that was met
};

// From the file's first bytes: clears *info and sets kind, media, first. Up to MTF_HEAD_BYTES are
// usual; fewer or more are fine. A damaged front leaves what was read before the damage.
void mtf_read_head(struct mtf_info *info, const uint8_t *data, size_t len);

// From the file's last bytes, the first of which stands at `offset`: sets state, sets, last. After
// mtf_read_head; or on a zeroed *info, when the front is not known (the kind stays MTF_UNDECIDED
// then, and MTF_FINISHED alone says that it is a SQL Server backup). With hundreds of sets the map
// of them is longer than MTF_TAIL_BYTES: tail_short then, and what is wanted ends behind data_end,
// so the bytes from MTF_TAIL_BYTES before data_end on will do.
void mtf_read_tail(struct mtf_info *info, const uint8_t *data, size_t len, uint64_t offset);

// A set that is not the first: its start, from the bytes at its address (16 KiB are usual), into
// info->first. After mtf_read_head of the file's own front, on a copy of what that gave.
void mtf_read_start(struct mtf_info *info, const uint8_t *data, size_t len, uint64_t offset);
// The sets before the last: a file that ended where the last set begins would be whole, so a
// reading of the bytes in front of that place as of a tail gives the set before.

// ---- the short form, for log lines: no text out of the file is in it ----

struct mtf_summary {
    enum mtf_kind kind;
    enum mtf_state state;
    bool packed, encrypted;
    bool checksums;
    char type; // of the last set if known, else of the first; 0: unknown
    bool type_is_last;
    uint16_t stripe, stripes;
    uint32_t filemark_size;
    uint32_t sets;
};
// From a piece that begins the file / ends it, as above. Cheap when it is no backup, and, for a
// piece from the middle of one, as long as it does not happen to end with a filemark.
void mtf_summary_head(struct mtf_summary *s, const uint8_t *data, size_t len);
void mtf_summary_tail(struct mtf_summary *s, const uint8_t *data, size_t len, uint64_t offset);
// The file was cut or grew: its end is not known any more.
void mtf_summary_forget_tail(struct mtf_summary *s);

#define MTF_SUMMARY_TEXT 160
// "SQL Server backup (full, compressed, stripe 2 of 4), finished"; "" if it is none.
void mtf_summary_format(const struct mtf_summary *s, char out[MTF_SUMMARY_TEXT]);
bool mtf_summary_is_unfinished(const struct mtf_summary *s);

#endif
