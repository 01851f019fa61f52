// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark of the sysfs interface
 *
 * A kernel has the interface in C or the one in Rust.  This suite measures the one
 * that is there through its files, in the kernel, so that what system calls cost is
 * left out, and prints a line for each thing:
 *
 *   benchmark: NAME UNIT NUMBER
 *
 * The number is the shortest of many.  To compare two kernels is for scripts that
 * boot them in turns.
 */

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/mount.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <trace/events/kmem.h>

#define KDAMONDS	"kernel/mm/damon/admin/kdamonds"
#define CONTEXT		KDAMONDS "/0/contexts/0"
#define INTERVALS	CONTEXT "/monitoring_attrs/intervals"
#define TARGET		CONTEXT "/targets/0"
#define SCHEME		CONTEXT "/schemes/0"
#define PATTERN		SCHEME "/access_pattern"
#define REGIONS		SCHEME "/tried_regions"
/* Of another kdamond, where directories come and go */
#define OTHER_CONTEXT	KDAMONDS "/1/contexts/0"

/* Where no memory is, so that looking whether it was accessed takes no time */
#define START		SZ_64T
#define REGION_SIZE	SZ_64K

/* Of an interval, for each region: enough for monitoring to take little of it */
#define INTERVAL_NS	2000

/* Snapshots for 1,000 regions, and a tenth of that for 10,000 */
#define SNAPSHOTS	200
/* The accesses to a file that are measured together, and how often that is done */
#define ACCESSES	512
#define REPEATS		1000

/* The kernel's own mount of sysfs */
static struct vfsmount *sysfs;

static struct file *open_file(const char *path, int flags)
{
	return file_open_root_mnt(sysfs, path, flags, 0);
}

static struct file *must_open(struct kunit *test, const char *path, int flags)
{
	struct file *file = open_file(path, flags);

	if (IS_ERR(file))
		KUNIT_FAIL_AND_ABORT(test, "%s: %pe", path, file);
	return file;
}

/* As close() does: a thread of the kernel would leave the work to somebody else. */
static void close_file(struct file *file)
{
	__fput_sync(file);
}

KUNIT_DEFINE_ACTION_WRAPPER(close_file_action, close_file, struct file *);

static ssize_t read_start(struct file *file, char *buf, size_t size)
{
	loff_t pos = 0;

	return kernel_read(file, buf, size, &pos);
}

static ssize_t write_start(struct file *file, const char *text)
{
	loff_t pos = 0;

	return kernel_write(file, text, strlen(text), &pos);
}

static void put(struct kunit *test, const char *path, const char *text)
{
	struct file *file = must_open(test, path, O_WRONLY);
	ssize_t written = write_start(file, text);

	close_file(file);
	KUNIT_ASSERT_EQ_MSG(test, written, (ssize_t)strlen(text), "%s", path);
}

static void put_number(struct kunit *test, const char *path, unsigned long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", number);
	put(test, path, text);
}

static void command(struct kunit *test, const char *name)
{
	put(test, KDAMONDS "/0/state", name);
}

/* A context with a scheme for all of @nr_regions regions, which do not change */
static void stage(struct kunit *test, unsigned long nr_regions)
{
	put(test, KDAMONDS "/nr_kdamonds", "2");
	put(test, KDAMONDS "/0/contexts/nr_contexts", "1");
	put(test, CONTEXT "/operations", "paddr");
	put_number(test, INTERVALS "/sample_us", nr_regions * INTERVAL_NS / 1000);
	put_number(test, INTERVALS "/aggr_us", nr_regions * INTERVAL_NS / 1000);
	put_number(test, CONTEXT "/monitoring_attrs/nr_regions/max", nr_regions);
	put_number(test, CONTEXT "/monitoring_attrs/nr_regions/min", nr_regions);
	put(test, CONTEXT "/targets/nr_targets", "1");
	put(test, TARGET "/regions/nr_regions", "1");
	put_number(test, TARGET "/regions/0/start", START);
	put_number(test, TARGET "/regions/0/end",
		   START + nr_regions * REGION_SIZE);
	put(test, CONTEXT "/schemes/nr_schemes", "1");
	put_number(test, PATTERN "/sz/max", ULONG_MAX);
	put_number(test, PATTERN "/nr_accesses/max", UINT_MAX);
	put_number(test, PATTERN "/age/max", UINT_MAX);
}

static void print(struct kunit *test, const char *name, const char *unit,
		  u64 number)
{
	kunit_info(test, "benchmark: %s %s %llu", name, unit, number);
}

static void print_of(struct kunit *test, const char *what, const char *of,
		     const char *unit, u64 number)
{
	char name[48];

	snprintf(name, sizeof(name), "%s-%s", what, of);
	print(test, name, unit, number);
}

