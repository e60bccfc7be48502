/*
 * hv: what a person in a guest types to speak to the supervisor. What a domain may ask is decided by the supervisor's policy,
 * not here.
 */
#include "client.h"
#include "programs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Base64 of this much stays well under the channel's limits. */
#define SEND_CHUNK (24 * 1024)
#define SEND_LIMIT (64 * 1024 * 1024)
/* What is done sooner needs no progress. */
#define PROGRESS_AFTER_MS 1000

struct command {
    const char *name;
    uint16_t number;
    int least, most; /* arguments */
    bool table;      /* the reply is a table */
    const char *arguments, *about;
};

static const struct command commands[] = {
    {"info", CALL_INFO, 0, 0, false, "", "this domain and its supervisor"},
    {"list", CALL_LIST, 0, 0, true, "", "every domain"},
    {"stats", CALL_STATS, 0, 1, true, "[DOMAIN]", "counters of each domain"},
    {"top", 0, 0, 0, false, "", "the same, live, on the full screen"},
    {"log", CALL_LOG, 1, 1, false, "TEXT", "write a line into the supervisor's log"},
    {"start", CALL_START, 1, 1, false, "DOMAIN", "power a domain on"},
    {"pause", CALL_PAUSE, 1, 1, false, "DOMAIN", "stop its processor"},
    {"resume", CALL_RESUME, 1, 1, false, "DOMAIN", "let it run again"},
    {"shutdown", CALL_SHUTDOWN, 1, 1, false, "DOMAIN", "ask it to power off"},
    {"kill", CALL_KILL, 1, 1, false, "DOMAIN", "pull its plug"},
    {"newIdentity", CALL_NEW_IDENTITY, 1, 1, false, "DOMAIN", "start a disposable clean, forgetting all it was"},
    {"focus", CALL_FOCUS, 1, 1, false, "DOMAIN", "bring it to the screen"},
    {"snapshot", CALL_SNAPSHOT, 1, 2, false, "DOMAIN [LABEL]", "keep its present state"},
    {"clone", CALL_CLONE, 1, 1, false, "DOMAIN", "make a running copy"},
    {"cap", CALL_CAP, 2, 2, false, "DOMAIN PERCENT", "limit its processor time"},
    {"policy", CALL_POLICY, 0, 1, true, "[log]", "show the policy, or what it decided; the person changes it"},
    {"console", CALL_CONSOLE, 1, 2, false, "DOMAIN [LINES]", "the end of its console"},
    {"send", CALL_SEND, 2, 2, false, "FILE DOMAIN", "give a domain a copy of a file"},
    {"clip", CALL_CLIP, 1, 2, false, "get | set [TEXT]", "your clipboard, if you agree; set reads standard input"},
    {"vault", CALL_VAULT, 1, 2, false, "get NAME | list | sign FILE | pubkey", "a secret or a signature from the vault"},
    {"ready", CALL_LOCAL_READY, 0, 0, false, "", "tell the supervisor that the first screen is up"},
};

static void print_help(FILE *to) {
    fputs("usage: hv COMMAND [ARGUMENT ...]\n\n", to);
    for (const struct command *c = commands; c < commands + sizeof commands / sizeof *commands; c++) {
        char left[48];
        snprintf(left, sizeof left, "%s %s", c->name, c->arguments);
        fprintf(to, "  %-28s %s\n", left, c->about);
    }
    fputs("\nExit status: 0 done, 1 not understood, 2 permission denied, 3 failed, 4 unknown call, 5 no such domain,\n"
          "6 not in this state, 7 over budget, 8 no supervisor, 9 no agent, 64 wrong usage.\n",
          to);
}

static void print_reply(struct reply *reply, bool as_table) {
    defuse(reply->text, reply->length);
    if (as_table && strchr(reply->text, '\t') != NULL) {
        static struct table table;
        static char line[4096];
        parse_table(reply->text, &table);
        for (int row = 0; row < table.rows; row++) {
            format_row(&table, row, line, sizeof line, 1000);
            puts(line);
        }
        return;
    }
    fwrite(reply->text, 1, reply->length, stdout);
    if (reply->length > 0 && reply->text[reply->length - 1] != '\n')
        putchar('\n');
}

