#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const uint8_t magic[4] = {'H', 'V', 'C', '1'};

void write_bytes(struct writer *w, const void *bytes, size_t length) {
    if (w->overflow || length > w->limit - w->length) {
        w->overflow = true;
        return;
    }
    memcpy(w->bytes + w->length, bytes, length);
    w->length += length;
}

void write_u8(struct writer *w, uint8_t value) { write_bytes(w, &value, 1); }

void write_u16(struct writer *w, uint16_t value) {
    uint8_t bytes[2] = {value, value >> 8};
    write_bytes(w, bytes, 2);
}

void write_u32(struct writer *w, uint32_t value) {
    uint8_t bytes[4] = {value, value >> 8, value >> 16, value >> 24};
    write_bytes(w, bytes, 4);
}

void write_string(struct writer *w, const char *text, size_t length) {
    if (length > UINT16_MAX) {
        w->overflow = true;
        return;
    }
    write_u16(w, length);
    write_bytes(w, text, length);
}

const uint8_t *read_bytes(struct reader *r, size_t length) {
    if (r->bad || length > r->length - r->at) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *bytes = r->bytes + r->at;
    r->at += length;
    return bytes;
}

uint8_t read_u8(struct reader *r) {
    const uint8_t *b = read_bytes(r, 1);
    return b ? b[0] : 0;
}

uint16_t read_u16(struct reader *r) {
    const uint8_t *b = read_bytes(r, 2);
    return b ? b[0] | b[1] << 8 : 0;
}

uint32_t read_u32(struct reader *r) {
    const uint8_t *b = read_bytes(r, 4);
    return b ? b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24 : 0;
}

uint64_t read_u64(struct reader *r) {
    uint64_t low = read_u32(r);
    return low | (uint64_t)read_u32(r) << 32;
}

const uint8_t *read_string(struct reader *r, size_t *length) {
    *length = read_u16(r);
    const uint8_t *bytes = read_bytes(r, *length);
    if (bytes == NULL)
        *length = 0;
    return bytes;
}

void frame_header(uint8_t *header, uint16_t type, uint32_t payload_length) {
    struct writer w = {.bytes = header, .limit = FRAME_HEADER};
    write_bytes(&w, magic, 4);
    write_u16(&w, type);
    write_u16(&w, 0);
    write_u32(&w, payload_length);
}

enum frame_scan scan_frame(const uint8_t *bytes, size_t length, uint16_t *type, uint32_t *payload_length, size_t *skip) {
    size_t start = 0;
    while (start < length && memcmp(bytes + start, magic, length - start < 4 ? length - start : 4) != 0)
        start++;
    if (start > 0) {
        *skip = start;
        return SCAN_SKIP;
    }
    if (length < FRAME_HEADER)
        return SCAN_MORE;
    struct reader r = {.bytes = bytes, .length = FRAME_HEADER, .at = 4};
    *type = read_u16(&r);
    uint16_t zero = read_u16(&r);
    *payload_length = read_u32(&r);
    if (zero != 0 || *payload_length > PAYLOAD_LIMIT) {
        *skip = 4; /* no frame after all: look for the next magic */
        return SCAN_SKIP;
    }
    return length - FRAME_HEADER < *payload_length ? SCAN_MORE : SCAN_FRAME;
}

int open_channel(int flags) {
    int fd = open(CHANNEL, O_RDWR | O_NOCTTY | O_CLOEXEC | flags);
    if (fd < 0)
        return -1;
    struct termios terminal;
    if (tcgetattr(fd, &terminal) == 0) {
        cfmakeraw(&terminal);
        tcsetattr(fd, TCSANOW, &terminal);
    }
    return fd;
}
