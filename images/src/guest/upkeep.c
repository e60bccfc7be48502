/* What the agent does inside the guest because nobody outside can: terminal size, address, random numbers. */
#include "upkeep.h"
#include "programs.h"
#include "wire.h"

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
#include <unistd.h>

/* The kernel sends SIGWINCH to the foreground job when the size changes. */
void set_console_size(uint16_t columns, uint16_t rows) {
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

/* Two changes of size make a full-screen program draw itself anew. */
void redraw_console(void) {
    int console = open(CONSOLE, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    struct winsize size;
    if (console >= 0 && ioctl(console, TIOCGWINSZ, &size) == 0 && size.ws_row > 1) {
        size.ws_row--;
        ioctl(console, TIOCSWINSZ, &size);
        size.ws_row++;
        ioctl(console, TIOCSWINSZ, &size);
    }
    if (console >= 0)
        close(console);
}

/* virtio-net takes a new address while up; other cards want to be down for it. */
void set_mac(const uint8_t *mac) {
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
void add_entropy(const uint8_t *bytes, size_t length) {
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

bool plausible_host_name(const uint8_t *name, size_t length) {
    if (length == 0 || length > 63)
        return false;
    for (size_t i = 0; i < length; i++) {
        uint8_t c = name[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
            return false;
    }
    return true;
}

void run_hook(const char *path) {
    if (access(path, X_OK) != 0)
        return;
    if (fork() == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        setsid();
        execl(path, path, (char *)NULL);
        _exit(127);
    }
}
