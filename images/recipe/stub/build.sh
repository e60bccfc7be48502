#!/usr/bin/env bash
# The multiboot stub: 2048 bytes from images/src/stub.
. "$(dirname "$0")/../common.sh"
source=$HS_IMAGES/src/stub
work=$HS_WORK/stub
rm -rf "$work"
mkdir -p "$work"
cd "$work"
# The kernel's own flags for code that runs before any operating system.
gcc -m32 -march=i686 -Os -std=gnu11 -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables \
  -fcf-protection=none -fno-builtin -mno-sse -mno-mmx -c "$source/prepare.c" -o prepare.o
gcc -m32 -c "$source/entry.S" -o entry.o
ld -m elf_i386 -T "$source/stub.ld" entry.o prepare.o -o "$HS_OUT/stub.bin"
chmod 644 "$HS_OUT/stub.bin"
[ "$(stat -c %s "$HS_OUT/stub.bin")" = 2048 ] || die "the stub is not 2048 bytes"
