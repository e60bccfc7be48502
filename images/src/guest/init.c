/*
 * Process 1 of every appliance: mounts, the appliance's volume as the lower half of the root, the agent, a shell on the
 * console for ever, and an orderly end.
 *
 * The kernel command line says what to be: hs.role=NAME, hs.hostname=NAME, hs.disk=DEVICE (a disk that keeps the root's
 * changes; without it they live in memory), hs.checkpoint (a state is going to be taken of this guest; see checkpoint.c).
 *
 * The root with a volume:   overlay( upper: disk or memory | lower: volume /dev/sda, then this initramfs )
 * The appliance's scripts:  /etc/hyperspace/start once, then console for ever, stop before the end, resumed after a restore.
 *                           warm, where it is, runs before a checkpoint, on a root without a disk.
 *                           A role without a volume has its scripts in /etc/hyperspace/roles/ROLE.
 */
#include "init.h"
#include "programs.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static char role[32] = "shell", host_name[64], disk[32];
static char scripts[80];
static pid_t agent_pid, console_pid;
static time_t console_started, agent_started;

static int channel = -1; /* open from the greeting to the end, so that nothing the host sends is lost */
static bool greeted;
static bool to_be_baked; /* a state is going to be taken: at the checkpoint, or at READY */
static char second_disk[32] = "sdb";

static void take_word(const char *word, const char *key, char *value, size_t size) {
    size_t length = strlen(key);
    if (strncmp(word, key, length) == 0)
        snprintf(value, size, "%s", word + length);
}

static bool plain_word(const char *word) {
    return *word != '\0' && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == strlen(word);
}

static void read_command_line(void) {
    static char line[4096];
    int file = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, line, sizeof line - 1);
    if (file >= 0)
        close(file);
    if (got <= 0)
        return;
    line[got] = '\0';
    for (char *state, *word = strtok_r(line, " \n", &state); word != NULL; word = strtok_r(NULL, " \n", &state)) {
        take_word(word, "hs.role=", role, sizeof role);
        take_word(word, "hs.hostname=", host_name, sizeof host_name);
        take_word(word, "hs.disk=", disk, sizeof disk);
        to_be_baked |= strcmp(word, "hs.checkpoint") == 0;
    }
    if (!plain_word(role))
        strcpy(role, "shell");
    if (!plain_word(host_name))
        strcpy(host_name, role);
}

static void raise_loopback(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s >= 0) {
        ioctl(s, SIOCSIFFLAGS, &request);
        close(s);
    }
}

static void set_kernel(const char *path, const char *value) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, value, strlen(value)) < 0)
        complain("%s: %s", path, strerror(errno));
    if (file >= 0)
        close(file);
}

/*
 * A tab is closed sooner than a computer loses its power: what is written reaches the disk after three seconds, not thirty. What
 * must be there at once is synced, as everywhere.
 */
static void write_back_soon(void) {
    set_kernel("/proc/sys/vm/dirty_expire_centisecs", "200");
    set_kernel("/proc/sys/vm/dirty_writeback_centisecs", "100");
}

/* The host hears of this guest before the slow part of the start. */
static void greet(void) {
    uint8_t frame[FRAME_HEADER + 128];
    struct writer w = {.bytes = frame + FRAME_HEADER, .limit = sizeof frame - FRAME_HEADER};
    write_u16(&w, ABI_VERSION);
    write_string(&w, AGENT_VERSION, strlen(AGENT_VERSION));
    write_string(&w, role, strlen(role));
    frame_header(frame, FRAME_HELLO, w.length);
    size_t length = FRAME_HEADER + w.length;
    channel = open_channel(O_NONBLOCK);
    greeted = channel >= 0 && write(channel, frame, length) == (ssize_t)length;
}

static const char *script(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", scripts, name);
    return path;
}

static void child_setup(void) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
}

static void start_agent(void) {
    agent_started = time(NULL);
    bool alone = access(script("console"), X_OK) != 0 && access(script("start"), X_OK) != 0;
    agent_pid = fork();
    if (agent_pid == 0) {
        child_setup();
        char *const arguments[] = {"hv-agent", greeted ? "" : role, alone ? "ready" : "", to_be_baked ? "baked" : NULL, NULL};
        execv(SELF, arguments);
        _exit(127);
    }
    to_be_baked = false;
}

/* What the first screen will run is run once, so that it is in memory from the state on. */
static void pass_checkpoint(void) {
    static char path[] = "/etc/hyperspace/warm";
    run_in_volume((char *[]){path, NULL});
    wait_at_checkpoint(channel, second_disk);
    to_be_baked = false;
}

/* What a serial line needs to be a person's terminal. */
static void prepare_terminal(int terminal) {
    struct termios t;
    if (tcgetattr(terminal, &t) == 0) {
        t.c_iflag = ICRNL | IXON | IUTF8;
        t.c_oflag = OPOST | ONLCR;
        t.c_cflag = CS8 | CREAD | CLOCAL | B115200;
        t.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
        static const cc_t keys[][2] = {{VINTR, 3}, {VQUIT, 28}, {VERASE, 127}, {VKILL, 21}, {VEOF, 4}, {VSTART, 17},
                                       {VSTOP, 19}, {VSUSP, 26}, {VREPRINT, 18}, {VWERASE, 23}, {VLNEXT, 22}};
        for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++)
            t.c_cc[keys[i][0]] = keys[i][1];
        tcsetattr(terminal, TCSANOW, &t);
    }
    unsigned columns = 80, rows = 25;
    FILE *file = fopen(SIZE_FILE, "re");
    if (file != NULL) {
        if (fscanf(file, "%u %u", &columns, &rows) != 2)
            columns = 80, rows = 25;
        fclose(file);
    }
    struct winsize size = {.ws_col = columns, .ws_row = rows};
    ioctl(terminal, TIOCSWINSZ, &size);
}

