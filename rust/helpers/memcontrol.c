// SPDX-License-Identifier: GPL-2.0

#include <linux/cgroup.h>
#include <linux/memcontrol.h>

#ifdef CONFIG_MEMCG
__rust_helper bool rust_helper_mem_cgroup_online(struct mem_cgroup *memcg)
{
	return mem_cgroup_online(memcg);
}

__rust_helper u64 rust_helper_mem_cgroup_id(struct mem_cgroup *memcg)
{
	return mem_cgroup_id(memcg);
}

/* There is no such function in C; it spares Rust the layout of the struct. */
__rust_helper int rust_helper_mem_cgroup_path(struct mem_cgroup *memcg,
					      char *buf, size_t buflen)
{
	return cgroup_path(memcg->css.cgroup, buf, buflen);
}

__rust_helper void rust_helper_mem_cgroup_put(struct mem_cgroup *memcg)
{
	mem_cgroup_put(memcg);
}
#endif /* CONFIG_MEMCG */
