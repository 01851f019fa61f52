// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of groups of files.

use super::{
    node::Node,
    Leaf, //
};
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
        Root,
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

    /// How bright it is, in binary.
    #[bin(mode = 0o644, size = 4, read = Self::read_raw, write = Self::write_raw)]
    raw: NoValue,

    /// Only for bright ones.
    #[bin(wo, write = Self::write_raw, visible = Self::is_bright)]
    raw_heat: NoValue,
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

    fn read_raw(&self, _pos: u64, buf: &mut [u8]) -> Result<usize> {
        let bytes = self.brightness.get().to_ne_bytes();

        buf.copy_from_slice(bytes.get(..buf.len()).ok_or(EINVAL)?);
        Ok(buf.len())
    }

    fn write_raw(&self, _pos: u64, buf: &[u8]) -> Result {
        self.brightness
            .set(u32::from_ne_bytes(buf.try_into().map_err(|_| EINVAL)?));
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

/// Has the names of something of others.
#[sysfs_group(args = bool)]
struct Intruder {
    /// One of its own.
    #[attr(rw)]
    rust_kunit_own: Value<u32>,

    /// The name of a directory.
    #[attr(rw, visible = Self::is_visible)]
    rust_kunit: Value<u32>,

    /// One of its own.
    #[bin(ro, read = Self::read)]
    rust_kunit_own_bin: NoValue,

    /// The name of a directory.
    #[bin(ro, name = "rust_kunit_bin", read = Self::read, visible = Self::is_bin_visible)]
    rust_kunit_bin: NoValue,

    #[state(init = |args| *args)]
    visible: bool,
}

impl Intruder {
    fn is_visible(&self) -> bool {
        self.visible
    }

    fn is_bin_visible(&self) -> bool {
        !self.visible
    }

    fn read(&self, _pos: u64, _buf: &mut [u8]) -> Result<usize> {
        Ok(0)
    }
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
        let raw = Node::find(&kobj, &[lamp, c"raw"])?;
        let mut bytes = [0; 4];
        assert_eq!(raw.read_at(0, &mut bytes), Ok(4));
        assert_eq!(bytes, 60u32.to_ne_bytes());
        assert_eq!(raw.write_at(0, &mut 61u32.to_ne_bytes()), Ok(4));
        brightness.shows(b"61\n")?;
        // It was not bright when the group was shown.
        for name in [c"heat", c"raw_heat"] {
            assert_eq!(Node::find(&kobj, &[lamp, name]).err(), Some(ENOENT));
        }

        let on = Node::find(&kobj, &[c"rust_kunit_on"])?;
        assert_eq!(on.store(c"1"), Ok(1));
        on.shows(b"Y\n")?;

        // The files go with the device, even if somebody keeps its kobject.
        drop(device);
        for file in [brightness, on] {
            assert_eq!(file.shows(b""), Err(ENODEV));
        }
        assert_eq!(raw.read_at(0, &mut bytes), Err(ENODEV));
        drop(kobj);
        Ok(())
    }

    /// What others have made stays, when it is in the way and when the file is not there at all.
    #[test]
    fn groups_leave_others_alone() -> Result {
        let kobj = mm_kobj().ok_or(ENODEV)?;
        let (plain, bin) = (c"rust_kunit", c"rust_kunit_bin");
        let others = |name| -> Result {
            Node::find(kobj, &[name, c"ulong"])?;
            for own in [c"rust_kunit_own", c"rust_kunit_own_bin"] {
                assert_eq!(Node::find(kobj, &[own]).err(), Some(ENOENT));
            }
            Ok(())
        };

        for (name, visible) in [(plain, true), (bin, false)] {
            let tree = Root::<Leaf>::publish(kobj, name)?;

            assert_eq!(Group::<Intruder>::new(kobj, visible).err(), Some(EEXIST));
            others(name)?;
            let group = Group::<Intruder>::new(kobj, !visible)?;
            Node::find(kobj, &[c"rust_kunit_own"])?.shows(b"0\n")?;
            Node::find(kobj, &[c"rust_kunit_own_bin"])?;
            drop(group);
            others(name)?;
            drop(tree);
        }
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
            Node::find(kobj, &[c"rust_kunit_lamp", c"raw_heat"])?;
            assert_eq!(Group::<Lamp>::new(kobj, 60).err(), Some(EEXIST));

            // The files go with their owner.
            heat()?;
            drop(lamp);
            assert_eq!(heat().err(), Some(ENOENT));
            assert_eq!(brightness.shows(b"7\n"), Err(ENODEV));
        }
        Ok(())
    }
}
