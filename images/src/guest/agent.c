/*
 * The guest agent: the one process that speaks on the hypercall channel. It forwards the calls of `hv` clients, and does
 * in the guest what only the guest can do: window size, clock, MAC and host name after a resume, an orderly shutdown.
 *
 * Lengths from the host are checked as strictly as the host checks ours.
 */
#include "ask.h"
#include "wire.h"
#include "programs.h"
#include "upkeep.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLIENT_LIMIT 16
#define SILENT_SUPERVISOR_MS 2000 /* nothing ever came from the host */
#define SLOW_CALL_MS 120000       /* the host is there; it may have to ask a person */
#define OUTPUT_LIMIT (4 * (FRAME_HEADER + PAYLOAD_LIMIT))
#define RESUMED_HOOK "/etc/hyperspace/resumed"
#define SCREEN_HOOK "/etc/hyperspace/screen"

struct client {
    int fd; /* -1: free */
    bool waiting;
    uint32_t call;
    int64_t deadline;
};

static int channel;
static struct client clients[CLIENT_LIMIT];
static uint8_t input[FRAME_HEADER + PAYLOAD_LIMIT], output[OUTPUT_LIMIT];
static size_t input_length, output_length;
static bool supervisor_seen;
static bool baked; /* a state is to be taken at READY, and has not yet been resumed */
static uint32_t next_call = 1;

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* False when the host is not taking bytes and the buffer is full: the frame is then dropped whole. */
static bool send_frame(uint16_t type, const struct writer *payload) {
    size_t length = payload ? payload->length : 0;
    if ((payload && payload->overflow) || output_length + FRAME_HEADER + length > sizeof output)
        return false;
    frame_header(output + output_length, type, length);
    if (length > 0)
        memcpy(output + output_length + FRAME_HEADER, payload->bytes, length);
    output_length += FRAME_HEADER + length;
    return true;
}

static void flush_output(void) {
    while (output_length > 0) {
        ssize_t written = write(channel, output, output_length);
        if (written <= 0)
            return;
        output_length -= written;
        memmove(output, output + written, output_length);
        /* What has gone may have been a secret. */
        explicit_bzero(output + output_length, written);
    }
}

static void answer(struct client *client, uint16_t status, const uint8_t *text, size_t length) {
    static uint8_t packet[2 + PAYLOAD_LIMIT];
    struct writer w = {.bytes = packet, .limit = sizeof packet};
    write_u16(&w, status);
    write_bytes(&w, text, length);
    send(client->fd, packet, w.length, MSG_NOSIGNAL | MSG_DONTWAIT);
    client->waiting = false;
}

static void answer_words(struct client *client, uint16_t status, const char *words) {
    answer(client, status, (const uint8_t *)words, strlen(words));
}

static void drop_client(struct client *client) {
    close(client->fd);
    client->fd = -1;
    client->waiting = false;
}

/* What the start made of the disk is on it by then: whoever is cut off afterwards finds it whole. */
static void say_ready(void) {
    sync();
    if (baked)
        clear_free_memory();
    send_frame(FRAME_READY, NULL);
}

/* A request of a client becomes a call on the channel. */
static void serve_client(struct client *client) {
    static uint8_t request[PAYLOAD_LIMIT], call[PAYLOAD_LIMIT];
    ssize_t got = recv(client->fd, request, sizeof request, MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        drop_client(client);
        return;
    }
    if (client->waiting || (size_t)got > sizeof request) {
        answer_words(client, STATUS_MALFORMED, client->waiting ? "one call at a time" : "the request is too long");
        return;
    }
    struct reader r = {.bytes = request, .length = got};
    uint16_t number = read_u16(&r), count = read_u16(&r);
    for (unsigned i = 0; i < count && !r.bad; i++) {
        size_t length;
        read_string(&r, &length);
    }
    if (r.bad || r.at != r.length || count > ARGUMENT_LIMIT) {
        answer_words(client, STATUS_MALFORMED, "the agent cannot read the request");
        return;
    }
    if (number == CALL_LOCAL_READY) {
        say_ready();
        answer(client, STATUS_OK, NULL, 0);
        return;
    }
    struct writer w = {.bytes = call, .limit = sizeof call};
    client->call = next_call++;
    write_u32(&w, client->call);
    write_bytes(&w, request, got);
    if (w.overflow) {
        answer_words(client, STATUS_MALFORMED, "the request is too long");
        return;
    }
    if (!send_frame(FRAME_CALL, &w)) {
        answer(client, supervisor_seen ? STATUS_OVER_BUDGET : STATUS_NO_SUPERVISOR, NULL, 0);
        return;
    }
    client->waiting = true;
    client->deadline = now_ms() + (supervisor_seen ? SLOW_CALL_MS : SILENT_SUPERVISOR_MS);
}

