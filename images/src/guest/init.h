/* Process 1, in rooms: init.c starts and keeps, root.c builds the root, checkpoint.c waits on the way, end.c ends. */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>
#include <sys/types.h>

void __attribute__((format(printf, 1, 2))) complain(const char *format, ...);
bool mount_one(const char *what, const char *where, const char *type, unsigned long flags, const char *options);
void pause_ms(long ms);

bool has_volume(void);
/*
 * `disk`: a device's name under /dev, or empty. On any failure the base itself stays the root, and the console says why.
 * `before_disk`, where given, is called with the volume there and the disk untouched.
 */
void enter_volume(const char *role, const char *disk, void (*before_disk)(void));
/* Runs a program of the volume, and the base below it, read-only, to its end; its exit code, 127 when it could not be started. */
int run_in_volume(char *const arguments[]);
/* After this the disk holds all that was written, its journal empty. */
void release_disk(void);

/* Runs a script of the role, where there is one; limit_ms < 0: as long as it takes. */
void run_script(const char *name, long limit_ms);
/* Says that all is up but for `disk`, a device's name under /dev, and waits for RESUMED; channel: open, or -1. */
void wait_at_checkpoint(int channel, const char *disk);
/* console: the session to end first; channel: the open hypercall channel, or -1. */
void __attribute__((noreturn)) end(bool again, pid_t console, int channel);

#endif
