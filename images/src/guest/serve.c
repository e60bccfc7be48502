/*
 * The guest's own services: programs in /etc/hyperspace/serve, run for the supervisor. Exit status 0: what was printed is
 * the answer; 2: not possible now; 64: not understood; any other: failed. The reason is the last line of standard error.
 */
#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVICES "/etc/hyperspace/serve/"
#define SERVICE_NAME 16
#define RUNNING_LIMIT 2
#define PATIENCE_MS 30000

struct service {
    bool used, done, late, too_much;
    uint32_t ask;
    pid_t pid;
    int out, complaint_pipe, status;
    int64_t deadline;
    size_t length, complaint_length;
    uint8_t printed[PIECE_LIMIT];
    char complaint[512];
};

static struct service services[RUNNING_LIMIT];

static bool service_path(const struct blob *name, char *path, size_t size) {
    if (name->length == 0 || name->length > SERVICE_NAME)
        return false;
    for (size_t i = 0; i < name->length; i++)
        if (name->bytes[i] != '-' && (name->bytes[i] < 'a' || name->bytes[i] > 'z'))
            return false;
    snprintf(path, size, SERVICES "%.*s", (int)name->length, (const char *)name->bytes);
    return true;
}

/* In the child. */
static void become(const char *path, const struct blob *arguments, size_t count, int out, int complaint) {
    static char text[PAYLOAD_LIMIT];
    static char environment[] = "PATH=/sbin:/bin:/usr/sbin:/usr/bin", home[] = "HOME=/root";
    char *words[ASK_ARGUMENT_LIMIT + 1] = {(char *)path}, *variables[] = {environment, home, NULL};
    size_t used = 0;
    sigset_t none;
    for (size_t i = 1; i < count; i++) {
        words[i] = text + used;
        memcpy(text + used, arguments[i].bytes, arguments[i].length);
        used += arguments[i].length;
        text[used++] = '\0';
    }
    setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(out, 1) < 0 || dup2(complaint, 2) < 0 || chdir("/") < 0)
        _exit(126);
    execve(path, words, variables);
    _exit(127);
}

bool serve_start(uint32_t ask, const struct blob *arguments, size_t count, int64_t now, struct outcome *outcome) {
    char path[sizeof SERVICES + SERVICE_NAME];
    if (count == 0 || !service_path(&arguments[0], path, sizeof path)) {
        fail(outcome, STATUS_MALFORMED, "no such name of a service");
        return false;
    }
    for (size_t i = 1; i < count; i++)
        if (memchr(arguments[i].bytes, 0, arguments[i].length) != NULL) {
            fail(outcome, STATUS_MALFORMED, "no such argument");
            return false;
        }
    if (access(path, X_OK) != 0) {
        fail(outcome, STATUS_NOT_IMPLEMENTED, "this guest has no service of that name");
        return false;
    }
    struct service *s = services;
    while (s < services + RUNNING_LIMIT && s->used)
        s++;
    if (s == services + RUNNING_LIMIT) {
        fail(outcome, STATUS_OVER_BUDGET, "the guest is busy with other questions");
        return false;
    }
    int out[2], complaint[2];
    if (pipe2(out, O_CLOEXEC) < 0) {
        fail(outcome, STATUS_FAILED, "%s", strerror(errno));
        return false;
    }
    if (pipe2(complaint, O_CLOEXEC) < 0) {
        fail(outcome, STATUS_FAILED, "%s", strerror(errno));
        close(out[0]);
        close(out[1]);
        return false;
    }
    pid_t pid = fork();
    if (pid == 0)
        become(path, arguments, count, out[1], complaint[1]);
    close(out[1]);
    close(complaint[1]);
    if (pid < 0) {
        fail(outcome, STATUS_FAILED, "%s", strerror(errno));
        close(out[0]);
        close(complaint[0]);
        return false;
    }
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(complaint[0], F_SETFL, O_NONBLOCK);
    *s = (struct service){.used = true, .ask = ask, .pid = pid, .out = out[0], .complaint_pipe = complaint[0], .deadline = now + PATIENCE_MS};
    return true;
}

void serve_polls(struct pollfd *polls) {
    for (int i = 0; i < RUNNING_LIMIT; i++) {
        bool reads = services[i].used && !services[i].done;
        polls[2 * i] = (struct pollfd){.fd = reads ? services[i].out : -1, .events = POLLIN};
        polls[2 * i + 1] = (struct pollfd){.fd = reads ? services[i].complaint_pipe : -1, .events = POLLIN};
    }
}