/* Text that is somebody's: as it is into a file or a pipe, harmless on a terminal. */
static void print_content(struct reply *reply) {
    if (isatty(STDOUT_FILENO))
        print_reply(reply, false);
    else
        fwrite(reply->text, 1, reply->length, stdout);
}

static int call_and_print(const struct command *command, const struct argument *arguments, size_t count) {
    static struct reply reply;
    int agent = agent_connect();
    if (agent < 0)
        return EXIT_NO_AGENT;
    bool settled = agent_call(agent, command->number, arguments, count, &reply);
    close(agent);
    if (!settled)
        return EXIT_NO_AGENT;
    int code = report_status(&reply);
    if (code == 0 && (command->number == CALL_CLIP || command->number == CALL_VAULT))
        print_content(&reply);
    else if (code == 0)
        print_reply(&reply, command->table);
    return code;
}

static size_t encode_base64(const uint8_t *bytes, size_t length, char *text) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t out = 0;
    for (size_t i = 0; i < length; i += 3) {
        uint32_t group = bytes[i] << 16 | (i + 1 < length ? bytes[i + 1] << 8 : 0) | (i + 2 < length ? bytes[i + 2] : 0);
        text[out++] = digits[group >> 18];
        text[out++] = digits[group >> 12 & 63];
        text[out++] = i + 1 < length ? digits[group >> 6 & 63] : '=';
        text[out++] = i + 2 < length ? digits[group & 63] : '=';
    }
    return out;
}

static void interrupt(int signal) {
    (void)signal;
    interrupted = 1;
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void show_progress(long done, long total) {
    fprintf(stderr, "\r  %3ld %%  %ld.%ld of %ld.%ld MiB ", total > 0 ? done / (total / 100 + 1) : 100, done >> 20, (done >> 10 & 1023) * 10 >> 10,
            total >> 20, (total >> 10 & 1023) * 10 >> 10);
}

/* What has arrived of it goes. The connection of the call that was waiting is not used again. */
static void cancel_send(const char *domain, const char *name) {
    static struct reply reply;
    interrupted = 0;
    int agent = agent_connect();
    if (agent < 0)
        return;
    struct argument arguments[] = {{domain, strlen(domain)}, {name, strlen(name)}, {"cancel", 6}};
    agent_call(agent, CALL_SEND, arguments, 3, &reply);
    close(agent);
}

/* A file goes as calls of (domain, name, offset, total, base64), in order; an empty file as one call. */
static int send_file(const char *domain, const char *path) {
    static uint8_t chunk[SEND_CHUNK];
    static char text[SEND_CHUNK / 3 * 4 + 4];
    static struct reply reply;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        return EXIT_USAGE;
    }
    long total = ftell(file);
    rewind(file);
    if (total < 0 || total > SEND_LIMIT || *name == '\0') {
        fprintf(stderr, "hv: %s: only files of up to 64 MiB can be sent\n", path);
        fclose(file);
        return EXIT_USAGE;
    }
    int agent = agent_connect();
    if (agent < 0) {
        fclose(file);
        return EXIT_NO_AGENT;
    }
    int code = 0;
    long offset = 0;
    bool progress = false;
    int64_t began = now_ms();
    sigaction(SIGINT, &(struct sigaction){.sa_handler = interrupt}, NULL);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = interrupt}, NULL);
    do {
        size_t got = fread(chunk, 1, sizeof chunk, file);
        if (got == 0 && offset < total) {
            fprintf(stderr, "hv: %s became shorter while it was read\n", path);
            code = STATUS_FAILED;
            break;
        }
        char at[16], size[16];
        int at_length = snprintf(at, sizeof at, "%ld", offset), size_length = snprintf(size, sizeof size, "%ld", total);
        struct argument arguments[] = {
            {domain, strlen(domain)}, {name, strlen(name)}, {at, at_length}, {size, size_length},
            {text, encode_base64(chunk, got, text)},
        };
        if (!agent_call(agent, CALL_SEND, arguments, 5, &reply))
            code = EXIT_NO_AGENT;
        else
            code = report_status(&reply);
        offset += got;
        if (isatty(STDERR_FILENO) && now_ms() - began > PROGRESS_AFTER_MS) {
            progress = true;
            show_progress(offset, total);
        }
    } while (code == 0 && offset < total && !interrupted);
    if (progress)
        fputs("\r\033[K", stderr);
    fclose(file);
    close(agent);
    if (interrupted) {
        cancel_send(domain, name);
        fputs("hv: cancelled\n", stderr);
        return EXIT_INTERRUPTED;
    }
    if (code == 0)
        print_reply(&reply, false);
    return code;
}

