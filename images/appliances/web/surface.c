/* A libnsfb surface for a bare guest: the kernel's framebuffer, its mouse and its keyboard; no window system.

   The screen is drawn in memory and copied to the framebuffer by what nsfb_update() names, so that no half-drawn
   page is seen. A movement of n counts moves the pointer n pixels, from the middle of the screen at the start, held
   at its edges: whoever sends the movements knows where the pointer is.

   The screen has the size that /run/hv.screen says, without that the one it has. SIGWINCH says that the file was written
   anew: the browser goes on with its page on a screen of that size. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/fb.h>
#include <linux/input.h>

#include "libnsfb.h"
#include "libnsfb_event.h"
#include "libnsfb_plot.h"
#include "libnsfb_plot_util.h"
#include "nsfb.h"
#include "surface.h"
#include "plot.h"
#include "cursor.h"

/* An ImPS/2 packet: buttons and signs, x to the right, y upwards, wheel. */
#define MOUSE_PACKET 4
#define MOUSE_BUTTONS 3

#define SCREEN_FILE "/run/hv.screen"

/* What is shown where the page has not been drawn yet: the colour of the browser's frame, in every byte. */
#define UNDRAWN 0xdd

typedef struct guest_s {
    int memory; /* all that the processor can address: the display's is at memory_at */
    off64_t memory_at;
    uint8_t *screen; /* what is shown */
    size_t screen_size;
    int screen_line; /* bytes from one line of it to the next */
    int mouse;
    int keyboard;
    int x, y; /* of the pointer */
    uint8_t buttons;
    bool moved; /* the pointer's place is to be told */
    uint8_t packet[MOUSE_PACKET];
    int packet_fill;
    nsfb_event_t queue[8];
    int queue_fill;
    bool (*copy)(nsfb_t *nsfb, nsfb_bbox_t *source, nsfb_bbox_t *target);
} guest_t;

/* Both ends of a pipe that a signal wakes the wait for input with. */
static int signalled[2] = {-1, -1};

static const int button_keys[MOUSE_BUTTONS] = {NSFB_KEY_MOUSE_1, NSFB_KEY_MOUSE_3, NSFB_KEY_MOUSE_2};

