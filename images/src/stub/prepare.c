/*
 * Does what a BIOS would have done for the kernel, then fills its boot_params ("zero page").
 *
 * Sources: Linux Documentation/x86/boot.rst and zero-page.rst (boot protocol 2.15, 32-bit entry); Multiboot Specification
 * 0.6.96; Intel 82371SB (PIIX3) data sheet for PIRQ routing and IDE timing; Bochs VBE extensions for the frame buffer.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

struct parameters {
    char magic[4];
    u32 version;
    u32 initramfs, initramfs_size;
    u32 width, height;
    u32 kernel, command_line;
};
extern const struct parameters parameters;

struct multiboot {
    u32 flags;
    u8 unused[40];
    u32 map_length, map;
};

struct multiboot_region {
    u32 size; /* of this entry without this field */
    u32 base, base_high, length, length_high, type;
} __attribute__((packed));

struct e820_entry {
    u32 base, base_high, length, length_high, type;
} __attribute__((packed));

#define BOOT_PARAMS 0x00090000u
#define LEGACY_HOLE 0x000a0000u
#define ONE_MEGABYTE 0x00100000u

static void out8(u16 port, u8 value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
static void out16(u16 port, u16 value) { __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port)); }
static void out32(u16 port, u32 value) { __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port)); }
static u8 in8(u16 port) {
    u8 value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static u32 in32(u16 port) {
    u32 value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* Writes into boot_params by its documented offsets. */
static void put8(u32 offset, u8 value) { *(volatile u8 *)(BOOT_PARAMS + offset) = value; }
static void put16(u32 offset, u16 value) { *(volatile u16 *)(BOOT_PARAMS + offset) = value; }
static void put32(u32 offset, u32 value) { *(volatile u32 *)(BOOT_PARAMS + offset) = value; }

static u32 pci_address(u32 device, u32 offset) { return 0x80000000u | device << 8 | (offset & 0xfc); }

static u32 pci_read(u32 device, u32 offset) {
    out32(0xcf8, pci_address(device, offset));
    return in32(0xcfc);
}

static void pci_write8(u32 device, u32 offset, u8 value) {
    out32(0xcf8, pci_address(device, offset));
    out8(0xcfc + (offset & 3), value);
}

static void pci_write16(u32 device, u32 offset, u16 value) {
    out32(0xcf8, pci_address(device, offset));
    out16(0xcfc + (offset & 2), value);
}

/* The four PCI interrupt pins go to IRQ 10, 10, 11, 11, as on the usual PC firmware. */
static u8 irq_of(u32 pin) { return pin & 2 ? 11 : 10; }

/* An empty channel costs the kernel a probe of 150 ms and more: only one with a drive is switched on. */
static u16 ide_decode(u16 base) {
    for (u32 drive = 0; drive < 2; drive++) {
        out8(base + 6, 0xa0 | drive << 4);
        u8 status = in8(base + 7);
        if (status != 0 && status != 0xff) {
            out8(base + 6, 0xa0);
            return 0x8000;
        }
    }
    return 0;
}

/* An optical drive is always there in v86; it is looked at when the command line has the word hs.cdrom. */
static u8 wants_optical_drive(void) {
    static const char word[] = "hs.cdrom";
    const char *text = (const char *)parameters.command_line;
    for (; *text; text++) {
        u32 same = 0;
        while (word[same] != '\0' && text[same] == word[same])
            same++;
        if (word[same] == '\0')
            return 1;
    }
    return 0;
}

/* Returns the display's linear frame buffer, 0 when no display was found. */
static u32 route_pci(void) {
    u32 frame_buffer = 0;
    for (u32 device = 0; device < 256; device++) {
        u32 id = pci_read(device, 0);
        if (id == 0xffffffffu || id == 0)
            continue;
        if (id == 0x70008086u) { /* PIIX3 ISA bridge */
            for (u32 pin = 0; pin < 4; pin++)
                pci_write8(device, 0x60 + pin, irq_of(pin));
            out8(0x4d0, 0x00);
            out8(0x4d1, 0x0c); /* 10 and 11 are level triggered */
        }
        if (id == 0x70108086u) { /* PIIX3 IDE: which channels decode */
            pci_write16(device, 0x40, ide_decode(0x1f0));
            pci_write16(device, 0x42, wants_optical_drive() ? ide_decode(0x170) : 0);
        }
        if (pci_read(device, 8) >> 16 == 0x0300)
            frame_buffer = pci_read(device, 0x10) & ~15u;
        u32 pin = pci_read(device, 0x3c) >> 8 & 0xff;
        if (pin != 0)
            pci_write8(device, 0x3c, irq_of((device >> 3) - 1 + pin - 1));
    }
    return frame_buffer;
}

/* Sets a direct-colour mode by the Bochs VBE registers and describes it in screen_info. */
static void set_frame_buffer(u32 address, u16 width, u16 height) {
    static const u16 enable[][2] = {{4, 0}, {3, 32}, {4, 0x41}};
    out16(0x1ce, enable[0][0]), out16(0x1cf, enable[0][1]);
    out16(0x1ce, 1), out16(0x1cf, width);
    out16(0x1ce, 2), out16(0x1cf, height);
    out16(0x1ce, enable[1][0]), out16(0x1cf, enable[1][1]);
    out16(0x1ce, enable[2][0]), out16(0x1cf, enable[2][1]);

    put8(0x0f, 0x23); /* orig_video_isVGA: VIDEO_TYPE_VLFB */
    put16(0x12, width);
    put16(0x14, height);
    put16(0x16, 32);
    put32(0x18, address);
    put32(0x1c, ((u32)width * height * 4 + 0xffff) >> 16); /* lfb_size in 64 KiB */
    put16(0x24, width * 4);
    put8(0x26, 8), put8(0x27, 16); /* red size, position */
    put8(0x28, 8), put8(0x29, 8);
    put8(0x2a, 8), put8(0x2b, 0);
    put8(0x2c, 8), put8(0x2d, 24);
    put16(0x32, 1);
}

/* The multiboot map counts the legacy hole's upper part as memory: leave 640 KiB to 1 MiB out. */
static void fill_memory_map(const struct multiboot *multiboot) {
    struct e820_entry *entry = (struct e820_entry *)(BOOT_PARAMS + 0x2d0);
    u32 count = 0, at = multiboot->map, end = at + multiboot->map_length;
    while (at < end && count < 32) {
        const struct multiboot_region *region = (const struct multiboot_region *)at;
        u32 base = region->base, top = region->base + region->length;
        at += region->size + 4;
        if (region->type != 1)
            continue;
        if (base < LEGACY_HOLE && top > LEGACY_HOLE && top <= ONE_MEGABYTE)
            top = LEGACY_HOLE;
        if (base >= LEGACY_HOLE && base < ONE_MEGABYTE)
            base = ONE_MEGABYTE;
        if (top <= base)
            continue;
        entry[count] = (struct e820_entry){base, 0, top - base, 0, 1};
        count++;
    }
    put8(0x1e8, count);
}

u32 prepare(const struct multiboot *multiboot) {
    for (u32 offset = 0; offset < 4096; offset += 4)
        put32(offset, 0);

    u32 frame_buffer = route_pci();
    if (parameters.width != 0 && frame_buffer != 0)
        set_frame_buffer(frame_buffer, parameters.width, parameters.height);

    /* Keyboard controller: both interrupts, system flag, translation to scan code set 1. */
    while (in8(0x64) & 2)
        ;
    out8(0x64, 0x60);
    while (in8(0x64) & 2)
        ;
    out8(0x60, 0x47);

    fill_memory_map(multiboot);
    put16(0x1fe, 0xaa55);
    put32(0x202, 0x53726448); /* "HdrS" */
    put16(0x206, 0x020f);
    put8(0x210, 0xff); /* type_of_loader: no number assigned */
    put8(0x211, 0x01); /* loadflags: LOADED_HIGH */
    put32(0x218, parameters.initramfs_size ? parameters.initramfs : 0);
    put32(0x21c, parameters.initramfs_size);
    put32(0x228, parameters.command_line);
    put32(0x22c, 0x7fffffff);
    put32(0x238, 2047);
    return BOOT_PARAMS;
}
