#!/bin/sh
# Builds ./piecewise after installing what that needs:
#
#	build.sh window     the program
#	build.sh headless   the same without OpenGL, for computers without a display
set -eu
cd "$(dirname "$0")/.."
. packaging/go.sh

case ${1:-} in
window) sh packaging/linux/packages.sh window ;;
headless) sh packaging/linux/packages.sh compiler && tags=$headless ;;
*)
	echo "usage: build.sh window | headless" >&2
	exit 2
	;;
esac
echo "Building Piecewise; the first time takes some minutes." >&2
go build -tags "$tags" -ldflags "-s -w" -o piecewise .
