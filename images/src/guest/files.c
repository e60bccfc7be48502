/*
 * Files that come in and go out. One that comes in grows in the inbox under a name of its own, and gets its name when it is
 * whole: what is broken off leaves nothing.
 */
#include "ask.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HOME "/root"
#define INBOX HOME "/inbox"
#define PART ".incoming-"
#define NAME_BYTES 200
#define TRANSFER_LIMIT 4
#define IDLE_MS 120000
#define DISK_MARGIN (1024 * 1024)
/* A root in memory shares it with every program. */
#define MEMORY_MARGIN (4 * 1024 * 1024)
#define SAME_NAMES 99
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

struct transfer {
    bool open, incoming;
    uint32_t id;
    int fd;
    uint64_t total, done;
    int64_t used_at;
    char name[NAME_BYTES + 1];
};

static struct transfer transfers[TRANSFER_LIMIT];

void succeed(struct outcome *outcome, const void *bytes, size_t length) {
    outcome->status = STATUS_OK;
    outcome->length = length;
    if (length > 0)
        memcpy(outcome->bytes, bytes, length);
}

void fail(struct outcome *outcome, uint16_t status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf((char *)outcome->bytes, 256, format, arguments);
    va_end(arguments);
    outcome->status = status;
    outcome->length = length < 0 ? 0 : length > 255 ? 255 : length;
}

static bool read_number(const struct blob *blob, uint64_t *number) {
    *number = 0;
    if (blob->length == 0 || blob->length > 15)
        return false;
    for (size_t i = 0; i < blob->length; i++) {
        if (blob->bytes[i] < '0' || blob->bytes[i] > '9')
            return false;
        *number = *number * 10 + (blob->bytes[i] - '0');
    }
    return true;
}

static struct transfer *find(uint64_t id, bool incoming) {
    for (struct transfer *t = transfers; t < transfers + TRANSFER_LIMIT; t++)
        if (t->open && t->incoming == incoming && t->id == id)
            return t;
    return NULL;
}

static void part_path(const struct transfer *t, char *path, size_t size) { snprintf(path, size, INBOX "/" PART "%u", t->id); }

static void drop(struct transfer *t) {
    char path[64];
    close(t->fd);
    if (t->incoming) {
        part_path(t, path, sizeof path);
        unlink(path);
    }
    t->open = false;
}

static struct transfer *free_slot(struct outcome *outcome) {
    for (struct transfer *t = transfers; t < transfers + TRANSFER_LIMIT; t++)
        if (!t->open)
            return t;
    fail(outcome, STATUS_OVER_BUDGET, "%d files are on their way already", TRANSFER_LIMIT);
    return NULL;
}

/* Whether the root's changes go to a disk; without one they are in memory. */
static bool root_on_disk(void) {
    char line[512];
    bool disk = false;
    FILE *mounts = fopen("/proc/mounts", "re");
    while (mounts != NULL && fgets(line, sizeof line, mounts) != NULL)
        if (strncmp(line, "/dev/sd", 7) == 0 && strstr(line, " rw") != NULL)
            disk = true;
    if (mounts != NULL)
        fclose(mounts);
    return disk;
}

static uint64_t available_memory(void) {
    char line[128];
    unsigned long long kib = 0;
    FILE *info = fopen("/proc/meminfo", "re");
    while (info != NULL && fgets(line, sizeof line, info) != NULL)
        if (sscanf(line, "MemAvailable: %llu", &kib) == 1)
            break;
    if (info != NULL)
        fclose(info);
    return kib * 1024;
}

static bool room_for(uint64_t total, struct outcome *outcome) {
    struct statvfs fs;
    /* A file system that is all memory may have no size of its own. */
    if (statvfs(INBOX, &fs) == 0 && fs.f_blocks > 0) {
        uint64_t free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
        if (free_bytes < total + DISK_MARGIN) {
            fail(outcome, STATUS_FAILED, "the disk is full: %llu KiB free, %llu KiB needed", (unsigned long long)free_bytes / 1024,
                 (unsigned long long)total / 1024);
            return false;
        }
    }
    if (root_on_disk())
        return true;
    uint64_t memory = available_memory();
    if (memory >= total + MEMORY_MARGIN)
        return true;
    fail(outcome, STATUS_FAILED, "this guest keeps files in memory, and has %llu KiB of it left; %llu KiB are needed",
         (unsigned long long)memory / 1024, (unsigned long long)total / 1024);
    return false;
}

