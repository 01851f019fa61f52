# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: users        directories for users who are not root, attacked for a minute
#: hostile-user the same for longer, with KASAN, and with lockdep in the machine (only by name)

suite_users() {
	tree_open
	uml_user_build rust
	users_there "$BUILD/uml-user-rust" || return 0
	users_open users
	run_dir_uml
	tree_close
	users_attack users uml no 900 --short
}

suite_hostile_user() {
	tree_open
	uml_user_build rust kasan uml-kasan.config
	users_there "$BUILD/uml-user-kasan" || return 0
	users_open hostile-user-kasan
	run_dir_uml
	tree_close
	UML_APPEND=(ncpus=2 seccomp=on)
	users_attack KASAN uml no 3600
	UML_APPEND=()

	VM_VARIANT=-lockdep
	tree_open
	vm_build
	users_open hostile-user-lockdep
	run_dir_kernel
	tree_close
	kvm_decide
	users_attack lockdep qemu "$KVM" 7200
}

# users_there DIR: whether the kernel that was built there has the directories.
users_there() {
	grep -qx CONFIG_DAMON_SYSFS_USERS=y "$1/.config" && return
	skip "attacks" "the kernel was built without CONFIG_DAMON_SYSFS_USERS"
	return 1
}

# users_open NAME: a run's directory with what prints results as the selftests do.
users_open() {
	run_dir_new "$1"
	cp "$TREE/tools/testing/selftests/kselftest/ksft.py" "$RUN/"
}

# users_attack NAME BACKEND KVM SECONDS [OPTION...]: reports each attack as NAME: TEST.
users_attack() {
	local name=$1 all=$RESULTS log=$RUN/out/log
	run_dir_command env PYTHONPATH=/mnt/run /mnt/damon-rust/scripts/guest/hostile-user "${@:5}"
	step "attacking the directories of users, $name" "$log" users_run "${@:2:3}"
	cat "$log"
	kunit_parse "$RUN/out/attacks.json" "$log"
	RESULTS=$RUN/results
	ktap_results "$RUN/out/attacks.json"
	RESULTS=$all
	sed "s/\t/\t$name: /" "$RUN/results" >>"$RESULTS"
	check "$name: all attacks were made" grep -q '^# Totals:' "$log"
	check "$name: the kernel did not complain" kernel_was_silent
}

# Which attacks were not repelled is for their results to say.
users_run() { vm_command "$@" || [[ -s $RUN/status ]]; }
