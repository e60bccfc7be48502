/* panicnow: the guest's kernel panics, by the documented way (SysRq c). */
#include "lab.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int panicnow_main(int argc, char **argv) {
    if (!announced(argc, argv,
                   "panicnow: crashes this guest's kernel (echo c > /proc/sysrq-trigger). What is not on the disk is lost. The panic\n"
                   "stays on this console; the supervisor is told by the pvpanic device; other guests go on.\n"
                   "Options: --yes"))
        return 0;
    sync();
    int trigger = open("/proc/sysrq-trigger", O_WRONLY);
    if (trigger < 0 || write(trigger, "c", 1) != 1) {
        perror("panicnow: /proc/sysrq-trigger");
        return 1;
    }
    return 0;
}
