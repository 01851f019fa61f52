# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The checks of the series that do not build. They report as a suite of scripts/test
# does. Each patch is applied to a work tree of its own in the cache, one after the other.

# series_tree: sets TREE to the work tree, at the base of the series.
series_tree() {
	TREE=$CACHE/series/tree-$SERIES_NAME
	# What an interrupted run has left.
	if [[ -d $TREE ]]; then
		git -C "$TREE" am --abort 2>/dev/null || true
		git -C "$TREE" checkout --quiet --force --detach "$SERIES_BASE" &&
			git -C "$TREE" clean --quiet -dx --force && return
		rm -rf "$TREE"
	fi
	need_space 3
	git --git-dir="$SERIES_REPO" worktree prune
	step "checking out the base (1 min)" "$CACHE/log/series-tree.log" \
		git --git-dir="$SERIES_REPO" worktree add --quiet --force --detach "$TREE" "$SERIES_BASE"
}

# series_each FUNCTION [NAME]: applies each patch of each series with git am, and calls
# FUNCTION with it. What is not sent is applied as well, so that the tree is whole in the
# end. With NAME it is that series alone that FUNCTION is called for, and the last one, and
# with SERIES_SLICE the patches with these numbers.
SERIES_SLICE=''
series_each() {
	local patch name dir
	series_tree
	for name in $(series_names); do
		dir=$SERIES_OUT/$name
		if [[ ! -d $dir || -n ${2:-} && $2 != "$name" ]]; then
			dir=$TEST_DIR/kept/$name
			mkdir -p "$dir"
			git --git-dir="$SERIES_REPO" format-patch --quiet --output-directory "$dir" \
				"$(series_base "$name")..$name/v$SERIES_VERSION"
		fi
		for patch in "$dir"/*.patch; do
			[[ $patch != *0000-cover-letter.patch ]] || continue
			SERIES_PATCH=$name/${patch##*/}
			check "applies: $SERIES_PATCH" git -C "$TREE" "${SERIES_GIT[@]}" am --quiet "$patch"
			[[ -n ${2:-} && $2 != "$name" ]] || ! series_in_slice || "$1" "$patch"
		done
		[[ ${2:-} != "$name" ]] || break
	done
}

