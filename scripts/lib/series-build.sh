# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The checks of the series that build: each patch, with each configuration.

series_check_long() {
	local dir=$CACHE/build/series-$SERIES_NAME
	need_space 8
	series_tree
	step "building the base" "$TEST_DIR/build-base.log" series_build "$dir"
	series_warnings "$TEST_DIR/build-base.log" >"$TEST_DIR/warnings"
	series_each series_configurations
	series_docs "$dir"
}

# series_symbols PATTERN: the configuration symbols of the series, as far as they are
# there, whose names match; those that are for tests come with all the others only.
series_symbols() {
	git -C "$TREE" diff --unified=0 "$SERIES_BASE" HEAD -- '*Kconfig*' |
		sed -n 's/^+config /CONFIG_/p' | grep "$@" || true
}

# series_depends SYMBOL: the symbols of the series that this one depends on.
series_depends() {
	local others
	mapfile -t others < <(series_symbols -v -x "$1")
	[[ ${#others[@]} -gt 0 ]] || return 0
	sed -n "/^config ${1#CONFIG_}\$/,/^	help/s/^	depends on //p" "$TREE/mm/damon/Kconfig" |
		grep -ow "$(printf '%s\n' "${others[@]#CONFIG_}" | paste -sd'|' | sed 's/|/\\|/g')" |
		sed 's/^/CONFIG_/' || true
}

# All off, each on with what it needs, all on.
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
	all=("${symbols[@]}" "${tests[@]}")
	[[ ${#all[@]} -eq 0 ]] || series_configuration "${all[@]}"
	if ! git -C "$TREE" diff --quiet HEAD~ HEAD -- rust; then
		check "rustdoc: $SERIES_PATCH" series_rustdoc "$CACHE/build/series-$SERIES_NAME"
	fi
}

# series_configuration SYMBOL...: builds with these on and the other ones off.
series_configuration() {
	local symbol log
	CONFIG_FLIPS=()
	while IFS= read -r symbol; do
		[[ " $* " == *" $symbol "* ]] && symbol+='=y' || symbol+='=n'
		CONFIG_FLIPS+=("$symbol")
	done < <(series_symbols '')
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
