/*
 * The guest's side of the hypercall channel: framed messages on the first virtio console, /dev/hvc0.
 *
 * A frame, little endian:   u32 "HVC1" | u16 type | u16 zero | u32 payload length, at most 65,536 | payload
 * A string in a payload:    u16 length in bytes | UTF-8
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNEL "/dev/hvc0"
#define AGENT_SOCKET "/run/hv.sock"
#define SIZE_FILE "/run/hv.size" /* "columns rows": the console's last known size */
#define SCREEN_FILE "/run/hv.screen" /* "width height": the size of the picture that the supervisor wants */
#define AGENT_VERSION "0.1.0"
#define ABI_VERSION 1

#define FRAME_HEADER 12
#define PAYLOAD_LIMIT 65536
#define ARGUMENT_LIMIT 64

enum frame_type {
    /* guest to host */
    FRAME_HELLO = 1,   /* u16 ABI, string agent version, string role */
    FRAME_READY = 2,   /* the userland has reached its first screen */
    FRAME_CALL = 3,    /* u32 call, u16 number, u16 count, strings */
    FRAME_GOODBYE = 4, /* u8: 0 power off, 1 reboot */
    FRAME_PONG = 5,    /* u32 nonce */
    FRAME_CHECKPOINT = 6, /* up, but for what depends on the second disk; waits for RESUMED */
    FRAME_ANSWER = 7,  /* u32 ask, u16 status, bytes to the end: the result, or one line of words */
    /* host to guest */
    FRAME_WELCOME = 0x81,  /* u16 ABI, string domain name, string supervisor version */
    FRAME_REPLY = 0x82,    /* u32 call, u16 status, text to the end */
    FRAME_RESIZE = 0x83,   /* u16 columns, u16 rows */
    FRAME_SHUTDOWN = 0x84, /* u8: 0 power off, 1 reboot */
    FRAME_RESUMED = 0x85,  /* u64 Unix milliseconds, 6 bytes MAC, string host name, string entropy (bytes), u8: 1 its screen is shown */
    FRAME_PING = 0x86,     /* u32 nonce */
    FRAME_ASK = 0x87,      /* u32 ask, u16 operation, u16 count, strings (bytes); answered once */
    FRAME_SCREEN = 0x88,   /* u16 width, u16 height */
};

enum call_number {
    CALL_INFO = 1,
    CALL_LIST = 2,
    CALL_STATS = 3,
    CALL_LOG = 4,
    CALL_START = 5,
    CALL_PAUSE = 6,
    CALL_RESUME = 7,
    CALL_SHUTDOWN = 8,
    CALL_KILL = 9,
    CALL_FOCUS = 10,
    CALL_SNAPSHOT = 11,
    CALL_CLONE = 12,
    CALL_CAP = 13,
    CALL_POLICY = 14,
    CALL_CONSOLE = 15,
    CALL_SEND = 16,
    CALL_CLIP = 17,
    CALL_VAULT = 18,
    CALL_NEW_IDENTITY = 19,
    /* For the agent alone, never on the channel. */
    CALL_LOCAL_READY = 0xffff,
};

enum call_status {
    STATUS_OK = 0,
    STATUS_MALFORMED = 1,
    STATUS_FORBIDDEN = 2,
    STATUS_FAILED = 3,
    STATUS_NOT_IMPLEMENTED = 4,
    STATUS_NO_SUCH_DOMAIN = 5,
    STATUS_ILLEGAL_STATE = 6,
    STATUS_OVER_BUDGET = 7,
    /* The agent's own answers. */
    STATUS_NO_SUPERVISOR = 0xfffe,
    STATUS_NO_ANSWER = 0xfffd,
};

/*
 * Between hv and the agent: one packet each way on a SOCK_SEQPACKET socket.
 * Request: u16 number, u16 count, strings. Reply: u16 status, text to the end.
 */

/* A payload being written; `overflow` is set, and nothing written, once it would outgrow the limit. */
struct writer {
    uint8_t *bytes;
    size_t length, limit;
    bool overflow;
};

/* A payload being read; `bad` is set by a read past its end, which then gives zeros. */
struct reader {
    const uint8_t *bytes;
    size_t length, at;
    bool bad;
};

void write_u8(struct writer *w, uint8_t value);
void write_u16(struct writer *w, uint16_t value);
void write_u32(struct writer *w, uint32_t value);
void write_bytes(struct writer *w, const void *bytes, size_t length);
void write_string(struct writer *w, const char *text, size_t length);

uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
const uint8_t *read_bytes(struct reader *r, size_t length);
const uint8_t *read_string(struct reader *r, size_t *length);

/* Puts the 12-byte header of a frame into `header`. */
void frame_header(uint8_t *header, uint16_t type, uint32_t payload_length);

enum frame_scan {
    SCAN_MORE,  /* not yet a whole frame */
    SCAN_FRAME, /* a frame starts at 0; its type and payload length are given */
    SCAN_SKIP,  /* *skip bytes at the start belong to no frame */
};
enum frame_scan scan_frame(const uint8_t *bytes, size_t length, uint16_t *type, uint32_t *payload_length, size_t *skip);

/* Opens the channel as a raw terminal; -1 with errno set when there is none. */
int open_channel(int flags);

#endif
