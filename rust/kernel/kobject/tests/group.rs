// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of groups of files.

use super::node::Node;
use crate::{
    device::{
        Bound,
        Device, //
    },
    faux,
    kobject::{
        kernel_kobj,
        mm_kobj,
        sysfs_group,
        Group,
        Kobject,
        NoValue,
        Output,
        Permanent,
        Value, //
    },
    prelude::*,
    sync::aref::ARef, //
};

/// In a directory of its own.
#[sysfs_group(name = "rust_kunit_lamp", args = u32)]
struct Lamp {
    /// How bright it is.
    #[attr(rw, init = |args| Value::new(*args))]
    brightness: Value<u32>,

    /// Only for bright ones.
    #[file(ro, show = Self::show_heat, visible = Self::is_bright)]
    heat: NoValue,
}

impl Lamp {
    fn show_heat(&self, out: &mut Output<'_>) -> Result {
        out.bytes(if self.is_bright() {
            b"hot\n"
        } else {
            b"cold\n"
        });
        Ok(())
    }

    fn is_bright(&self) -> bool {
        self.brightness.get() > 50
    }
}

/// In the directory of what it belongs to.
#[sysfs_group]
struct Switch {
    /// Whether it is on.
    #[attr(mode = 0o644, notify)]
    rust_kunit_on: Value<bool>,
}

#[macros::kunit_tests(rust_kobject_group)]
mod cases {
    use super::*;

    #[test]
    fn groups_of_devices() -> Result {
        let device = faux::Registration::new(c"rust_kobject_kunit_group", None)?;
        let bound: &faux::Device<Bound> = device.as_ref();
        let dev: &Device<Bound> = bound.as_ref();
        let kobj: ARef<Kobject> = <Device as AsRef<Kobject>>::as_ref(dev).into();
        let lamp = c"rust_kunit_lamp";

        Group::<Lamp>::add_to_device(dev, 40)?;
        Group::<Switch>::add_to_device(dev, ())?;
        let brightness = Node::find(&kobj, &[lamp, c"brightness"])?;
        brightness.shows(b"40\n")?;
        assert_eq!(brightness.store(c"60\n"), Ok(3));
        brightness.shows(b"60\n")?;
        assert_eq!(brightness.store(c"x"), Ok(EINVAL.to_errno() as isize));
        drop(brightness);
        // It was not bright when the group was shown.
        assert_eq!(Node::find(&kobj, &[lamp, c"heat"]).err(), Some(ENOENT));

        let on = Node::find(&kobj, &[c"rust_kunit_on"])?;
        assert_eq!(on.store(c"1"), Ok(1));
        on.shows(b"Y\n")?;
        drop(on);
        Ok(())
    }

    #[test]
    fn groups_of_kobjects() -> Result {
        for kobj in [kernel_kobj(), mm_kobj()] {
            let kobj: &'static Permanent = kobj.ok_or(ENODEV)?;
            let lamp = Group::<Lamp>::new(kobj, 60)?;
            let heat = || Node::find(kobj, &[c"rust_kunit_lamp", c"heat"]);

            heat()?.shows(b"hot\n")?;
            let brightness = Node::find(kobj, &[c"rust_kunit_lamp", c"brightness"])?;
            assert_eq!(brightness.store(c"7"), Ok(1));
            assert_eq!(lamp.brightness.get(), 7);
            heat()?.shows(b"cold\n")?;
            drop(brightness);
            assert_eq!(Group::<Lamp>::new(kobj, 60).err(), Some(EEXIST));

            // The files go with their owner.
            heat()?;
            drop(lamp);
            assert_eq!(heat().err(), Some(ENOENT));
        }
        Ok(())
    }
}
