// SPDX-License-Identifier: GPL-2.0
/*
 * A program to monitor, whose hot memory moves.
 *
 *	workload MIB BANDS MS
 *
 * maps MIB MiB of memory, writes all of it once, divides it into BANDS equal
 * bands, and from then on writes to every page of one band again and again,
 * MS milliseconds each band, round and round until it is killed.
 *
 * Standard output says which band is hot from when on, one line each:
 *
 *	<CLOCK_MONOTONIC in ns> <start address> <end address>
 *
 * in decimal, with the addresses of the map itself in a first line, so that
 * what a monitor reports can be compared with what happened.
 *
 * After each round over the band it gives some other memory back, as programs
 * do that allocate and free.  That flushes the TLB.  While a translation stays
 * in the TLB the CPU does not set the accessed bit in the page table again,
 * and DAMON does not see the access: a TLB that holds all of the band, as the
 * one that QEMU emulates can, would make the hottest memory look idle.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void say(uint64_t t, const char *start, const char *end)
{
	printf("%llu %llu %llu\n", (unsigned long long)t,
	       (unsigned long long)(uintptr_t)start,
	       (unsigned long long)(uintptr_t)end);
	if (fflush(stdout))
		exit(1);
}

/* More pages than the kernel flushes one by one (tlb_single_page_flush_ceiling) */
#define SCRATCH_PAGES 64

static void touch(volatile char *start, volatile char *end, size_t page)
{
	for (; start < end; start += page)
		*start = 1;
}

int main(int argc, char *argv[])
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t bands, band_sz, sz;
	uint64_t ms;
	char *map, *scratch;

	if (argc != 4) {
		fprintf(stderr, "usage: %s MIB BANDS MS\n", argv[0]);
		return 2;
	}
	bands = strtoul(argv[2], NULL, 0);
	ms = strtoull(argv[3], NULL, 0);
	band_sz = bands ? (strtoul(argv[1], NULL, 0) << 20) / bands : 0;
	band_sz -= band_sz % page;
	sz = band_sz * bands;
	if (!sz || !ms) {
		fprintf(stderr, "%s: there is nothing to do\n", argv[0]);
		return 2;
	}

	map = mmap(NULL, sz, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	scratch = mmap(NULL, SCRATCH_PAGES * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || scratch == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	touch(map, map + sz, page);
	say(now_ns(), map, map + sz);

	for (size_t band = 0;; band = (band + 1) % bands) {
		char *start = map + band * band_sz;
		uint64_t begin = now_ns();

		say(begin, start, start + band_sz);
		while (now_ns() < begin + ms * 1000000) {
			touch(start, start + band_sz, page);
			touch(scratch, scratch + SCRATCH_PAGES * page, page);
			madvise(scratch, SCRATCH_PAGES * page, MADV_DONTNEED);
		}
	}
}
