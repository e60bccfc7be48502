/* A program's call to the supervisor, by way of the agent. */
#ifndef CLIENT_H
#define CLIENT_H

#include "wire.h"

#include <signal.h>

struct argument {
    const char *text;
    size_t length;
};

struct reply {
    uint16_t status;
    size_t length;
    char text[PAYLOAD_LIMIT + 1]; /* closed by a NUL */
};

/* Set by a signal handler: a call that waits gives up, and nothing is printed about it. */
extern volatile sig_atomic_t interrupted;

/* A connection to the agent; prints why and gives -1 when there is none. */
int agent_connect(void);

/* False when the agent went away or the arguments are too long; `reply` is then not set. */
bool agent_call(int agent, uint16_t number, const struct argument *arguments, size_t count, struct reply *reply);

/* Prints a status other than OK to standard error and gives the exit code for it. */
int report_status(const struct reply *reply);

/* Text of another domain, or of the host, must not drive this terminal: control characters become dots. */
void defuse(char *text, size_t length);

/*
 * Rows of tab-separated cells, the first row being the header. The pointers go into `text`, which is changed.
 */
#define TABLE_ROWS 64
#define TABLE_COLUMNS 16
struct table {
    int rows, columns;
    const char *cell[TABLE_ROWS][TABLE_COLUMNS];
    int width[TABLE_COLUMNS];
    bool numeric[TABLE_COLUMNS];
};
void parse_table(char *text, struct table *table);

/* Writes one row into `line`, cut to `limit` columns; gives its length in bytes. */
size_t format_row(const struct table *table, int row, char *line, size_t bytes, int limit);

enum {
    EXIT_NO_SUPERVISOR = 8,
    EXIT_NO_AGENT = 9,
    EXIT_USAGE = 64,
    EXIT_INTERRUPTED = 130,
};

#endif
