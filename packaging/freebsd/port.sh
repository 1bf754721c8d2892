#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Write the FreeBSD ports of dtkit, and of what the ports tree lacks for it, with the version and the
# checksum of an sdist:
#
#   port.sh SDIST INTO   INTO/net/dtkit and INTO/devel/py-hexdump, for a ports tree
#
# Until the sdist is where MASTER_SITES says, put it into the tree's distfiles/.

set -eu

here=$(cd "$(dirname "$0")" && pwd)

[ $# -eq 2 ] || { sed -n 's/^#   port/usage: port/p' "$0" >&2; exit 2; }
sdist=$1
into=$2
[ -f "$sdist" ] || { echo "port.sh: no $sdist: make builds writes it" >&2; exit 1; }
file=$(basename "$sdist")
case $file in
dtkit-*.tar.gz) version=${file#dtkit-}; version=${version%.tar.gz} ;;
*) echo "port.sh: $file is not named dtkit-VERSION.tar.gz" >&2; exit 1 ;;
esac

# sha256(1) is FreeBSD's, sha256sum(1) Linux's.
sum() {
	if command -v sha256 >/dev/null; then sha256 -q "$1"; else sha256sum "$1" | cut -d ' ' -f 1; fi
}

mkdir -p "$into/net" "$into/devel"
cp -R "$here/net/dtkit" "$into/net/"
cp -R "$here/devel/py-hexdump" "$into/devel/"
sed "s/%%DISTVERSION%%/$version/" "$here/net/dtkit/Makefile" > "$into/net/dtkit/Makefile"
# As make makesum writes it; the time is that of the file, so that the same file gives the same text.
{
	echo "TIMESTAMP = $(stat -c %Y "$sdist" 2>/dev/null || stat -f %m "$sdist")"
	echo "SHA256 ($file) = $(sum "$sdist")"
	echo "SIZE ($file) = $(wc -c < "$sdist" | tr -d ' ')"
} > "$into/net/dtkit/distinfo"
echo "$into/net/dtkit: $version" >&2
