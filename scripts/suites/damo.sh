# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: damo         the commands of damo in the guest; damo and perf find what they do with C

suite_damo() {
	local verdict name file c
	interface_of c
	c=$RUN/out
	interface_of rust
	[[ $(find "$c" -name '*.format' | wc -l) -ge 6 ]] || fail "tracepoints" "some are missing"
	for file in "$c"/*; do
		check "${file##*/} as in C" diff "$file" "$RUN/out/${file##*/}"
	done

	guest_open damo
	tree_close
	kvm_decide
	run_dir_command /mnt/damon-rust/scripts/guest/damo-commands /mnt/out
	step "running damo in the guest (4 min)" "$TEST_DIR/damo-run.log" \
		vm_command qemu "$KVM" 1200
	cat "$TEST_DIR/damo-run.log"
	while read -r verdict name; do
		case $verdict in
		pass | fail) "$verdict" "$name" ;;
		esac
	done <"$TEST_DIR/damo-run.log"
	check "the kernel did not complain" kernel_was_silent
}

# interface_of rust|c: a user mode kernel tells as much about that as a machine.
interface_of() {
	tree_open
	uml_user_build "$1"
	run_dir_new "interface-$1"
	run_dir_uml
	tree_close
	run_dir_command /mnt/damon-rust/scripts/guest/interface /mnt/run/out
	step "looking at the interface, $1" "$TEST_DIR/interface-$1.log" vm_command uml no 600
}
