#!/bin/sh
# Builds ./piecewise and opens its window; without a display it shows the demo
# swarm in the terminal instead. Arguments are passed on to the window.
set -eu
cd "$(dirname "$0")/.."

has_display() {
	case $(uname -s) in
	Darwin | MINGW* | MSYS* | CYGWIN*) return 0 ;;
	esac
	[ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]
}

if has_display; then
	sh packaging/build.sh window
	exec ./piecewise "$@"
fi
echo "There is no display here: neither DISPLAY nor WAYLAND_DISPLAY is set." >&2
echo "So the demo swarm runs in this terminal: a seed and seven leeches, real transfers, loopback only." >&2
sh packaging/build.sh headless
exec ./piecewise demo --terminal
