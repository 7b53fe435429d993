#!/bin/sh
# Makes sure that what a build or a test needs is installed:
#
#	packages.sh compiler   to build without a window
#	packages.sh window     to build with one: headers of OpenGL, X11 and Wayland
#	packages.sh test       to test: an X server without a screen, other clients
#	packages.sh make       make itself
#
# On Debian and Ubuntu it installs what is missing: as root at once, otherwise
# through sudo after asking, and without a terminal to ask on it prints the
# command and fails. On other systems it says what to do.
set -eu

compiler="gcc g++"
window="$compiler pkg-config libgl1-mesa-dev xorg-dev libwayland-dev libxkbcommon-dev"
test="$window xvfb xauth xdotool libgl1-mesa-dri x11-utils dbus desktop-file-utils appstream
transmission-daemon transmission-cli python3-libtorrent opentracker qbittorrent-nox aria2 rtorrent iproute2"
modules="gl x11 xcursor xrandr xinerama xi xxf86vm wayland-client wayland-cursor wayland-egl xkbcommon"

has() { command -v "$1" >/dev/null 2>&1; }

# enough SET: the set works, however it came onto this computer.
enough() {
	case $1 in
	make) has make ;;
	compiler) has "${CC:-gcc}" && has "${CXX:-g++}" ;;
	window)
		# shellcheck disable=SC2086 # a list of words
		enough compiler && has pkg-config && pkg-config --exists $modules
		;;
	*) false ;;
	esac
}

# missing PACKAGE...: those that are not installed.
missing() {
	for package in "$@"; do
		status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
		[ "$status" = installed ] || printf '%s ' "$package"
	done
}

retry() { "$@" || { sleep 5 && "$@"; }; } # mirrors have their moments

# install PACKAGE...: as root. Packages of servers want to start them, open to
# the whole network; they must neither do so now nor at the next boot.
install() {
	policy=${POLICY_RC_D:-/usr/sbin/policy-rc.d}
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		trap 'exit 1' HUP INT TERM
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	export DEBIAN_FRONTEND=noninteractive
	retry apt-get -q -o DPkg::Lock::Timeout=120 update
	retry apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends "$@"
	for package in "$@"; do
		case $package in
		transmission-daemon | opentracker)
			# One without a unit, or without a script, is no failure.
			if has systemctl; then
				systemctl disable --quiet "$package" 2>/dev/null || true
			else
				deb-systemd-helper disable "$package.service" >/dev/null 2>&1 || true
				update-rc.d "$package" disable >/dev/null 2>&1 || true
			fi
			;;
		esac
	done
}

advise() {
	case $(uname -s) in
	Darwin)
		echo "Install Apple's command line tools: xcode-select --install" >&2
		return
		;;
	MINGW* | MSYS* | CYGWIN*)
		echo "Install MSYS2 from https://www.msys2.org/ and in it: pacman -S mingw-w64-x86_64-gcc" >&2
		return
		;;
	esac
	like=$(. /etc/os-release 2>/dev/null && echo "${ID:-} ${ID_LIKE:-}") || like=
	x="libX11-devel libXcursor-devel libXrandr-devel libXinerama-devel libXi-devel libXxf86vm-devel wayland-devel libxkbcommon-devel"
	case $like in
	*fedora* | *rhel*) echo "Install what is missing: sudo dnf install gcc gcc-c++ pkgconf-pkg-config mesa-libGL-devel $x" >&2 ;;
	*suse*) echo "Install what is missing: sudo zypper install gcc gcc-c++ pkg-config Mesa-libGL-devel $x" >&2 ;;
	*arch*) echo "Install what is missing: sudo pacman -S --needed base-devel libglvnd libx11 libxcursor libxrandr libxinerama libxi libxxf86vm wayland libxkbcommon" >&2 ;;
	*) echo "Install a C and a C++ compiler, pkg-config and the development files of: $modules" >&2 ;;
	esac
	[ "$1" != test ] || echo "The tests also want Xvfb, xdotool, dbus-daemon, transmission-daemon, qbittorrent-nox, aria2, rtorrent, opentracker and libtorrent for Python 3." >&2
}

main() {
	! enough "$1" || return 0
	if ! has apt-get || ! has dpkg-query; then
		advise "$1"
		# The tests skip what is not there; nothing can be built without the rest.
		[ "$1" = test ] && enough window
		return
	fi
	case $1 in
	compiler) wanted=$compiler ;;
	window) wanted=$window ;;
	test) wanted=$test ;;
	make) wanted="make" ;;
	esac
	# shellcheck disable=SC2086 # a list of words
	wanted=$(missing $wanted)
	[ -n "$wanted" ] || return 0
	if [ "$(id -u)" = 0 ]; then
		echo "Installing: $wanted" >&2
		# shellcheck disable=SC2086
		install $wanted
		return
	fi
	if ! has sudo || [ ! -t 0 ] || [ ! -t 2 ]; then
		echo "Some packages are missing. Install them, then try again:" >&2
		echo "  sudo apt-get install $wanted" >&2
		return 1
	fi
	echo "These packages are missing: $wanted" >&2
	printf 'Install them with sudo apt-get? [Y/n] ' >&2
	read -r answer
	case $answer in
	'' | [Yy]*) sudo sh "$0" install "$wanted" ;;
	*) return 1 ;;
	esac
}

case ${1:-} in
install)
	shift
	# shellcheck disable=SC2048,SC2086 # a list of words, given as one
	install $*
	;;
compiler | window | test | make) main "$1" ;;
*)
	echo "usage: packages.sh compiler | window | test | make" >&2
	exit 2
	;;
esac
