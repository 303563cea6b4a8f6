//! The types of elements: TensorFlow's numbers for them, and ONNX's.

use crate::refusal::{Reason, Refusal, Result};

/// A type of elements that ONNX has too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DataType {
    Float,
    Double,
    Int32,
    Uint8,
    Int16,
    Int8,
    String,
    Int64,
    Bool,
    Bfloat16,
    Uint16,
    Half,
    Uint32,
    Uint64,
}

/// Of each type: TensorFlow's number, ONNX's number, the bytes of an element, the name.
const TYPES: [(DataType, i32, i32, usize, &str); 14] = [
    (DataType::Float, 1, 1, 4, "float32"),
    (DataType::Double, 2, 11, 8, "float64"),
    (DataType::Int32, 3, 6, 4, "int32"),
    (DataType::Uint8, 4, 2, 1, "uint8"),
    (DataType::Int16, 5, 5, 2, "int16"),
    (DataType::Int8, 6, 3, 1, "int8"),
    (DataType::String, 7, 8, 0, "string"),
    (DataType::Int64, 9, 7, 8, "int64"),
    (DataType::Bool, 10, 9, 1, "bool"),
    (DataType::Bfloat16, 14, 16, 2, "bfloat16"),
    (DataType::Uint16, 17, 4, 2, "uint16"),
    (DataType::Half, 19, 10, 2, "float16"),
    (DataType::Uint32, 22, 12, 4, "uint32"),
    (DataType::Uint64, 23, 13, 8, "uint64"),
];

impl DataType {
    /// The type with TensorFlow's number; `whose` says what has it.
    pub(crate) fn of(number: i32, whose: impl FnOnce() -> String) -> Result<Self> {
        let found = TYPES.iter().find(|(_, tensorflow, ..)| *tensorflow == number);
        found.map(|(it, ..)| *it).ok_or_else(|| {
            let message =
                format!("{} has elements of a kind that ONNX lacks (TensorFlow's {number})", whose());
            Refusal::new(Reason::UnsupportedModelType, message)
        })
    }

    fn row(self) -> Option<&'static (Self, i32, i32, usize, &'static str)> {
        TYPES.iter().find(|(it, ..)| *it == self)
    }

    /// TensorFlow's number.
    pub(crate) fn tensorflow(self) -> i32 {
        // Every type has its row; 0 is TensorFlow's "invalid".
        self.row().map_or(0, |row| row.1)
    }

    /// ONNX's number.
    pub(crate) fn onnx(self) -> i32 {
        // Every type has its row; 0 is ONNX's "undefined".
        self.row().map_or(0, |row| row.2)
    }

    /// Bytes of an element; 0 for texts, which have no length of their own.
    pub(crate) fn bytes(self) -> usize {
        self.row().map_or(0, |row| row.3)
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().map_or("", |row| row.4)
    }

    pub(crate) fn is_integer(self) -> bool {
        matches!(self, Self::Int32 | Self::Int64)
    }
}
