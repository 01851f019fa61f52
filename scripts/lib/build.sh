# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Configuring and building kernels. All of it wants tree_open() first.

# The symbols that --config has set, as lines of a .config: CONFIG_X=y.
CONFIG_FLIPS=()

# config_flip SYMBOL=VALUE: takes the argument of a --config.
config_flip() {
	[[ $1 =~ ^(CONFIG_)?([A-Z0-9_]+)=(y|n|[0-9]+)$ ]] ||
		die_usage "--config wants SYMBOL=y or SYMBOL=n, not '$1'"
	CONFIG_FLIPS+=("CONFIG_${BASH_REMATCH[2]}=${BASH_REMATCH[3]}")
	# What depends on it goes with it.
	case ${CONFIG_FLIPS[-1]} in
	CONFIG_DAMON_SYSFS_RUST=n)
		CONFIG_FLIPS+=(CONFIG_DAMON_SYSFS_{RFC_NAMES,EXTENSIONS,USERS}"=n")
		;;
	CONFIG_DAMON_CORE_RUST=n | CONFIG_DAMON_OPS_RUST=n)
		CONFIG_FLIPS+=(CONFIG_DAMON_SYSFS_USERS=n)
		;;
	esac
}

# config_fragment FILE...: the lines of the files, our own options and samples as far as
# the tree has them, and the flips; for a symbol that is there twice, the last one.
config_fragment() {
	local line
	{
		sed '/^CONFIG_SAMPLE_/d' "$@"
		while read -r line; do
			! config_defined "${line%%=*}" || echo "$line"
		done < <(grep -h '^CONFIG_SAMPLE_' "$@" || true
			grep '^CONFIG_' "$CHECKOUT/scripts/config/damon-rust.config")
		((${#CONFIG_FLIPS[@]} == 0)) || printf '%s\n' "${CONFIG_FLIPS[@]}"
	} | grep '^CONFIG_' | tac | sort -t= -k1,1 -s -u
}

config_defined() {
	grep -qx "config ${1#CONFIG_}" "$TREE/mm/damon/Kconfig" "$TREE"/samples/{damon,rust}/Kconfig
}

# config_check FRAGMENT DOTCONFIG: fails unless every line of FRAGMENT holds.
config_check() {
	local line symbol
	while IFS= read -r line; do
		symbol=${line%%=*}
		if [[ $line == *=n ]]; then
			! grep -q "^$symbol=" "$2" || die "$symbol=n was asked for, but something selects it"
		else
			grep -qxF "$line" "$2" ||
				die "$line was asked for, but the kernel's Kconfig gives $(
					grep "^$symbol=" "$2" || echo "no $symbol"): something that it depends on is off"
		fi
	done <"$1"
}

# What tells make which compilers to take.
KMAKE_TOOLS=(LLVM=1)

# kmake DIR ARG...: make of the patched tree with its output in DIR.
kmake() {
	local dir=$1
	shift
	root_run make -C "$TREE" O="$dir" "${KMAKE_TOOLS[@]}" -j"$JOBS" "$@"
}

# What vm_build() builds instead of the usual kernel: -NAME for the one that has
# scripts/config/vm-NAME.config as well.
VM_VARIANT=

vm_fragments() {
	config_fragment "$CHECKOUT/scripts/config/vm.config" \
		${VM_VARIANT:+"$CHECKOUT/scripts/config/vm$VM_VARIANT.config"}
}

# vm_configure DIR: puts the configuration of the virtual machine into DIR.
vm_configure() {
	mkdir -p "$1"
	vm_fragments >"$1/fragment.config"
	kmake "$1" KCONFIG_ALLCONFIG="$1/fragment.config" allnoconfig
	config_check "$1/fragment.config" "$1/.config"
}

vm_make() {
	vm_configure "$1"
	kmake "$1" bzImage
}

# vm_build: builds the kernel of the virtual machine unless it is what the overlay,
# the configuration and the source say already. Sets VM_BUILD.
vm_build() {
	local id
	VM_BUILD=$BUILD/vm$VM_VARIANT
	mkdir -p "$VM_BUILD"
	id=$(vm_fragments | sha256sum)
	id="$OVERLAY_ID $(cut -c 1-16 <<<"$id") $(cat "$ROOT/.damon-rust")"
	# A tree that someone works on can have changed behind the overlay.
	[[ -z ${KERNEL_DIR:-} && $(cat "$VM_BUILD/.built" 2>/dev/null) == "$id" ]] && return
	rm -f "$VM_BUILD/.built"
	need_space 8
	step "building the kernel for the virtual machine (15 min the first time)" \
		"$CACHE/log/build-vm$VM_VARIANT-$SOURCE_NAME.log" vm_make "$VM_BUILD"
	echo "$id" >"$VM_BUILD/.built"
}

# uml_configure DIR: puts the configuration of the user mode kernel into DIR.
uml_configure() {
	mkdir -p "$1"
	config_fragment "$CHECKOUT/scripts/config/uml.config" >"$1/fragment.config"
	kunit config "$1" --make_options LLVM=1
}

# kunit.py's name of the architecture that kunit() is for: user mode Linux.
KUNIT_ARCH=um

# kunit CMD DIR ARG...: the kernel's kunit.py for the kernel in DIR.
kunit() {
	root_run "$TREE/tools/testing/kunit/kunit.py" "$1" --build_dir "$2" --arch "$KUNIT_ARCH" \
		--kunitconfig "$2/fragment.config" "${@:3}"
}

# kunit_make DIR VARIABLE=VALUE...: configures and builds the kernel whose fragment is in
# DIR, with these variables of make, and checks that it has what the fragment says.
kunit_make() {
	local dir=$1 variable options=()
	for variable in "${@:2}"; do
		options+=(--make_options "$variable")
	done
	kunit config "$dir" "${options[@]}"
	config_check "$dir/fragment.config" "$dir/.config"
	kunit build "$dir" "${options[@]}" --jobs "$JOBS"
}

# uml_build: configures and builds the user mode kernel with its tests. Sets UML_BUILD.
uml_build() {
	UML_BUILD=$BUILD/uml
	step "building user mode Linux (8 min the first time)" \
		"$CACHE/log/build-uml-$SOURCE_NAME.log" uml_make "$UML_BUILD"
}

uml_make() {
	uml_configure "$1"
	kunit build "$1" --make_options LLVM=1 --jobs "$JOBS"
}
