// SPDX-License-Identifier: GPL-2.0
/*
 * Merging pages when a test wants it
 *
 * The kernel has no functions for that, but files, which are there without any program.
 */

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kstrtox.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include "ksm-control.h"

/* One gets to know of pages, one sees which of these do not change, one is to spare. */
#define SCANS	3

static struct file *open_file(struct vfsmount *sysfs, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "kernel/mm/ksm/%s", name);
	return file_open_root_mnt(sysfs, path, flags, 0);
}

static int write_file(struct vfsmount *sysfs, const char *name, const char *value)
{
	struct file *file = open_file(sysfs, name, O_WRONLY);
	loff_t pos = 0;
	ssize_t done;

	if (IS_ERR(file))
		return PTR_ERR(file);
	done = kernel_write(file, value, strlen(value), &pos);
	fput(file);
	return done < 0 ? done : 0;
}

static int read_file(struct vfsmount *sysfs, const char *name, unsigned long *value)
{
	struct file *file = open_file(sysfs, name, O_RDONLY);
	char text[32] = {};
	loff_t pos = 0;
	ssize_t done;

	if (IS_ERR(file))
		return PTR_ERR(file);
	done = kernel_read(file, text, sizeof(text) - 1, &pos);
	fput(file);
	return done < 0 ? done : kstrtoul(text, 10, value);
}

static int scan(struct vfsmount *sysfs)
{
	unsigned long end = jiffies + 60 * HZ, first, scans;
	int err;

	err = read_file(sysfs, "full_scans", &first);
	if (!err)
		err = write_file(sysfs, "run", "1");
	/* Nobody is told that a scan has ended. */
	for (scans = first; !err && scans < first + SCANS;) {
		schedule_timeout_idle(1);
		err = read_file(sysfs, "full_scans", &scans);
		if (!err && time_after(jiffies, end))
			err = -ETIMEDOUT;
	}
	/* It waits for the scan that is in progress. */
	return write_file(sysfs, "run", "0") ?: err;
}

int ksm_scan_all(void)
{
	static const char *const settings[][2] = {
		/* A scan is not interrupted, and leaves nothing out. */
		{ "sleep_millisecs", "0" },
		{ "pages_to_scan", "10000000" },
		{ "smart_scan", "0" },
		/* Which page of several is shared is not for chance to decide. */
		{ "max_page_sharing", "1000000" },
	};
	struct file_system_type *type = get_fs_type("sysfs");
	struct vfsmount *sysfs;
	int err = 0, i;

	if (!type)
		return -ENODEV;
	sysfs = kern_mount(type);
	put_filesystem(type);
	if (IS_ERR(sysfs))
		return PTR_ERR(sysfs);
	for (i = 0; !err && i < ARRAY_SIZE(settings); i++)
		err = write_file(sysfs, settings[i][0], settings[i][1]);
	if (!err)
		err = scan(sysfs);
	kern_unmount(sysfs);
	return err;
}
