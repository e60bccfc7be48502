/* The orderly end: scripts, processes, disk, GOODBYE, halt. */
#include "init.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define STOP_SCRIPT_MS 10000
#define TERM_MS 1500

void pause_ms(long ms) { nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL); }

static void end_all_processes(pid_t console) {
    if (console > 0)
        kill(-console, SIGHUP); /* an interactive shell heeds nothing less */
    kill(-1, SIGTERM);
    kill(-1, SIGCONT);
    for (long waited = 0; waited < TERM_MS; waited += 20) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (kill(-1, 0) != 0 && errno == ESRCH)
            return;
        pause_ms(20);
    }
    kill(-1, SIGKILL);
    pause_ms(20);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

static void say_goodbye(int channel, bool again) {
    if (channel < 0)
        channel = open_channel(O_NONBLOCK);
    if (channel < 0)
        return;
    uint8_t frame[FRAME_HEADER + 1];
    frame_header(frame, FRAME_GOODBYE, 1);
    frame[FRAME_HEADER] = again;
    for (size_t at = 0, tries = 0; at < sizeof frame && tries < 100; tries++) {
        ssize_t written = write(channel, frame + at, sizeof frame - at);
        if (written > 0)
            at += written;
        else
            pause_ms(10);
    }
    tcdrain(channel);
}

/*
 * The processor halts with interrupts off in both cases: whoever runs this machine sees that, and builds a new one when the
 * guest asked to be started again.
 */
void end(bool again, pid_t console, int channel) {
    fprintf(stderr, "\r\n%s.\r\n", again ? "Starting again" : "Powering off");
    run_script("stop", STOP_SCRIPT_MS);
    end_all_processes(console);
    release_disk();
    say_goodbye(channel, again);
    for (;;) {
        reboot(RB_HALT_SYSTEM);
        pause();
    }
}

