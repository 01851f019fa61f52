# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: operations-long  operations in Rust against those in C, a million times (only by name)
#: operations-vm    the same some thousand times, with huge pages, in the machine (only by name)

OPERATIONS_SUITES=damon-operations-twins,damon-operations-targets

suite_operations_long() {
	local json=$TEST_DIR/operations.json
	tree_open
	uml_build
	step "running KUnit on user mode Linux (15 min)" "$TEST_DIR/operations.log" \
		operations_uml "$json"
	cat "$TEST_DIR/operations.log"
	tree_close
	ktap_results "$json" --suites "$OPERATIONS_SUITES"
}

# A third of a million for each of the three kinds of operations
operations_uml() {
	kunit exec "$UML_BUILD" --json="$1" --timeout 3600 --kernel_args="damon_operations.count=333334" \
		--kernel_args="damon_operations.seed=${SEEDS[0]:-1}" 'damon-operations-*' || [[ -s $1 ]]
}

suite_operations_vm() {
	config_flip DAMON_OPS_RUST_KUNIT_TEST=y
	kunit_guest "$TEST_DIR/operations-guest.log" 1800 "$OPERATIONS_SUITES" \
		'kunit.filter_glob=damon-operations-*' "damon_operations.seed=${SEEDS[0]:-1}"
	check "the kernel did not complain" kernel_was_silent
}
