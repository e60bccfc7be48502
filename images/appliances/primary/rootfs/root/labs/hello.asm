; Two system calls and no library: write(1, message, length), exit(0).
        global  _start
        section .text
_start: mov     eax, 4
        mov     ebx, 1
        mov     ecx, message
        mov     edx, length
        int     0x80
        mov     eax, 1
        xor     ebx, ebx
        int     0x80

        section .rodata
message: db     "Hello from assembly", 10
length: equ     $ - message