static void read_printed(struct service *s) {
    while (s->out >= 0) {
        uint8_t more;
        bool full = s->length == sizeof s->printed;
        ssize_t got = full ? read(s->out, &more, 1) : read(s->out, s->printed + s->length, sizeof s->printed - s->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got > 0 && full) {
            s->too_much = true;
            kill(-s->pid, SIGKILL);
        }
        if (got <= 0 || full) {
            if (got >= 0 || errno != EAGAIN) {
                close(s->out);
                s->out = -1;
            }
            return;
        }
        s->length += got;
    }
}

/* Of what it complains, the end is kept. */
static void read_complaint(struct service *s) {
    char chunk[128];
    ssize_t got;
    while (s->complaint_pipe >= 0 && ((got = read(s->complaint_pipe, chunk, sizeof chunk)) != -1 || errno == EINTR)) {
        if (got < 0)
            continue;
        if (got == 0) {
            close(s->complaint_pipe);
            s->complaint_pipe = -1;
            return;
        }
        size_t room = sizeof s->complaint - s->complaint_length;
        if ((size_t)got > room) {
            size_t gone = got - room;
            memmove(s->complaint, s->complaint + gone, s->complaint_length - gone);
            s->complaint_length -= gone;
        }
        memcpy(s->complaint + s->complaint_length, chunk, got);
        s->complaint_length += got;
    }
}

void serve_read(const struct pollfd *polls) {
    for (int i = 0; i < RUNNING_LIMIT; i++) {
        if (!services[i].used)
            continue;
        if (polls[2 * i].revents != 0)
            read_printed(&services[i]);
        if (polls[2 * i + 1].revents != 0)
            read_complaint(&services[i]);
    }
}

bool serve_ended(int pid, int status) {
    for (struct service *s = services; s < services + RUNNING_LIMIT; s++)
        if (s->used && !s->done && s->pid == pid) {
            read_printed(s);
            read_complaint(s);
            s->done = true;
            s->status = status;
            return true;
        }
    return false;
}

/* The last line that says something, without "name: " before it. */
static void complain(struct service *s, uint16_t status, struct outcome *outcome) {
    size_t end = s->complaint_length, begin;
    while (end > 0 && s->complaint[end - 1] == '\n')
        end--;
    for (begin = end; begin > 0 && s->complaint[begin - 1] != '\n';)
        begin--;
    static const char own[] = "vault: ";
    if (end - begin > sizeof own - 1 && memcmp(s->complaint + begin, own, sizeof own - 1) == 0)
        begin += sizeof own - 1;
    fail(outcome, status, "%.*s", (int)(end - begin), s->complaint + begin);
}

bool serve_settled(int64_t now, uint32_t *ask, struct outcome *outcome) {
    for (struct service *s = services; s < services + RUNNING_LIMIT; s++) {
        if (s->used && !s->done && !s->late && now >= s->deadline) {
            s->late = true;
            kill(-s->pid, SIGKILL);
        }
        if (!s->used || !s->done)
            continue;
        int code = WIFEXITED(s->status) ? WEXITSTATUS(s->status) : -1;
        if (s->late)
            fail(outcome, STATUS_FAILED, "it took too long");
        else if (s->too_much)
            fail(outcome, STATUS_FAILED, "it is larger than %d KiB", PIECE_LIMIT / 1024);
        else if (code == 0)
            succeed(outcome, s->printed, s->length);
        else
            complain(s, code == 2 ? STATUS_ILLEGAL_STATE : code == 64 ? STATUS_MALFORMED : STATUS_FAILED, outcome);
        *ask = s->ask;
        if (s->out >= 0)
            close(s->out);
        if (s->complaint_pipe >= 0)
            close(s->complaint_pipe);
        /* It may have been a secret. */
        explicit_bzero(s, sizeof *s);
        return true;
    }
    return false;
}

int64_t serve_deadline(void) {
    int64_t soonest = -1;
    for (struct service *s = services; s < services + RUNNING_LIMIT; s++)
        if (s->used && !s->done && !s->late && (soonest < 0 || s->deadline < soonest))
            soonest = s->deadline;
    return soonest;
}
