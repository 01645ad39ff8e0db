//! Fields on the wire, by what is in them and how often: a module for each kind of value, with the same functions.
//!
//! | | writes | measures | reads |
//! |---|---|---|---|
//! | a value, also if it is the default | `write` | `size` | `merge` |
//! | a value, unless it is the default | `put` | `len` | `merge` |
//! | one that may be absent | `put_some` | `len_some` | `merge_some` |
//! | several | `put_each` | `len_each` | `merge_each` |

/// The functions of a kind of value that is `$type`.
macro_rules! kind {
    ($name:ident: $type:ty, $value:ident => $is_set:expr, $put_each:ident, $len_each:ident) => {
        pub(crate) mod $name {
            use prost::bytes::{Buf, BufMut};
            use prost::encoding::{DecodeContext, WireType, $name};

            use crate::codec::Merged;

            pub(crate) use prost::encoding::$name::{encode as write, encoded_len as size, merge};

            #[inline]
            pub(crate) fn put(tag: u32, $value: &$type, buf: &mut impl BufMut) {
                if $is_set {
                    write(tag, $value, buf);
                }
            }

            #[inline]
            pub(crate) fn len(tag: u32, $value: &$type) -> usize {
                if $is_set { size(tag, $value) } else { 0 }
            }

            #[allow(dead_code)]
            #[inline]
            pub(crate) fn put_some(tag: u32, value: &Option<$type>, buf: &mut impl BufMut) {
                if let Some(value) = value {
                    write(tag, value, buf);
                }
            }

            #[allow(dead_code)]
            #[inline]
            pub(crate) fn len_some(tag: u32, value: &Option<$type>) -> usize {
                value.as_ref().map_or(0, |value| size(tag, value))
            }

            #[allow(dead_code)]
            #[inline]
            pub(crate) fn merge_some(
                wire: WireType,
                value: &mut Option<$type>,
                buf: &mut impl Buf,
                ctx: DecodeContext,
            ) -> Merged {
                merge(wire, value.get_or_insert_default(), buf, ctx)
            }

            #[allow(dead_code)]
            #[inline]
            pub(crate) fn put_each(tag: u32, values: &[$type], buf: &mut impl BufMut) {
                $name::$put_each(tag, values, buf);
            }

            #[allow(dead_code)]
            #[inline]
            pub(crate) fn len_each(tag: u32, values: &[$type]) -> usize {
                $name::$len_each(tag, values)
            }

            #[allow(dead_code)]
            #[inline]
            pub(crate) fn merge_each(
                wire: WireType,
                values: &mut Vec<$type>,
                buf: &mut impl Buf,
                ctx: DecodeContext,
            ) -> Merged {
                $name::merge_repeated(wire, values, buf, ctx)
            }

            #[allow(dead_code)]
            #[inline]
            pub(crate) fn put_unpacked(tag: u32, values: &[$type], buf: &mut impl BufMut) {
                $name::encode_repeated(tag, values, buf);
            }

            #[allow(dead_code)]
            #[inline]
            pub(crate) fn len_unpacked(tag: u32, values: &[$type]) -> usize {
                $name::encoded_len_repeated(tag, values)
            }
        }
    };
}

kind!(string: String, value => !value.is_empty(), encode_repeated, encoded_len_repeated);
kind!(bytes: prost::bytes::Bytes, value => !value.is_empty(), encode_repeated, encoded_len_repeated);
kind!(bool: bool, value => *value, encode_packed, encoded_len_packed);
kind!(int32: i32, value => *value != 0, encode_packed, encoded_len_packed);
kind!(int64: i64, value => *value != 0, encode_packed, encoded_len_packed);
kind!(uint32: u32, value => *value != 0, encode_packed, encoded_len_packed);
kind!(float: f32, value => *value != 0.0, encode_packed, encoded_len_packed);
kind!(double: f64, value => *value != 0.0, encode_packed, encoded_len_packed);

/// Messages. One that is there is written, also if it is the default.
pub(crate) mod message {
    use prost::Message;
    use prost::bytes::{Buf, BufMut};
    use prost::encoding::{DecodeContext, WireType, message};