static void start_console(void) {
    console_started = time(NULL);
    console_pid = fork();
    if (console_pid != 0)
        return;
    child_setup();
    int terminal = open(CONSOLE, O_RDWR);
    if (terminal < 0)
        terminal = open("/dev/console", O_RDWR);
    ioctl(terminal, TIOCSCTTY, 1);
    prepare_terminal(terminal);
    for (int fd = 0; fd < 3; fd++)
        dup2(terminal, fd);
    if (terminal > 2)
        close(terminal);
    if (chdir("/root") != 0 && chdir("/") != 0)
        _exit(1);
    execl(script("console"), script("console"), (char *)NULL);
    if (access("/bin/bash", X_OK) == 0) {
        setenv("SHELL", "/bin/bash", 1);
        execl("/bin/bash", "-bash", (char *)NULL);
    }
    execl("/bin/busybox", "-sh", (char *)NULL);
    _exit(127);
}

void run_script(const char *name, long limit_ms) {
    const char *path = script(name);
    if (access(path, X_OK) != 0)
        return;
    pid_t child = fork();
    if (child == 0) {
        child_setup();
        execl(path, path, (char *)NULL);
        _exit(127);
    }
    for (long waited = 0; child > 0; waited += 20) {
        pid_t ended = waitpid(child, NULL, limit_ms < 0 ? 0 : WNOHANG);
        if (ended == child || (ended < 0 && errno != EINTR))
            return;
        if (limit_ms >= 0 && waited >= limit_ms) {
            complain("%s took longer than %ld s and was ended", path, limit_ms / 1000);
            kill(-child, SIGKILL);
            return;
        }
        if (limit_ms >= 0)
            pause_ms(20);
    }
}

/* One process ended: those that must live are started again, not faster than once a second. */
static void reap(void) {
    pid_t ended;
    while ((ended = waitpid(-1, NULL, WNOHANG)) > 0) {
        if (ended == console_pid) {
            if (time(NULL) - console_started < 1)
                sleep(1);
            start_console();
        } else if (ended == agent_pid) {
            if (time(NULL) - agent_started < 1)
                sleep(1);
            start_agent();
        }
    }
}

int init_main(void) {
    sigset_t signals;
    sigemptyset(&signals);
    static const int handled[] = {SIGCHLD, SIGUSR1, SIGUSR2, SIGTERM, SIGINT, SIGHUP};
    for (unsigned i = 0; i < sizeof handled / sizeof *handled; i++)
        sigaddset(&signals, handled[i]);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    umask(022);
    reboot(RB_DISABLE_CAD);

    mount_one("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
    mount_one("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount_one("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount_one("run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
    write_back_soon();
    read_command_line();
    sethostname(host_name, strlen(host_name));
    greet();
    raise_loopback();

    snprintf(scripts, sizeof scripts, "/etc/hyperspace/roles/%s", role);
    if (has_volume()) {
        if (disk[0] != '\0')
            strcpy(second_disk, disk);
        char path[64];
        snprintf(path, sizeof path, "/dev/%s", second_disk);
        enter_volume(role, disk, to_be_baked && access(path, F_OK) == 0 ? pass_checkpoint : NULL);
        strcpy(scripts, "/etc/hyperspace");
    }
    mount_one("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666");
    mount_one("shm", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
    mount_one("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
    static const char *const links[][2] = {
        {"/proc/self/fd", "/dev/fd"}, {"fd/0", "/dev/stdin"}, {"fd/1", "/dev/stdout"}, {"fd/2", "/dev/stderr"}};
    for (unsigned i = 0; i < sizeof links / sizeof *links; i++)
        if (symlink(links[i][0], links[i][1]) != 0 && errno != EEXIST)
            complain("%s: %s", links[i][1], strerror(errno));

    static const char *const environment[][2] = {
        {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        {"TERM", "xterm-256color"},
        {"HOME", "/root"},
        {"USER", "root"},
        {"LOGNAME", "root"},
        {"SHELL", "/bin/sh"},
        {"LANG", "C.UTF-8"},
        {"HS_ROLE", role},
    };
    for (unsigned i = 0; i < sizeof environment / sizeof *environment; i++)
        setenv(environment[i][0], environment[i][1], 1);

    start_agent();
    run_script("start", -1);
    start_console();
    for (;;) {
        int signal = sigwaitinfo(&signals, NULL);
        if (signal == SIGUSR1 || signal == SIGUSR2)
            end(false, console_pid, channel);
        if (signal == SIGTERM || signal == SIGINT)
            end(true, console_pid, channel);
        if (signal == SIGHUP && console_pid > 0)
            kill(-console_pid, SIGHUP); /* the agent's wish: a console that starts anew */
        reap();
    }
}