/* Linux key codes, by position on a US keyboard. */
static const short keys[] = {
    [KEY_ESC] = NSFB_KEY_ESCAPE,
    [KEY_1] = '1', [KEY_2] = '2', [KEY_3] = '3', [KEY_4] = '4', [KEY_5] = '5',
    [KEY_6] = '6', [KEY_7] = '7', [KEY_8] = '8', [KEY_9] = '9', [KEY_0] = '0',
    [KEY_MINUS] = NSFB_KEY_MINUS, [KEY_EQUAL] = NSFB_KEY_EQUALS,
    [KEY_BACKSPACE] = NSFB_KEY_BACKSPACE, [KEY_TAB] = NSFB_KEY_TAB,
    [KEY_Q] = 'q', [KEY_W] = 'w', [KEY_E] = 'e', [KEY_R] = 'r', [KEY_T] = 't',
    [KEY_Y] = 'y', [KEY_U] = 'u', [KEY_I] = 'i', [KEY_O] = 'o', [KEY_P] = 'p',
    [KEY_LEFTBRACE] = NSFB_KEY_LEFTBRACKET, [KEY_RIGHTBRACE] = NSFB_KEY_RIGHTBRACKET,
    [KEY_ENTER] = NSFB_KEY_RETURN, [KEY_LEFTCTRL] = NSFB_KEY_LCTRL,
    [KEY_A] = 'a', [KEY_S] = 's', [KEY_D] = 'd', [KEY_F] = 'f', [KEY_G] = 'g',
    [KEY_H] = 'h', [KEY_J] = 'j', [KEY_K] = 'k', [KEY_L] = 'l',
    [KEY_SEMICOLON] = NSFB_KEY_SEMICOLON, [KEY_APOSTROPHE] = NSFB_KEY_QUOTE,
    [KEY_GRAVE] = NSFB_KEY_BACKQUOTE, [KEY_LEFTSHIFT] = NSFB_KEY_LSHIFT,
    [KEY_BACKSLASH] = NSFB_KEY_BACKSLASH,
    [KEY_Z] = 'z', [KEY_X] = 'x', [KEY_C] = 'c', [KEY_V] = 'v', [KEY_B] = 'b',
    [KEY_N] = 'n', [KEY_M] = 'm',
    [KEY_COMMA] = NSFB_KEY_COMMA, [KEY_DOT] = NSFB_KEY_PERIOD, [KEY_SLASH] = NSFB_KEY_SLASH,
    [KEY_RIGHTSHIFT] = NSFB_KEY_RSHIFT, [KEY_LEFTALT] = NSFB_KEY_LALT, [KEY_SPACE] = NSFB_KEY_SPACE,
    [KEY_F1] = NSFB_KEY_F1, [KEY_F2] = NSFB_KEY_F2, [KEY_F3] = NSFB_KEY_F3, [KEY_F4] = NSFB_KEY_F4,
    [KEY_F5] = NSFB_KEY_F5, [KEY_F6] = NSFB_KEY_F6, [KEY_F7] = NSFB_KEY_F7, [KEY_F8] = NSFB_KEY_F8,
    [KEY_F9] = NSFB_KEY_F9, [KEY_F10] = NSFB_KEY_F10, [KEY_F11] = NSFB_KEY_F11, [KEY_F12] = NSFB_KEY_F12,
    [KEY_KPENTER] = NSFB_KEY_RETURN, [KEY_RIGHTCTRL] = NSFB_KEY_RCTRL, [KEY_RIGHTALT] = NSFB_KEY_RALT,
    [KEY_KPASTERISK] = NSFB_KEY_ASTERISK, [KEY_KPMINUS] = NSFB_KEY_MINUS, [KEY_KPPLUS] = NSFB_KEY_PLUS,
    [KEY_KPSLASH] = NSFB_KEY_SLASH, [KEY_KPDOT] = NSFB_KEY_PERIOD,
    [KEY_KP0] = '0', [KEY_KP1] = '1', [KEY_KP2] = '2', [KEY_KP3] = '3', [KEY_KP4] = '4',
    [KEY_KP5] = '5', [KEY_KP6] = '6', [KEY_KP7] = '7', [KEY_KP8] = '8', [KEY_KP9] = '9',
    [KEY_HOME] = NSFB_KEY_HOME, [KEY_UP] = NSFB_KEY_UP, [KEY_PAGEUP] = NSFB_KEY_PAGEUP,
    [KEY_LEFT] = NSFB_KEY_LEFT, [KEY_RIGHT] = NSFB_KEY_RIGHT, [KEY_END] = NSFB_KEY_END,
    [KEY_DOWN] = NSFB_KEY_DOWN, [KEY_PAGEDOWN] = NSFB_KEY_PAGEDOWN,
    [KEY_INSERT] = NSFB_KEY_INSERT, [KEY_DELETE] = NSFB_KEY_DELETE,
    [KEY_LEFTMETA] = NSFB_KEY_LSUPER, [KEY_RIGHTMETA] = NSFB_KEY_RSUPER,
};
#define KEYS ((int)(sizeof keys / sizeof keys[0]))

static void show(nsfb_t *nsfb, const nsfb_bbox_t *box)
{
    guest_t *guest = nsfb->surface_priv;
    int x0 = box->x0 < 0 ? 0 : box->x0;
    int y0 = box->y0 < 0 ? 0 : box->y0;
    int x1 = box->x1 > nsfb->width ? nsfb->width : box->x1;
    int y1 = box->y1 > nsfb->height ? nsfb->height : box->y1;

    if (x0 >= x1)
        return;
    for (int y = y0; y < y1; y++)
        memcpy(guest->screen + y * guest->screen_line + x0 * 4, nsfb->ptr + y * nsfb->linelen + x0 * 4, (x1 - x0) * 4);
}

static int guest_claim(nsfb_t *nsfb, nsfb_bbox_t *box)
{
    struct nsfb_cursor_s *cursor = nsfb->cursor;

    if (cursor != NULL && cursor->plotted && nsfb_plot_bbox_intersect(box, &cursor->savloc)) {
        nsfb_bbox_t was = cursor->savloc;
        nsfb_cursor_clear(nsfb, cursor);
        show(nsfb, &was);
    }
    return 0;
}

static int guest_update(nsfb_t *nsfb, nsfb_bbox_t *box)
{
    struct nsfb_cursor_s *cursor = nsfb->cursor;

    if (cursor != NULL && !cursor->plotted) {
        nsfb_cursor_plot(nsfb, cursor);
        show(nsfb, &cursor->savloc);
    }
    show(nsfb, box);
    return 0;
}

