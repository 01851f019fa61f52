# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: compilers    clippy and W=1 with the newest Rust of Debian's backports, and with gcc (only by name)
#: debug-kernels  the same in kernels that look for errors (only by name)
#: random-configs  the same with 30 random configurations; --seeds N-M for others (only by name)
#
# Each compiles what is ours, and what it needs of the Rust of the kernel, in one directory.

# What is compiled: a name, the root, "clang" or "gcc" for C, and symbols.
COMPILERS="
rust-1.85-outlined  root         clang  RUST_INLINE_HELPERS=n
rust-1.85-gcc       root         gcc    RUST_INLINE_HELPERS=n
rust-newest         root-newest  clang  RUST_INLINE_HELPERS=n
rust-newest-gcc     root-newest  gcc    RUST_INLINE_HELPERS=n
"

suite_compilers() {
	local name root compiler symbols
	root_newest_ensure
	tree_open
	while read -r name root compiler symbols; do
		ROOT=$CACHE/$root
		[[ $compiler == gcc ]] && KMAKE_TOOLS=() || KMAKE_TOOLS=(LLVM=1)
		# shellcheck disable=SC2086 # is a list
		compile_check "$name" $symbols
	done < <(grep . <<<"$COMPILERS")
}

# root_newest_ensure: a copy of the root with the newest Rust and bindgen that Debian has for it.
root_newest_ensure() {
	local newest=$CACHE/root-newest
	[[ $(cat "$newest/.newest" 2>/dev/null) != "$ROOT_VERSION" ]] || return 0
	root_remove "$newest" "$newest.tmp"
	step "making a root with the newest Rust (1 GB)" "$CACHE/log/root-newest.log" \
		root_newest_create "$newest.tmp"
	echo "$ROOT_VERSION" >"$newest.tmp/.newest"
	mv "$newest.tmp" "$newest"
}

# Files are shared until dpkg puts others in their places.
root_newest_create() {
	root_owner cp -al "$ROOT" "$1"
	ROOT=$1 root_run bash -c "$(declare -f apt_install)"'; apt_install "$@"' - \
		-t "$SOURCE_SUITE" rustc rust-src rustfmt rust-clippy bindgen
}

# What is turned on, or off as it cannot be had with that.
DEBUG_KERNELS="
kcsan    KCSAN=y
kmsan    KMSAN=y
rt       PREEMPT_RT=y PROVE_LOCKING=y DEBUG_ATOMIC_SLEEP=y TRANSPARENT_HUGEPAGE=n
cfi      CFI=y
objects  DEBUG_OBJECTS=y DEBUG_OBJECTS_FREE=y DEBUG_OBJECTS_TIMERS=y DEBUG_KOBJECT_RELEASE=y SLUB_DEBUG_ON=y DEBUG_LIST=y
ubsan    UBSAN=y UBSAN_BOUNDS=y UBSAN_SHIFT=y
"

suite_debug_kernels() {
	local name symbols
	tree_open
	while read -r name symbols; do
		# shellcheck disable=SC2086 # is a list
		compile_check "$name" $symbols
	done < <(grep . <<<"$DEBUG_KERNELS")
}

# compile_check NAME SYMBOL=VALUE...
compile_check() {
	CONFIG_FLIPS=("${@/#/CONFIG_}")
	unset 'CONFIG_FLIPS[0]'
	check "$1" compile_step "$1" vm_configure
}

# compile_step NAME CONFIGURE: compiles without a warning about a file of ours.
compile_step() {
	local log=$TEST_DIR/compile-$1.log ours
	mapfile -t ours < <(overlay_files)
	lint_forget "$BUILD/compile"
	step "compiling $1 (10 min the first time, then 4)" "$log" compile_make "$2"
	no_warnings "$log" "${ours[@]}"
}

compile_make() {
	"$1" "$BUILD/compile"
	lint_compile "$BUILD/compile"
}

# Beside all of DAMON's
RANDOM_SYMBOLS="MEMCG NUMA PSI SWAP SMP PERF_EVENTS FTRACE ENABLE_DEFAULT_TRACERS HUGETLBFS"
RANDOM_SYMBOLS+=" TRANSPARENT_HUGEPAGE KSM MEMORY_HOTPLUG MODULES SYSFS CGROUPS DEBUG_FS KUNIT"
RANDOM_SYMBOLS+=" RUST_INLINE_HELPERS RUST_KUNIT_TESTS RUST_KOBJECT_KUNIT_TEST RUST_DAMON_KUNIT_TEST"

suite_random_configs() {
	local seeds=("${SEEDS[@]}") seed
	((${#seeds[@]} > 0)) || mapfile -t seeds < <(seq 30)
	tree_open
	for seed in "${seeds[@]}"; do
		check "seed $seed" compile_step "seed-$seed" random_configure
	done
}

# random_configure DIR: of what the seed asks for, Kconfig takes what can be had together.
random_configure() {
	mkdir -p "$1"
	{
		vm_fragments | grep -vE "^CONFIG_(${RANDOM_SYMBOLS// /|}|DAMON_.*)="
		random_lines
	} >"$1/fragment.config"
	kmake "$1" KCONFIG_ALLCONFIG="$1/fragment.config" KCONFIG_WERROR=1 allnoconfig
	grep -E "^CONFIG_(${RANDOM_SYMBOLS// /|}|DAMON_.*)=" "$1/.config"
	grep -qx CONFIG_RUST=y "$1/.config"
}

# random_lines: a value for each symbol, the same each time for a seed.
random_lines() {
	local symbol
	RANDOM=$seed
	for symbol in $RANDOM_SYMBOLS $(sed -n 's/^config \(DAMON_.*\)/\1/p' "$TREE/mm/damon/Kconfig"); do
		echo "CONFIG_$symbol=$( ((RANDOM & 1)) && echo y || echo n)"
	done
}
