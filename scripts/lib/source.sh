# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The kernel that the overlay is applied to: Debian's linux-source-7.3 or a tree
# that the user names, and the patched copy of it that everything is built from.

BASE_VERSION=7.3
SOURCE_PACKAGE=linux-source-$BASE_VERSION
SOURCE_SUITE=trixie-backports

# source_check DIR: fails unless DIR is a kernel of the version the series is for.
source_check() {
	local version
	[[ -f $1/Makefile && -d $1/mm/damon ]] || die "$1 is not a Linux kernel source tree"
	version=$(sed -n 's/^\(VERSION\|PATCHLEVEL\) = //p' "$1/Makefile" | paste -sd.)
	[[ $version == "$BASE_VERSION" ]] ||
		die "$1/Makefile: this is Linux $version, the series is for $BASE_VERSION"
}

# Downloads with apt, which checks the signatures, and unpacks into src/.
source_fetch() {
	local deb
	rm -rf "$CACHE/src/.tmp"
	mkdir -p "$CACHE/src/.tmp"
	cd "$CACHE/src/.tmp" || return
	root_run apt-get update
	root_run apt-get -o APT::Sandbox::User=root download -t "$SOURCE_SUITE" "$SOURCE_PACKAGE"
	deb=$(echo "$SOURCE_PACKAGE"_*.deb)
	root_run bash -c 'set -o pipefail
		dpkg-deb --fsys-tarfile "$1" |
		tar -xO "./usr/src/$2.tar.xz" | tar -xJ --strip-components=1 --one-top-level=tree
	' - "$deb" "$SOURCE_PACKAGE"
}

# source_ensure [--update]: sets SOURCE (pristine, never written to) and
# SOURCE_NAME (its name in tree/ and build/).
source_ensure() {
	if [[ -n ${KERNEL_DIR:-} ]]; then
		source_check "$KERNEL_DIR"
		SOURCE=$(cd -- "$KERNEL_DIR" && pwd -P)
		SOURCE_NAME=local-$(sha256sum <<<"$SOURCE" | cut -c 1-8)
		return
	fi
	if [[ -n ${1:-} || ! -L $CACHE/src/current ]]; then
		(
			hold_lock source
			[[ -z ${1:-} && -L $CACHE/src/current ]] || source_download
		)
	fi
	SOURCE_NAME=$(readlink "$CACHE/src/current")
	SOURCE=$CACHE/src/$SOURCE_NAME
}

source_download() {
	local name
	need_space 20
	step "fetching the newest $SOURCE_PACKAGE of $SOURCE_SUITE" "$CACHE/log/source.log" source_fetch
	name=$(basename "$CACHE/src/.tmp/$SOURCE_PACKAGE"_*.deb)
	name=$(cut -d_ -f2 <<<"$name" | tr '~+' '..')
	source_check "$CACHE/src/.tmp/tree"
	[[ -d $CACHE/src/$name ]] || mv "$CACHE/src/.tmp/tree" "$CACHE/src/$name"
	rm -rf "$CACHE/src/.tmp"
	ln -sfn "$name" "$CACHE/src/.current"
	mv -T "$CACHE/src/.current" "$CACHE/src/current"
	say "    kernel source: $name"
}

# What is built or kept in a source tree that someone works in.
TREE_EXCLUDES=(
	--exclude=/.git --exclude=/.config --exclude=/include/config --exclude=/include/generated
	--exclude='/arch/*/include/generated' --exclude='*.o' --exclude='*.a' --exclude='*.ko'
	--exclude='.*.cmd' --exclude=/vmlinux --exclude='/.overlay*'
)

# tree_ensure: makes the copy that is patched, or brings it up to date with a tree
# that the user names. Files that the overlay has changed are left to tree_apply.
tree_ensure() {
	local applied
	TREE=$CACHE/tree/$SOURCE_NAME
	BUILD=$CACHE/build/$SOURCE_NAME
	mkdir -p "$BUILD"
	[[ -d $TREE && -z ${KERNEL_DIR:-} ]] && return
	if [[ ! -d $TREE ]]; then
		rm -rf "$TREE.tmp"
		step "copying the kernel tree" "$CACHE/log/tree.log" \
			root_run --bind "ro:$SOURCE" rsync -a "${TREE_EXCLUDES[@]}" "$SOURCE/" "$TREE.tmp/"
		mv "$TREE.tmp" "$TREE"
		return
	fi
	applied=$TREE/.overlay.rsync
	[[ -f $applied ]] || : >"$applied"
	step "updating the kernel tree from $SOURCE" "$CACHE/log/tree.log" \
		root_run --bind "ro:$SOURCE" rsync -a --delete "${TREE_EXCLUDES[@]}" \
		--exclude-from="$applied" "$SOURCE/" "$TREE/"
}

# tree_apply: brings the tree to what the checkout says now and sets OVERLAY_ID,
# which names its content. Call with the tree locked.
tree_apply() {
	OVERLAY_ID=$(git -C "$CHECKOUT" ls-files -z --cached --others --exclude-standard |
		root_run --bind "ro:$SOURCE" "$CHECKOUT/scripts/lib/overlay.py" \
			apply "$CHECKOUT" "$SOURCE" "$TREE") ||
		die "the overlay was not applied; $TREE is as it was"
}

# tree_open [--update]: root, source and an up-to-date tree, locked until this (sub)shell ends.
tree_open() {
	need git git
	git -C "$CHECKOUT" rev-parse --git-dir >/dev/null || die "$CHECKOUT is not a git checkout"
	root_ensure "$@"
	source_ensure "$@"
	hold_lock "tree-$SOURCE_NAME"
	TREE_LOCK=$LOCK
	tree_ensure
	tree_apply
}

# tree_close: lets others have the tree.
tree_close() {
	exec {TREE_LOCK}>&-
}