static void settle_late_calls(void) {
    int64_t now = now_ms();
    for (struct client *c = clients; c < clients + CLIENT_LIMIT; c++)
        if (c->fd >= 0 && c->waiting && now >= c->deadline)
            answer(c, supervisor_seen ? STATUS_NO_ANSWER : STATUS_NO_SUPERVISOR, NULL, 0);
}

static void reply_received(struct reader *r) {
    uint32_t call = read_u32(r);
    uint16_t status = read_u16(r);
    if (r->bad)
        return;
    for (struct client *c = clients; c < clients + CLIENT_LIMIT; c++)
        if (c->fd >= 0 && c->waiting && c->call == call)
            answer(c, status, r->bytes + r->at, r->length - r->at);
}

static void send_answer(uint32_t ask, struct outcome *outcome) {
    static uint8_t payload[6 + PIECE_LIMIT];
    struct writer w = {.bytes = payload, .limit = sizeof payload};
    write_u32(&w, ask);
    write_u16(&w, outcome->status);
    write_bytes(&w, outcome->bytes, outcome->length);
    send_frame(FRAME_ANSWER, &w);
    explicit_bzero(payload, w.length);
    explicit_bzero(outcome->bytes, outcome->length);
}

static void ask_received(struct reader *r) {
    static struct outcome outcome;
    struct blob arguments[ASK_ARGUMENT_LIMIT];
    uint32_t ask = read_u32(r);
    uint16_t operation = read_u16(r), count = read_u16(r);
    if (r->bad)
        return;
    for (unsigned i = 0; i < count && i < ASK_ARGUMENT_LIMIT; i++)
        arguments[i].bytes = read_string(r, &arguments[i].length);
    if (r->bad || r->at != r->length || count > ASK_ARGUMENT_LIMIT)
        fail(&outcome, STATUS_MALFORMED, "the agent cannot read the question");
    else if (operation != ASK_SERVE)
        files_asked(operation, arguments, count, now_ms(), &outcome);
    else if (serve_start(ask, arguments, count, now_ms(), &outcome))
        return;
    send_answer(ask, &outcome);
}

static void settle_services(void) {
    static struct outcome outcome;
    uint32_t ask;
    int status;
    for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;)
        serve_ended(ended, status);
    while (serve_settled(now_ms(), &ask, &outcome))
        send_answer(ask, &outcome);
}

/*
 * Who first resumes a state that was taken before anybody used the guest has seen nothing of its console: it starts anew; unless
 * what the console had shown was kept with the state, which is done for no other state.
 */
static void resumed_received(struct reader *r) {
    if (!become(r))
        return;
    bool shown = read_u8(r) == 1 && !r->bad;
    for (struct client *c = clients; c < clients + CLIENT_LIMIT; c++)
        if (c->fd >= 0 && c->waiting)
            answer_words(c, STATUS_FAILED, "the domain was restored from a snapshot meanwhile");
    files_drop_all();
    if (baked)
        kill(1, SIGHUP);
    else if (!shown)
        redraw_console();
    run_hook(RESUMED_HOOK, baked || shown ? "first" : NULL);
    baked = false;
}

static void frame_received(uint16_t type, const uint8_t *payload, uint32_t length) {
    struct reader r = {.bytes = payload, .length = length};
    supervisor_seen = true;
    switch (type) {
    case FRAME_REPLY:
        reply_received(&r);
        break;
    case FRAME_RESIZE:
        resize(&r);
        break;
    case FRAME_SCREEN:
        if (note_screen(&r))
            run_hook(SCREEN_HOOK, NULL);
        break;
    case FRAME_SHUTDOWN: {
        uint8_t kind = read_u8(&r);
        if (!r.bad && kind <= 1)
            kill(1, kind == 0 ? SIGUSR2 : SIGTERM);
        break;
    }
    case FRAME_RESUMED:
        resumed_received(&r);
        break;
    case FRAME_PING: {
        uint8_t nonce[4];
        struct writer w = {.bytes = nonce, .limit = sizeof nonce};
        write_u32(&w, read_u32(&r));
        if (!r.bad)
            send_frame(FRAME_PONG, &w);
        break;
    }
    case FRAME_ASK:
        ask_received(&r);
        break;
    default: /* WELCOME needs nothing more; a later supervisor's frames are ignored */
        break;
    }
}

