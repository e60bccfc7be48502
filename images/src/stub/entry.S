/*
 * The multiboot stub: the first thing a guest's processor runs. It stands where a BIOS and a boot loader would.
 *
 * One boot image, loaded to 0x00fff000 in one piece (src/machine/boot-image.ts puts it together):
 *
 *   0x00fff000  this stub, 2048 bytes          multiboot header, parameters, code
 *   0x00fff800  kernel command line, 2048 bytes with its NUL
 *   0x01000000  flat kernel with its zeroed memory behind it
 *   next page   initramfs (cpio, not compressed)
 *
 * What the composer fills in is marked "composer".
 */
        .section .header, "ax"
        .code32
        .globl  _start
        .set    MAGIC, 0x1badb002
        .set    FLAGS, 0x00010002               /* memory map wanted; the address fields are valid */
_start:
        .long   MAGIC
        .long   FLAGS
        .long   -(MAGIC + FLAGS)
        .long   _start                          /* header_addr */
        .long   _start                          /* load_addr */
        .long   0                               /* load_end_addr: composer */
        .long   0                               /* bss_end_addr: composer */
        .long   entry                           /* entry_addr */

        .globl  parameters
parameters:                                     /* offset 32 */
        .ascii  "HSBT"
        .long   1                               /* version of this layout */
        .long   0                               /* initramfs address: composer */
        .long   0                               /* initramfs bytes: composer */
        .long   0                               /* frame buffer width in pixels, 0 for none: composer */
        .long   0                               /* frame buffer height: composer */
        .long   0x01000000                      /* kernel address */
        .long   _start + 0x800                  /* command line address */

        .text
entry:
        cli
        cld
        movl    $0x0008f000, %esp
        pushl   %ebx                            /* multiboot information */
        call    prepare
        movl    %eax, %esi                      /* boot_params, as the 32-bit boot protocol wants it */
        movl    parameters + 24, %eax
        xorl    %ebp, %ebp
        xorl    %edi, %edi
        xorl    %ebx, %ebx
        jmp     *%eax

        .section .note.GNU-stack, "", @progbits