/* Read all files of all regions as a program does. */
static void read_regions(struct kunit *test, unsigned long nr_regions)
{
	static const char *const names[] = {
		"start", "end", "nr_accesses", "age", "sz_filter_passed",
	};
	char path[sizeof(REGIONS) + 48], text[32];
	struct file *file;
	unsigned long i;
	ssize_t length;
	int j;

	for (i = 0; i < nr_regions; i++) {
		for (j = 0; j < ARRAY_SIZE(names); j++) {
			snprintf(path, sizeof(path), REGIONS "/%lu/%s", i,
				 names[j]);
			file = must_open(test, path, O_RDONLY);
			length = read_start(file, text, sizeof(text));
			close_file(file);
			if (length <= 0)
				KUNIT_FAIL_AND_ABORT(test, "%s: %zd", path, length);
		}
	}
	/* There is none beyond those. */
	snprintf(path, sizeof(path), REGIONS "/%lu", nr_regions);
	file = open_file(path, O_RDONLY);
	KUNIT_ASSERT_TRUE(test, IS_ERR(file));
}

/* The bytes of all that is allocated, less of what is freed, from now on */
static atomic_long_t allocated;

static void count_alloc(void *data, unsigned long call_site, const void *ptr,
			struct kmem_cache *s, gfp_t flags, int node)
{
	atomic_long_add(ptr ? kmem_cache_size(s) : 0, &allocated);
}

/* What has no slab is traced twice. */
static const void *traced_large;

static void count_kmalloc(void *data, unsigned long call_site, const void *ptr,
			  size_t requested, size_t bytes, gfp_t flags, int node)
{
	if (ptr && bytes > KMALLOC_MAX_CACHE_SIZE) {
		if (xchg(&traced_large, ptr) == ptr)
			return;
	}
	atomic_long_add(ptr ? bytes : 0, &allocated);
}

static void count_free(void *data, unsigned long call_site, const void *ptr,
		       const struct kmem_cache *s)
{
	atomic_long_sub(kmem_cache_size((struct kmem_cache *)s), &allocated);
}

static void count_kfree(void *data, unsigned long call_site, const void *ptr)
{
	if (ptr == READ_ONCE(traced_large))
		WRITE_ONCE(traced_large, NULL);
	atomic_long_sub(ksize(ptr), &allocated);
}

static void start_counting(struct kunit *test)
{
	/* What was removed before is freed now. */
	rcu_barrier();
	atomic_long_set(&allocated, 0);
	KUNIT_ASSERT_EQ(test, register_trace_kmem_cache_alloc(count_alloc, NULL), 0);
	KUNIT_ASSERT_EQ(test, register_trace_kmalloc(count_kmalloc, NULL), 0);
	KUNIT_ASSERT_EQ(test, register_trace_kmem_cache_free(count_free, NULL), 0);
	KUNIT_ASSERT_EQ(test, register_trace_kfree(count_kfree, NULL), 0);
}

static long stop_counting(void)
{
	unregister_trace_kmem_cache_alloc(count_alloc, NULL);
	unregister_trace_kmalloc(count_kmalloc, NULL);
	unregister_trace_kmem_cache_free(count_free, NULL);
	unregister_trace_kfree(count_kfree, NULL);
	tracepoint_synchronize_unregister();
	return atomic_long_read(&allocated);
}

static u64 update_regions(struct kunit *test)
{
	u64 begin = ktime_get_ns();

	command(test, "update_schemes_tried_regions");
	return ktime_get_ns() - begin;
}

static void measure_regions(struct kunit *test, unsigned long nr_regions)
{
	u64 first = U64_MAX, update = U64_MAX, read = U64_MAX, least = U64_MAX;
	u64 ns, both;
	unsigned long i, nr_snapshots = SNAPSHOTS * 1000 / nr_regions;
	unsigned long interval_us = nr_regions * INTERVAL_NS / 1000;
	long bytes;
	char of[16];

	stage(test, nr_regions);
	command(test, "on");
	start_counting(test);
	update_regions(test);
	bytes = stop_counting();
	/*
	 * An update waits for the end of an interval, so begin at all times of it:
	 * the shortest did not wait.  First without what earlier ones have made.
	 */
	for (i = 0; i < nr_snapshots; i++) {
		command(test, "clear_schemes_tried_regions");
		fsleep(interval_us * i / nr_snapshots);
		first = min(first, update_regions(test));
	}
	for (i = 0; i < nr_snapshots; i++) {
		fsleep(interval_us * i / nr_snapshots);
		update = min(update, update_regions(test));
	}
	read_regions(test, nr_regions);
	for (i = 0; i < nr_snapshots; i++) {
		fsleep(interval_us * i / nr_snapshots);
		both = update_regions(test);
		ns = ktime_get_ns();
		read_regions(test, nr_regions);
		ns = ktime_get_ns() - ns;
		read = min(read, ns);
		least = min(least, both + ns);
	}
	command(test, "off");
	put(test, KDAMONDS "/nr_kdamonds", "0");

	snprintf(of, sizeof(of), "%lu", nr_regions);
	print_of(test, "first-update", of, "ns/region", div64_ul(first, nr_regions));
	print_of(test, "update", of, "ns/region", div64_ul(update, nr_regions));
	print_of(test, "read", of, "ns/region", div64_ul(read, nr_regions));
	print_of(test, "update-and-read", of, "ns/region",
		 div64_ul(least, nr_regions));
	print_of(test, "memory", of, "bytes/region", bytes / (long)nr_regions);
}