static int guest_cursor(nsfb_t *nsfb, struct nsfb_cursor_s *cursor)
{
    if (cursor != NULL && cursor->plotted) {
        nsfb_bbox_t was = cursor->savloc;
        nsfb_cursor_clear(nsfb, cursor);
        nsfb_cursor_plot(nsfb, cursor);
        show(nsfb, &was);
        show(nsfb, &cursor->savloc);
    }
    return true;
}

static bool guest_copy(nsfb_t *nsfb, nsfb_bbox_t *source, nsfb_bbox_t *target)
{
    guest_t *guest = nsfb->surface_priv;
    nsfb_bbox_t both;

    nsfb_plot_add_rect(source, target, &both);
    guest_claim(nsfb, &both);
    guest->copy(nsfb, source, target);
    guest_update(nsfb, target);
    return true;
}

/* The size that the supervisor wants; false where it has said none. */
static bool wanted_size(int *width, int *height)
{
    FILE *file = fopen(SCREEN_FILE, "re");
    bool read = file != NULL && fscanf(file, "%d %d", width, height) == 2;

    if (file != NULL)
        fclose(file);
    return read;
}

/* The display's registers (Bochs VBE). The kernel's frame buffer keeps the mode it has found, so that a mode is set here. */
enum dispi { DISPI_XRES = 1, DISPI_YRES, DISPI_BPP, DISPI_ENABLE, DISPI_MEMORY = 10 };
#define DISPI_INDEX 0x1ce
#define DISPI_DATA 0x1cf
#define DISPI_ON 0x41 /* enabled, linear */
#define DISPI_MEMORY_UNIT 65536

static int dispi_read(enum dispi which)
{
    outw(which, DISPI_INDEX);
    return inw(DISPI_DATA);
}

static void dispi_write(enum dispi which, int value)
{
    outw(which, DISPI_INDEX);
    outw(value, DISPI_DATA);
}

/* Copies what two pictures have in common, from their upper left corners on. */
static void keep_drawn(const nsfb_t *nsfb, uint8_t *drawn, int width, int height)
{
    int columns = width < nsfb->width ? width : nsfb->width;
    int lines = height < nsfb->height ? height : nsfb->height;

    for (int y = 0; y < lines; y++)
        memcpy(drawn + (size_t)y * width * 4, nsfb->ptr + (size_t)y * nsfb->linelen, columns * 4);
}

/* Gives the screen a size, and the surface memory of the same, with what was drawn; without effect where there is no room. */
static bool set_size(nsfb_t *nsfb, guest_t *guest, int width, int height)
{
    size_t size = (size_t)width * height * 4;
    uint8_t *screen, *drawn;

    if (size > (size_t)dispi_read(DISPI_MEMORY) * DISPI_MEMORY_UNIT) {
        fprintf(stderr, "netsurf: the display has no memory for %dx%d\n", width, height);
        return false;
    }
    screen = mmap64(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, guest->memory, guest->memory_at);
    drawn = malloc(size);
    if (screen == MAP_FAILED || drawn == NULL) {
        perror("netsurf: framebuffer");
        if (screen != MAP_FAILED)
            munmap(screen, size);
        free(drawn);
        return false;
    }
    memset(drawn, UNDRAWN, size);
    if (guest->screen != NULL) {
        keep_drawn(nsfb, drawn, width, height);
        munmap(guest->screen, guest->screen_size);
        free(nsfb->ptr);
    }
    if (width != dispi_read(DISPI_XRES) || height != dispi_read(DISPI_YRES)) {
        dispi_write(DISPI_ENABLE, 0);
        dispi_write(DISPI_XRES, width);
        dispi_write(DISPI_YRES, height);
        dispi_write(DISPI_BPP, 32);
        dispi_write(DISPI_ENABLE, DISPI_ON);
    }
    guest->screen = screen;
    guest->screen_size = size;
    guest->screen_line = width * 4;
    nsfb->ptr = drawn;
    nsfb->linelen = width * 4;
    nsfb->width = width;
    nsfb->height = height;
    guest->x = width / 2;
    guest->y = height / 2;
    guest->moved = true;
    memcpy(screen, drawn, size);
    return true;
}