static void read_channel(void) {
    ssize_t got = read(channel, input + input_length, sizeof input - input_length);
    if (got <= 0)
        return;
    input_length += got;
    for (;;) {
        uint16_t type;
        uint32_t length;
        size_t used;
        enum frame_scan scan = scan_frame(input, input_length, &type, &length, &used);
        if (scan == SCAN_MORE)
            return;
        if (scan == SCAN_FRAME) {
            frame_received(type, input + FRAME_HEADER, length);
            used = FRAME_HEADER + length;
        }
        input_length -= used;
        memmove(input, input + used, input_length);
    }
}

static int listen_for_clients(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = AGENT_SOCKET};
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(AGENT_SOCKET);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 8) < 0) {
        perror("hv-agent: " AGENT_SOCKET);
        exit(1);
    }
    /* The domain is the unit of trust, not the user inside it. */
    chmod(AGENT_SOCKET, 0666);
    return listener;
}

static void accept_client(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    for (struct client *c = clients; c < clients + CLIENT_LIMIT; c++)
        if (c->fd < 0) {
            *c = (struct client){.fd = fd};
            return;
        }
    close(fd);
}

static void say_hello(const char *role) {
    uint8_t bytes[256];
    struct writer w = {.bytes = bytes, .limit = sizeof bytes};
    write_u16(&w, ABI_VERSION);
    write_string(&w, AGENT_VERSION, strlen(AGENT_VERSION));
    write_string(&w, role, strlen(role));
    send_frame(FRAME_HELLO, &w);
}

static int poll_timeout(void) {
    int64_t soonest = -1, now = now_ms();
    for (struct client *c = clients; c < clients + CLIENT_LIMIT; c++)
        if (c->fd >= 0 && c->waiting && (soonest < 0 || c->deadline < soonest))
            soonest = c->deadline;
    int64_t service = serve_deadline();
    if (service >= 0 && (soonest < 0 || service < soonest))
        soonest = service;
    if (soonest < 0)
        return -1;
    return soonest > now ? soonest - now : 0;
}

#define POLLS (2 + CLIENT_LIMIT + SERVE_POLLS)

static void child_ended(int signal) { (void)signal; }

/*
 * agent ROLE [ready] [baked]: ROLE is empty when init has said hello; "ready" when the role has no program that would say
 * so; "baked" when a state is to be taken at READY.
 */
int agent_main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    /* A child's end is heard of while the agent waits, and only then. */
    sigset_t child, none;
    sigemptyset(&none);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = child_ended}, NULL);
    files_start();
    for (struct client *c = clients; c < clients + CLIENT_LIMIT; c++)
        c->fd = -1;
    int listener = listen_for_clients();
    /* The device is there before its port is. */
    for (int tries = 0; (channel = open_channel(O_NONBLOCK)) < 0 && errno == ENODEV && tries < 100; tries++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    if (channel >= 0) {
        if (argc > 1 && argv[1][0] != '\0')
            say_hello(argv[1]);
        for (int i = 2; i < argc; i++)
            baked |= strcmp(argv[i], "baked") == 0;
        if (argc > 2 && strcmp(argv[2], "ready") == 0)
            say_ready();
    }
    for (;;) {
        flush_output();
        struct pollfd polls[POLLS] = {
            {.fd = channel, .events = POLLIN | (output_length > 0 ? POLLOUT : 0)},
            {.fd = listener, .events = POLLIN},
        };
        for (int i = 0; i < CLIENT_LIMIT; i++)
            polls[2 + i] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
        serve_polls(polls + 2 + CLIENT_LIMIT);
        int timeout = poll_timeout();
        struct timespec patience = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000L};
        if (ppoll(polls, POLLS, timeout < 0 ? NULL : &patience, &none) < 0) {
            if (errno != EINTR)
                return 1;
            for (int i = 0; i < POLLS; i++)
                polls[i].revents = 0;
        }
        serve_read(polls + 2 + CLIENT_LIMIT);
        settle_services();
        settle_late_calls();
        files_drop_idle(now_ms());
        if (polls[0].revents & POLLIN)
            read_channel();
        for (int i = 0; i < CLIENT_LIMIT; i++)
            if (polls[2 + i].revents != 0 && clients[i].fd == polls[2 + i].fd)
                serve_client(&clients[i]);
        if (polls[1].revents & POLLIN)
            accept_client(listener);
    }
}
