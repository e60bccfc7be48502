/*
 * irqstorm: as many interrupts as a program can ask for. Each command 20h to the keyboard controller (read its command byte)
 * is answered with a byte in the output buffer and IRQ 1; the keyboard driver takes it for a key, which no one reads.
 *
 * Source: IBM PS/2 Hardware Interface Technical Reference, keyboard and auxiliary device controller, command 20h.
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <time.h>

static unsigned long long interrupts_of(int line) {
    char text[256];
    unsigned long long count = 0;
    FILE *file = fopen("/proc/interrupts", "r");
    while (file != NULL && fgets(text, sizeof text, file) != NULL) {
        int number;
        unsigned long long seen;
        if (sscanf(text, " %d: %llu", &number, &seen) == 2 && number == line)
            count = seen;
    }
    if (file != NULL)
        fclose(file);
    return count;
}

int irqstorm_main(int argc, char **argv) {
    long seconds = option(argc, argv, "--seconds", 1, 3600, 5);
    if (!announced(argc, argv,
                   "irqstorm: makes the keyboard controller raise IRQ 1 as fast as it can. This guest gets slow; the supervisor's\n"
                   "exit and interrupt counters rise.\n"
                   "Options: --seconds N (default 5), --yes"))
        return 0;
    if (iopl(3) != 0) {
        perror("irqstorm: iopl");
        return 1;
    }
    unsigned long long before = interrupts_of(1), sent = 0;
    time_t end = time(NULL) + seconds;
    while (time(NULL) < end)
        for (int i = 0; i < 64; i++, sent++) {
            for (int tries = 0; (inb(0x64) & 2) && tries < 1000; tries++)
                ;
            outb(0x20, 0x64);
        }
    printf("%llu requests, %llu interrupts on IRQ 1 in %ld s\n", sent, interrupts_of(1) - before, seconds);
    return 0;
}
