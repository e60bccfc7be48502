#include "programs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash ? slash + 1 : argv[0];
    if (strcmp(name, "init") == 0) {
        if (getpid() == 1)
            return init_main();
        fputs("init: only the kernel starts this, as process 1\n", stderr);
        return 1;
    }
    if (strcmp(name, "hv-agent") == 0)
        return agent_main(argc, argv);
    return hv_main(argc, argv);
}
