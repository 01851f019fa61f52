# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Making the branch and the mails of the series.

series_need() {
	need git git
	need patch patch
	need python3 python3
	python3 -c 'import tomllib' 2>/dev/null || die "python3 is older than 3.11, which has tomllib"
}

# What git does here must not depend on the user's settings, and must not leave a process
# behind that tidies up.
SERIES_GIT=(-c core.hooksPath=/dev/null -c commit.gpgSign=false -c gc.auto=0 -c maintenance.auto=false)

series_files() {
	git -C "$1" ls-files -z --cached --others --exclude-standard
}

series_list() {
	series_files "$CHECKOUT" | "$CHECKOUT/scripts/lib/series.py" list "$CHECKOUT" "$@"
}

# series_names [WORD]: the names of the series, in their order; or of those that are sent,
# or of those that are kept.
series_names() {
	"$CHECKOUT/scripts/lib/series.py" names "$CHECKOUT" | sed -n "s/ ${1:-.*}\$//p"
}

# series_newest: the number of the newest version.
series_newest() {
	sed -n 's/^number = //p' "$CHECKOUT/scripts/manifest/versions.toml" | tail -n 1
}

# The commits are made by who runs this, if git knows who that is, and else by who made
# the newest commit of the checkout; and with that commit's date, so that the same
# checkout gives the same commits.
series_ident() {
	local name mail date
	name=$(git -C "$CHECKOUT" config user.name || git -C "$CHECKOUT" log -1 --format=%an)
	mail=$(git -C "$CHECKOUT" config user.email || git -C "$CHECKOUT" log -1 --format=%ae)
	date=$(git -C "$CHECKOUT" log -1 --format=%cI)
	export GIT_AUTHOR_NAME=$name GIT_AUTHOR_EMAIL=$mail GIT_AUTHOR_DATE=$date
	export GIT_COMMITTER_NAME=$name GIT_COMMITTER_EMAIL=$mail GIT_COMMITTER_DATE=$date
}

# series_use_kernel DIR REV: sets SERIES_REPO and SERIES_BASE to a tree of the user's.
series_use_kernel() {
	[[ -d $1 ]] || die "there is no directory $1"
	SERIES_REPO=$(cd -- "$1" && git rev-parse --path-format=absolute --git-common-dir 2>/dev/null) ||
		die "$1 is not a git checkout"
	SERIES_BASE=$(git -C "$1" rev-parse --verify --quiet "$2^{commit}") ||
		die "$1 has no commit $2"
	git -C "$1" cat-file -e "$SERIES_BASE:mm/damon/Kconfig" 2>/dev/null ||
		die "$2 of $1 is not a Linux kernel with DAMON"
	SERIES_NAME=local-$(sha256sum <<<"$SERIES_REPO" | cut -c 1-8)
	# What the checks bring into the root.
	SERIES_BINDS=(--bind "ro:$SERIES_REPO")
}

# series_use_source: the same for a repository of our own that has just SOURCE.
series_use_source() {
	SERIES_REPO=$CACHE/series/git
	SERIES_NAME=$SOURCE_NAME
	SERIES_BINDS=()
	SERIES_BASE=$(git --git-dir="$SERIES_REPO" rev-parse --verify --quiet "base/$SOURCE_NAME" 2>/dev/null || true)
	[[ -n $SERIES_BASE ]] && return
	need_space 4
	step "making a git repository of $SOURCE_NAME (2 min)" "$CACHE/log/series-source.log" series_import
	SERIES_BASE=$(git --git-dir="$SERIES_REPO" rev-parse "base/$SOURCE_NAME")
}

series_import() {
	local tree commit version
	[[ -d $SERIES_REPO ]] || git init --quiet --bare "$SERIES_REPO"
	# It has work trees, and checkpatch.pl runs what asks for one.
	git --git-dir="$SERIES_REPO" config core.bare false
	series_ident
	# The same commit for the same source.
	GIT_AUTHOR_DATE=@$(stat -c %Y "$SOURCE/Makefile")
	GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
	export GIT_DIR=$SERIES_REPO GIT_INDEX_FILE=$SERIES_REPO/import.index
	rm -f "$GIT_INDEX_FILE"
	git -c core.bare=false -c core.autocrlf=false -c core.compression=1 -c gc.auto=0 \
		--work-tree="$SOURCE" add --all --force "$SOURCE"
	tree=$(git write-tree)
	rm -f "$GIT_INDEX_FILE"
	version=$(kernel_name "$SOURCE")
	commit=$(git commit-tree -m "$version ($SOURCE_PACKAGE $SOURCE_NAME)" "$tree")
	git update-ref "refs/heads/base/$SOURCE_NAME" "$commit"
}

# series_show PATH: a file of the base.
series_show() { git --git-dir="$SERIES_REPO" show "$SERIES_BASE:$1"; }