static bool good_name(const struct blob *name) {
    if (name->length == 0 || name->length > NAME_BYTES || name->bytes[0] == '.')
        return false;
    for (size_t i = 0; i < name->length; i++)
        if (name->bytes[i] < 0x20 || name->bytes[i] == '/' || name->bytes[i] == 0x7f)
            return false;
    return true;
}

static void put_begin(uint32_t id, const struct blob *name, uint64_t total, int64_t now, struct outcome *outcome) {
    char path[64];
    if (!good_name(name) || find(id, true) != NULL) {
        fail(outcome, STATUS_MALFORMED, "no such name, or the transfer exists");
        return;
    }
    struct transfer *t = free_slot(outcome);
    if (t == NULL)
        return;
    if (mkdir(INBOX, 0755) < 0 && errno != EEXIST) {
        fail(outcome, STATUS_FAILED, INBOX ": %s", strerror(errno));
        return;
    }
    if (!room_for(total, outcome))
        return;
    *t = (struct transfer){.incoming = true, .id = id, .total = total, .used_at = now};
    memcpy(t->name, name->bytes, name->length);
    part_path(t, path, sizeof path);
    unlink(path);
    t->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (t->fd < 0) {
        fail(outcome, STATUS_FAILED, INBOX ": %s", strerror(errno));
        return;
    }
    t->open = true;
    succeed(outcome, NULL, 0);
}

static void put_data(struct transfer *t, uint64_t offset, const struct blob *data, struct outcome *outcome) {
    if (offset != t->done || data->length > PIECE_LIMIT || t->done + data->length > t->total) {
        fail(outcome, STATUS_MALFORMED, "the piece does not fit");
        return;
    }
    for (size_t at = 0; at < data->length;) {
        ssize_t written = write(t->fd, data->bytes + at, data->length - at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            fail(outcome, STATUS_FAILED, "%s", errno == ENOSPC ? "the disk is full" : strerror(errno));
            drop(t);
            return;
        }
        at += written;
    }
    t->done += data->length;
    succeed(outcome, NULL, 0);
}

/* "notes.txt", then "notes-2.txt", "notes-3.txt" ...: nothing is overwritten. */
static void put_end(struct transfer *t, struct outcome *outcome) {
    char part[64], path[sizeof INBOX + NAME_BYTES + 8];
    if (t->done != t->total) {
        fail(outcome, STATUS_MALFORMED, "%llu of %llu bytes have come", (unsigned long long)t->done, (unsigned long long)t->total);
        return;
    }
    part_path(t, part, sizeof part);
    const char *dot = strrchr(t->name, '.');
    int stem = dot != NULL && dot != t->name ? dot - t->name : (int)strlen(t->name);
    int renamed = fsync(t->fd);
    for (int number = 1; renamed == 0 && number <= SAME_NAMES; number++) {
        if (number == 1)
            snprintf(path, sizeof path, INBOX "/%s", t->name);
        else
            snprintf(path, sizeof path, INBOX "/%.*s-%d%s", stem, t->name, number, t->name + stem);
        renamed = syscall(SYS_renameat2, AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE);
        if (renamed == 0)
            break;
        if (errno == EEXIST)
            renamed = 0;
    }
    if (renamed == 0 && access(part, F_OK) == 0) {
        renamed = -1;
        errno = EEXIST;
    }
    if (renamed < 0)
        fail(outcome, STATUS_FAILED, "%s: %s", t->name, errno == ENOSPC ? "the disk is full" : strerror(errno));
    else
        succeed(outcome, path, strlen(path));
    drop(t);
}

