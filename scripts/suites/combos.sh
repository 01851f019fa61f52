# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: combos       our symbols compile, each two of them on and off; with none, the objects of the fixes
#: combos-all   all combinations of our symbols compile (only by name)

suite_combos() { combos_run combos combos_pairs; }

suite_combos_all() { combos_run combos-all combos_all; }

# combos_run NAME CHOICE: compiles what the function CHOICE chooses, and compares objects.
combos_run() {
	local symbols possible=() number name flips content
	tree_open
	if unchanged "$1"; then
		say "    passed before with the same content"
		pass "combinations"
		pass "objects of the kernel with the fixes alone"
		return
	fi
	mapfile -t symbols < <(grep -o '^CONFIG_[A-Z_]*' "$CHECKOUT/scripts/config/damon-rust.config" |
		while read -r name; do ! config_defined "$name" || echo "$name"; done)
	for ((number = 0; number < 1 << ${#symbols[@]}; number++)); do
		combo_flips "$number" "${symbols[@]}"
		! combo_possible || possible+=("$number")
	done
	content=$(overlay_content)
	printf '%9s %7s %7s  %s\n' text data bss 'mm/damon/ with' >"$TEST_DIR/sizes"
	for number in $("$2" "${#symbols[@]}" "${possible[@]}"); do
		combo_flips "$number" "${symbols[@]}"
		check "${flips[*]:-nothing to combine}" combo_compile
	done
	objects_compare
	grep -q '^fail' "$RESULTS" && return
	remember "$1"
	record sizes "$content" <"$TEST_DIR/sizes"
}

# combos_all BITS NUMBER...: all of them.
combos_all() { printf '%s\n' "${@:2}"; }

# combos_pairs BITS NUMBER...: none, all, and as many more as it takes to have each two
# symbols in each of the ways that there are of their being on and off. Each time takes
# the number that adds most.
combos_pairs() {
	local bits=$1 best chosen number pair new most
	local -A seen=()
	shift
	chosen=("$1" "${!#}")
	for number in "${chosen[@]}"; do
		for pair in $(combo_pairs "$bits" "$number"); do
			seen[$pair]=y
		done
	done
	while :; do
		most=0
		for number; do
			new=0
			for pair in $(combo_pairs "$bits" "$number"); do
				[[ ${seen[$pair]-} ]] || ((++new))
			done
			((new <= most)) || most=$new best=$number
		done
		((most > 0)) || break
		chosen+=("$best")
		for pair in $(combo_pairs "$bits" "$best"); do
			seen[$pair]=y
		done
	done
	printf '%s\n' "${chosen[@]}" | sort -nu
}

# combo_pairs BITS NUMBER: which two bits have which values in it.
combo_pairs() {
	local i j
	for ((i = 0; i < $1; i++)); do
		for ((j = i + 1; j < $1; j++)); do
			echo "$i:$(($2 >> i & 1)),$j:$(($2 >> j & 1))"
		done
	done
}

# combo_flips NUMBER SYMBOL...: sets flips to the combination of that number.
combo_flips() {
	local bit=0 symbol
	flips=()
	for symbol in "${@:2}"; do
		(($1 >> bit++ & 1)) && flips+=("$symbol=y") || flips+=("$symbol=n")
	done
}

# A symbol that depends on another one cannot be on without it.
combo_possible() {
	[[ " ${flips[*]} " != *" CONFIG_DAMON_SYSFS_RUST=n "* ||
		! " ${flips[*]} " =~ " CONFIG_DAMON_SYSFS_"(RFC_NAMES|EXTENSIONS)"=y " ]] || return
	# Directories for users need all that there is in Rust.
	[[ ! " ${flips[*]} " =~ " CONFIG_DAMON_"(CORE|OPS|SYSFS)"_RUST=n " ||
		" ${flips[*]} " != *" CONFIG_DAMON_SYSFS_USERS=y "* ]]
}

combo_compile() {
	CONFIG_FLIPS=("${flips[@]}")
	step "compiling with ${flips[*]}" "$TEST_DIR/combo.log" combo_make "$BUILD/combos"
	combo_size >>"$TEST_DIR/sizes"
}

# combo_size: a line with the size of mm/damon/ and the symbols that are on.
combo_size() {
	local text data bss symbol on=()
	for symbol in "${flips[@]}"; do
		[[ $symbol == *=n ]] || on+=("${symbol%=y}")
	done
	root_run size -t "$BUILD/combos/mm/damon/built-in.a" | tail -n 1 | {
		read -r text data bss _
		printf '%9d %7d %7d  %s\n' "$text" "$data" "$bss" "${on[*]:-none of our symbols}"
	}
}

combo_make() {
	vm_configure "$1"
	kmake "$1" prepare
	kmake "$1" mm/damon/
}

# The last series that changes C code for its own sake.
OBJECTS_FIXES=damon-killable

# The same flags, once with the overlay and once with the fixes of the code in C alone,
# Rust off in both: only what else the overlay does to the C files can make a difference.
# Names that nothing refers to are left out: that of an initcall has the number of its line.
objects_compare() {
	local object bad='' fixed=$BUILD/fixed-source
	objects_fixed "$fixed"
	step "compiling mm/damon of the kernel with the fixes alone" "$TEST_DIR/objects-fixed.log" \
		objects_make "$fixed" "$BUILD/objects-fixed"
	step "compiling mm/damon of the patched kernel" "$TEST_DIR/objects-tree.log" \
		objects_make "$TREE" "$BUILD/objects-tree"
	for object in "$BUILD"/objects-fixed/mm/damon/*.o; do
		object=${object##*/}
		[[ $object != built-in.* ]] || continue
		for side in fixed tree; do
			root_run llvm-objcopy --strip-debug --strip-unneeded "$BUILD/objects-$side/mm/damon/$object" \
				"$TEST_DIR/$side.o"
		done
		cmp "$TEST_DIR/fixed.o" "$TEST_DIR/tree.o" || bad+=" $object"
	done
	if [[ -z $bad ]]; then
		pass "objects of the kernel with the fixes alone"
	else
		fail "objects of the kernel with the fixes alone" "these differ:$bad"
	fi
}

# objects_fixed DIR: the source, as links, with what the fixes change.
objects_fixed() {
	rm -rf "$1"
	cp -as "$SOURCE" "$1"
	series_files "$CHECKOUT" | "$CHECKOUT/scripts/lib/series.py" write \
		"$CHECKOUT" "$SOURCE" "$OBJECTS_FIXES" "$1"
}

objects_make() {
	mkdir -p "$2"
	grep -v 'RUST' "$CHECKOUT/scripts/config/vm.config" >"$2/fragment.config"
	root_run --bind "ro:$SOURCE" make -C "$1" O="$2" LLVM=1 -j"$JOBS" \
		KCONFIG_ALLCONFIG="$2/fragment.config" allnoconfig
	root_run --bind "ro:$SOURCE" make -C "$1" O="$2" LLVM=1 -j"$JOBS" prepare
	root_run --bind "ro:$SOURCE" make -C "$1" O="$2" LLVM=1 -j"$JOBS" mm/damon/
}
