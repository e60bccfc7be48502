"""An empty disk as init copies it: one block of head, then each block that is to be written.

    empty-disk.py IMAGE OUT

The head: the disk's blocks, how many follow, which they are; 32-bit little-endian. The first sixteen are always among
them, so that they go to the disk in one piece (src/guest/root.c).
"""

import struct
import sys

BLOCK = 4096
HEAD_BLOCKS = 16

with open(sys.argv[1], "rb") as file:
    image = file.read()
blocks = [image[at : at + BLOCK] for at in range(0, len(image), BLOCK)]
wanted = [number for number, block in enumerate(blocks) if number < HEAD_BLOCKS or any(block)]
head = struct.pack(f"<{2 + len(wanted)}I", len(blocks), len(wanted), *wanted)
if len(head) > BLOCK:
    sys.exit("empty-disk: more blocks than the head can name")
with open(sys.argv[2], "wb") as out:
    out.write(head.ljust(BLOCK, b"\0"))
    for number in wanted:
        out.write(blocks[number])