/* The vault signs a hash: the file itself stays here. */
static bool hash_file(const char *path, char *hex) {
    int output[2], status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || pipe2(output, O_CLOEXEC) < 0) {
        perror(path);
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        if (dup2(file, 0) == 0 && dup2(output[1], 1) == 1)
            execl("/bin/busybox", "sha256sum", (char *)NULL);
        _exit(127);
    }
    close(file);
    close(output[1]);
    size_t length = 0;
    for (ssize_t got; length < 64 && (got = read(output[0], hex + length, 64 - length)) > 0;)
        length += got;
    close(output[0]);
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0 || length < 64) {
        fprintf(stderr, "hv: %s: it cannot be read\n", path);
        return false;
    }
    return true;
}

static int sign_file(const struct command *command, const char *path) {
    char hex[64];
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL && slash[1] != '\0' ? slash + 1 : path;
    if (!hash_file(path, hex))
        return EXIT_USAGE;
    struct argument arguments[] = {{"sign", 4}, {hex, sizeof hex}, {name, strlen(name)}};
    return call_and_print(command, arguments, 3);
}

static int set_clipboard_from_input(const struct command *command) {
    static char text[32 * 1024 + 1];
    size_t length = fread(text, 1, sizeof text, stdin);
    if (length == sizeof text) {
        fputs("hv: the clipboard takes 32 KiB\n", stderr);
        return EXIT_USAGE;
    }
    struct argument arguments[] = {{"set", 3}, {text, length}};
    return call_and_print(command, arguments, 2);
}

int hv_main(int argc, char **argv) {
    if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : 0;
    }
    const struct command *command = NULL;
    for (const struct command *c = commands; c < commands + sizeof commands / sizeof *commands; c++)
        if (strcmp(argv[1], c->name) == 0)
            command = c;
    if (command == NULL) {
        fprintf(stderr, "hv: there is no command \"%s\"; hv help lists them\n", argv[1]);
        return EXIT_USAGE;
    }
    int count = argc - 2;
    if (count < command->least || (count > command->most && command->number != CALL_LOG)) {
        fprintf(stderr, "usage: hv %s %s\n", command->name, command->arguments);
        return EXIT_USAGE;
    }
    if (strcmp(command->name, "top") == 0)
        return top_main();
    if (command->number == CALL_SEND)
        return send_file(argv[3], argv[2]);
    if (command->number == CALL_VAULT && strcmp(argv[2], "sign") == 0 && count == 2)
        return sign_file(command, argv[3]);
    if (command->number == CALL_CLIP && strcmp(argv[2], "set") == 0 && count == 1)
        return set_clipboard_from_input(command);

    struct argument arguments[ARGUMENT_LIMIT];
    if (command->number == CALL_LOG) { /* words of an unquoted line belong together */
        static char line[4096];
        size_t length = 0;
        for (int i = 2; i < argc && length < sizeof line; i++)
            length += snprintf(line + length, sizeof line - length, i > 2 ? " %s" : "%s", argv[i]);
        if (length >= sizeof line) {
            fputs("hv: the line is too long\n", stderr);
            return EXIT_USAGE;
        }
        arguments[0] = (struct argument){line, length};
        count = 1;
    } else
        for (int i = 0; i < count; i++)
            arguments[i] = (struct argument){argv[i + 2], strlen(argv[i + 2])};
    return call_and_print(command, arguments, count);
}
