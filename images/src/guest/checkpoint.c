/*
 * A state of the guest is about to be taken, before anybody has used it (hs.checkpoint): free memory is filled with zeros,
 * and a role whose root depends on a disk waits here to be told who it has become, since the disk is not the same then.
 */
#include "init.h"
#include "upkeep.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#define FREE_STEP (256 * 1024)
/* Above what the kernel begins to reclaim the page cache at. */
#define FREE_KEPT (2 * 1024 * 1024 + FREE_STEP)

/* A child is given all of it, page by page, zeroed by the kernel, and ends. */
void clear_free_memory(void) {
    sync();
    pid_t child = fork();
    if (child == 0) {
        struct sysinfo memory;
        while (sysinfo(&memory) == 0 && (unsigned long long)memory.freeram * memory.mem_unit > FREE_KEPT)
            if (mmap(NULL, FREE_STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) == MAP_FAILED)
                break;
        _exit(0);
    }
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
}

static bool read_whole(int channel, uint8_t *bytes, size_t length) {
    for (size_t at = 0; at < length;) {
        ssize_t got = read(channel, bytes + at, length - at);
        if (got > 0)
            at += got;
        else if (got == 0 || errno != EINTR)
            return false;
    }
    return true;
}

static void pong(int channel, const uint8_t *nonce) {
    uint8_t frame[FRAME_HEADER + 4];
    frame_header(frame, FRAME_PONG, 4);
    memcpy(frame + FRAME_HEADER, nonce, 4);
    if (write(channel, frame, sizeof frame) != (ssize_t)sizeof frame)
        complain("the supervisor's ping cannot be answered");
}

/* Reads no further than RESUMED: what comes behind it is the agent's. */
static bool wait_for_resumed(int channel) {
    static uint8_t frame[FRAME_HEADER + PAYLOAD_LIMIT];
    for (size_t have = 0;;) {
        if (!read_whole(channel, frame + have, FRAME_HEADER - have))
            return false;
        uint16_t type;
        uint32_t length;
        size_t skip = 0;
        enum frame_scan scan = scan_frame(frame, FRAME_HEADER, &type, &length, &skip);
        if (scan == SCAN_SKIP) {
            memmove(frame, frame + skip, FRAME_HEADER - skip);
            have = FRAME_HEADER - skip;
            continue;
        }
        have = 0;
        if (!read_whole(channel, frame + FRAME_HEADER, length))
            return false;
        struct reader r = {.bytes = frame + FRAME_HEADER, .length = length};
        if (type == FRAME_RESUMED && become(&r))
            return true;
        if (type == FRAME_PING && length == 4)
            pong(channel, r.bytes);
        if (type == FRAME_RESIZE)
            resize(&r);
    }
}

/* What was read of the disk, and the partitions on it, are another disk's. */
static void forget_disk(const char *disk) {
    char path[64];
    snprintf(path, sizeof path, "/dev/%s", disk);
    int device = open(path, O_RDONLY | O_CLOEXEC);
    if (device < 0)
        return;
    if (ioctl(device, BLKFLSBUF) != 0 || (ioctl(device, BLKRRPART) != 0 && errno != EINVAL))
        complain("%s: %s", path, strerror(errno));
    close(device);
}

void wait_at_checkpoint(int channel, const char *disk) {
    uint8_t frame[FRAME_HEADER];
    frame_header(frame, FRAME_CHECKPOINT, 0);
    clear_free_memory();
    int flags = fcntl(channel, F_GETFL);
    fcntl(channel, F_SETFL, flags & ~O_NONBLOCK);
    if (write(channel, frame, sizeof frame) != (ssize_t)sizeof frame || !wait_for_resumed(channel))
        complain("the checkpoint is passed without word from the supervisor: %s", strerror(errno));
    fcntl(channel, F_SETFL, flags);
    forget_disk(disk);
}
