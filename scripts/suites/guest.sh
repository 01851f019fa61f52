# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: vng          a boot with virtme-ng, as reviewers do it
#: kselftest    the DAMON selftests, the kernel's and ours, in the guest
#: kselftest-access  those of them that measure accesses, which want KVM (only by name)
#: kselftest-core  all of them on the core in Rust below the interface in C (only by name)
#: demo         scripts/run from start to end

# guest_open: a run's directory with an up-to-date kernel in it.
guest_open() {
	tree_open
	vm_build
	run_dir_new "$1"
	run_dir_kernel
}

suite_vng() {
	local release
	guest_open vng
	tree_close
	kvm_decide
	run_dir_command uname -r
	release=$(vm_command vng "$KVM" 600) || { cat "$RUN/console.log" && fail "boot" && return; }
	check "boots and runs a command" test "$release" = "$(<"$VM_BUILD/include/config/kernel.release")"
	run_dir_command sh -c 'exit 7'
	check "returns its status" vng_status 7
}

vng_status() {
	local status=0
	vm_command vng "$KVM" 600 || status=$?
	[[ $status -eq $1 ]]
}

suite_kselftest() { kselftest_run; }

suite_kselftest_access() { kselftest_run --access; }

suite_kselftest_core() {
	config_flip DAMON_CORE_RUST=y
	config_flip DAMON_SYSFS_RUST=n
	kselftest_run --all
}

# How long the guest may take for all of them.
KSELFTEST_SECONDS=3600

# kselftest_run [--access | --all]
kselftest_run() {
	local name reason
	guest_open kselftest
	: >"$RUN/out/skipped"
	step "building the selftests" "$TEST_DIR/kselftest-build.log" kselftest_install "$RUN/kselftest"
	tree_close
	kvm_decide
	run_dir_command /mnt/damon-rust/scripts/guest/kselftest "$@"
	step "running the selftests in the guest (10 min)" "$TEST_DIR/kselftest-run.log" \
		vm_command qemu "$KVM" "$KSELFTEST_SECONDS"
	cat "$TEST_DIR/kselftest-run.log"
	kunit_parse "$RUN/out/kselftest.json" "$TEST_DIR/kselftest-run.log"
	ktap_results "$RUN/out/kselftest.json"
	check "the kernel did not complain" kernel_was_silent
	while IFS=$'\t' read -r name reason; do
		skip "$name" "$reason"
	done <"$RUN/out/skipped"
}

kselftest_install() {
	kmake "$VM_BUILD" headers
	root_run make -C "$TREE/tools/testing/selftests" O="$VM_BUILD" TARGETS=damon \
		INSTALL_PATH="$1" install
}

# The same is looked for in scripts/guest/hostile.
COMPLAINTS='BUG:|WARNING:|KASAN|Oops|general protection|INFO: (task|trying|lockdep)|'
COMPLAINTS+='ODEBUG|refcount_t|list_(add|del) corruption'

# kernel_was_silent [LOG]: what the kernel has printed, by default in the last guest.
kernel_was_silent() {
	! grep -nE "$COMPLAINTS" "${1:-"$RUN/console.log"}"
}

suite_demo() {
	check "scripts/run" "$CHECKOUT/scripts/run"
}
