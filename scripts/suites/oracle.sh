# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: oracle       the core in Rust against the one in C in 10,000 scenarios, likewise

ORACLE_SUITE=damon-oracle
ORACLE_SCENARIOS=10000

suite_oracle() {
	local log=$TEST_DIR/kunit.log count
	kunit_once
	# What a scenario does that shows a difference is printed there.
	sed -n "/# Subtest: $ORACLE_SUITE/,/^\(not \)\{0,1\}ok .* $ORACLE_SUITE/p" "$log"
	ktap_results "$TEST_DIR/kunit.json" --suites "$ORACLE_SUITE"
	count=$(sed -n 's/.*oracle_test_scenarios: \([0-9]*\) scenarios, .*/\1/p' "$log")
	check "$ORACLE_SCENARIOS scenarios" test "${count:-0}" -ge "$ORACLE_SCENARIOS"
}
