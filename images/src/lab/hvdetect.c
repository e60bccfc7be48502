/*
 * hvdetect: the red pill. Is this a real machine? Asks the processor, measures it, looks at its tables and at its devices.
 * Changes nothing.
 *
 * Sources: Intel SDM volume 2, CPUID (leaf 1 ECX bit 31 is reserved for hypervisors, leaf 0x40000000 is theirs by agreement);
 * J. Rutkowska, "Red Pill" (2004): SIDT, SGDT and SLDT are not privileged, so a guest sees what its monitor left there.
 */
#include "lab.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cpuid {
    uint32_t a, b, c, d;
};

static struct cpuid cpuid(uint32_t leaf) {
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(0));
    return r;
}

static uint64_t rdtsc(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static int suspicions;

static void verdict(bool suspicious, const char *what) {
    suspicions += suspicious;
    printf("  %s %s\n", suspicious ? "=> points to a hypervisor:" : "=> says nothing:", what);
}

static void ask_processor(void) {
    char vendor[13] = "", hypervisor[13] = "";
    struct cpuid r = cpuid(0);
    memcpy(vendor, &r.b, 4), memcpy(vendor + 4, &r.d, 4), memcpy(vendor + 8, &r.c, 4);
    bool bit = cpuid(1).c >> 31;
    printf("CPUID leaf 0:           vendor \"%s\"\n", vendor);
    printf("CPUID leaf 1:           ECX bit 31 (hypervisor present) is %d\n", bit);
    r = cpuid(0x40000000);
    memcpy(hypervisor, &r.b, 4), memcpy(hypervisor + 4, &r.c, 4), memcpy(hypervisor + 8, &r.d, 4);
    bool named = hypervisor[0] != '\0';
    for (int i = 0; i < 12; i++)
        if (hypervisor[i] != '\0' && (hypervisor[i] < ' ' || hypervisor[i] > '~'))
            named = false;
    if (named)
        printf("CPUID leaf 0x40000000:  \"%s\", highest leaf 0x%08x\n", hypervisor, r.a);
    else
        printf("CPUID leaf 0x40000000:  nothing that looks like a name\n");
    verdict(bit || named, bit ? "the processor itself says so" : "a hypervisor's name, though the bit denies it");
}

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

#define ROUNDS 1001

/* Median ticks of `measured` minus those of an empty measurement. */
static uint64_t median_ticks(bool with_cpuid) {
    static uint64_t ticks[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t before = rdtsc();
        if (with_cpuid)
            cpuid(0);
        ticks[i] = rdtsc() - before;
    }
    qsort(ticks, ROUNDS, sizeof *ticks, compare);
    return ticks[ROUNDS / 2];
}

static void measure_time(void) {
    uint64_t empty = median_ticks(false), full = median_ticks(true);
    uint64_t smallest = UINT64_MAX;
    for (int i = 0; i < 100000; i++) {
        uint64_t before = rdtsc(), step = rdtsc() - before;
        if (step > 0 && step < smallest)
            smallest = step;
    }
    printf("RDTSC twice:            %llu ticks (median); smallest step seen %llu\n", (unsigned long long)empty, (unsigned long long)smallest);
    printf("CPUID between them:     %llu ticks (median)\n", (unsigned long long)full);
    /* Silicon answers CPUID in 25 to 250 ticks and counts in ones or tens; under VT-x CPUID always exits, over 1000. */
    bool trapped = full > empty + 700, coarse = smallest > 300;
    verdict(trapped || coarse, trapped  ? "CPUID takes so long that something else answers it"
                               : coarse ? "the time stamp counter moves in steps no silicon has"
                                        : "CPUID is quick: not trapped (an emulator may answer it in place)");
}

struct __attribute__((packed)) table_register {
    uint16_t limit;
    uint32_t base;
};

static void look_at_tables(void) {
    struct table_register idt = {0}, gdt = {0};
    uint16_t ldt = 0, task = 0;
    __asm__ volatile("sidt %0" : "=m"(idt));
    __asm__ volatile("sgdt %0" : "=m"(gdt));
    __asm__ volatile("sldt %0" : "=r"(ldt));
    __asm__ volatile("str %0" : "=r"(task));
    printf("SIDT:                   base %08x limit %04x\n", idt.base, idt.limit);
    printf("SGDT:                   base %08x limit %04x\n", gdt.base, gdt.limit);
    printf("SLDT, STR:              %04x, %04x\n", ldt, task);
    /* A monitor without hardware help keeps its own tables at the top of the guest's address space, where this kernel does not. */
    verdict((idt.base >> 24) == 0xff && idt.limit != 0x7ff, "the guest sees its own kernel's tables; the software monitors of 2004 left theirs here");
}

static void look_at_devices(void) {
    static const struct {
        const char *vendor, *whose;
    } virtual_vendors[] = {
        {"0x1af4", "virtio: only virtual machines have it"},
        {"0x1b36", "QEMU's devices"},
        {"0x1234", "the Bochs/QEMU display"},
        {"0x15ad", "VMware"},
        {"0x80ee", "VirtualBox"},
        {"0x5853", "Xen"},
        {"0x1414", "Hyper-V"},
    };
    const char *found = NULL;
    DIR *devices = opendir("/sys/bus/pci/devices");
    puts("PCI devices:");
    for (struct dirent *entry; devices != NULL && (entry = readdir(devices)) != NULL;) {
        char path[300], vendor[16] = "", device[16] = "";
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/vendor", entry->d_name);
        FILE *file = fopen(path, "r");
        if (file != NULL) {
            if (fscanf(file, "%15s", vendor) != 1)
                vendor[0] = '\0';
            fclose(file);
        }
        snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/device", entry->d_name);
        if ((file = fopen(path, "r")) != NULL) {
            if (fscanf(file, "%15s", device) != 1)
                device[0] = '\0';
            fclose(file);
        }
        const char *whose = "";
        for (unsigned i = 0; i < sizeof virtual_vendors / sizeof *virtual_vendors; i++)
            if (strcmp(vendor, virtual_vendors[i].vendor) == 0)
                found = whose = virtual_vendors[i].whose;
        printf("  %s  %s %s  %s\n", entry->d_name, vendor, device, whose);
    }
    if (devices != NULL)
        closedir(devices);
    verdict(found != NULL, found != NULL ? found : "no device that only virtual machines have");
}

int hvdetect_main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        puts("usage: hvdetect\nLooks for signs that this machine is not real. Changes nothing.");
        return 0;
    }
    puts("hvdetect: looks for signs that this machine is not real. It changes nothing.\n");
    ask_processor();
    measure_time();
    look_at_tables();
    look_at_devices();
    printf("\n%d of 4 tests point to a hypervisor or an emulator.\n", suspicions);
    return suspicions > 0 ? 0 : 1;
}
