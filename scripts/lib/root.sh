# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The Debian root: toolchain of the build and root file system of the guest.

DEBIAN_MIRROR=${DAMON_RUST_MIRROR:-http://deb.debian.org/debian}
ROOT=$CACHE/root

# Raising this makes everyone's root anew; needed when the lists below change.
ROOT_VERSION=3

ROOT_PACKAGES=(
	# the kernel
	gcc make flex bison bc libc6-dev libelf-dev libssl-dev pahole
	clang lld llvm rustc rust-src rustfmt rust-clippy bindgen
	ccache cpio kmod git patch perl xz-utils zstd rsync file
	# its checks
	sparse shellcheck codespell python3-ply python3-git
	# the series: its documentation, and the mails
	python3-sphinx python3-yaml b4 git-email libmailtools-perl
	# virtual machines
	qemu-system-x86 virtme-ng
	# inside the guest
	busybox-static ca-certificates gnuplot-nox iproute2 linux-perf numactl procps psmisc
	python3 python3-pip strace trace-cmd udev
)
ROOT_PYTHON=('damo==3.4.*' 'drgn==0.3.*')

# root_run [--bind PATH | --bind ro:PATH]... CMD...: runs CMD in the root, the
# cache and the checkout being where they are outside. Its processes end with it.
root_run() {
	local binds=("$CACHE" "ro:$CHECKOUT") map=()
	while [[ $1 == --bind ]]; do
		binds+=("$2")
		shift 2
	done
	if [[ -n ${HOST_TOOLS:-} ]]; then
		env "${ROOT_ENV[@]}" "$@"
		return
	fi
	[[ $EUID -eq 0 ]] || map=(--map-root-user --map-auto)
	unshare "${map[@]}" --mount --pid --fork --kill-child --propagation private \
		"$CHECKOUT/scripts/lib/enter-root" "$ROOT" "${binds[@]}" -- \
		env -i "${ROOT_ENV[@]}" "$@"
}

# What a command in the root finds in its environment.
root_env() {
	local name
	ROOT_ENV=(
		PATH=/usr/lib/ccache:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin
		HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}"
		CCACHE_DIR="$CACHE/ccache" CCACHE_MAXSIZE=5G CCACHE_NOHASHDIR=1
		KBUILD_BUILD_USER=damon KBUILD_BUILD_HOST=rust
		PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
	)
	# How the user reaches the network holds inside as well.
	for name in http_proxy https_proxy no_proxy PIP_INDEX_URL PIP_EXTRA_INDEX_URL \
		PIP_TRUSTED_HOST PIP_DEFAULT_TIMEOUT; do
		[[ -z ${!name:-} ]] || ROOT_ENV+=("$name=${!name}")
	done
	# So does the host's own set of certificate authorities.
	CA_BUNDLE=${PIP_CERT:-${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}}
	[[ -s $CA_BUNDLE ]] || CA_BUNDLE=
	export CA_BUNDLE
}

# root_need_mmdebstrap: mmdebstrap is the one tool that the host must have.
root_need_mmdebstrap() {
	command -v mmdebstrap >/dev/null && return
	if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
		step "installing mmdebstrap" "$CACHE/log/mmdebstrap-install.log" apt_install mmdebstrap
	fi
	need mmdebstrap mmdebstrap
}

apt_install() {
	apt-get update
	DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"
}

# root_package PACKAGE: has a package in the root that few need.
root_package() {
	root_run dpkg --status "$1" >/dev/null 2>&1 ||
		step "installing $1 in the root" "$CACHE/log/root-package.log" \
			root_run bash -c "$(declare -f apt_install)"'; apt_install "$@"' - "$1"
}

root_create() {
	local mode=root
	[[ $EUID -eq 0 ]] || mode=unshare
	mmdebstrap --variant=important --mode="$mode" \
		--include="$(IFS=,; echo "${ROOT_PACKAGES[*]}")" \
		--customize-hook='cd "$1/mnt" && mkdir run out share damon-rust' \
		trixie "$ROOT.tmp" \
		"deb $DEBIAN_MIRROR trixie main" \
		"deb $DEBIAN_MIRROR trixie-updates main" \
		"deb $DEBIAN_MIRROR trixie-backports main"
}

root_pip() {
	root_run env PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
		python3 -m pip install --break-system-packages --root-user-action=ignore \
		--no-cache-dir --disable-pip-version-check "${ROOT_PYTHON[@]}"
}

# root_owner CMD...: runs CMD outside of the root, as who owns its files.
root_owner() {
	local run=()
	[[ $EUID -eq 0 ]] || run=(unshare --map-root-user --map-auto)
	"${run[@]}" "$@"
}

root_remove() { root_owner rm -rf --one-file-system "$@"; }

# root_ensure [--update]: makes the root unless it is there, and keeps others from
# replacing it while this command runs. A root without its stamp is the rest of an
# interrupted run.
root_ensure() {
	root_env
	if [[ -n ${1:-} ]] || ! root_is_ready; then
		root_replace
	fi
	hold_lock root --shared
}

root_is_ready() {
	[[ -n ${HOST_TOOLS:-} || $(cat "$ROOT/.damon-rust" 2>/dev/null) == "$ROOT_VERSION" ]]
}

root_replace() {
	if [[ $EUID -ne 0 ]]; then
		need newuidmap uidmap
		unshare --map-root-user --map-auto true ||
			die "no user name spaces here: run as root, or allow them"
	fi
	need unshare util-linux
	root_need_mmdebstrap
	need_space 6
	(
		hold_lock root
		root_remove "$ROOT.tmp"
		step "making the Debian root (toolchain and guest, 2.5 GB)" \
			"$CACHE/log/root.log" root_create
		ROOT=$ROOT.tmp
		step "installing ${ROOT_PYTHON[*]} into it" "$CACHE/log/root-pip.log" root_pip
		echo "$ROOT_VERSION" >"$ROOT/.damon-rust"
		root_remove "${ROOT%.tmp}"
		mv "$ROOT" "${ROOT%.tmp}"
	)
}