static void get_open(uint32_t id, const struct blob *given, int64_t now, struct outcome *outcome) {
    char path[4096 + sizeof HOME];
    struct stat about;
    if (given->length == 0 || given->length >= 4096 || memchr(given->bytes, 0, given->length) != NULL || find(id, false) != NULL) {
        fail(outcome, STATUS_MALFORMED, "no such path, or the transfer exists");
        return;
    }
    int length = given->length;
    const char *text = (const char *)given->bytes;
    if (text[0] == '/')
        snprintf(path, sizeof path, "%.*s", length, text);
    else if (length >= 2 && text[0] == '~' && text[1] == '/')
        snprintf(path, sizeof path, HOME "/%.*s", length - 2, text + 2);
    else
        snprintf(path, sizeof path, HOME "/%.*s", length, text);
    struct transfer *t = free_slot(outcome);
    if (t == NULL)
        return;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &about) < 0) {
        fail(outcome, STATUS_FAILED, "%s", strerror(errno));
    } else if (!S_ISREG(about.st_mode)) {
        fail(outcome, STATUS_FAILED, S_ISDIR(about.st_mode) ? "it is a folder; pack it into one file first" : "it is not a regular file");
    } else {
        *t = (struct transfer){.open = true, .id = id, .fd = fd, .total = about.st_size, .used_at = now};
        char size[24];
        succeed(outcome, size, snprintf(size, sizeof size, "%llu", (unsigned long long)about.st_size));
        return;
    }
    if (fd >= 0)
        close(fd);
}

static void get_data(struct transfer *t, uint64_t offset, uint64_t count, struct outcome *outcome) {
    if (count > PIECE_LIMIT) {
        fail(outcome, STATUS_MALFORMED, "at most %d bytes at a time", PIECE_LIMIT);
        return;
    }
    ssize_t got;
    do
        got = pread(t->fd, outcome->bytes, count, offset);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        fail(outcome, STATUS_FAILED, "%s", strerror(errno));
        return;
    }
    outcome->status = STATUS_OK;
    outcome->length = got;
}

void files_asked(uint16_t operation, const struct blob *arguments, size_t count, int64_t now, struct outcome *outcome) {
    static const uint8_t wanted[] = {[ASK_PUT_BEGIN] = 3, [ASK_PUT_DATA] = 3,  [ASK_PUT_END] = 1, [ASK_PUT_ABORT] = 1,
                                     [ASK_GET_OPEN] = 2,  [ASK_GET_DATA] = 3, [ASK_GET_CLOSE] = 1};
    uint64_t id, first, second = 0;
    if (operation == 0 || operation >= sizeof wanted) {
        fail(outcome, STATUS_NOT_IMPLEMENTED, "this agent has no operation %u", operation);
        return;
    }
    if (count != wanted[operation] || !read_number(&arguments[0], &id) || id > UINT32_MAX) {
        fail(outcome, STATUS_MALFORMED, "wrong arguments");
        return;
    }
    bool incoming = operation <= ASK_PUT_ABORT;
    struct transfer *t = find(id, incoming);
    if (t != NULL)
        t->used_at = now;
    switch (operation) {
    case ASK_PUT_BEGIN:
        if (read_number(&arguments[2], &second))
            put_begin(id, &arguments[1], second, now, outcome);
        else
            fail(outcome, STATUS_MALFORMED, "no such size");
        return;
    case ASK_GET_OPEN:
        get_open(id, &arguments[1], now, outcome);
        return;
    case ASK_PUT_ABORT:
    case ASK_GET_CLOSE:
        if (t != NULL)
            drop(t);
        succeed(outcome, NULL, 0);
        return;
    default:
        break;
    }
    if (t == NULL)
        fail(outcome, STATUS_MALFORMED, "there is no transfer %llu", (unsigned long long)id);
    else if (operation == ASK_PUT_END)
        put_end(t, outcome);
    else if (!read_number(&arguments[1], &first) || (operation == ASK_GET_DATA && !read_number(&arguments[2], &second)))
        fail(outcome, STATUS_MALFORMED, "no such offset");
    else if (operation == ASK_PUT_DATA)
        put_data(t, first, &arguments[2], outcome);
    else
        get_data(t, first, second, outcome);
}

void files_drop_idle(int64_t now) {
    for (struct transfer *t = transfers; t < transfers + TRANSFER_LIMIT; t++)
        if (t->open && now - t->used_at >= IDLE_MS)
            drop(t);
}

void files_drop_all(void) {
    for (struct transfer *t = transfers; t < transfers + TRANSFER_LIMIT; t++)
        if (t->open)
            drop(t);
}

void files_start(void) {
    DIR *inbox = opendir(INBOX);
    for (struct dirent *entry; inbox != NULL && (entry = readdir(inbox)) != NULL;)
        if (strncmp(entry->d_name, PART, sizeof PART - 1) == 0)
            unlinkat(dirfd(inbox), entry->d_name, 0);
    if (inbox != NULL)
        closedir(inbox);
}
