/*
 * hv: what a person in a guest types to speak to the supervisor. What a domain may ask is decided by the supervisor's policy,
 * not here.
 */
#include "client.h"
#include "programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Base64 of this much stays well under the channel's limits. */
#define SEND_CHUNK (24 * 1024)
#define SEND_LIMIT (16 * 1024 * 1024)

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
    {"focus", CALL_FOCUS, 1, 1, false, "DOMAIN", "bring it to the screen"},
    {"snapshot", CALL_SNAPSHOT, 1, 2, false, "DOMAIN [LABEL]", "keep its present state"},
    {"clone", CALL_CLONE, 1, 1, false, "DOMAIN", "make a running copy"},
    {"cap", CALL_CAP, 2, 2, false, "DOMAIN PERCENT", "limit its processor time"},
    {"policy", CALL_POLICY, 0, 8, true, "[OPERATION ...]", "show or change the policy"},
    {"console", CALL_CONSOLE, 1, 2, false, "DOMAIN [LINES]", "the end of its console"},
    {"send", CALL_SEND, 2, 2, false, "DOMAIN FILE", "give it a file"},
    {"clip", CALL_CLIP, 1, 2, false, "get | set [TEXT]", "the shared clipboard; set without TEXT reads standard input"},
    {"vault", CALL_VAULT, 1, 4, false, "OPERATION [NAME ...]", "ask the vault"},
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
    if (code == 0)
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
        fprintf(stderr, "hv: %s: only files of up to 16 MiB can be sent\n", path);
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
    } while (code == 0 && offset < total);
    fclose(file);
    close(agent);
    if (code == 0)
        print_reply(&reply, false);
    return code;
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
        return send_file(argv[2], argv[3]);
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
