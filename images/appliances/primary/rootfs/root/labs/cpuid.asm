; What the CPU says it is: CPUID leaf 0 gives the vendor's name in EBX, EDX, ECX. Under a hypervisor, leaf 0x40000000
; gives the hypervisor's; hvdetect looks at that and at more.
        global  _start
        section .text
_start: xor     eax, eax
        cpuid
        mov     [vendor], ebx
        mov     [vendor + 4], edx
        mov     [vendor + 8], ecx
        mov     eax, 4
        mov     ebx, 1
        mov     ecx, vendor
        mov     edx, 13
        int     0x80
        mov     eax, 1
        xor     ebx, ebx
        int     0x80

        section .data
vendor: times 12 db 0
        db      10
