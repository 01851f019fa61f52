# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: uml-32       all KUnit suites of ours and of DAMON on user mode Linux of 32 bits (only by name)
#: arm64        the same on arm64, in QEMU (only by name)
#: arm64-64k    the same with pages of 64 KiB (only by name)
#: arm          the same on ARMv7, of 32 bits (only by name)
#: riscv64      the same on riscv64 (only by name)

# How machines of an architecture are configured and started is for kunit.py to know.
# What runs there: suite, kunit.py's architecture, Debian package, variable of make or "-",
# and further lines of the configuration. Doctests of the kernel crate are for 64 bits.
ARCH_TABLE="
uml-32     um     gcc-multilib       SUBARCH=i386  X86_32=y RUST_KERNEL_DOCTESTS=n
arm64      arm64  qemu-system-arm    -             ARM64_4K_PAGES=y ARM64_PTR_AUTH=n
arm64-64k  arm64  qemu-system-arm    -             ARM64_64K_PAGES=y ARM64_PTR_AUTH=n
arm        arm    qemu-system-arm    -             CPU_32v7=y RUST_KERNEL_DOCTESTS=n
riscv64    riscv  qemu-system-riscv  -             ARCH_RV64I=y
"

suite_uml_32() { arch_run uml-32; }
suite_arm64() { arch_run arm64; }
suite_arm64_64k() { arch_run arm64-64k; }
suite_arm() { arch_run arm; }
suite_riscv64() { arch_run riscv64; }

# arch_run SUITE: builds the kernel of that line of the table, and runs KUnit on it.
arch_run() {
	local name package variable lines dir ours built=$TEST_DIR/build-$1.log
	local json=$TEST_DIR/kunit-$1.json log=$TEST_DIR/console-$1.log
	read -r name KUNIT_ARCH package variable lines < <(grep "^$1 " <<<"$ARCH_TABLE")
	root_package "$package"
	need_space 4
	tree_open
	dir=$BUILD/$name
	mapfile -t ours < <(overlay_files)
	lint_forget "$dir"
	# shellcheck disable=SC2086 # are lists
	step "building the kernel of $name (15 min the first time, then 5)" "$built" \
		arch_make "$dir" "${variable#-}" $lines
	check "compiles without warnings" no_warnings "$built" "${ours[@]}"
	step "running KUnit on it (10 min where QEMU emulates the processor)" "$TEST_DIR/kunit-$name.log" \
		kunit_tolerant "$dir" "$json" --timeout 3600
	cp "$dir/test.log" "$log"
	check "types of C are in Rust what they are in C" arch_layouts "$dir"
	tree_close
	cat "$TEST_DIR/kunit-$name.log"
	ktap_results "$json"
	oracle_scenarios "$log"
	check "the kernel did not complain" kernel_was_silent "$log"
}

# arch_make DIR VARIABLE SYMBOL=VALUE...
arch_make() {
	mkdir -p "$1"
	printf 'CONFIG_%s\n' "${@:3}" >"$1/arch.config"
	config_fragment "$CHECKOUT"/scripts/config/{uml,arch}.config "$1/arch.config" >"$1/fragment.config"
	kunit_make "$1" LLVM=1 ${2:+"$2"}
}

# arch_layouts DIR: has bindgen write the tests of sizes and offsets that the kernel leaves
# out, and compiles these. A union with a flexible array is known to be wrong where a u64 is
# aligned to 4 bytes (issue 2773 of rust-bindgen); nothing here looks at that one.
arch_layouts() {
	local dir=$1/layouts wrong
	rm -rf "$dir"
	mkdir -p "$dir/rust/bindings"
	cp "$1/rust/bindings/bindings_helpers_generated.rs" "$dir/rust/bindings/"
	{
		saved_command "$1/rust/bindings/.bindings_generated.rs.cmd" | sed 's/ --no-layout-tests / /
			s/ -Wp,-MMD,[^ ]*/ /; s| \(rust/bindings/bindings_generated.rs\)| layouts/\1|g'
		saved_command "$1/rust/.bindings.o.cmd" | sed "s| OBJTREE=[^ ]*| OBJTREE=$dir|; s/ --emit=[^ ]*//g
			s/;.*//; s|\$| --emit=metadata=layouts/libbindings.rmeta --cap-lints=allow|"
	} >"$dir/commands"
	root_run env -C "$1" RUSTC_BOOTSTRAP=1 bash -e layouts/commands >"$dir/log" 2>&1 && return
	sed -n '/^error/,$p' "$dir/log"
	wrong=$(grep -oE '(align_of|size_of)::<\w+|offset_of!\(\w+' "$dir/log" | sed 's/.*[<(]//' | sort -u)
	[[ $wrong == bpf_array__bindgen_ty_1 ]]
}

# saved_command FILE: the command that Kbuild has noted in it.
saved_command() { sed -n 's/^savedcmd_[^ ]* := / /p' "$1" | sed 's/\$(pound)/#/g'; }
