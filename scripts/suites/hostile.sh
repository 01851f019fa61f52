# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: hostile-uml  misuse in parallel, memory that changes all the time, and every allocation failing, with KASAN (only by name)
#: hostile-vm   the same, and the selftests, with lockdep and kmemleak in the machine (only by name)

suite_hostile_uml() {
	tree_open
	uml_user_build rust kasan uml-kasan.config
	tree_close
	hostile_kunit ncpus=1
	UML_APPEND=(ncpus=2 seccomp=on)
	hostile_uml parallel --seconds 120
	hostile_uml memory --seconds 120
	UML_APPEND=()
	hostile_uml failslab
}

# hostile_kunit [PARAMETER...]: our own KUnit suites on that kernel, whose complaints count
# as well.
hostile_kunit() {
	run_dir_new hostile-kunit
	run_dir_uml
	UML_APPEND=(kunit.enable=1 kunit.autorun=1 kunit_shutdown=halt loglevel=8 "$@")
	step "running KUnit" "$TEST_DIR/hostile-kunit.log" hostile_kunit_run
	root_run "$CACHE/tree/$SOURCE_NAME/tools/testing/kunit/kunit.py" parse \
		--json="$RUN/out/kunit.json" "$RUN/console.log" >"$RUN/parse.log" 2>&1 ||
		tail -n 100 "$RUN/parse.log"
	ktap_results "$RUN/out/kunit.json"
	check "KUnit: the kernel did not complain" kernel_was_silent
}

# KUnit ends the kernel, so there is no command and no status.
hostile_kunit_run() {
	run_dir_command true
	vm_command_uml no 1200
}

# hostile_uml WHAT...
hostile_uml() {
	run_dir_new "hostile-$1"
	run_dir_uml
	run_dir_command /mnt/damon-rust/scripts/guest/hostile "$@"
	check "$1" vm_command uml no 1800
	check "$1: the kernel did not complain" kernel_was_silent
}

suite_hostile_vm() {
	VM_VARIANT=-lockdep
	hostile_vm parallel --seconds 300
	hostile_vm memory --seconds 300
	hostile_vm failslab
	KSELFTEST_SECONDS=10800 kselftest_run
	# What scripts/guest/kselftest has asked the kernel at the end.
	check "the selftests lose nothing" hostile_silence
}

# hostile_vm WHAT...
hostile_vm() {
	guest_open "hostile-$1"
	tree_close
	kvm_decide
	run_dir_command /mnt/damon-rust/scripts/guest/hostile "$@"
	check "$1" vm_command qemu "$KVM" 3600
	check "$1: the kernel did not complain" kernel_was_silent
}

hostile_silence() {
	cat "$RUN/out/silence"
	tail -n 1 "$RUN/out/silence" | grep -qx 'everything is as it should be'
}
