#!/usr/bin/env bash
# SeaBIOS and its VGA BIOS, as Debian built them: for a person's own disk images.
. "$(dirname "$0")/../common.sh"
export HS_VOLUME=bios
work=$HS_WORK/seabios
rm -rf "$work"
extract_deb "$(fetch_deb seabios all)" "$work"
install -m 644 "$work/usr/share/seabios/bios-256k.bin" "$HS_OUT/bios.bin"
install -m 644 "$work/usr/share/seabios/vgabios-stdvga.bin" "$HS_OUT/vgabios.bin"
/usr/bin/python3 "$HS_RECIPE/font/make-font.py" "$HS_OUT/vgabios.bin" "$HS_OUT/vga-8x16.woff"
