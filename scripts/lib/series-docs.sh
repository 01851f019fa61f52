# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The checks of what the series documents, on its final tree.

# The pages of Documentation/ that are built: those of the directories that have some of
# ours, in one go, since they refer to each other.
SERIES_PAGES='index.rst,rust/**.rst,mm/damon/**.rst,admin-guide/mm/damon/**.rst'

# series_docs DIR: everything; DIR has been built in.
series_docs() {
	check "rustdoc" series_rustdoc "$1"
	check "htmldocs" series_htmldocs "$CACHE/build/docs-$SERIES_NAME"
	check "the ABI documents" series_abi
	check "kernel-doc" series_kernel_doc
	check "references to documents" series_references
}

# series_ours: the paths of the series in the tree, one a line.
series_ours() {
	git -C "$TREE" diff --name-only --no-renames "$SERIES_BASE" HEAD
}

# series_no_warnings LOG: shows what LOG says about files of the series; fails if it does.
series_no_warnings() {
	! grep -E -A 12 '(warning|error|WARNING|ERROR)' "$1" | grep -F "$(series_ours)"
}

series_rustdoc() {
	local log=$TEST_DIR/rustdoc.log
	step "building the documentation of the kernel crate" "$log" kmake "$1" CLIPPY=1 W=1 rustdoc
	series_no_warnings "$log"
}

series_htmldocs() {
	local log=$TEST_DIR/htmldocs.log page
	step "building the pages" "$log" root_run make -C "$TREE" O="$1" \
		SPHINXOPTS="-D include_patterns=$SERIES_PAGES" htmldocs
	# The pages that would include them are not among these.
	sed -i "/document isn't included in any toctree/d" "$log"
	series_no_warnings "$log" || return
	# That all of ours were among them.
	while IFS= read -r page; do
		page=${page#Documentation/}
		[[ -n $(find "$1" -path "*/${page%.rst}.html") ]] ||
			{ echo "there is no page of $page: see SERIES_PAGES" && return 1; }
	done < <(series_ours | grep '^Documentation/.*\.rst$')
}

series_abi() {
	local said
	said=$(series_run tools/docs/get_abi.py --dir Documentation/ABI validate 2>&1) ||
		{ echo "$said" && return 1; }
	! grep -F damon <<<"$said"
}

# What is written for kernel-doc in our C files.
series_kernel_doc() {
	local files
	mapfile -t files < <(series_ours | grep '\.[ch]$')
	[[ ${#files[@]} -gt 0 ]] || return 0
	series_run scripts/kernel-doc -none -Werror -Wall "${files[@]}"
}

# None of our new files names a file of Documentation/ that is not there.
series_references() {
	local new said
	said=$(series_run tools/docs/documentation-file-ref-check 2>&1) || { echo "$said" && return 1; }
	new=$(git -C "$TREE" diff --name-only --no-renames --diff-filter=A "$SERIES_BASE" HEAD |
		sed 's/$/:/')
	! grep -F "$new" <<<"$said"
}
