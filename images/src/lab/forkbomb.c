/* forkbomb: every process makes two of itself, until the guest can make no more. */
#include "lab.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

int forkbomb_main(int argc, char **argv) {
    long limit = option(argc, argv, "--limit", 2, 1000000, 0);
    if (!announced(argc, argv,
                   "forkbomb: makes processes that make processes, without end. This guest becomes unusable; others must not.\n"
                   "Options: --limit N (at most N processes of this user), --yes"))
        return 0;
    if (limit > 0) {
        struct rlimit processes = {limit, limit};
        setrlimit(RLIMIT_NPROC, &processes);
        if (getuid() == 0 && setuid(65534) != 0) /* the limit does not bind root */
            perror("forkbomb: setuid");
    }
    for (;;)
        if (fork() < 0)
            usleep(1000);
}
