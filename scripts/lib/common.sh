# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every command of scripts/ shares: where things lie, how it reports,
# how it waits and how it ends. Sourced, never run.

CHECKOUT=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd -P)
CACHE=${DAMON_RUST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/damon-rust}
JOBS=$(nproc)

# A command line that was not understood, as opposed to one that failed.
EXIT_USAGE=2

# Progress goes to what was standard error at the start, also from inside a
# step or a test suite, whose own output is collected.
exec {PROGRESS}>&2

say() { printf '%s\n' "$*" >&"$PROGRESS"; }

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

die_usage() {
	printf '%s: %s (see %s --help)\n' "${0##*/}" "$*" "${0##*/}" >&2
	exit "$EXIT_USAGE"
}

# usage: prints the comment block at the head of the running script.
usage() {
	sed -n '/^#:/s/^#: \{0,1\}//p' "$0"
}

# need TOOL PACKAGE: fails unless TOOL can be run here.
need() {
	command -v "$1" >/dev/null || die "$1 is missing: install the package $2"
}

cache_init() {
	mkdir -p "$CACHE"/{src,tree,build,log,runs,ccache} 2>/dev/null ||
		die "cannot create the cache $CACHE (DAMON_RUST_CACHE moves it)"
	CACHE=$(cd -- "$CACHE" && pwd -P)
	[[ $CACHE != *[[:space:]:]* ]] ||
		die "the cache path '$CACHE' has a blank or a colon in it, which make cannot take"
}

# hold_lock NAME [--shared]: takes the lock of one object of the cache until this
# (sub)shell and its children end, or LOCK is closed; says so when it has to wait.
hold_lock() {
	mkdir -p "$CACHE/lock"
	exec {LOCK}>"$CACHE/lock/$1"
	flock ${2:+"$2"} --nonblock "$LOCK" && return
	say "... waiting for another run that uses the $1"
	flock ${2:+"$2"} "$LOCK"
}

# need_space GIB: fails early where a build would run out of disk later.
need_space() {
	local free
	free=$(df --output=avail -k "$CACHE" | tail -n 1)
	((free >= $1 * 1024 * 1024)) ||
		die "$CACHE has $((free / 1024 / 1024)) GiB free and this needs $1 (DAMON_RUST_CACHE moves it)"
}

elapsed() { printf '%d s' "$((SECONDS - $1))"; }

# Jobs: everything long runs as a background job of its own process group, so
# that a signal reaches us at once and ending the group ends all of it. A job
# started from within a job belongs to the group of the outer one.
RUNNING=()
IN_JOB=

# spawn CMD...: starts CMD as a job and leaves its process id in SPAWNED.
spawn() {
	[[ -n $IN_JOB ]] || set -m
	(
		set +m -e
		# shellcheck disable=SC2030,SC2031 # is to hold for this job
		IN_JOB=y
		"$@"
	) </dev/null &
	SPAWNED=$!
	# shellcheck disable=SC2031
	[[ -n $IN_JOB ]] || { set +m && RUNNING+=("$SPAWNED"); }
}

# end_jobs: asks the jobs that still run to end, and makes them after 10 s.
end_jobs() {
	local pid timer
	for pid in "${RUNNING[@]}"; do
		kill -TERM -- "-$pid" 2>/dev/null || continue # has ended
		sleep 10 &
		timer=$!
		wait -n "$pid" "$timer" || true # the status of a job we end says nothing
		kill -KILL -- "-$pid" 2>/dev/null || true # ended when asked
		kill "$timer" 2>/dev/null || true # the time-out came
	done
}

# on_exit_end_jobs: for the top of a command.
on_exit_end_jobs() {
	trap end_jobs EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# step TITLE LOG CMD...: runs CMD with its output in LOG. Says when it starts,
# twice a minute while it runs, and when it ends; shows the end of LOG if it fails.
step() {
	local title=$1 log=$2 start=$SECONDS pid timer ended='' status=0
	shift 2
	mkdir -p "${log%/*}"
	say "... $title"
	spawn "$@" >"$log" 2>&1
	pid=$SPAWNED
	while [[ $ended != "$pid" ]]; do
		sleep 30 &
		timer=$!
		status=0
		wait -n -p ended "$pid" "$timer" || status=$?
		[[ $ended == "$pid" ]] && break
		say "    $(elapsed "$start"): $(tail -n 1 "$log" | cut -c 1-100)"
	done
	kill "$timer"
	if [[ $status -ne 0 ]]; then
		if grep -q 'No space left on device' "$log"; then
			die "$title failed: the disk is full; all of its output: $log"
		elif grep -qE 'Temporary failure resolving|Could not connect|Connection (timed out|refused)' "$log"; then
			die "$title failed: the network was not reached; all of its output: $log"
		fi
		tail -n 100 "$log" >&2
		die "$title failed (status $status); all of its output: $log"
	fi
	say "    $title: $(elapsed "$start")"
}
