#!/bin/sh
# usage: fetch.sh CACHE [PACKAGE VERSION MEMBER]
# Fetches the distribution's source package of lwIP (or of PACKAGE, which has a directory MEMBER) into
# CACHE/PACKAGE-VERSION (nothing is done if it is there) and prints that directory. The system's apt configuration is read, never changed; apt verifies the signatures of the lists and,
# through them, the checksums of the files. Needs no root. APT_ETC is where sources.list is, if not in /etc/apt.
set -eu
cache=$1
package=${2:-lwip}
version=${3:-2.1.3}
member=${4:-src}
etc=${APT_ETC:-/etc/apt}
source_dir=$cache/$package-$version
[ -e "$source_dir/.complete" ] && { echo "$source_dir"; exit 0; }

fail()
{
	echo "ixlab: fetching the $package source package: $1" >&2
	exit 1
}

# What apt said, in one line, and what to do about it.
fail_apt()
{
	cause=$(grep -m 1 '^[EW]:' "$work/log" || tail -n 1 "$work/log")
	fail "apt-get $1: ${cause:-failed}. This step needs the network once: run it again with a network (http_proxy is \
followed), or unpack Debian's $package $version as $source_dir and create the file .complete in it"
}

mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
# Two builds at once: the second waits for the first.
exec 9>"$cache/.lock"
flock 9
[ -e "$source_dir/.complete" ] && { echo "$source_dir"; exit 0; }

work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/parts" "$work/lists/partial" "$work/archives/partial" "$work/unpacked"
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[ -n "$codename" ] || fail "/etc/os-release names no release"

# Sources of this release, whichever of the two formats lists them, turned from binary into source packages.
cat /dev/null "$etc"/sources.list.d/*.sources 2>/dev/null |
	awk -v RS= -v ORS='\n\n' -v suite="$codename" '
		$0 ~ "(^|\n)Suites:[^\n]*[ \t]" suite { sub(/(^|\n)Types:[^\n]*/, "\nTypes: deb-src"); sub(/^\n/, ""); print }' \
		>"$work/parts/release.sources"
cat /dev/null "$etc"/sources.list "$etc"/sources.list.d/*.list 2>/dev/null |
	awk -v suite="$codename" '
		$1 == "deb" || $1 == "deb-src" {
			field = 2
			if ($2 ~ /^\[/)
				while ($field !~ /\]$/) field++
			if ($2 ~ /^\[/) field++
			if (index($(field + 1), suite) != 1) next
			sub(/^deb(-src)?/, "deb-src")
			if (!seen[$0]++) print
		}' >"$work/parts/release.list"
[ -s "$work/parts/release.sources" ] || [ -s "$work/parts/release.list" ] ||
	fail "no line for $codename in $etc/sources.list or $etc/sources.list.d"

apt()
{
	apt-get -qq -o Dir::Etc::sourceparts="$work/parts" -o Dir::Etc::sourcelist=/dev/null \
		-o Dir::State::lists="$work/lists" -o Dir::Cache="$work" -o Dir::Cache::archives="$work/archives" \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none -o Acquire::Retries=3 \
		-o APT::Update::Error-Mode=any \
		-o Acquire::AllowInsecureRepositories=false -o APT::Get::AllowUnauthenticated=false "$@"
}
apt update >"$work/log" 2>&1 || fail_apt update
(cd "$work/unpacked" && apt source "$package" >"$work/log" 2>&1) || fail_apt source
set -- "$work/unpacked/$package-$version"*/"$member"
[ -d "$1" ] || fail "expected version $version, got: $(cd "$work/unpacked" && echo "$package"*)"
rm -rf "$source_dir"
mv "${1%/"$member"}" "$source_dir"
touch "$source_dir/.complete"
echo "$source_dir"
