# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: module-uml   kernel::kobject in a module that is unloaded in use, with KASAN (only by name)

suite_module_uml() {
	tree_open
	uml_user_build rust module uml-module.config
	run_dir_new module
	run_dir_uml
	cp "$BUILD"/uml-user-module/{samples/rust/rust_kobject.ko,mm/damon/tests/rust_kobject_leak.ko} "$RUN/"
	cp "$TREE/tools/testing/selftests/rust/test_kobject.py" "$RUN/"
	tree_close
	run_dir_command python3 /mnt/run/test_kobject.py /mnt/run/rust_kobject.ko
	UML_APPEND=(ncpus=2 seccomp=on)
	check "the module is used and unloaded" vm_command uml no 900
	check "the kernel did not complain" kernel_was_silent
	run_dir_command /mnt/damon-rust/scripts/guest/kobject-leak /mnt/run/rust_kobject_leak.ko
	check "what a module leaks goes with it" vm_command uml no 300
	check "the kernel did not complain of that" kernel_was_silent
	hostile_kunit ncpus=2 seccomp=on 'kunit.filter_glob=rust_kobject*'
	UML_APPEND=()
}
