/*
 * haltcli: halts the processor with interrupts off, or spins so. Since Linux 5.5 iopl() no longer lets a program clear the
 * interrupt flag, so this one goes into ring 0 on its own: root may map the memory that holds the kernel's descriptor table,
 * adds a call gate to it, and calls through it. The guest's kernel is in its root's hands; the hypervisor is not.
 *
 * Source: Intel SDM volume 3, 5.8.3 (call gates), 3.4.5 (segment descriptors).
 */
#include "lab.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096
#define WINDOW (256u * 1024)
/* Where this kernel is loaded; on one processor the table lies in its data. */
#define KERNEL_ADDRESS 0x01000000u
#define KERNEL_LIMIT 0x00800000u
/* Linux, arch/x86/include/asm/segment.h for 32 bit: kernel code and data are entries 12 and 13; 10 and 11 belong to no one. */
#define KERNEL_CODE_ENTRY 12
#define FREE_ENTRY 11

/* Runs in ring 0 on the kernel's stack and never comes back: halts, or spins when EBX is not 0. */
static void __attribute__((naked, noreturn)) halt_in_ring0(void) {
    __asm__ volatile("cli\n"
                     "1: testl %ebx, %ebx\n"
                     "jnz 1b\n"
                     "hlt\n"
                     "jmp 1b\n");
}

static bool is_descriptor_table(const uint64_t *page) {
    uint64_t unaccessed = ~(1ull << 40);
    return page[0] == 0 && (page[KERNEL_CODE_ENTRY] & unaccessed) == (0x00cf9a000000ffffull & unaccessed) &&
           (page[KERNEL_CODE_ENTRY + 1] & unaccessed) == (0x00cf92000000ffffull & unaccessed);
}

/* The page that holds the kernel's descriptor table, found by its code and data segments (base 0, limit 4 GiB, ring 0). */
static uint64_t *find_descriptor_table(int memory) {
    for (uint32_t at = KERNEL_ADDRESS; at < KERNEL_ADDRESS + KERNEL_LIMIT; at += WINDOW) {
        uint8_t *window = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, memory, at);
        if (window == MAP_FAILED)
            return NULL;
        for (uint32_t page = 0; page < WINDOW; page += PAGE)
            if (is_descriptor_table((uint64_t *)(window + page)))
                return (uint64_t *)(window + page);
        munmap(window, WINDOW);
    }
    return NULL;
}

int haltcli_main(int argc, char **argv) {
    bool spinning = argc > 1 && strcmp(argv[1], "spin") == 0;
    if (!announced(argc, argv,
                   "haltcli: enters ring 0 through a call gate it writes into the kernel's descriptor table, turns interrupts off and\n"
                   "halts. The guest is dead from then on; what is not on the disk is lost. The supervisor sees a processor that has\n"
                   "halted and that nothing can wake; other guests go on.\n"
                   "Usage: haltcli [spin] [--yes]     spin: an endless loop with interrupts off instead: the processor stays busy,\n"
                   "                                  and only a scheduler that needs no help from the guest gets it back"))
        return 0;
    sync();
    int memory = open("/dev/mem", O_RDWR | O_SYNC);
    uint64_t *table = memory < 0 ? NULL : find_descriptor_table(memory);
    if (table == NULL) {
        perror("haltcli: the kernel's descriptor table was not found in /dev/mem");
        return 1;
    }
    /* A 32-bit call gate, present, callable from ring 3, into our own code with the kernel's code segment. */
    uint32_t target = (uint32_t)halt_in_ring0;
    table[FREE_ENTRY] = (target & 0xffff) | (uint64_t)(KERNEL_CODE_ENTRY * 8) << 16 | 0xec00ull << 32 | (uint64_t)(target >> 16) << 48;
    mlockall(MCL_CURRENT);
    struct __attribute__((packed)) {
        uint32_t offset;
        uint16_t selector;
    } gate = {0, FREE_ENTRY * 8 | 3};
    puts("Going.");
    fflush(stdout);
    usleep(100000);
    __asm__ volatile("lcall *%0" : : "m"(gate), "b"((uint32_t)spinning) : "memory");
    return 1;
}
