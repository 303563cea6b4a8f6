//! The types of elements, and the buffers that hold them.

use std::fmt;
use std::sync::Arc;

/// The type of a tensor's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ElementType {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
    String,
}

impl ElementType {
    pub(crate) fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// Whether it is an integer, with or without a sign.
    pub(crate) fn is_integer(self) -> bool {
        !matches!(self, Self::Bool | Self::String) && !self.is_float()
    }

    pub(crate) fn is_unsigned(self) -> bool {
        matches!(self, Self::U8 | Self::U16 | Self::U32 | Self::U64)
    }

    /// Bytes of an element; of a text those beside its letters.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
            Self::String => size_of::<String>(),
        }
    }
}

/// The elements of a tensor in row-major order, shared until somebody writes.
#[derive(Clone, PartialEq)]
pub(crate) enum Buffer {
    Bool(Arc<Vec<bool>>),
    I8(Arc<Vec<i8>>),
    I16(Arc<Vec<i16>>),
    I32(Arc<Vec<i32>>),
    I64(Arc<Vec<i64>>),
    U8(Arc<Vec<u8>>),
    U16(Arc<Vec<u16>>),
    U32(Arc<Vec<u32>>),
    U64(Arc<Vec<u64>>),
    F32(Arc<Vec<f32>>),
    F64(Arc<Vec<f64>>),
    String(Arc<Vec<String>>),
}

/// Does the same with the elements of a [`Buffer`], whatever their type.
macro_rules! with_elements {
    ($buffer:expr, $elements:ident => $body:expr) => {
        match $buffer {
            $crate::tensor::Buffer::Bool($elements) => $body,
            $crate::tensor::Buffer::I8($elements) => $body,
            $crate::tensor::Buffer::I16($elements) => $body,
            $crate::tensor::Buffer::I32($elements) => $body,
            $crate::tensor::Buffer::I64($elements) => $body,
            $crate::tensor::Buffer::U8($elements) => $body,
            $crate::tensor::Buffer::U16($elements) => $body,
            $crate::tensor::Buffer::U32($elements) => $body,
            $crate::tensor::Buffer::U64($elements) => $body,
            $crate::tensor::Buffer::F32($elements) => $body,
            $crate::tensor::Buffer::F64($elements) => $body,
            $crate::tensor::Buffer::String($elements) => $body,
        }
    };
}
pub(crate) use with_elements;

/// A type that elements of a tensor have.
pub(crate) trait Element: Clone + Default + PartialEq + fmt::Debug + Send + Sync + 'static {
    const TYPE: ElementType;

    /// A buffer of `elements`.
    fn buffer(elements: Arc<Vec<Self>>) -> Buffer;

    /// The elements of `buffer`, where they are of this type.
    fn elements(buffer: &Buffer) -> Option<&Arc<Vec<Self>>>;

    /// The elements of `buffer`, to change them.
    fn elements_mut(buffer: &mut Buffer) -> Option<&mut Arc<Vec<Self>>>;
}

macro_rules! elements {
    ($($element:ty => $variant:ident),*) => {
        impl Buffer {
            pub(crate) fn element(&self) -> ElementType {
                match self {
                    $(Self::$variant(_) => ElementType::$variant,)*
                }
            }
        }

        $(impl Element for $element {
            const TYPE: ElementType = ElementType::$variant;

            fn buffer(elements: Arc<Vec<Self>>) -> Buffer {
                Buffer::$variant(elements)
            }

            fn elements(buffer: &Buffer) -> Option<&Arc<Vec<Self>>> {
                match buffer {
                    Buffer::$variant(elements) => Some(elements),
                    _ => None,
                }
            }

            fn elements_mut(buffer: &mut Buffer) -> Option<&mut Arc<Vec<Self>>> {
                match buffer {
                    Buffer::$variant(elements) => Some(elements),
                    _ => None,
                }
            }
        })*

        /// `count` zeros, false or empty texts of the type `element`.
        pub(crate) fn zeros(element: ElementType, count: usize) -> Buffer {
            match element {
                $(ElementType::$variant => <$element>::buffer(Arc::new(vec![Default::default(); count])),)*
            }
        }
    };
}

elements!(
    bool => Bool, i8 => I8, i16 => I16, i32 => I32, i64 => I64, u8 => U8, u16 => U16, u32 => U32, u64 => U64,
    f32 => F32, f64 => F64, String => String
);