# series_version: the version of the base; says so if it is not what the series is for.
series_version() {
	local version
	version=$(series_show Makefile | sed -n 's/^\(VERSION\|PATCHLEVEL\) = //p' | paste -sd.)
	[[ $version == "$BASE_VERSION" ]] ||
		say "    the base is Linux $version, and the series is for $BASE_VERSION"
}

# series_branches CHECKOUT VERSION: makes the branches NAME/vVERSION of what the checkout
# says. A branch that has the user's own work is not replaced.
series_branches() {
	local name now branch branches
	mapfile -t branches < <("$CHECKOUT/scripts/lib/series.py" names "$1" | sed "s| .*|/v$2|")
	for branch in "${branches[@]}"; do
		now=$(git --git-dir="$SERIES_REPO" rev-parse --verify --quiet "refs/heads/$branch" || true)
		if [[ -n $now && $now != $(git --git-dir="$SERIES_REPO" rev-parse --verify --quiet \
			"refs/damon-rust/$branch") ]]; then
			die "the branch $branch is not as it was made: rename it with git branch -m $branch NEW"
		fi
		! git --git-dir="$SERIES_REPO" worktree list --porcelain |
			grep -qx "branch refs/heads/$branch" ||
			die "the branch $branch is checked out: check out another one"
	done
	series_files "$1" | "$CHECKOUT/scripts/lib/series.py" branch \
		"$1" "$SERIES_REPO" "$SERIES_BASE" "$2" || die "the branches were not made"
	for branch in "${branches[@]}"; do
		git --git-dir="$SERIES_REPO" update-ref "refs/damon-rust/$branch" "refs/heads/$branch"
	done
}

# series_make VERSION OUT [NAME]: the branches, and in OUT a directory with the mails of
# each series that is sent, or of series NAME. Sets SERIES_OUT and SERIES_VERSION.
series_make() {
	local name
	SERIES_OUT=${2:-$CACHE/series/$SERIES_NAME-v$1}
	SERIES_VERSION=$1
	series_ident
	series_version
	series_branches "$CHECKOUT" "$1"
	(($1 == 1)) || SERIES_FORMAT+=(--reroll-count="$1")
	mkdir -p "$SERIES_OUT"
	SERIES_OUT=$(cd -- "$SERIES_OUT" && pwd -P)
	for name in ${3:-$(series_names sent)}; do
		rm -f "$SERIES_OUT/$name"/*.patch
		series_format "$name" "$SERIES_OUT/$name" "${SERIES_FORMAT[@]}" ||
			die "git format-patch failed"
		say "    $(series_sizes "$name")"
		say "        the branch: $name/v$1 in $SERIES_REPO"
		say "        the mails:  $SERIES_OUT/$name"
	done
}

# series_sizes NAME: how many patches the series has, and how many lines of mail they are.
series_sizes() {
	local patch
	for patch in "$SERIES_OUT/$1"/*.patch; do
		[[ $patch == *0000-cover-letter.patch ]] || wc -l <"$patch"
	done | sort -n | awk -v name="$1" '{ line[NR] = $1; all += $1 } END {
		print name ": " NR " patches, " all " lines, the largest " line[NR] \
			", the median " line[int((NR + 1) / 2)] }'
}

# series_has BRANCH
series_has() { git --git-dir="$SERIES_REPO" rev-parse --verify --quiet "refs/heads/$1" >/dev/null; }

# series_base NAME [VERSION]: what the series begins with: the end of the one before it.
series_base() {
	local name before=$SERIES_BASE
	for name in $(series_names); do
		[[ $name != "$1" ]] || break
		name+=/v${2:-$SERIES_VERSION}
		! series_has "$name" || before=$name
	done
	git --git-dir="$SERIES_REPO" rev-parse "$before"
}

# series_format NAME DIR [ARG...]: the mails. The text of the cover letter goes through
# the description of the branch, which all versions of git know. If the branch of the
# version before is still there, git makes the range-diff.
series_format() {
	local letter base from branch=$1/v$SERIES_VERSION before=$((SERIES_VERSION - 1))
	from=$(series_base "$1")
	base=$(git --git-dir="$SERIES_REPO" log -1 --format='%h ("%s")' "$SERIES_BASE")
	letter=$("$CHECKOUT/scripts/lib/letter.py" "$CHECKOUT" "$1" "$CACHE/record" \
		"$(overlay_content)" "$base" "$SERIES_VERSION" "$SERIES_REPO" "$from..$branch")
	! series_has "$1/v$before" ||
		set -- "$@" --range-diff="$(series_base "$1" "$before")..$1/v$before"
	git --git-dir="$SERIES_REPO" -c "branch.$branch.description=$letter" \
		-c diff.noprefix=false -c diff.mnemonicPrefix=false format-patch --quiet \
		--cover-letter --cover-from-description=subject --stat=75 --base="$SERIES_BASE" \
		"${@:3}" --output-directory "$2" "$from..$branch"
}
