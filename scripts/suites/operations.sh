# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: operations-long  operations in Rust against those in C, a million times (only by name)
#: operations-vm    the same some thousand times, with huge pages and swap, in the machine (only by name)

OPERATIONS_SUITES=(damon-operations-targets damon-operations-twins)

suite_operations_long() {
	local json=$TEST_DIR/operations.json
	tree_open
	uml_build
	step "running KUnit on user mode Linux (15 min)" "$TEST_DIR/operations.log" \
		operations_uml "$json"
	cat "$TEST_DIR/operations.log"
	tree_close
	ktap_results "$json" --suites "$(IFS=, && echo "${OPERATIONS_SUITES[*]}")"
}

# A third of a million for each of the three kinds of operations
operations_uml() {
	kunit exec "$UML_BUILD" --json="$1" --timeout 3600 --kernel_args="damon_operations.count=333334" \
		--kernel_args="damon_operations.seed=${SEEDS[0]:-1}" 'damon-operations-*' || [[ -s $1 ]]
}

suite_operations_vm() {
	local suite
	config_flip DAMON_OPS_RUST_KUNIT_TEST=y
	guest_open operations
	tree_close
	kvm_decide
	VM_APPEND=(kunit.enable=1 kunit.autorun=0 "damon_operations.seed=${SEEDS[0]:-1}")
	run_dir_command /mnt/damon-rust/scripts/guest/operations "${OPERATIONS_SUITES[@]}"
	step "running KUnit in the guest (10 min)" "$TEST_DIR/operations-guest.log" \
		vm_command qemu "$KVM" 3600
	cat "$TEST_DIR/operations-guest.log"
	for suite in "${OPERATIONS_SUITES[@]}"; do
		kunit_parse "$RUN/out/$suite.json" "$RUN/out/$suite"
		ktap_results "$RUN/out/$suite.json"
	done
	check "the kernel did not complain" kernel_was_silent
}
