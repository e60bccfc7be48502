#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool flag(int argc, char **argv, const char *name) {
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return false;
}

const char *word_option(int argc, char **argv, const char *name, const char *otherwise) {
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return otherwise;
}

long option(int argc, char **argv, const char *name, long least, long most, long otherwise) {
    const char *word = word_option(argc, argv, name, NULL);
    if (word == NULL)
        return otherwise;
    char *end;
    long value = strtol(word, &end, 10);
    if (*word == '\0' || *end != '\0' || value < least || value > most) {
        fprintf(stderr, "%s wants a number from %ld to %ld, not \"%s\"\n", name, least, most, word);
        exit(64);
    }
    return value;
}

bool announced(int argc, char **argv, const char *announcement) {
    puts(announcement);
    if (flag(argc, argv, "--yes")) {
        fflush(stdout);
        return true;
    }
    puts("Nothing has been done. Add --yes to do it.");
    return false;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(int, char **);
    } tools[] = {
        {"hvdetect", hvdetect_main}, {"forkbomb", forkbomb_main}, {"memhog", memhog_main},   {"irqstorm", irqstorm_main},
        {"rawforge", rawforge_main}, {"panicnow", panicnow_main}, {"haltcli", haltcli_main},
    };
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash ? slash + 1 : argv[0];
    for (unsigned i = 0; i < sizeof tools / sizeof *tools; i++)
        if (strcmp(name, tools[i].name) == 0)
            return tools[i].run(argc, argv);
    fputs("laboratory tools: hvdetect forkbomb memhog irqstorm rawforge panicnow haltcli\n", stderr);
    return 64;
}
