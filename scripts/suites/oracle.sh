# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: oracle       the core in Rust against the one in C in 10,000 scenarios, likewise
#: oracle-vm    the same on a kernel for NUMA, for the goals of nodes (only by name)

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
		"damon_oracle.seed=${SEEDS[0]:-1}" log_buf_len=16M loglevel=7
	oracle_scenarios "$log"
	check "the kernel did not complain" kernel_was_silent
}
