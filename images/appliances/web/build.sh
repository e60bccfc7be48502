#!/bin/bash
# NetSurf's framebuffer browser from Debian's source, made for a bare guest: our own surface on /dev/fb0 in place of
# SDL's, and every library but libc linked in. Debian's build draws 41 MB of libraries (X11, PulseAudio, GnuTLS) and
# spends its start on linking them.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../recipe/common.sh"
raw=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$HS_WORK/netsurf

place() {
  mkdir -p "$raw/usr/bin" "$raw/usr/share/netsurf"
  strip -R .comment -R .note -o "$raw/usr/bin/netsurf" "$work/install/usr/bin/netsurf-fb"
  cp -a "$work/install/usr/share/netsurf/." "$raw/usr/share/netsurf/"
  # The build packs it with the time of day. What failed is most often this: the gateway has no TLS of its own.
  local advice='. Plain http:// pages are fetched by the browser outside; https:// needs a relay (npm run relay).'
  gzip -dc "$work/install/usr/share/netsurf/Messages" | sed "s|^FetchErrorDescription:.*|&$advice|" |
    gzip -9n >"$raw/usr/share/netsurf/Messages"
  find "$raw/usr/share/ca-certificates" -name '*.crt' | sort | xargs cat >"$raw/usr/share/netsurf/ca-bundle.txt"
}

# For who works on the rest of the volume: the browser as it was built last.
if [ "${HS_KEEP_NETSURF:-0}" = 1 ] && [ -e "$work/install/usr/bin/netsurf-fb" ]; then
  place
  exit 0
fi
rm -rf "$work"
mkdir -p "$work/bin"

# The libraries' headers and archives, and no shared object among them save libc's.
sysroot=$work/sysroot
for package in libc6 libc6-dev linux-libc-dev libgcc-12-dev libgcc-s1 libcrypt-dev libpng-dev libjpeg62-turbo-dev \
  zlib1g-dev libfreetype-dev libbrotli-dev libexpat1-dev libmbedtls-dev; do
  extract_deb "$(fetch_deb "$package" i386)" "$sysroot"
done
find "$sysroot/usr/lib/i386-linux-gnu" -maxdepth 1 \( -name 'libpng*.so*' -o -name 'libjpeg*.so*' -o -name 'libz.so*' \
  -o -name 'libfreetype.so*' -o -name 'libbrotli*.so*' -o -name 'libexpat*.so*' -o -name 'libmbed*.so*' \) -delete
