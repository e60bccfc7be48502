#!/bin/bash
# cryptsetup from Debian's source with the kernel's own ciphers and hashes in place of OpenSSL's: Debian's needs 4.3 MB of
# libcrypto, of which a vault uses SHA-256 and a random number. Argon2 stays Debian's library.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../recipe/common.sh"
raw=$(cd "$1" && pwd)
work=$HS_WORK/cryptsetup
rm -rf "$work"
mkdir -p "$work/source" "$work/object"
for package in libc6 libc6-dev linux-libc-dev libgcc-12-dev libgcc-s1 libdevmapper1.02.1 libdevmapper-dev \
  libjson-c5 libjson-c-dev libpopt0 libpopt-dev libuuid1 uuid-dev libblkid1 libblkid-dev libargon2-1 libargon2-dev; do
  extract_deb "$(fetch_deb "$package" i386)" "$work/sysroot"
done
tar -C "$work/source" --strip-components=1 -xf "$(fetch_src cryptsetup)"/*.orig.tar.gz
cd "$work/source"

# What Debian's build finds out by configure; the defaults are its own.
cat >config.h <<'H'
#define PACKAGE "cryptsetup"
#define PACKAGE_NAME "cryptsetup"
#define PACKAGE_VERSION "2.6.1"
#define _GNU_SOURCE 1
#define HAVE_BYTESWAP_H 1
#define HAVE_ENDIAN_H 1
#define HAVE_EXPLICIT_BZERO 1
#define HAVE_LOCALE_H 1
#define HAVE_SYS_IOCTL_H 1
#define HAVE_SYS_STATVFS_H 1
#define HAVE_SYS_SYSMACROS_H 1
#define HAVE_UCHAR_H 1
#define HAVE_ARGON2_H 1
#define HAVE_BLKID 1
#define HAVE_BLKID_STEP_BACK 1
#define HAVE_BLKID_WIPE 1
#define HAVE_ATTRIBUTE_SYMVER 1
#define HAVE_DECL_JSON_OBJECT_DEEP_COPY 1
#define HAVE_DECL_JSON_OBJECT_OBJECT_ADD_EX 1
#define HAVE_DECL_O_CLOEXEC 1
#define HAVE_DECL_DM_TASK_SECURE_DATA 1
#define HAVE_DECL_DM_TASK_RETRY_REMOVE 1
#define HAVE_DECL_DM_TASK_DEFERRED_REMOVE 1
#define HAVE_DECL_DM_DEVICE_HAS_MOUNTED_FS 1
#define HAVE_DECL_DM_DEVICE_HAS_HOLDERS 1
#define HAVE_DECL_DM_DEVICE_GET_NAME 1
#define HAVE_DECL_DM_DEVICE_GET_TARGET_VERSION 1
#define HAVE_DECL_DM_UDEV_DISABLE_DISK_RULES_FLAG 1
#define ENABLE_AF_ALG 1
#define USE_INTERNAL_PBKDF2 1
#define USE_LUKS2_REENCRYPTION 1
#define ENABLE_LUKS_ADJUST_XTS_KEYSIZE 1
#define EXTERNAL_LUKS2_TOKENS_PATH ""
#define DEFAULT_RNG "/dev/urandom"
#define DEFAULT_PASSPHRASE_SIZE_MAX 512
#define DEFAULT_KEYFILE_SIZE_MAXKB 8192
#define DEFAULT_INTEGRITY_KEYFILE_SIZE_MAXKB 4
#define DEFAULT_PLAIN_HASH "ripemd160"
#define DEFAULT_PLAIN_CIPHER "aes"
#define DEFAULT_PLAIN_MODE "cbc-essiv:sha256"
#define DEFAULT_PLAIN_KEYBITS 256
#define DEFAULT_LUKS1_HASH "sha256"
#define DEFAULT_LUKS1_CIPHER "aes"
#define DEFAULT_LUKS1_MODE "xts-plain64"
#define DEFAULT_LUKS1_KEYBITS 256
#define DEFAULT_LUKS1_ITER_TIME 2000
#define DEFAULT_LUKS2_ITER_TIME 2000
#define DEFAULT_LUKS2_MEMORY_KB 1048576
#define DEFAULT_LUKS2_PARALLEL_THREADS 4
#define DEFAULT_LUKS2_PBKDF "argon2id"
#define DEFAULT_LUKS2_KEYSLOT_CIPHER "aes-xts-plain64"
#define DEFAULT_LUKS2_KEYSLOT_KEYBITS 512
#define DEFAULT_LUKS2_LOCK_PATH "/run/cryptsetup"
#define DEFAULT_LUKS2_LOCK_DIR_PERMS 0700
#define DEFAULT_LUKS_FORMAT "LUKS2"
#define DEFAULT_LOOPAES_CIPHER "aes"
#define DEFAULT_LOOPAES_KEYBITS 256
#define DEFAULT_VERITY_HASH "sha256"
#define DEFAULT_VERITY_DATA_BLOCK 4096
#define DEFAULT_VERITY_HASH_BLOCK 4096
#define DEFAULT_VERITY_SALT_SIZE 32
#define DEFAULT_VERITY_FEC_ROOTS 2
H
# The lists are upstream's own, lib/Makemodule.am and src/Makemodule.am, for this choice of options.
sources="$(sed -n '/^libcryptsetup_la_SOURCES/,/[^\\]$/p' lib/Makemodule.am | grep -o 'lib/[a-z0-9_/]*\.c')
$(sed -n '/^libcrypto_backend_la_SOURCES = /,/[^\\]$/p' lib/crypto_backend/Makemodule.am | grep -o 'lib/[a-z0-9_/]*\.c')
lib/crypto_backend/crypto_kernel.c lib/crypto_backend/pbkdf2_generic.c lib/utils_io.c
$(sed -n '/^cryptsetup_SOURCES/,/[^\\]$/p' src/Makemodule.am | grep -o 'src/[a-z0-9_/]*\.c')"
sysroot=$work/sysroot
cc="gcc -m32 -march=pentium4 -mfpmath=sse --sysroot=$sysroot -B$sysroot/usr/lib/gcc/i686-linux-gnu/12 -ffile-prefix-map=$work=. -fno-pie"
# shellcheck disable=SC2086
printf '%s\n' $sources | sort -u | xargs -P "$(nproc)" -I FILE sh -c 'set -e
  out=$1/$(echo "$2" | tr / _).o; shift 2; exec "$@" -o "$out"' - "$work/object" FILE \
  $cc -Os -w -ffunction-sections -fdata-sections -include config.h -I. -Ilib -Ilib/crypto_backend -Isrc -c FILE
# shellcheck disable=SC2086
$cc -no-pie -Wl,--gc-sections -Wl,--build-id=none -Wl,--as-needed -Wl,-z,norelro -Wl,--allow-shlib-undefined -o "$work/cryptsetup" "$work"/object/*.o \
  -l:libpopt.so.0 -l:libuuid.so.1 -l:libblkid.so.1 -l:libdevmapper.so.1.02.1 -l:libargon2.so.1 -l:libjson-c.so.5
mkdir -p "$raw/sbin"
strip -R .comment -R .note -o "$raw/sbin/cryptsetup" "$work/cryptsetup"
