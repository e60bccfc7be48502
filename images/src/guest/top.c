/* hv top: the supervisor's statistics as a full-screen table, anew every second. */
#include "client.h"
#include "programs.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define REFRESH_MS 1000

static struct termios before;
static volatile sig_atomic_t stop, resized;

static void on_stop(int signal) {
    (void)signal;
    stop = 1;
}

static void on_resize(int signal) {
    (void)signal;
    resized = 1;
}

static char screen[64 * 1024];
static size_t screen_length;

static void __attribute__((format(printf, 1, 2))) put(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(screen + screen_length, sizeof screen - screen_length, format, arguments);
    va_end(arguments);
    if (length > 0 && screen_length + length < sizeof screen)
        screen_length += length;
}

static void show_screen(void) {
    for (size_t at = 0; at < screen_length;) {
        ssize_t written = write(STDOUT_FILENO, screen + at, screen_length - at);
        if (written <= 0)
            break;
        at += written;
    }
    screen_length = 0;
}

static void enter_screen(void) {
    struct termios raw;
    tcgetattr(STDIN_FILENO, &before);
    raw = before;
    raw.c_lflag &= ~(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    put("\033[?1049h\033[?25l\033[2J");
    show_screen();
}

static void leave_screen(void) {
    put("\033[0m\033[?25h\033[?1049l");
    show_screen();
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

/* The order of the rows; the header row stays first. */
static const struct table *sorted_table;
static int sort_column;
static bool sort_down;

static int compare_rows(const void *a, const void *b) {
    const char *left = sorted_table->cell[*(const int *)a][sort_column];
    const char *right = sorted_table->cell[*(const int *)b][sort_column];
    int order;
    if (sorted_table->numeric[sort_column]) {
        double x = strtod(left, NULL), y = strtod(right, NULL);
        order = (x > y) - (x < y);
    } else
        order = strcmp(left, right);
    if (order == 0)
        order = *(const int *)a - *(const int *)b;
    return sort_down ? -order : order;
}

static void draw(struct reply *reply, bool settled) {
    static struct table table;
    static char line[4096];
    struct winsize size = {.ws_col = 80, .ws_row = 24};
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    if (size.ws_col == 0 || size.ws_row == 0)
        size = (struct winsize){.ws_col = 80, .ws_row = 24};

    char host[64] = "", clock[16];
    gethostname(host, sizeof host - 1);
    time_t now = time(NULL);
    strftime(clock, sizeof clock, "%H:%M:%S", localtime(&now));
    put("\033[H\033[1mhv top\033[0m  %s  %s\033[K\r\n\033[K\r\n", host, clock);

    int drawn = 2;
    if (!settled || reply->status != STATUS_OK) {
        put("%s\033[K\r\n", !settled                                   ? "The guest agent went away."
                            : reply->status == STATUS_FORBIDDEN        ? "Permission denied."
                            : reply->status == STATUS_NO_SUPERVISOR    ? "No supervisor answers on " CHANNEL "."
                                                                       : "The supervisor gave no statistics.");
        drawn++;
    } else {
        int order[TABLE_ROWS];
        defuse(reply->text, reply->length);
        parse_table(reply->text, &table);
        if (sort_column >= table.columns)
            sort_column = 0;
        for (int row = 0; row < table.rows; row++)
            order[row] = row;
        sorted_table = &table;
        if (table.rows > 2)
            qsort(order + 1, table.rows - 1, sizeof *order, compare_rows);
        for (int row = 0; row < table.rows && drawn < size.ws_row - 2; row++, drawn++) {
            format_row(&table, order[row], line, sizeof line, size.ws_col);
            put(row == 0 ? "\033[7m%s\033[K\033[0m\r\n" : "%s\033[K\r\n", line);
        }
    }
    for (; drawn < size.ws_row - 1; drawn++)
        put("\033[K\r\n");
    const char *sorted_by = sorted_table != NULL && sorted_table->rows > 0 ? sorted_table->cell[0][sort_column] : "-";
    snprintf(line, sizeof line, "q quit   < > sort by: %s   r %s", sorted_by, sort_down ? "largest first" : "smallest first");
    put("\033[2m%.*s\033[0m\033[K", size.ws_col, line);
    show_screen();
}

static void handle_key(char key) {
    if (key == 'q' || key == 'Q' || key == 3)
        stop = 1;
    else if (key == '>' || key == '.' || key == 'C')
        sort_column++;
    else if ((key == '<' || key == ',' || key == 'D') && sort_column > 0)
        sort_column--;
    else if (key == 'r' || key == 'R')
        sort_down = !sort_down;
    else if (key >= '1' && key <= '9')
        sort_column = key - '1';
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int top_main(void) {
    static struct reply reply, shown;
    int agent = agent_connect();
    if (agent < 0)
        return EXIT_NO_AGENT;
    /* The first answer tells whether there is anything to show. */
    bool settled = agent_call(agent, CALL_STATS, NULL, 0, &reply);
    if (!settled || reply.status != STATUS_OK) {
        close(agent);
        return settled ? report_status(&reply) : EXIT_NO_AGENT;
    }
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        static struct table table;
        static char line[4096];
        close(agent);
        defuse(reply.text, reply.length);
        parse_table(reply.text, &table);
        for (int row = 0; row < table.rows; row++) {
            format_row(&table, row, line, sizeof line, 1000);
            puts(line);
        }
        return 0;
    }
    signal(SIGINT, on_stop);
    signal(SIGTERM, on_stop);
    signal(SIGHUP, on_stop);
    struct sigaction resize = {.sa_handler = on_resize};
    sigaction(SIGWINCH, &resize, NULL);
    enter_screen();
    int64_t next = now_ms() + REFRESH_MS;
    while (!stop) {
        shown = reply;
        draw(&shown, settled);
        int64_t wait = next - now_ms();
        struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
        if (wait > 0 && poll(&keys, 1, wait) > 0) {
            char typed[16];
            ssize_t got = read(STDIN_FILENO, typed, sizeof typed);
            if (got <= 0 && (keys.revents & (POLLHUP | POLLERR)))
                stop = 1;
            for (ssize_t i = 0; i < got; i++)
                handle_key(typed[i]);
        }
        if (resized) {
            resized = 0;
            put("\033[2J");
        }
        if (now_ms() >= next && !stop) {
            settled = agent_call(agent, CALL_STATS, NULL, 0, &reply);
            next = now_ms() + REFRESH_MS;
            if (!settled)
                stop = 1;
        }
    }
    leave_screen();
    close(agent);
    return settled ? 0 : EXIT_NO_AGENT;
}
