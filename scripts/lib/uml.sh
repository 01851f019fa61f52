# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# User mode kernels that run programs from the Debian root, at native speed: one with
# what scripts/config/damon-rust.config says, and one in C to compare it with.

UML_MEMORY=1G

# uml_user_build rust|c [DIR FRAGMENT...]: builds such a kernel, with the fragments of
# scripts/config on top, unless it is there. Sets UML_LINUX to its program.
uml_user_build() {
	local kind=$1 dir=$BUILD/uml-user-${2:-$1} id fragments=("$CHECKOUT/scripts/config/uml-user.config")
	shift
	[[ $# -eq 0 ]] || shift
	fragments+=("${@/#/"$CHECKOUT/scripts/config/"}")
	UML_LINUX=$dir/linux
	[[ -e $dir || $# -gt 0 ]] || uml_seed "$dir"
	mkdir -p "$dir"
	"uml_fragment_$kind" "${fragments[@]}" >"$dir/fragment.config"
	id="$OVERLAY_ID $(sha256sum <"$dir/fragment.config") $(cat "$ROOT/.damon-rust")"
	[[ -z ${KERNEL_DIR:-} && $(cat "$dir/.built" 2>/dev/null) == "$id" ]] && return
	rm -f "$dir/.built"
	need_space 4
	step "building user mode Linux in ${dir##*/} (8 min the first time, 20 min with KASAN)" \
		"$CACHE/log/build-${dir##*/}-$SOURCE_NAME.log" uml_user_make "$dir"
	echo "$id" >"$dir/.built"
}

# uml_seed DIR: begins with what was built with another configuration, if there is such a
# kernel. Kbuild knows what depends on what differs, which is little.
uml_seed() {
	local from
	for from in "$BUILD"/uml-user-{rust,c} "$BUILD/uml"; do
		[[ -x $from/linux ]] || continue
		cp -a "$from" "$1"
		rm -f "$1/.built"
		return
	done
}

uml_fragment_rust() { config_fragment "$@"; }

# Without Rust, and so without what scripts/config/damon-rust.config turns on.
uml_fragment_c() {
	local ours
	ours=$(config_fragment /dev/null) || ours='' # the tree has nothing of ours
	config_fragment "$@" | grep -vxF "$ours" | grep -v RUST
	echo CONFIG_RUST=n
}

uml_user_make() {
	kmake "$1" ARCH=um KCONFIG_ALLCONFIG="$1/fragment.config" allnoconfig
	config_check "$1/fragment.config" "$1/.config"
	kmake "$1" ARCH=um linux
	grep -qx CONFIG_MODULES=y "$1/.config" || return 0
	# As C is compiled there: the loader knows no relocations of code for any address.
	kmake "$1" ARCH=um RUSTFLAGS_MODULE="-Crelocation-model=static -Ccode-model=large" modules
}

# run_dir_uml: puts the user mode kernel that was just built into the run's directory.
run_dir_uml() { cp "$UML_LINUX" "$RUN/linux"; }

# vm_command_uml UNUSED TIMEOUT: the backend of vm_command() for RUN's user mode
# kernel. UML_APPEND has further parameters of the kernel.
vm_command_uml() {
	local status=0
	spawn vm_uml "$2" >"$RUN/console.log" 2>&1
	wait "$SPAWNED" || status=$?
	[[ ! -f $RUN/stdout ]] || cat "$RUN/stdout"
	[[ ! -f $RUN/stderr ]] || cat "$RUN/stderr" >&2
	return "$status"
}

vm_uml() {
	rm -f "$RUN/stdout" "$RUN/stderr"
	root_run timeout --foreground --kill-after=10 "$1" "$RUN/linux" "mem=$UML_MEMORY" \
		root=/dev/root rootfstype=hostfs rootflags=/ ro con=null con0=null,fd:1 \
		panic=-1 oops=panic quiet loglevel=6 "${UML_APPEND[@]}" \
		"init=$CHECKOUT/scripts/guest/uml-init" "CHECKOUT=$CHECKOUT" "RUN=$RUN"
}
UML_APPEND=()