series_in_slice() {
	local number=${SERIES_PATCH##*/}
	number=$((10#${number%%-*}))
	[[ -z $SERIES_SLICE ]] || ((number >= ${SERIES_SLICE%-*} && number <= ${SERIES_SLICE#*-}))
}

# series_run CMD...: runs CMD in the work tree and in the root.
series_run() {
	# shellcheck disable=SC2153 # series.sh sets it
	(cd "$TREE" && root_run "${SERIES_BINDS[@]}" --bind "ro:$SERIES_OUT" "$@")
}

# series_check [NAME]: all series, or this one.
series_check() {
	local name names=${1:-$(series_names sent)} newest
	newest=$(series_stable)
	for name in $names; do
		check "15 patches at most: $name" series_count "$name"
	done
	series_each series_look "$@"
	check "the final tree is that of the branch" series_same_tree "$@"
	if [[ $# -eq 0 ]]; then
		check "the final tree is the applied overlay" series_same_overlay
	fi
	check "MAINTAINERS has all new files" series_covered
	check "what is sent does not name what is kept" series_silent
	for name in $names; do
		check "rebases onto $newest: $name" series_rebase "$name"
		check "git send-email takes the mails: $name" series_send_email "$name"
		check "b4 takes the mails: $name" series_b4 "$name"
	done
}

series_count() {
	local count
	count=$(git --git-dir="$SERIES_REPO" rev-list --count "$(series_base "$1")..$1/v$SERIES_VERSION")
	echo "$count patches"
	((count <= 15))
}

# A mail that is longer than what is read at a sitting needs a reason in the manifest.
SERIES_LINES=500

# series_length MAIL
series_length() {
	local lines reason number=${SERIES_PATCH##*/}
	lines=$(wc -l <"$1")
	reason=$("$CHECKOUT/scripts/lib/series.py" large "$CHECKOUT" |
		sed -n "s|^${SERIES_PATCH%%/*}/${number%%-*}\t||p")
	echo "$lines lines${reason:+: $reason}"
	((lines <= SERIES_LINES)) || [[ -n $reason ]]
}

series_look() {
	if series_names sent | grep -qx "${SERIES_PATCH%%/*}"; then
		check "$SERIES_LINES lines at most: $SERIES_PATCH" series_length "$1"
	fi
	check "checkpatch: $SERIES_PATCH" series_checkpatch "$1"
	check "get_maintainer: $SERIES_PATCH" series_maintainer "$1"
	check "rustfmt: $SERIES_PATCH" series_rustfmt
}

# That a patch adds files makes checkpatch ask whether MAINTAINERS has them: that is
# what series_covered answers for the series as a whole. The base of our own has no
# history, so that no commit is known there. The C code of DAMON indents the rest of a
# line by two tabs, and fixes of it do the same.
series_checkpatch() {
	local ignore=FILE_PATH_CHANGES
	[[ $SERIES_NAME == local-* ]] || ignore+=,UNKNOWN_COMMIT_ID
	git -C "$TREE" diff --quiet --diff-filter=M HEAD~ HEAD -- 'mm/damon/*.c' ||
		ignore+=,PARENTHESIS_ALIGNMENT
	series_run scripts/checkpatch.pl --strict --no-signoff --ignore "$ignore" "$1"
}

# Each file by itself: what it declares as a module may come with a later patch. Of what it
# reads from standard input, rustfmt --check shows the differences and succeeds.
series_rustfmt() {
	local files
	mapfile -t files < <(git -C "$TREE" diff --name-only HEAD~ HEAD -- '*.rs')
	[[ ${#files[@]} -gt 0 ]] || return 0
	# shellcheck disable=SC2016 # expanded inside
	series_run bash -c 'for file; do
		rustfmt <"$file" | diff "$file" - || { echo "$file" && bad=1; }
	done; exit ${bad:-0}' - "${files[@]}"
}

# There is somebody to send it to, and a list, who are not those that get everything.
series_maintainer() {
	local to
	to=$(series_run scripts/get_maintainer.pl --no-git --no-git-fallback --no-rolestats --roles "$1")
	echo "$to"
	grep -v '(maintainer:THE REST)' <<<"$to" | grep -qE '\((maintainer|supporter):' &&
		grep -v '^linux-kernel@' <<<"$to" | grep -q ' list'
}

# series_same_tree [NAME]: that the tree is what the branch of NAME, or the last one, has.
series_same_tree() {
	git -C "$TREE" diff --exit-code --stat HEAD "${1:-$(series_names | tail -n 1)}/v$SERIES_VERSION"
}

# The files, directories and symbols of what is kept, and the commands of this repository.
series_kept_words() {
	local range=$1 path
	git --git-dir="$SERIES_REPO" diff --name-only --no-renames --diff-filter=A "$range" |
		while read -r path; do
			while ! git --git-dir="$SERIES_REPO" cat-file -e "${range%%..*}:$path" 2>/dev/null; do
				echo "$path"
				path=${path%/*}
			done
		done
	git --git-dir="$SERIES_REPO" diff --unified=0 "$range" -- '*Kconfig*' | sed -n 's/^+config //p'
	(cd "$CHECKOUT" && find scripts -maxdepth 1 -type f -perm -u+x)
	echo oracle
}

# Nothing that is sent, be it a file or a message, names what is kept.
series_silent() {
	local sent kept
	sent=$(series_names sent | tail -n 1)/v$SERIES_VERSION
	kept=$(series_names kept | tail -n 1)/v$SERIES_VERSION
	series_kept_words "$sent..$kept" | sort -u >"$TEST_DIR/kept-words"
	! {
		git --git-dir="$SERIES_REPO" log --format=%B "$SERIES_BASE..$sent"
		git --git-dir="$SERIES_REPO" diff --unified=0 "$SERIES_BASE" "$sent" | grep '^[+]'
	} | sed -E 's/\bCONFIG_//g' | grep -niwF -f "$TEST_DIR/kept-words"
}

# Made by overlay.py of the base's files, as scripts/run makes what it builds.
series_same_overlay() {
	local dir=$TEST_DIR/overlay paths
	rm -rf "$dir"
	mkdir -p "$dir/base" "$dir/tree"
	mapfile -t paths < <(series_files "$CHECKOUT" |
		"$CHECKOUT/scripts/lib/overlay.py" list "$CHECKOUT" | sed 's/\.patch$//')
	mapfile -t paths < <(git --git-dir="$SERIES_REPO" ls-tree --name-only "$SERIES_BASE" -- "${paths[@]}")
	git --git-dir="$SERIES_REPO" archive "$SERIES_BASE" -- "${paths[@]}" | tar -x -C "$dir/base"
	series_files "$CHECKOUT" |
		"$CHECKOUT/scripts/lib/overlay.py" apply "$CHECKOUT" "$dir/base" "$dir/tree"
	diff <(sort "$dir/tree/.overlay") \
		<(git -C "$TREE" diff --name-only --no-renames "$SERIES_BASE" HEAD | sort) || return
	(cd "$dir/tree" && find . -type f ! -path './.overlay*' -print0 |
		xargs -0 -I {} cmp {} "$TREE/{}")
}

# Each new file is in an entry of MAINTAINERS other than the one that has everything.
series_covered() {
	local files
	mapfile -t files < <(git -C "$TREE" diff --name-only --no-renames --diff-filter=A \
		"$SERIES_BASE" HEAD)
	# shellcheck disable=SC2016 # expanded inside
	printf '%s\0' "${files[@]}" | series_run xargs -0 -n 1 -P "$JOBS" bash -c '
		scripts/get_maintainer.pl --sections --no-git --no-git-fallback -f "$0" |
			grep -E "^[A-Z].*[a-zA-Z]" | grep -qvE "^[A-Z]:|^THE REST" && exit
		echo "$0 is in no entry of MAINTAINERS"
		exit 1'
}

# series_stable: the newest 7.3.y that there is, a tag of the user's tree or Debian's.
series_stable() {
	local newest refs=("refs/tags/v$BASE_VERSION" "refs/tags/v$BASE_VERSION.*")
	[[ $SERIES_NAME == local-* ]] || refs=('refs/heads/base/*')
	newest=$(git --git-dir="$SERIES_REPO" for-each-ref --sort=-version:refname --count=1 \
		--format='%(refname:short)' "${refs[@]}")
	echo "${newest:-$SERIES_BASE}"
}

# series_rebase NAME: with all series before it, as the one who sends it does.
series_rebase() {
	git -C "$TREE" checkout --quiet --detach "$1/v$SERIES_VERSION"
	git -C "$TREE" "${SERIES_GIT[@]}" rebase --quiet --onto "$(series_stable)" "$SERIES_BASE" && return
	git -C "$TREE" diff --name-only --diff-filter=U
	git -C "$TREE" rebase --abort
	return 1
}

# An address that cannot exist, should this ever send anything.
series_send_email() {
	series_run git -c user.name="$GIT_AUTHOR_NAME" -c user.email="$GIT_AUTHOR_EMAIL" \
		-c sendemail.suppressCc=all -c sendemail.assume8bitEncoding=UTF-8 \
		send-email --dry-run --quiet --confirm=never --to=nobody@example.invalid \
		"$SERIES_OUT/$1"/*.patch
}

# As a maintainer takes them: b4 makes a mailbox for git am of the mails of a list, which
# have identifiers and dates.
series_b4() {
	local dir=$TEST_DIR/b4/$1
	rm -rf "$dir"
	mkdir -p "$dir/mails"
	series_format "$1" "$dir/mails" "${SERIES_FORMAT[@]}" --thread=shallow
	cat "$dir"/mails/*.patch >"$dir/list.mbox"
	series_run b4 --no-interactive --no-stdin --offline-mode am --no-cache \
		--use-local-mbox "$dir/list.mbox" --mbox-name taken --outdir "$dir" || return
	git -C "$TREE" checkout --quiet --detach "$(series_base "$1")"
	git -C "$TREE" "${SERIES_GIT[@]}" am --quiet "$dir/taken.mbx" || return
	series_same_tree "$1"
}
