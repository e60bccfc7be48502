#include <stdio.h>
#include <sys/utsname.h>

int main(void) {
    struct utsname system;
    uname(&system);
    printf("Hello from C on %s %s (%s)\n", system.sysname, system.release, system.machine);
    return 0;
}
