# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: module-uml   kernel::kobject in a module that is unloaded in use, with KASAN (only by name)

suite_module_uml() {
	tree_open
	uml_user_build rust module uml-module.config
	run_dir_new module
	run_dir_uml
	cp "$BUILD/uml-user-module/samples/rust/rust_kobject.ko" "$RUN/"
	cp "$TREE/tools/testing/selftests/rust/test_kobject.py" "$RUN/"
	tree_close
	run_dir_command python3 /mnt/run/test_kobject.py /mnt/run/rust_kobject.ko
	UML_APPEND=(ncpus=2 seccomp=on)
	check "the module is used and unloaded" vm_command uml no 900
	check "the kernel did not complain" kernel_was_silent
	hostile_kunit ncpus=2 seccomp=on 'kunit.filter_glob=rust_kobject*'
	UML_APPEND=()
}