static void sysfs_benchmark_1000_regions(struct kunit *test)
{
	measure_regions(test, 1000);
}

static void sysfs_benchmark_10000_regions(struct kunit *test)
{
	measure_regions(test, 10000);
}

/* A file that is read, and is written if there is something to write. */
struct attribute_case {
	const char *name;
	const char *path;
	const char *input;
};

static const struct attribute_case attribute_cases[] = {
	{ "ulong", INTERVALS "/update_us", "60000000" },
	{ "int", SCHEME "/target_nid", "-1" },
	{ "bool", CONTEXT "/pause", "N" },
	{ "keyword", SCHEME "/action", "stat" },
	{ "last-keyword", CONTEXT "/operations", "paddr" },
	{ "path", SCHEME "/quotas/goals/0/path", "/system.slice/a.service" },
	{ "list", CONTEXT "/avail_operations", NULL },
	{ "stat", SCHEME "/stats/nr_tried", NULL },
	{ "state", KDAMONDS "/0/state", NULL },
	{ "nr-targets", OTHER_CONTEXT "/targets/nr_targets", "1" },
	{ "nr-schemes", OTHER_CONTEXT "/schemes/nr_schemes", "1" },
};

/* Something that is done to a file */
struct access {
	const struct attribute_case *c;
	bool write;
	int nr;
	struct file *file;
	/* The shortest time that @nr of them have taken */
	u64 ns;
};

static void new_access(struct kunit *test, struct access *a,
		       const struct attribute_case *c, bool write)
{
	a->c = c;
	a->write = write;
	a->nr = write && strstarts(c->name, "nr-") ? ACCESSES / 16 : ACCESSES;
	a->file = must_open(test, c->path, write ? O_WRONLY : O_RDONLY);
	a->ns = U64_MAX;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, close_file_action,
							a->file), 0);
}

static void measure_access(struct kunit *test, struct access *a)
{
	ssize_t result = 1;
	char buf[256];
	u64 begin;
	int i;

	begin = ktime_get_ns();
	for (i = 0; i < a->nr && result > 0; i++)
		result = a->write ? write_start(a->file, a->c->input) :
				    read_start(a->file, buf, sizeof(buf));
	a->ns = min(a->ns, ktime_get_ns() - begin);
	KUNIT_ASSERT_GT_MSG(test, result, 0, "%s", a->c->path);
}

/*
 * All in turns, so that what slows the processor down for a while slows all of them
 * down.
 */
static void sysfs_benchmark_attributes(struct kunit *test)
{
	struct access accesses[2 * ARRAY_SIZE(attribute_cases)], *a;
	const struct attribute_case *c;
	int nr = 0, i;

	stage(test, 10);
	put(test, SCHEME "/quotas/goals/nr_goals", "1");
	put(test, KDAMONDS "/1/contexts/nr_contexts", "1");
	for (c = attribute_cases; c < ARRAY_END(attribute_cases); c++) {
		if (c->input)
			new_access(test, &accesses[nr++], c, true);
		new_access(test, &accesses[nr++], c, false);
	}
	for (i = 0; i < REPEATS; i++) {
		for (a = accesses; a < accesses + nr; a++)
			measure_access(test, a);
		cond_resched();
	}
	for (a = accesses; a < accesses + nr; a++)
		print_of(test, a->write ? "write" : "read", a->c->name, "ps",
			 div_u64(a->ns * 1000, a->nr));
	put(test, KDAMONDS "/nr_kdamonds", "0");
}

static int sysfs_benchmark_init(struct kunit_suite *suite)
{
	struct file_system_type *type = get_fs_type("sysfs");

	if (!type)
		return -ENODEV;
	sysfs = kern_mount(type);
	put_filesystem(type);
	return PTR_ERR_OR_ZERO(sysfs);
}

static void sysfs_benchmark_exit(struct kunit_suite *suite)
{
	if (!IS_ERR_OR_NULL(sysfs))
		kern_unmount(sysfs);
}

/* What a case that has failed has left */
static void sysfs_benchmark_case_exit(struct kunit *test)
{
	struct file *file = open_file(KDAMONDS "/0/state", O_WRONLY);

	if (!IS_ERR(file)) {
		write_start(file, "off");
		close_file(file);
	}
	file = open_file(KDAMONDS "/nr_kdamonds", O_WRONLY);
	if (!IS_ERR(file)) {
		write_start(file, "0");
		close_file(file);
	}
}

static struct kunit_case sysfs_benchmark_cases[] = {
	KUNIT_CASE_SLOW(sysfs_benchmark_1000_regions),
	KUNIT_CASE_SLOW(sysfs_benchmark_10000_regions),
	KUNIT_CASE_SLOW(sysfs_benchmark_attributes),
	{},
};

static struct kunit_suite sysfs_benchmark_suite = {
	.name = "damon-sysfs-benchmark",
	.suite_init = sysfs_benchmark_init,
	.suite_exit = sysfs_benchmark_exit,
	.exit = sysfs_benchmark_case_exit,
	.test_cases = sysfs_benchmark_cases,
};

kunit_test_suite(sysfs_benchmark_suite);