/* At first the size is the screen's, whatever is asked for; later the browser asks for what a RESIZE event said. */
static int guest_geometry(nsfb_t *nsfb, int width, int height, enum nsfb_format_e format)
{
    if (nsfb->surface_priv != NULL) {
        if (width == nsfb->width && height == nsfb->height)
            return 0;
        if (!set_size(nsfb, nsfb->surface_priv, width, height))
            return -1;
        /* What it covered is of the old picture. */
        if (nsfb->cursor != NULL)
            nsfb->cursor->plotted = false;
        nsfb_plot_set_clip(nsfb, NULL);
        return 0;
    }
    nsfb->width = width;
    nsfb->height = height;
    nsfb->format = format;
    select_plotters(nsfb);
    return 0;
}

static int open_keyboard(void)
{
    char path[24];
    unsigned long bits[KEY_MAX / (8 * sizeof(long)) + 1];

    for (int i = 0; i < 8; i++) {
        snprintf(path, sizeof path, "/dev/input/event%d", i);
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
            continue;
        memset(bits, 0, sizeof bits);
        if (ioctl(fd, EVIOCGBIT(EV_KEY, sizeof bits), bits) >= 0 &&
            (bits[KEY_A / (8 * sizeof(long))] >> (KEY_A % (8 * sizeof(long))) & 1)) {
            ioctl(fd, EVIOCGRAB, 1); /* the text console behind the picture hears nothing */
            return fd;
        }
        close(fd);
    }
    return -1;
}

static int open_mouse(void)
{
    static const uint8_t wheel[] = {0xf3, 200, 0xf3, 100, 0xf3, 80}; /* asks mousedev for ImPS/2 packets */
    uint8_t answer[16];
    int fd = open("/dev/input/mice", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0) {
        if (write(fd, wheel, sizeof wheel) < 0)
            perror("netsurf: mouse");
        while (read(fd, answer, sizeof answer) > 0)
            continue;
    }
    return fd;
}

static void on_signal(int signal)
{
    /* A pipe that is full wakes as well. */
    if (write(signalled[1], "", signal != 0) < 0)
        return;
}

static bool listen_to_signal(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    return pipe2(signalled, O_NONBLOCK | O_CLOEXEC) == 0 && sigaction(SIGWINCH, &action, NULL) == 0;
}

static int guest_initialise(nsfb_t *nsfb)
{
    struct fb_fix_screeninfo found;
    int width, height, framebuffer;
    guest_t *guest;

    if (nsfb->surface_priv != NULL)
        return -1;
    guest = calloc(1, sizeof *guest);
    if (guest == NULL)
        return -1;
    framebuffer = open("/dev/fb0", O_RDWR | O_CLOEXEC);
    guest->memory = open("/dev/mem", O_RDWR | O_CLOEXEC);
    if (framebuffer < 0 || ioctl(framebuffer, FBIOGET_FSCREENINFO, &found) < 0 || guest->memory < 0 ||
        ioperm(DISPI_INDEX, 3, 1) < 0) {
        perror("netsurf: framebuffer");
        return -1;
    }
    close(framebuffer);
    guest->memory_at = found.smem_start;
    /* Before the file is read: what is written from here on is told. */
    if (!listen_to_signal())
        perror("netsurf: SIGWINCH");
    if (!wanted_size(&width, &height)) {
        width = dispi_read(DISPI_XRES);
        height = dispi_read(DISPI_YRES);
    }
    nsfb->format = NSFB_FMT_XRGB8888;
    if (!set_size(nsfb, guest, width, height))
        return -1;
    select_plotters(nsfb);
    guest->copy = nsfb->plotter_fns->copy;
    nsfb->plotter_fns->copy = guest_copy;
    guest->mouse = open_mouse();
    guest->keyboard = open_keyboard();
    nsfb->surface_priv = guest;
    return 0;
}

static int guest_finalise(nsfb_t *nsfb)
{
    guest_t *guest = nsfb->surface_priv;

    if (guest != NULL) {
        munmap(guest->screen, guest->screen_size);
        free(nsfb->ptr);
        free(guest);
    }
    return 0;
}

static void put_key(guest_t *guest, bool down, int key)
{
    if (guest->queue_fill == (int)(sizeof guest->queue / sizeof guest->queue[0]))
        return;
    guest->queue[guest->queue_fill].type = down ? NSFB_EVENT_KEY_DOWN : NSFB_EVENT_KEY_UP;
    guest->queue[guest->queue_fill].value.keycode = key;
    guest->queue_fill++;
}

