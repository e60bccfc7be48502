/* The root of an appliance: its volume laid over the base, what is changed kept on a disk or in memory. */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define VOLUME "/dev/sda"
#define STAGE "/.hyperspace" /* where the root is put together */
#define EXT4_MAGIC_AT 1080
#define DISK_BLOCK 4096
#define HEAD_BLOCKS 16 /* what look_at_disk reads */

static int disk_fd = -1; /* keeps the persistent disk's mount reachable from inside the new root */

void complain(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("init: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

bool mount_one(const char *what, const char *where, const char *type, unsigned long flags, const char *options) {
    mkdir(where, 0755);
    if (mount(what, where, type, flags, options) == 0)
        return true;
    complain("%s on %s (%s): %s", what, where, type, strerror(errno));
    return false;
}

/* Runs a program to its end; 127 when it could not be started. */
static int run(char *const arguments[], const char *root) {
    pid_t child = fork();
    if (child == 0) {
        if (root != NULL && (chroot(root) != 0 || chdir("/") != 0))
            _exit(127);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execv(arguments[0], arguments);
        _exit(127);
    }
    int status = 127 << 8;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

bool has_volume(void) {
    char magic[4] = "";
    int volume = open(VOLUME, O_RDONLY | O_CLOEXEC);
    if (volume >= 0) {
        if (read(volume, magic, sizeof magic) != sizeof magic)
            magic[0] = '\0';
        close(volume);
    }
    return memcmp(magic, "hsqs", 4) == 0;
}

enum disk_content { DISK_ABSENT, DISK_BLANK, DISK_EXT4, DISK_OTHER };

static enum disk_content look_at_disk(const char *path) {
    static unsigned char start[HEAD_BLOCKS * DISK_BLOCK];
    int device = open(path, O_RDONLY | O_CLOEXEC);
    if (device < 0)
        return DISK_ABSENT;
    ssize_t got = read(device, start, sizeof start);
    close(device);
    if (got != sizeof start)
        return DISK_OTHER;
    if (start[EXT4_MAGIC_AT] == 0x53 && start[EXT4_MAGIC_AT + 1] == 0xef)
        return DISK_EXT4;
    for (size_t i = 0; i < sizeof start; i++)
        if (start[i] != 0)
            return DISK_OTHER;
    return DISK_BLANK;
}

int run_in_volume(char *const arguments[]) {
    static const char root[] = STAGE "/early";
    int code = 127;
    if (mount_one("overlay", root, "overlay", MS_RDONLY, "lowerdir=" STAGE "/volume:" STAGE "/base") &&
        mount("/dev", STAGE "/early/dev", NULL, MS_BIND, NULL) == 0 &&
        mount("/proc", STAGE "/early/proc", NULL, MS_BIND, NULL) == 0)
        code = run(arguments, root);
    umount(STAGE "/early/proc");
    umount(STAGE "/early/dev");
    umount(root);
    rmdir(root);
    return code;
}

/*
 * The volume of an appliance brings what mke2fs would write to a blank disk of the size that the appliance has, made when the
 * volume was: making it here would be a tenth of a first start. One block of head (the disk's blocks, how many follow, which
 * they are, ascending), then these. False for a disk of another size. What makes it an ext4 is written last, and in one go:
 * whoever is cut off before has a disk that counts as blank.
 */
static bool copy_empty_ext4(const char *path) {
    static uint32_t head[DISK_BLOCK / sizeof(uint32_t)];
    static unsigned char block[DISK_BLOCK];
    int from = open(STAGE "/volume/etc/hyperspace/empty-disk", O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return false;
    int to = open(path, O_WRONLY | O_CLOEXEC);
    bool good = to >= 0 && read(from, head, sizeof head) == sizeof head &&
                lseek(to, 0, SEEK_END) == (off_t)head[0] * DISK_BLOCK && head[1] <= sizeof head / sizeof *head - 2;
    for (uint32_t i = good ? head[1] : 0; good && i-- > 0;) {
        good = pread(from, block, DISK_BLOCK, (off_t)(1 + i) * DISK_BLOCK) == DISK_BLOCK &&
               (head[2 + i] != HEAD_BLOCKS - 1 || fsync(to) == 0) &&
               pwrite(to, block, DISK_BLOCK, (off_t)head[2 + i] * DISK_BLOCK) == DISK_BLOCK;
    }
    good = good && fsync(to) == 0;
    if (to >= 0)
        close(to);
    close(from);
    return good;
}

/* A disk of any size: the volume brings mke2fs. */
static int format_disk(const char *path, const char *label) {
    char *const format[] = {"/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "0", "-L", (char *)label, "-E",
                            "lazy_itable_init=1,lazy_journal_init=1,nodiscard", (char *)path, NULL};
    return run_in_volume(format);
}

/* A blank disk is formatted, any other content is left alone: nobody loses a disk to a mistake. */
static bool mount_disk(const char *disk, const char *label, const char *where) {
    char path[64];
    snprintf(path, sizeof path, "/dev/%s", disk);
    enum disk_content content = look_at_disk(path);
    if (content == DISK_ABSENT) {
        complain("there is no disk %s; what you change is lost at power off", path);
        return false;
    }
    if (content == DISK_OTHER) {
        complain("%s holds something that is not ext4 and stays untouched; what you change is lost at power off", path);
        return false;
    }
    if (content == DISK_BLANK) {
        fprintf(stderr, "Formatting the new disk %s.\n", path);
        int code = copy_empty_ext4(path) ? 0 : format_disk(path, label);
        if (code != 0) {
            complain("%s could not be formatted (mke2fs ended with %d); what you change is lost at power off", path, code);
            return false;
        }
    }
    if (!mount_one(path, where, "ext4", MS_NOATIME, "noinit_itable")) {
        complain("what you change is lost at power off");
        return false;
    }
    disk_fd = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return true;
}

/* Builds the overlay and moves into it. On any failure the base itself stays the root, and says why. */
void enter_volume(const char *role, const char *disk, void (*before_disk)(void)) {
    mkdir(STAGE, 0700);
    if (!mount_one(VOLUME, STAGE "/volume", "squashfs", MS_RDONLY, NULL))
        return;
    mkdir(STAGE "/base", 0755);
    if (mount("/", STAGE "/base", NULL, MS_BIND, NULL) != 0)
        return complain("the base cannot be bound: %s", strerror(errno));
    if (before_disk != NULL)
        before_disk();
    const char *layer = STAGE "/memory";
    if (disk[0] != '\0' && mount_disk(disk, role, STAGE "/disk"))
        layer = STAGE "/disk";
    else if (!mount_one("memory", layer, "tmpfs", 0, "mode=0755"))
        return;
    char upper[64], work[64], options[256];
    snprintf(upper, sizeof upper, "%s/upper", layer);
    snprintf(work, sizeof work, "%s/work", layer);
    mkdir(upper, 0755);
    mkdir(work, 0755);
    snprintf(options, sizeof options, "lowerdir=%s:%s,upperdir=%s,workdir=%s", STAGE "/volume", STAGE "/base", upper, work);
    if (!mount_one("overlay", STAGE "/root", "overlay", 0, options))
        return;
    static const char *const moved[] = {"/dev", "/proc", "/sys", "/run"};
    for (unsigned i = 0; i < sizeof moved / sizeof *moved; i++) {
        char to[64];
        snprintf(to, sizeof to, "%s%s", STAGE "/root", moved[i]);
        mkdir(to, 0755);
        if (mount(moved[i], to, NULL, MS_MOVE, NULL) != 0)
            complain("%s cannot be moved: %s", moved[i], strerror(errno));
    }
    if (chdir(STAGE "/root") != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0)
        complain("cannot enter the volume: %s", strerror(errno));
}

/* After this the disk holds all that was written, its journal empty. */
void release_disk(void) {
    sync();
    mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
    if (disk_fd >= 0) {
        char path[32];
        snprintf(path, sizeof path, "/proc/self/fd/%d", disk_fd);
        if (mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0)
            complain("the disk stays writable: %s", strerror(errno));
        sync();
    }
}

