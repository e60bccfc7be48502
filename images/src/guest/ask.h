/* What the supervisor asks of this guest (FRAME_ASK): files in and out, and the guest's own services. */
#ifndef ASK_H
#define ASK_H

#include "wire.h"

#include <poll.h>

#define ASK_ARGUMENT_LIMIT 8
#define PIECE_LIMIT 32768

enum ask_operation {
    ASK_PUT_BEGIN = 1, /* transfer, name, total */
    ASK_PUT_DATA = 2,  /* transfer, offset, bytes */
    ASK_PUT_END = 3,   /* transfer; answers the path */
    ASK_PUT_ABORT = 4, /* transfer */
    ASK_GET_OPEN = 5,  /* transfer, path; answers the size */
    ASK_GET_DATA = 6,  /* transfer, offset, count; answers bytes, none at the end */
    ASK_GET_CLOSE = 7, /* transfer */
    ASK_SERVE = 8,     /* service, arguments; answers what it printed */
};

struct blob {
    const uint8_t *bytes;
    size_t length;
};

/* What an ask is answered with. */
struct outcome {
    uint16_t status;
    size_t length;
    uint8_t bytes[PIECE_LIMIT];
};

void succeed(struct outcome *outcome, const void *bytes, size_t length);
__attribute__((format(printf, 3, 4))) void fail(struct outcome *outcome, uint16_t status, const char *format, ...);

/* files.c. At the agent's start: what an earlier one left half received is removed. */
void files_start(void);
/* Any operation but ASK_SERVE. */
void files_asked(uint16_t operation, const struct blob *arguments, size_t count, int64_t now, struct outcome *outcome);
void files_drop_idle(int64_t now);
void files_drop_all(void);

/* serve.c. True: it runs, and is answered later; false: `outcome` says why not. */
bool serve_start(uint32_t ask, const struct blob *arguments, size_t count, int64_t now, struct outcome *outcome);
#define SERVE_POLLS 4
void serve_polls(struct pollfd *polls);
/* Reads what the services print. */
void serve_read(const struct pollfd *polls);
/* A child has ended; answers whether it was a service's. */
bool serve_ended(int pid, int status);
/* The next service that is done, or late at `now`: its ask, with `outcome` set. */
bool serve_settled(int64_t now, uint32_t *ask, struct outcome *outcome);
/* When the next one is late; -1: none runs. */
int64_t serve_deadline(void);

#endif
