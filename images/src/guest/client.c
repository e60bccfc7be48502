#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A start script may be quicker than the agent. */
#define CONNECT_TRIES 100
#define CONNECT_PAUSE_NS 10000000

volatile sig_atomic_t interrupted;

int agent_connect(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = AGENT_SOCKET};
    int agent = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    for (int tries = 0; agent >= 0 && tries < CONNECT_TRIES; tries++) {
        if (connect(agent, (struct sockaddr *)&address, sizeof address) == 0)
            return agent;
        if (errno != ENOENT && errno != ECONNREFUSED && errno != EAGAIN)
            break;
        nanosleep(&(struct timespec){.tv_nsec = CONNECT_PAUSE_NS}, NULL);
    }
    fprintf(stderr, "hv: the guest agent does not answer on " AGENT_SOCKET ": %s\n", strerror(errno));
    return -1;
}

bool agent_call(int agent, uint16_t number, const struct argument *arguments, size_t count, struct reply *reply) {
    static uint8_t request[PAYLOAD_LIMIT - 4], packet[2 + PAYLOAD_LIMIT];
    struct writer w = {.bytes = request, .limit = sizeof request};
    write_u16(&w, number);
    write_u16(&w, count);
    for (size_t i = 0; i < count; i++)
        write_string(&w, arguments[i].text, arguments[i].length);
    if (w.overflow || count > ARGUMENT_LIMIT) {
        fputs("hv: the arguments are too long\n", stderr);
        return false;
    }
    ssize_t got = -1;
    if (send(agent, request, w.length, MSG_NOSIGNAL) >= 0)
        do
            got = recv(agent, packet, sizeof packet, 0);
        while (got < 0 && errno == EINTR && !interrupted);
    if (got < 0 && interrupted)
        return false;
    if (got < 2) {
        fputs("hv: the guest agent went away\n", stderr);
        return false;
    }
    struct reader r = {.bytes = packet, .length = got};
    reply->status = read_u16(&r);
    reply->length = got - 2;
    memcpy(reply->text, packet + 2, reply->length);
    reply->text[reply->length] = '\0';
    return true;
}

void defuse(char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned char c = text[i];
        bool c1 = c >= 0x80 && c < 0xa0 && i > 0 && (unsigned char)text[i - 1] == 0xc2;
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
            text[i] = '.';
        else if (c1)
            text[i - 1] = text[i] = '.';
    }
}

int report_status(const struct reply *reply) {
    static const char *const words[] = {
        [STATUS_MALFORMED] = "the supervisor could not read the request",
        [STATUS_FORBIDDEN] = "permission denied",
        [STATUS_FAILED] = "failed",
        [STATUS_NOT_IMPLEMENTED] = "the supervisor does not know this call",
        [STATUS_NO_SUCH_DOMAIN] = "no such domain",
        [STATUS_ILLEGAL_STATE] = "not possible in the domain's present state",
        [STATUS_OVER_BUDGET] = "over budget, try again later",
    };
    if (reply->status == STATUS_OK)
        return 0;
    if (reply->status == STATUS_NO_SUPERVISOR) {
        fputs("hv: no supervisor answers on " CHANNEL "\n", stderr);
        return EXIT_NO_SUPERVISOR;
    }
    if (reply->status == STATUS_NO_ANSWER) {
        fputs("hv: the supervisor did not answer this call\n", stderr);
        return EXIT_NO_SUPERVISOR;
    }
    if (reply->status >= sizeof words / sizeof *words) {
        fprintf(stderr, "hv: unknown status %u\n", reply->status);
        return STATUS_FAILED;
    }
    static char text[PAYLOAD_LIMIT + 1];
    memcpy(text, reply->text, reply->length + 1);
    defuse(text, reply->length);
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == '\n')
        text[--length] = '\0';
    fprintf(stderr, length > 0 ? "hv: %s: %s\n" : "hv: %s\n", words[reply->status], text);
    return reply->status;
}

static int columns_of(const char *text) {
    int columns = 0;
    for (; *text; text++)
        columns += (*text & 0xc0) != 0x80;
    return columns;
}

static bool looks_numeric(const char *text) {
    if (*text == '\0' || strcmp(text, "-") == 0)
        return true;
    return *text >= '0' && *text <= '9';
}

void parse_table(char *text, struct table *table) {
    memset(table, 0, sizeof *table);
    for (char *line_state, *line = strtok_r(text, "\n", &line_state); line != NULL && table->rows < TABLE_ROWS;
         line = strtok_r(NULL, "\n", &line_state)) {
        int column = 0;
        for (char *cell; (cell = strsep(&line, "\t")) != NULL && column < TABLE_COLUMNS; column++)
            table->cell[table->rows][column] = cell;
        if (column > table->columns)
            table->columns = column;
        table->rows++;
    }
    for (int column = 0; column < table->columns; column++) {
        table->numeric[column] = table->rows > 1;
        for (int row = 0; row < table->rows; row++) {
            const char *cell = table->cell[row][column];
            if (cell == NULL)
                table->cell[row][column] = cell = "";
            int width = columns_of(cell);
            if (width > table->width[column])
                table->width[column] = width;
            if (row > 0 && !looks_numeric(cell))
                table->numeric[column] = false;
        }
    }
}

size_t format_row(const struct table *table, int row, char *line, size_t bytes, int limit) {
    size_t length = 0;
    int at = 0;
    for (int column = 0; column < table->columns; column++) {
        const char *cell = table->cell[row][column];
        int pad = table->width[column] - columns_of(cell);
        int before = (column > 0 ? 2 : 0) + (table->numeric[column] ? pad : 0);
        int after = table->numeric[column] || column == table->columns - 1 ? 0 : pad;
        for (int i = 0; i < before && at < limit && length + 1 < bytes; i++, at++)
            line[length++] = ' ';
        for (const char *c = cell; *c && length + 5 < bytes; c++) {
            bool starts = (*c & 0xc0) != 0x80;
            if (starts && at >= limit)
                break;
            at += starts;
            line[length++] = *c;
        }
        for (int i = 0; i < after && at < limit && length + 1 < bytes; i++, at++)
            line[length++] = ' ';
    }
    line[length] = '\0';
    return length;
}
