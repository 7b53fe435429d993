#!/bin/sh
# Installs the program, its icons and what a desktop needs to know about it
# below $DESTDIR$PREFIX. BINARY names a built program; without it one is built.
set -eu
cd "$(dirname "$0")/../.."
id=io.github.piecewise.Piecewise
prefix=${PREFIX:-/usr/local}
root=${DESTDIR:-}$prefix

binary=${BINARY:-}
if [ -z "$binary" ]; then
	sh packaging/build.sh window
	binary=piecewise
fi

install -D -m 755 "$binary" "$root/bin/piecewise"
install -D -m 644 "packaging/linux/$id.desktop" "$root/share/applications/$id.desktop"
install -D -m 644 "packaging/linux/$id.metainfo.xml" "$root/share/metainfo/$id.metainfo.xml"
install -D -m 644 LICENSE "$root/share/licenses/piecewise/LICENSE"
install -D -m 644 assets/icon.svg "$root/share/icons/hicolor/scalable/apps/$id.svg"
for icon in assets/icons/*.png; do
	size=$(basename "$icon" .png)
	install -D -m 644 "$icon" "$root/share/icons/hicolor/${size}x$size/apps/$id.png"
done

# A package's own scripts do this when it is installed for real. Without these
# tools the desktop notices by itself, only later.
if [ -z "${DESTDIR:-}" ]; then
	if command -v update-desktop-database >/dev/null 2>&1; then
		update-desktop-database -q "$root/share/applications" || true
	fi
	if command -v gtk-update-icon-cache >/dev/null 2>&1; then
		gtk-update-icon-cache -q -t -f "$root/share/icons/hicolor" || true
	fi
fi
echo "Piecewise is installed: $root/bin/piecewise"
