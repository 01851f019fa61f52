// SPDX-License-Identifier: GPL-2.0

#include <linux/module.h>

__rust_helper struct module *rust_helper___module_text_address(unsigned long addr)
{
	return __module_text_address(addr);
}

__rust_helper bool rust_helper_try_module_get(struct module *module)
{
	return try_module_get(module);
}

__rust_helper void rust_helper_module_put(struct module *module)
{
	module_put(module);
}

/* There is no such function in C.  Returns whether a module, if it is one, has been initialized. */
__rust_helper bool rust_helper_module_has_come(struct module *module)
{
#ifdef CONFIG_MODULES
	return !module || READ_ONCE(module->state) == MODULE_STATE_LIVE;
#else
	return true;
#endif
}

__rust_helper int rust_helper_register_module_notifier(struct notifier_block *nb)
{
	return register_module_notifier(nb);
}

__rust_helper int rust_helper_unregister_module_notifier(struct notifier_block *nb)
{
	return unregister_module_notifier(nb);
}
