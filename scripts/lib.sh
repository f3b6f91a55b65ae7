# Functions shared by the scripts. To be sourced by a POSIX shell with `set -eu`.

# Says something about the run itself, apart from the output of the tools.
say() {
	printf '== %s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# packages_of GROUP...: the packages of scripts/packages.txt in these groups, one a line.
packages_of() {
	for group; do
		sed -n "s/^$group: *//p" "$root/scripts/packages.txt"
	done | tr ' ' '\n' | sort -u
}

# install_packages GROUP...: installs what is missing of these groups, as root or through sudo.
# On systems without apt-get it only says what is needed, for it may be there under other names.
install_packages() {
	packages=$(packages_of "$@")
	if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
		say "not a Debian system; these Debian packages or their like must be here:" $packages
		return 0
	fi
	missing=
	for package in $packages; do
		status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
		[ "$status" = "install ok installed" ] || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0

	if [ "$(id -u)" -eq 0 ]; then
		as_root=
	elif command -v sudo >/dev/null; then
		as_root=sudo
	else
		die "missing packages; as root run: apt-get install$missing"
	fi
	say "installing$missing"
	if [ -z "${packages_updated-}" ]; then
		$as_root apt-get -q update
		packages_updated=yes
	fi
	$as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y --no-install-recommends install $missing
}

# build_preset PRESET [TARGET...]: configures and builds one preset of CMakePresets.json.
build_preset() {
	preset=$1
	shift
	cmake --preset "$preset"
	if [ $# -eq 0 ]; then
		cmake --build --preset "$preset" -j "$(nproc)"
	else
		cmake --build --preset "$preset" -j "$(nproc)" --target "$@"
	fi
}