sed -i "s#^prefix=/usr#prefix=$sysroot/usr#; s#^\(libdir\|includedir\)=/usr#\1=$sysroot/usr#" \
  "$sysroot"/usr/lib/i386-linux-gnu/pkgconfig/*.pc

# Pentium 4 code: the guest's CPU has SSE2, and its x87 is the slowest part of it.
cat >"$work/bin/guest-gcc" <<CC
#!/bin/sh
exec gcc -m32 -march=pentium4 -mfpmath=sse --sysroot=$sysroot -B$sysroot/usr/lib/gcc/i686-linux-gnu/12 \\
  -ffile-prefix-map=$work=. -fno-pie -ffunction-sections -fdata-sections "\$@"
CC
cat >"$work/bin/pkg-config" <<'PC'
#!/bin/sh
exec /usr/bin/pkg-config --static "$@"
PC
chmod 755 "$work"/bin/*
export PATH=$work/bin:$PATH
# libhubbub's table of entities is written by a Perl script in the order of a hash.
export PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0
export PKG_CONFIG_LIBDIR=$sysroot/usr/lib/i386-linux-gnu/pkgconfig
jobs=$(nproc)

unpack() { # NAME: the source package's upstream tree as $work/NAME
  local folder
  folder=$(fetch_src "$1")
  mkdir -p "$work/$1"
  tar -C "$work/$1" --strip-components=1 -xf "$folder"/*.orig.tar.gz
}

# What fails shows the end of its log.
unpack curl
# Most of this is a configure that keeps one processor busy: NetSurf's own libraries are compiled beside it.
(
  cd "$work/curl"
  ./configure --host=i686-linux-gnu --build=x86_64-linux-gnu CC=guest-gcc CFLAGS=-Os --prefix="$work/curl-out" \
    --disable-shared --with-mbedtls="$sysroot/usr" --with-zlib="$sysroot/usr" --with-brotli="$sysroot/usr" \
    --without-nghttp2 --without-libpsl --without-librtmp --without-libidn2 --without-zstd --without-libssh2 \
    --with-ca-bundle=/usr/share/netsurf/ca-bundle.txt --disable-ldap --disable-ftp --disable-file --disable-dict \
    --disable-telnet --disable-tftp --disable-pop3 --disable-imap --disable-smb --disable-smtp --disable-gopher \
    --disable-mqtt --disable-rtsp --disable-manual --disable-ntlm --disable-unix-sockets --disable-ares \
    --enable-threaded-resolver --disable-libcurl-option --disable-alt-svc --disable-hsts --disable-ipv6
  make -s -j"$jobs" -C lib
  make -s -C lib install
  make -s -C include install
  make -s install-pkgconfigDATA
) >"$work/curl.log" 2>&1 &
curl=$!

log=$work/netsurf.log
trap 'tail -n 30 "$log" >&2' ERR
unpack netsurf
out=$work/netsurf/out
export PKG_CONFIG_LIBDIR=$out/lib/pkgconfig:$work/curl-out/lib/pkgconfig:$PKG_CONFIG_LIBDIR
sed -i 's/^SURFACE_HANDLER_yes := .*/& linux.c/' "$work/netsurf/libnsfb/src/surface/Makefile"
cp "$here/surface.c" "$work/netsurf/libnsfb/src/surface/linux.c"
(
  cd "$work/netsurf"
  for change in "$here"/*.patch; do patch -p1 <"$change"; done
  # Where and when it was compiled is nobody's business and would differ each time.
  cat >netsurf/utils/git-testament.pl <<'PERL'
open my $out, '>', $ARGV[1] or die;
print $out qq(#define USERNAME "hyperspace"\n#define GECOS "hyperspace"\n#define WT_ROOT "netsurf"\n),
  qq(#define WT_HOSTNAME "hyperspace"\n#define WT_COMPILEDATE "-"\n#define WT_BRANCHPATH "tarball"\n),
  qq(#define WT_NO_GIT 1\n#define WT_REVID "3.10"\n#define WT_MODIFIED 0\n#define WT_MODIFICATIONS {}\n);
PERL
  cp "$here/Makefile.config" netsurf/Makefile.config
  mkdir -p "$out"/{bin,lib,include}
  for library in buildsystem libnslog libwapcaplet libparserutils libcss libhubbub libdom libnsbmp libnsgif libnsutils \
    libutf8proc libnspsl libsvgtiny libnsfb; do
    make -s install -C "$library" HOST=i686-linux-gnu BUILD=x86_64-linux-gnu CC=guest-gcc BUILD_CC=gcc AR=ar PREFIX="$out" DESTDIR= \
      NSSHARED="$work/netsurf/buildsystem" OPTCFLAGS="-O2" WARNFLAGS='-w'
  done
  make -s install -C nsgenbind HOST=x86_64-linux-gnu BUILD=x86_64-linux-gnu CC=gcc PREFIX="$out" DESTDIR= \
    NSSHARED="$work/netsurf/buildsystem" WARNFLAGS='-w'
) >"$log" 2>&1

wait "$curl" || {
  tail -n 30 "$work/curl.log" >&2
  exit 1
}
(
  cd "$work/netsurf"
  export PATH=$PATH:$out/bin LDFLAGS='-no-pie -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,norelro'
  options=(TARGET=framebuffer HOST=i686-linux-gnu PREFIX=/usr CC=guest-gcc)
  make -s -j"$jobs" -C netsurf "${options[@]}"
  make -s -C netsurf "${options[@]}" DESTDIR="$work/install" install
) >>"$log" 2>&1
place