    use crate::codec::Merged;

    pub(crate) use prost::encoding::message::{encode as write, encoded_len as size, merge};

    #[inline]
    pub(crate) fn put_some<M: Message>(tag: u32, value: &Option<M>, buf: &mut impl BufMut) {
        if let Some(value) = value {
            write(tag, value, buf);
        }
    }

    #[inline]
    pub(crate) fn len_some<M: Message>(tag: u32, value: &Option<M>) -> usize {
        value.as_ref().map_or(0, |value| size(tag, value))
    }

    #[inline]
    pub(crate) fn merge_some<M: Message + Default>(
        wire: WireType,
        value: &mut Option<M>,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Merged {
        merge(wire, value.get_or_insert_default(), buf, ctx)
    }

    #[inline]
    pub(crate) fn put_each<M: Message>(tag: u32, values: &[M], buf: &mut impl BufMut) {
        for value in values {
            write(tag, value, buf);
        }
    }

    #[inline]
    pub(crate) fn len_each<M: Message>(tag: u32, values: &[M]) -> usize {
        message::encoded_len_repeated(tag, values)
    }

    #[inline]
    pub(crate) fn merge_each<M: Message + Default>(
        wire: WireType,
        values: &mut Vec<M>,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Merged {
        message::merge_repeated(wire, values, buf, ctx)
    }
}

/// Values by key, given what to do with a key and with a value.
pub(crate) mod map {
    use std::collections::BTreeMap;

    use prost::bytes::Buf;
    use prost::encoding::{DecodeContext, WireType, btree_map, check_wire_type};

    use crate::codec::Merged;

    pub(crate) use prost::encoding::btree_map::{encode as put, encoded_len as len};

    #[inline]
    pub(crate) fn merge<K, V, B: Buf>(
        key: impl Fn(WireType, &mut K, &mut B, DecodeContext) -> Merged,
        value: impl Fn(WireType, &mut V, &mut B, DecodeContext) -> Merged,
        wire: WireType,
        values: &mut BTreeMap<K, V>,
        buf: &mut B,
        ctx: DecodeContext,
    ) -> Merged
    where
        K: Default + Eq + std::hash::Hash + Ord,
        V: Default,
    {
        check_wire_type(WireType::LengthDelimited, wire)?;
        btree_map::merge(key, value, values, buf, ctx)
    }
}

/// Fields of which one is there: the generated enums.
pub(crate) trait Oneof: Sized {
    /// Writes the field that is there.
    fn put(&self, buf: &mut impl prost::bytes::BufMut);

    /// How many bytes it takes.
    fn len(&self) -> usize;

    /// Reads a field, into the one that is there if it is the same.
    fn merge(
        field: &mut Option<Self>,
        tag: u32,
        wire: prost::encoding::WireType,
        buf: &mut impl prost::bytes::Buf,
        ctx: prost::encoding::DecodeContext,
    ) -> super::Merged;
}

/// Fields of which one may be there.
pub(crate) mod oneof {
    use prost::bytes::{Buf, BufMut};
    use prost::encoding::{DecodeContext, WireType};

    use super::Oneof;
    use crate::codec::Merged;

    #[inline]
    pub(crate) fn put(value: &Option<impl Oneof>, buf: &mut impl BufMut) {
        if let Some(value) = value {
            value.put(buf);
        }
    }

    #[inline]
    pub(crate) fn len(value: &Option<impl Oneof>) -> usize {
        value.as_ref().map_or(0, Oneof::len)
    }

    #[inline]
    pub(crate) fn merge(
        value: &mut Option<impl Oneof>,
        tag: u32,
        wire: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Merged {
        Oneof::merge(value, tag, wire, buf, ctx)
    }
}

/// Reads into the variant of a oneof, which is made if another one, or none, is there.
macro_rules! one {
    ($field:ident, $variant:ident, $value:ident, $merge:expr) => {
        if let Some(Self::$variant($value)) = $field {
            $merge
        } else {
            let mut made = Default::default();
            let $value = &mut made;
            let merged = $merge;
            merged.map(|()| *$field = Some(Self::$variant(made)))
        }
    };
}

pub(crate) use one;
