# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: oracle       the core in Rust against the one in C in 10,000 scenarios, likewise
#: oracle-vm    the same on a kernel for NUMA, for the goals of nodes (only by name)
#: oracle-32    the same, and all suites of the core, on a kernel of 32 bits (only by name)

ORACLE_SUITE=damon-oracle
ORACLE_SCENARIOS=10000

suite_oracle() {
	local log=$TEST_DIR/kunit.log
	kunit_once
	# What a scenario does that shows a difference is printed there.
	sed -n "/# Subtest: $ORACLE_SUITE/,/^\(not \)\{0,1\}ok .* $ORACLE_SUITE/p" "$log"
	ktap_results "$TEST_DIR/kunit.json" --suites "$ORACLE_SUITE"
	oracle_scenarios "$log"
}

# oracle_scenarios LOG: that there were as many as there are to be.
oracle_scenarios() {
	local count
	count=$(sed -n 's/.*oracle_test_scenarios: \([0-9]*\) scenarios, .*/\1/p' "$1")
	check "$ORACLE_SCENARIOS scenarios" test "${count:-0}" -ge "$ORACLE_SCENARIOS"
}

# User mode Linux has no nodes: all metrics of a node are the same there.
suite_oracle_vm() {
	local log=$TEST_DIR/oracle-guest.log
	config_flip DAMON_CORE_RUST_ORACLE_KUNIT_TEST=y
	kunit_guest "$log" 3600 "$ORACLE_SUITE" "kunit.filter_glob=$ORACLE_SUITE" \
		"damon_oracle.seed=${SEEDS[0]:-1}" log_buf_len=16M
	oracle_scenarios "$log"
	check "the kernel did not complain" kernel_was_silent
}

suite_oracle_32() {
	local json=$TEST_DIR/kunit-32.json dir
	root_package gcc-multilib
	tree_open
	dir=$BUILD/uml-32
	step "building user mode Linux of 32 bits (8 min the first time)" \
		"$CACHE/log/build-uml-32-$SOURCE_NAME.log" oracle_32_make "$dir"
	check "has 32 bits" grep -qx CONFIG_X86_32=y "$dir/.config"
	# Our own suites of the interfaces in Rust are left out: on this architecture, bindgen
	# takes the members of struct task_struct to be 4 bytes from where they are.
	step "running KUnit on it" "$TEST_DIR/kunit-32.log" kunit_tolerant "$dir" "$json" 'damon*'
	tree_close
	cat "$TEST_DIR/kunit-32.log"
	ktap_results "$json"
	oracle_scenarios "$dir/test.log"
}

oracle_32_make() {
	mkdir -p "$1"
	config_fragment "$CHECKOUT/scripts/config/uml.config" |
		grep -v '^CONFIG_RUST_KERNEL_DOCTESTS=' >"$1/fragment.config"
	kunit_make "$1" LLVM=1 SUBARCH=i386
}
