/* memhog: takes memory and writes to every page of it, so that it is really there. */
#include "lab.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (1024 * 1024)

int memhog_main(int argc, char **argv) {
    long mebibytes = option(argc, argv, "--mib", 1, 4096, 4096);
    if (!announced(argc, argv,
                   "memhog: takes memory, 1 MiB at a time, and writes to every page. Without --mib it goes on until the kernel's\n"
                   "out-of-memory killer ends it; other programs of this guest may be ended first. No other guest loses a page.\n"
                   "Options: --mib N (take N MiB, hold them until Enter), --yes"))
        return 0;
    long taken = 0;
    for (; taken < mebibytes; taken++) {
        unsigned char *chunk = malloc(CHUNK);
        if (chunk == NULL)
            break;
        for (size_t at = 0; at < CHUNK; at += 4096)
            chunk[at] = 0xa5;
        printf("\r%ld MiB", taken + 1);
        fflush(stdout);
    }
    printf("\nHolding %ld MiB. Enter gives them back.\n", taken);
    getchar();
    return 0;
}
