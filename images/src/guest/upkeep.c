/* What is done inside the guest because nobody outside can: terminal size, clock, address, name, random numbers. */
#include "upkeep.h"
#include "programs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>

#define ENTROPY_LIMIT 512
#define CONSOLE_NUMBER 0x440 /* ttyS0: major 4, minor 64 */

/* The kernel sends SIGWINCH to the foreground job when the size changes. */
static void set_console_size(uint16_t columns, uint16_t rows) {
    int console = open(CONSOLE, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (console < 0)
        return;
    struct winsize size = {.ws_col = columns, .ws_row = rows};
    ioctl(console, TIOCSWINSZ, &size);
    close(console);
    FILE *file = fopen(SIZE_FILE, "we");
    if (file != NULL) {
        fprintf(file, "%u %u\n", columns, rows);
        fclose(file);
    }
}

/* Whether the process PID is the console's foreground job, and a shell. Only who has a terminal may ask it for its job. */
static bool is_console_shell(const char *pid) {
    char path[32], name[16];
    int group, terminal, foreground;
    snprintf(path, sizeof path, "/proc/%.15s/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool read = fscanf(file, "%*d (%15[^)]) %*c %*d %d %*d %d %d", name, &group, &terminal, &foreground) == 4;
    fclose(file);
    return read && terminal == CONSOLE_NUMBER && group == foreground &&
           (strcmp(name, "sh") == 0 || strcmp(name, "busybox") == 0 || strcmp(name, "bash") == 0);
}

/* A shell that edits a line has its terminal neither echo nor gather lines. */
static bool shell_edits_line(int console) {
    struct termios terminal;
    if (tcgetattr(console, &terminal) != 0 || (terminal.c_lflag & (ICANON | ECHO)) != 0)
        return false;
    DIR *processes = opendir("/proc");
    bool found = false;
    for (struct dirent *entry; processes != NULL && !found && (entry = readdir(processes)) != NULL;)
        found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && is_console_shell(entry->d_name);
    if (processes != NULL)
        closedir(processes);
    return found;
}

/* Two changes of size make a full-screen program draw itself anew; Ctrl+L makes a shell. */
void redraw_console(void) {
    int console = open(CONSOLE, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (console < 0)
        return;
    struct winsize size;
    if (shell_edits_line(console))
        ioctl(console, TIOCSTI, "\f");
    else if (ioctl(console, TIOCGWINSZ, &size) == 0 && size.ws_row > 1) {
        size.ws_row--;
        ioctl(console, TIOCSWINSZ, &size);
        size.ws_row++;
        ioctl(console, TIOCSWINSZ, &size);
    }
    close(console);
}

/* virtio-net takes a new address while up; other cards want to be down for it. */
static void set_mac(const uint8_t *mac) {
    static const uint8_t none[6];
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0 || memcmp(mac, none, 6) == 0 || (mac[0] & 1)) {
        if (s >= 0)
            close(s);
        return;
    }
    struct ifreq address = {.ifr_name = "eth0"}, flags = {.ifr_name = "eth0"};
    address.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(address.ifr_hwaddr.sa_data, mac, 6);
    if (ioctl(s, SIOCSIFHWADDR, &address) < 0 && errno == EBUSY && ioctl(s, SIOCGIFFLAGS, &flags) == 0) {
        flags.ifr_flags &= ~IFF_UP;
        ioctl(s, SIOCSIFFLAGS, &flags);
        ioctl(s, SIOCSIFHWADDR, &address);
        flags.ifr_flags |= IFF_UP;
        ioctl(s, SIOCSIFFLAGS, &flags);
    }
    close(s);
}

/* Two clones must not draw the same random numbers: mix in what the host drew for this one. */
static void add_entropy(const uint8_t *bytes, size_t length) {
    struct {
        int entropy_count, buf_size;
        uint8_t buf[ENTROPY_LIMIT];
    } pool = {.entropy_count = length * 8, .buf_size = length};
    memcpy(pool.buf, bytes, length);
    int random = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
    if (random >= 0) {
        ioctl(random, RNDADDENTROPY, &pool);
        ioctl(random, RNDRESEEDCRNG);
        close(random);
    }
}

static bool plausible_host_name(const uint8_t *name, size_t length) {
    if (length == 0 || length > 63)
        return false;
    for (size_t i = 0; i < length; i++) {
        uint8_t c = name[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
            return false;
    }
    return true;
}

void resize(struct reader *r) {
    uint16_t columns = read_u16(r), rows = read_u16(r);
    if (!r->bad && columns >= 1 && columns <= 1000 && rows >= 1 && rows <= 1000)
        set_console_size(columns, rows);
}

/* Named when it is whole: who draws the screen may read it at any time. */
bool note_screen(struct reader *r) {
    uint16_t width = read_u16(r), height = read_u16(r);
    if (r->bad || width < 640 || width > 1920 || width % 8 != 0 || height < 480 || height > 1088)
        return false;
    FILE *file = fopen(SCREEN_FILE ".new", "we");
    if (file == NULL)
        return false;
    fprintf(file, "%u %u\n", width, height);
    return fclose(file) == 0 && rename(SCREEN_FILE ".new", SCREEN_FILE) == 0;
}

bool become(struct reader *r) {
    uint64_t unix_ms = read_u64(r);
    const uint8_t *mac = read_bytes(r, 6);
    size_t name_length, entropy_length;
    const uint8_t *name = read_string(r, &name_length);
    const uint8_t *entropy = read_string(r, &entropy_length);
    if (r->bad || entropy_length > ENTROPY_LIMIT)
        return false;
    if (unix_ms / 1000 <= INT32_MAX * 2ull) {
        struct timeval now = {.tv_sec = unix_ms / 1000, .tv_usec = unix_ms % 1000 * 1000};
        settimeofday(&now, NULL);
    }
    add_entropy(entropy, entropy_length);
    set_mac(mac);
    if (plausible_host_name(name, name_length))
        sethostname((const char *)name, name_length);
    return true;
}

void run_hook(const char *path, const char *word) {
    if (access(path, X_OK) != 0)
        return;
    if (fork() == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        setsid();
        execl(path, path, word, (char *)NULL);
        _exit(127);
    }
}
