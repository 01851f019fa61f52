# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The checks of the series that build: each patch, with each configuration, and tests.

series_check_long() {
	local dir=$CACHE/build/series-$SERIES_NAME
	need_space 8
	series_tree
	step "building the base" "$TEST_DIR/build-base.log" series_build "$dir"
	series_warnings "$TEST_DIR/build-base.log" >"$TEST_DIR/warnings"
	series_each series_point "$@"
	[[ -n $SERIES_SLICE ]] || series_docs "$dir"
}

# One patch: what it fixes, what it builds, and all tests that there are by then.
series_point() {
	series_names sent | grep -qx "${SERIES_PATCH%%/*}" || return 0
	series_fixes
	if ! series_is_compiled; then
		skip "builds: $SERIES_PATCH" "has no file that a kernel build reads"
		return
	fi
	series_configurations
	check "KUnit passes: $SERIES_PATCH" series_kunit_passes
}

# After a patch of C code that comes with KUnit cases, or with selftests: that these do not
# pass without the rest of the patch. Where it is a race that is fixed, they can.
series_fixes() {
	local cases programs code name red=''
	mapfile -t cases < <(git -C "$TREE" diff --unified=0 HEAD~ HEAD -- 'mm/damon/tests/*-kunit.h' |
		sed -n 's/^+\tKUNIT_CASE(\(.*\)),/\1/p')
	mapfile -t programs < <(git -C "$TREE" diff --unified=0 HEAD~ HEAD -- tools/testing/selftests/damon/Makefile |
		sed -n 's/^+TEST_PROGS += //p')
	mapfile -t code < <(git -C "$TREE" diff --name-only HEAD~ HEAD -- 'mm/damon/*.[ch]' ':!*/tests/*')
	[[ ${#code[@]} -gt 0 && $((${#cases[@]} + ${#programs[@]})) -gt 0 ]] || return 0
	for name in "${programs[@]}"; do
		check "$name passes: $SERIES_PATCH" series_selftest "$name"
	done
	git -C "$TREE" checkout --quiet HEAD~ -- "${code[@]}"
	for name in "${programs[@]}"; do
		check "$name does not pass before: $SERIES_PATCH" series_selftest_fails "$name"
	done
	[[ ${#cases[@]} -eq 0 ]] || series_kunit_run || true
	git -C "$TREE" checkout --quiet HEAD -- "${code[@]}"
	[[ ${#cases[@]} -gt 0 ]] || return 0
	for name in "${cases[@]}"; do
		series_kunit_results | grep -q "^pass	.*\.$name\$" || red+=" $name"
	done
	if [[ -n $red ]]; then
		pass "KUnit does not pass before: $SERIES_PATCH"
	else
		skip "KUnit does not pass before: $SERIES_PATCH" "it does: what it is about is a race"
	fi
}

# series_selftest PROGRAM: runs a program of the tree's selftests in a user mode kernel of
# the tree, without Rust.
series_selftest() {
	local dir=$CACHE/build/series-uml-user-$SERIES_NAME
	mkdir -p "$dir"
	uml_fragment_c "$CHECKOUT/scripts/config/uml-user.config" >"$dir/fragment.config"
	step "building user mode Linux" "$TEST_DIR/build-uml-user.log" uml_user_make "$dir"
	cp "$dir/linux" "$RUN/linux"
	rm -rf "$RUN/selftests"
	mkdir "$RUN/selftests"
	cp -r "$TREE"/tools/testing/selftests/{damon,kselftest} "$RUN/selftests/"
	run_dir_command sh -c 'cd /mnt/run/selftests/damon && exec "./$1"' - "$1"
	vm_command uml no 300
}

# That it does not even run is no failure of the test, and neither is that it skips.
series_selftest_fails() {
	local status=0
	series_selftest "$1" || status=$?
	echo "status $status"
	[[ $status -eq 1 ]]
}

series_kunit_passes() {
	series_kunit_run || { cat "$TEST_DIR/kunit.log" && return 1; }
	echo "$(series_kunit_results | grep -c ^pass) tests"
	! series_kunit_results | grep -v ^pass
}

# All tests that the tree has for user mode Linux.
series_kunit_run() {
	local dir=$CACHE/build/series-uml-$SERIES_NAME
	rm -f "$TEST_DIR/kunit.json"
	mkdir -p "$dir"
	series_kunit_fragment >"$dir/fragment.config"
	step "running KUnit" "$TEST_DIR/kunit.log" series_kunit_make "$dir"
}

series_kunit_make() {
	kunit_make "$1" LLVM=1
	kunit exec "$1" --timeout 300 --json="$TEST_DIR/kunit.json"
}

# What the suites of scripts/test have, as far as the tree has it: without Rust as long as
# nothing of ours is in Rust.
series_kunit_fragment() {
	local line ours
	ours=$(series_symbols '')
	while read -r line; do
		[[ ! ${line%%=*} =~ RUST|SYSFS_RFC|SYSFS_EXT || -n $ours ]] || continue
		[[ ! ${line%%=*} =~ DAMON_.*RUST|RUST_(DAMON|KOBJECT)|_ORACLE|SYSFS_(RFC|EXT) ]] ||
			grep -qx "${line%%=*}" <<<"$ours" || continue
		echo "$line"
	done < <(config_fragment "$CHECKOUT/scripts/config/uml.config")
}

series_kunit_results() {
	[[ ! -s $TEST_DIR/kunit.json ]] ||
		"$CHECKOUT/scripts/suites/ktap_results.py" "$TEST_DIR/kunit.json"
}

# series_symbols GREP...: the configuration symbols of the series, as far as they are
# there, whose names grep lets through.
series_symbols() {
	git -C "$TREE" diff --unified=0 "$SERIES_BASE" HEAD -- '*Kconfig*' |
		sed -n 's/^+config /CONFIG_/p' | grep "$@" || true
}

# series_depends SYMBOL [!]: the symbols of the series that this one depends on; with !,
# those that must be off for it.
series_depends() {
	local words
	words=$(sed -n "/^config ${1#CONFIG_}\$/,/^	help/s/^	depends on //p" "$TREE/mm/damon/Kconfig" |
		tr -s ' ()&|' '\n' | grep "^${2:-[A-Z]}" | sed 's/^!*/CONFIG_/')
	series_symbols -x -F "$words"
}

# All off, each on with what it needs, and all on that can be on together, with the tests.
series_configurations() {
	local symbols tests symbol all=()
	mapfile -t symbols < <(series_symbols -v TEST)
	mapfile -t tests < <(series_symbols TEST)
	series_configuration
	if [[ ${#symbols[@]} -gt 1 ]]; then
		for symbol in "${symbols[@]}"; do
			# shellcheck disable=SC2046 # a word for each
			series_configuration "$symbol" $(series_depends "$symbol")
		done
	fi
	for symbol in "${symbols[@]}" "${tests[@]}"; do
		[[ -n $(series_depends "$symbol" !) ]] || all+=("$symbol")
	done
	[[ ${#all[@]} -eq 0 ]] || series_configuration "${all[@]}"
	if ! git -C "$TREE" diff --quiet HEAD~ HEAD -- rust; then
		check "rustdoc: $SERIES_PATCH" series_rustdoc "$CACHE/build/series-$SERIES_NAME"
	fi
}

# Returns whether the patch can change what a build of the kernel makes: documentation and
# programs that run in user space do not.
series_is_compiled() {
	! git -C "$TREE" diff --quiet HEAD~ HEAD -- \
		. ':!Documentation' ':!MAINTAINERS' ':!tools/mm' ':!tools/testing/selftests'
}

# series_configuration SYMBOL...: builds with these on and the other ones off.
series_configuration() {
	local symbol log
	CONFIG_FLIPS=()
	while IFS= read -r symbol; do
		[[ " $* " == *" $symbol "* ]] && symbol+='=y' || symbol+='=n'
		CONFIG_FLIPS+=("$symbol")
	done < <(series_symbols '')
	# What ours in rust/kernel/Kconfig.test are below.
	[[ $* != *RUST_KOBJECT_KUNIT_TEST* ]] || CONFIG_FLIPS+=(CONFIG_RUST_KUNIT_TESTS=y)
	log=$TEST_DIR/build-${SERIES_PATCH%%-*}-$(IFS=-; echo "${*#CONFIG_}" | cut -c 1-80).log
	check "builds: $SERIES_PATCH: ${*:-off}" series_builds "$log"
}

# series_builds LOG: builds, without a warning that the base does not have.
series_builds() {
	local new
	step "building $SERIES_PATCH" "$1" series_build "$CACHE/build/series-$SERIES_NAME"
	new=$(series_warnings "$1" | comm -13 "$TEST_DIR/warnings" -)
	[[ -z $new ]] || { echo "new in $1:" && echo "$new" && return 1; }
}

series_build() {
	vm_configure "$1"
	kmake "$1" CLIPPY=1 W=1 prepare
	kmake "$1" CLIPPY=1 W=1 mm/damon/
}

# series_warnings LOG: what the compilers, make, Kconfig and modpost warn of.
series_warnings() {
	grep -iE '(^|[^a-z-])(warning|error)(\[[a-z0-9:_]+\])?:' "$1" | sort -u || true
}
