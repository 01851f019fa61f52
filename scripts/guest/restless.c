// SPDX-License-Identifier: GPL-2.0
/*
 * A program to monitor, whose memory does not stay as it is for a moment.
 *
 *	restless THREADS SEED
 *
 * has that many threads in 64 MiB of address space, from START on, each of which does
 * one thing after the other, at random places, until the program is killed: it reads
 * and writes, maps, unmaps, moves and protects memory, gives it back, has it swapped,
 * merged and made into huge pages, forks children that do a little of that and exit,
 * and exits, when another thread begins. The first thread has exited by then.
 *
 * What the kernel does not have fails, and does not matter. What was done is counted;
 * a line on standard output says so once a second, with a number for each of
 * the names that are in the first line.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define START ((char *)(1UL << 36))
#define SIZE (64UL << 20)
#define MAX_SPAN (4UL << 20)
/* Things that a thread or child does before it exits */
#define LIFE 100
#define CHILD_LIFE 20

enum { TOUCH, MAP, UNMAP, MOVE, PROTECT, ADVISE, FORK, THREAD, NR_THINGS };
static const char *const names[NR_THINGS] = {
	"touch", "map", "unmap", "mremap", "mprotect", "madvise", "fork", "exit",
};
static atomic_ulong done[NR_THINGS];
static atomic_ulong faults;

static __thread sigjmp_buf fault;
static __thread uint64_t state;
static size_t page;

/* xorshift64* */
static unsigned long below(unsigned long limit)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 0x2545f4914f6cdd1dULL >> 16) % limit;
}

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(fault, 1);
}

static __attribute__((noinline)) void touch_all(volatile char *start, size_t size,
						int write)
{
	volatile char *at;

	for (at = start; at < start + size; at += page) {
		if (write)
			*at = 1;
		else
			(void)*at;
	}
}

static void touch(char *start, size_t size, int write)
{
	if (sigsetjmp(fault, 1))
		atomic_fetch_add(&faults, 1);
	else
		touch_all(start, size, write);
}

static int advise(char *start, size_t size)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_FREE, MADV_COLD, MADV_PAGEOUT, MADV_HUGEPAGE,
		MADV_NOHUGEPAGE, MADV_COLLAPSE, MADV_MERGEABLE, MADV_UNMERGEABLE,
		MADV_POPULATE_READ, MADV_POPULATE_WRITE,
	};

	return madvise(start, size,
		       advices[below(sizeof(advices) / sizeof(*advices))]);
}

static int map(char *start, size_t size)
{
	int flags = below(4) ? MAP_PRIVATE : MAP_SHARED;

	if (!below(4))
		flags |= MAP_POPULATE;
	if (!below(8))
		flags |= MAP_HUGETLB;
	return mmap(start, size, PROT_READ | (below(4) ? PROT_WRITE : 0),
		    flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED;
}

static int move(char *start, size_t size)
{
	char *to = START + below(SIZE / page) * page;

	if (to + size > START + SIZE)
		size = START + SIZE - to;
	return mremap(start, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED;
}

static int protect(char *start, size_t size)
{
	static const int protections[] = {
		PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
	};

	return mprotect(start, size, protections[below(3)]);
}

static void things(int nr, int forks);

static int do_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (!pid) {
		things(CHILD_LIFE, 0);
		_exit(0);
	}
	return waitpid(pid, NULL, 0) != pid;
}

static int thing(int what, char *start, size_t size)
{
	switch (what) {
	case MAP:
		return map(start, size);
	case UNMAP:
		return munmap(start, size);
	case MOVE:
		return move(start, size);
	case PROTECT:
		return protect(start, size);
	case ADVISE:
		return advise(start, size);
	case FORK:
		return do_fork();
	default:
		touch(start, size, below(2));
		return 0;
	}
}

static void things(int nr, int forks)
{
	while (nr--) {
		/* More of what there has to be for the rest to mean something. */
		static const int choice[] = {
			TOUCH, TOUCH, TOUCH, TOUCH, MAP, MAP, MAP, UNMAP, MOVE, PROTECT,
			ADVISE, ADVISE,
		};
		int what = choice[below(sizeof(choice) / sizeof(*choice))];
		size_t size = (1 + below(MAX_SPAN / page)) * page;
		char *start = START + below(SIZE / page) * page;

		if (!below(4))
			start = (char *)((uintptr_t)start & ~((2UL << 20) - 1));
		if (start + size > START + SIZE)
			size = START + SIZE - start;
		if (forks && !below(100))
			what = FORK;
		if (!thing(what, start, size))
			atomic_fetch_add(&done[what], 1);
	}
}

static void *thread(void *seed)
{
	pthread_t next;

	state = (uintptr_t)seed | 1;
	things(LIFE, 1);
	/* Its successor is there before it has gone. */
	while (pthread_create(&next, NULL, thread, (void *)(uintptr_t)(state | 1)))
		usleep(1000);
	pthread_detach(next);
	atomic_fetch_add(&done[THREAD], 1);
	return NULL;
}

static void *report(void *unused)
{
	int i;

	for (;;) {
		sleep(1);
		for (i = 0; i < NR_THINGS; i++)
			printf("%lu ", atomic_load(&done[i]));
		printf("%lu\n", atomic_load(&faults));
		if (fflush(stdout))
			_exit(1);
	}
	return unused;
}

int main(int argc, char *argv[])
{
	struct sigaction action = { .sa_handler = on_fault };
	unsigned long nr, i;
	pthread_t id;

	if (argc != 3) {
		fprintf(stderr, "usage: %s THREADS SEED\n", argv[0]);
		return 2;
	}
	page = sysconf(_SC_PAGESIZE);
	nr = strtoul(argv[1], NULL, 0);
	state = strtoul(argv[2], NULL, 0) * 2 + 1;
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	for (i = 0; i < NR_THINGS; i++)
		printf("%s ", names[i]);
	printf("fault\n");
	if (fflush(stdout) || pthread_create(&id, NULL, report, NULL))
		return 1;
	for (i = 0; i < nr; i++) {
		below(2);
		if (pthread_create(&id, NULL, thread, (void *)(uintptr_t)state))
			return 1;
		pthread_detach(id);
	}
	/* The process goes on without its first thread. */
	pthread_exit(NULL);
}