static int held(int value, int limit)
{
    return value < 0 ? 0 : value >= limit ? limit - 1 : value;
}

/* Takes one packet: movement first, then the buttons where it ended. */
static bool read_mouse(nsfb_t *nsfb, guest_t *guest)
{
    int got = read(guest->mouse, guest->packet + guest->packet_fill, MOUSE_PACKET - guest->packet_fill);

    if (got <= 0)
        return false;
    guest->packet_fill += got;
    if (guest->packet_fill < MOUSE_PACKET)
        return true;
    guest->packet_fill = 0;
    if (guest->packet[1] != 0 || guest->packet[2] != 0) {
        guest->x = held(guest->x + (int8_t)guest->packet[1], nsfb->width);
        guest->y = held(guest->y - (int8_t)guest->packet[2], nsfb->height);
        guest->moved = true;
    }
    for (int i = 0; i < MOUSE_BUTTONS; i++) {
        if (((guest->packet[0] ^ guest->buttons) >> i) & 1)
            put_key(guest, guest->packet[0] >> i & 1, button_keys[i]);
    }
    guest->buttons = guest->packet[0] & 7;
    if (guest->packet[3] != 0) {
        int key = (int8_t)guest->packet[3] < 0 ? NSFB_KEY_MOUSE_4 : NSFB_KEY_MOUSE_5;
        put_key(guest, true, key);
        put_key(guest, false, key);
    }
    return true;
}

static bool read_keyboard(guest_t *guest)
{
    struct input_event input;

    if (read(guest->keyboard, &input, sizeof input) != sizeof input)
        return false;
    if (input.type == EV_KEY && input.code < KEYS && keys[input.code] != 0)
        put_key(guest, input.value != 0, keys[input.code]);
    return true;
}

/* Whether the screen is to have another size, and then which. */
static bool told_size(const nsfb_t *nsfb, nsfb_event_t *event)
{
    char told[16];
    bool any = false;
    int width, height;

    while (read(signalled[0], told, sizeof told) > 0)
        any = true;
    if (!any || !wanted_size(&width, &height) || (width == nsfb->width && height == nsfb->height))
        return false;
    event->type = NSFB_EVENT_RESIZE;
    event->value.resize.w = width;
    event->value.resize.h = height;
    return true;
}

static bool next_event(guest_t *guest, nsfb_event_t *event)
{
    if (guest->moved) {
        guest->moved = false;
        event->type = NSFB_EVENT_MOVE_ABSOLUTE;
        event->value.vector.x = guest->x;
        event->value.vector.y = guest->y;
        event->value.vector.z = 0;
        return true;
    }
    if (guest->queue_fill > 0) {
        *event = guest->queue[0];
        guest->queue_fill--;
        memmove(guest->queue, guest->queue + 1, guest->queue_fill * sizeof guest->queue[0]);
        return true;
    }
    return false;
}

static bool guest_input(nsfb_t *nsfb, nsfb_event_t *event, int timeout)
{
    guest_t *guest = nsfb->surface_priv;

    for (;;) {
        if (told_size(nsfb, event))
            return true;
        /* Movements that wait are taken together, up to the first button. */
        while (guest->queue_fill == 0 && read_mouse(nsfb, guest))
            continue;
        if (next_event(guest, event))
            return true;
        if (read_keyboard(guest))
            continue;
        if (timeout == 0)
            return false;
        struct pollfd wait[3] = {{.fd = guest->mouse, .events = POLLIN},
                                 {.fd = guest->keyboard, .events = POLLIN},
                                 {.fd = signalled[0], .events = POLLIN}};
        if (poll(wait, 3, timeout) <= 0) {
            event->type = NSFB_EVENT_CONTROL;
            event->value.controlcode = NSFB_CONTROL_TIMEOUT;
            return true;
        }
    }
}

static const nsfb_surface_rtns_t guest_routines = {
    .initialise = guest_initialise,
    .finalise = guest_finalise,
    .input = guest_input,
    .claim = guest_claim,
    .update = guest_update,
    .cursor = guest_cursor,
    .geometry = guest_geometry,
};

NSFB_SURFACE_DEF(linux, NSFB_SURFACE_LINUX, &guest_routines)
