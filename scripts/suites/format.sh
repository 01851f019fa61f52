# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: format       SPDX, shellcheck, rustfmt, checkpatch, clippy, W=1, rustdoc

# What checkpatch says that does not hold for the files of an overlay:
# FILE_PATH_CHANGES    asks for MAINTAINERS, which is a file of its own here
# MISSING_SIGN_OFF,    are about a mail's text, which scripts/series writes
# COMMIT_MESSAGE
CHECKPATCH_IGNORE=FILE_PATH_CHANGES,MISSING_SIGN_OFF,COMMIT_MESSAGE
# And what does not hold for changes of DAMON's C code, which indents the rest of a line
# by two tabs.
CHECKPATCH_IGNORE_C=$CHECKPATCH_IGNORE,PARENTHESIS_ALIGNMENT

suite_format() {
	local ours
	check "spdx" spdx_everywhere
	check "shellcheck" shellcheck_scripts
	tree_open
	mapfile -t ours < <(overlay_files)
	check "checkpatch" checkpatch_overlay "${ours[@]}"
	check "rustfmt" rustfmt_overlay "${ours[@]}"
	if unchanged lint; then
		say "    clippy, W=1 and rustdoc: passed before with the same content"
		pass "clippy and W=1"
		pass "rustdoc"
		return
	fi
	lint_build
	check "clippy and W=1" no_warnings "$TEST_DIR/lint.log" "${ours[@]}"
	check "rustdoc" no_warnings "$TEST_DIR/rustdoc.log" "${ours[@]}"
	grep -q '^fail' "$RESULTS" || remember lint
}

spdx_everywhere() {
	local file bad=0
	while IFS= read -r -d '' file; do
		[[ -f $CHECKOUT/$file ]] || continue
		case $file in
		# The licence, text that readers see first, diffs, which have the licence
		# of the file that they change, pictures, and what tests compare byte
		# for byte.
		COPYING | README.md | MAINTAINERS | *.patch | *.png | */golden/*) continue ;;
		esac
		head -n 2 "$CHECKOUT/$file" | grep -q 'SPDX-License-Identifier: ' && continue
		echo "$file: no SPDX-License-Identifier in its first two lines"
		bad=1
	done < <(git -C "$CHECKOUT" ls-files -z --cached --others --exclude-standard)
	return "$bad"
}

shellcheck_scripts() {
	local files
	mapfile -t files < <(cd "$CHECKOUT" && grep -rlE '^#!/bin/(ba)?sh|^# shellcheck shell=' scripts .ci)
	(cd "$CHECKOUT" && root_run shellcheck -x "${files[@]}")
}

# A new file is checked as a file, a change as the patch that it is.
checkpatch_overlay() {
	local file bad=0 flags ignore
	for file in "$@"; do
		ignore=$CHECKPATCH_IGNORE
		[[ $file != mm/damon/*.[ch].patch ]] || ignore=$CHECKPATCH_IGNORE_C
		flags=(--strict --quiet --no-tree --no-signoff --ignore "$ignore")
		case $file in
		MAINTAINERS) continue ;;
		*.patch) root_run "$TREE/scripts/checkpatch.pl" "${flags[@]}" "$CHECKOUT/$file" || bad=1 ;;
		*) root_run "$TREE/scripts/checkpatch.pl" "${flags[@]}" --file "$CHECKOUT/$file" || bad=1 ;;
		esac
	done
	return "$bad"
}

# The files that the overlay changes are formatted as a whole, like the kernel's.
rustfmt_overlay() {
	local files
	mapfile -t files < <(printf '%s\n' "$@" | sed -n 's/\.rs\(\.patch\)\{0,1\}$/.rs/p')
	[[ ${#files[@]} -gt 0 ]] || return 0
	(cd "$TREE" && root_run rustfmt --check "${files[@]}")
}

# Has everything of ours compiled anew, with all warnings and with clippy.
lint_build() {
	local dir=$BUILD/lint
	lint_forget "$dir"
	step "compiling with clippy and W=1" "$TEST_DIR/lint.log" lint_make "$dir"
	step "building the documentation" "$TEST_DIR/rustdoc.log" kmake "$dir" CLIPPY=1 W=1 rustdoc
}

# lint_forget DIR: removes what was compiled of ours in DIR.
lint_forget() {
	rm -f "$1/rust/kernel.o" "$1/rust/libkobject_macros.so"
	rm -rf "$1/mm/damon" "$1/samples/damon" "$1/samples/rust"
}

lint_make() {
	vm_configure "$1"
	lint_compile "$1"
}

lint_compile() {
	kmake "$1" CLIPPY=1 W=1 prepare
	kmake "$1" CLIPPY=1 W=1 mm/damon/ samples/damon/ samples/rust/
}

# no_warnings LOG FILE...: fails if the log has a warning about one of the files, and
# shows it with what the compiler says about it. That one includes what it is about is not.
no_warnings() {
	local log=$1 places
	shift
	places=$(printf '%s\n' "$@" | sed 's/\.patch$//')
	! grep -vE '^(In file included| +) from ' "$log" |
		grep -E -B 3 -A 12 "^(warning|error)|: (warning|error):" | grep -F "$places"
}
