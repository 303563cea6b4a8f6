//! What is read of a model's tables, and the fields' places in them (`tensorflow/lite/schema/schema.fbs`, version 3).

use super::flatbuffer::{File, Table, Tables};
use crate::constant::{Constant, Data, Scales};
use crate::refusal::{Reason, Refusal, Result};
use crate::tensorflow::DataType;

/// The version of the schema, which every file has that TensorFlow has written since 2017.
const VERSION: i32 = 3;

/// The operators' names by their numbers, as far as there are models that have them.
const NAMES: &str = "ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE \
    EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D \
    LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE \
    RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM \
    EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE \
    MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT \
    LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER \
    GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG \
    SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND \
    LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE \
    RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N \
    GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE \
    NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL \
    PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS HASHTABLE \
    HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE \
    ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU \
    DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2 \
    UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT";

/// The kind of a tensor that names a variable.
const VARIABLE: u8 = 13;

/// The types of elements by their numbers; complex numbers, resources and integers of 4 bits have no counterpart.
const TYPES: [(u8, DataType); 14] = [
    (0, DataType::Float),
    (1, DataType::Half),
    (2, DataType::Int32),
    (3, DataType::Uint8),
    (4, DataType::Int64),
    (5, DataType::String),
    (6, DataType::Bool),
    (7, DataType::Int16),
    (9, DataType::Int8),
    (10, DataType::Double),
    (12, DataType::Uint64),
    (15, DataType::Uint32),
    (16, DataType::Uint16),
    (18, DataType::Bfloat16),
];

pub(super) struct Model<'a> {
    pub(super) file: &'a File<'a>,
    operators: Tables<'a>,
    graphs: Tables<'a>,
    buffers: Tables<'a>,
    metadata: Tables<'a>,
    pub(super) signatures: Vec<Signature<'a>>,
}

/// A graph of the model, in which tensors are counted.
pub(super) struct SubGraph<'a> {
    tensors: Tables<'a>,
    pub(super) inputs: Vec<i32>,
    pub(super) outputs: Vec<i32>,
    pub(super) operators: Tables<'a>,
}

/// The names that a graph's inputs and outputs are called by.
pub(super) struct Signature<'a> {
    pub(super) key: &'a str,
    pub(super) graph: usize,
    pub(super) inputs: Vec<(&'a str, usize)>,
    pub(super) outputs: Vec<(&'a str, usize)>,
}

/// What a tensor says of itself.
pub(super) struct Described<'a> {
    pub(super) name: &'a str,
    pub(super) dtype: DataType,
    /// The lengths, -1 for those that are free.
    pub(super) dims: Vec<i32>,
    /// Of integers that stand for real numbers, which.
    pub(super) scales: Option<Scales>,
    pub(super) is_variable: bool,
    buffer: usize,
    is_sparse: bool,
}

/// An operator: what it is, and which tensors it reads and makes.
pub(super) struct Operator<'a> {
    pub(super) name: String,
    pub(super) inputs: Vec<i32>,
    pub(super) outputs: Vec<i32>,
    pub(super) options: Option<Table<'a>>,
}

impl<'a> Model<'a> {
    pub(super) fn read(file: &'a File<'a>) -> Result<Self> {
        let table = file.root()?;
        let version = table.int(0, 0)?;
        if version != VERSION {
            let message = format!(
                "`{}` is of version {version} of TensorFlow Lite's format, expected {VERSION}",
                file.name
            );
            return Err(Refusal::new(Reason::UnsupportedModelType, message));
        }
        let signatures =
            table.tables(7)?.iter().map(|table| Signature::read(table?)).collect::<Result<_>>()?;
        Ok(Self {
            file,
            operators: table.tables(1)?,
            graphs: table.tables(2)?,
            buffers: table.tables(4)?,
            metadata: table.tables(6)?,
            signatures,
        })
    }

    pub(super) fn graph(&self, index: usize) -> Result<SubGraph<'a>> {
        let table = self.graphs.get(index)?;
        let table = table.ok_or_else(|| self.file.damaged(format!("it has no graph {index}")))?;
        Ok(SubGraph {
            tensors: table.tables(0)?,
            inputs: table.ints(1)?,
            outputs: table.ints(2)?,
            operators: table.tables(3)?,
        })
    }

    /// The bytes that the model keeps under a name beside its graphs.
    pub(super) fn metadata(&self, name: &str) -> Result<Option<prost::bytes::Bytes>> {
        for entry in self.metadata.iter() {
            let entry = entry?;
            if entry.text(0)? == Some(name) {
                return self.buffer(entry.index(1)?);
            }
        }
        Ok(None)
    }

    /// The bytes of a buffer; `None` where it has none.
    fn buffer(&self, index: usize) -> Result<Option<prost::bytes::Bytes>> {
        let table = self.buffers.get(index)?;
        let table = table.ok_or_else(|| self.file.damaged(format!("it has no buffer {index}")))?;
        if let Some(bytes) = table.bytes(0)?.filter(|bytes| !bytes.is_empty()) {
            return Ok(Some(bytes));
        }
        // Of large models, buffers lie behind the tables.
        let [start, length] = [table.long(1)?, table.long(2)?];
        if start <= 1 {
            return Ok(None);
        }
        let place =
            || Some((usize::try_from(start).ok()?, usize::try_from(start.checked_add(length)?).ok()?));
        let part = place().filter(|(_, end)| *end <= self.file.bytes.len());
        let outside =
            || self.file.damaged(format!("its buffer {index} has {length} bytes at {start}, beyond its end"));
        part.map(|(start, end)| Some(self.file.bytes.slice(start..end))).ok_or_else(outside)
    }

    pub(super) fn operator(&self, table: Table<'a>) -> Result<Operator<'a>> {
        let index = table.index(0)?;
        let code = self.operators.get(index)?;
        let code = code.ok_or_else(|| self.file.damaged(format!("it has no kind of operator {index}")))?;
        // Numbers beyond 127 are in the newer field only.
        let number = code.int(3, 0)?.max(code.byte(0)?.into());
        let known =
            usize::try_from(number).ok().and_then(|number| NAMES.split_ascii_whitespace().nth(number));
        let name = match (known, code.text(1)?) {
            (Some("CUSTOM"), custom) => format!("CUSTOM {}", custom.unwrap_or_default()),
            (Some(name), _) => name.to_owned(),
            (None, _) => format!("number {number}"),
        };
        Ok(Operator { name, inputs: table.ints(1)?, outputs: table.ints(2)?, options: table.table(4)? })
    }

    pub(super) fn tensor(&self, graph: &SubGraph<'a>, index: usize) -> Result<Described<'a>> {
        let table = graph.tensors.get(index)?;
        let table = table.ok_or_else(|| self.file.damaged(format!("its graph has no tensor {index}")))?;
        let name = table.text(3)?.unwrap_or_default();
        let number = table.byte(1)?;
        let dtype = TYPES.iter().find(|(known, _)| *known == number).map(|(_, dtype)| *dtype).ok_or_else(|| {
            if number == VARIABLE {
                let message = format!("the operator VAR_HANDLE at `{name}` keeps a value from one run to the next, which is not supported");
                return Refusal::new(Reason::UnsupportedOperator, message);
            }
            let message = format!("the tensor `{name}` has elements of a kind that has no translation (TensorFlow Lite's {number})");
            Refusal::new(Reason::UnsupportedModelType, message)
        })?;
        let (shape, signature) = (table.ints(0)?, table.ints(7)?);
        let dims = if signature.is_empty() { shape } else { signature };
        let is_narrow = matches!(dtype, DataType::Int8 | DataType::Uint8 | DataType::Int16 | DataType::Int32);
        let scales = match table.table(4)?.filter(|_| is_narrow) {
            Some(quantised) => self.scales(quantised, name, dtype)?,
            None => None,
        };
        let (buffer, is_variable) = (table.index(2)?, table.flag(5)?);
        let is_sparse = table.table(6)?.is_some();
        Ok(Described { name, dtype, dims, scales, is_variable, buffer, is_sparse })
    }

    /// Which real numbers integers stand for; `None` where they are only themselves.
    fn scales(&self, table: Table<'a>, name: &str, dtype: DataType) -> Result<Option<Scales>> {
        let (scales, mut zeros) = (table.floats(2)?, table.longs(3)?);
        if scales.is_empty() {
            return Ok(None);
        }
        if dtype == DataType::Int16 {
            let message = format!("the tensor `{name}` is quantised to 16 bits, which is not supported");
            return Err(Refusal::new(Reason::UnsupportedModelType, message)
                .hint("convert the model with weights and activations of 8 bits, or with floats"));
        }
        if zeros.is_empty() {
            zeros = vec![0; scales.len()];
        }
        let range = match dtype {
            DataType::Int8 => i8::MIN.into()..=i8::MAX.into(),
            DataType::Uint8 => 0..=u8::MAX.into(),
            _ => i32::MIN.into()..=i32::MAX.into(),
        };
        let fits = zeros.len() == scales.len()
            && zeros.iter().all(|zero| range.contains(zero))
            && scales.iter().all(|scale| scale.is_finite());
        let axis = usize::try_from(table.int(6, 0)?).ok().filter(|_| fits);
        let axis =
            axis.ok_or_else(|| self.file.damaged(format!("the scales of the tensor `{name}` do not fit")))?;
        Ok(Some(Scales { scales, zeros, axis }))
    }

    /// The value of a tensor that the file holds; `None` where it is computed.
    pub(super) fn constant(&self, tensor: &Described<'a>) -> Result<Option<Constant>> {
        let bytes = match self.buffer(tensor.buffer)? {
            Some(bytes) => bytes,
            // One without elements has no bytes either.
            None if tensor.dims.contains(&0) => prost::bytes::Bytes::new(),
            None => return Ok(None),
        };
        let name = tensor.name;
        if tensor.is_sparse || tensor.dtype == DataType::String {
            let what = if tensor.is_sparse { "is sparse" } else { "holds texts" };
            let message = format!("the weight `{name}` {what}, which is not supported");
            return Err(Refusal::new(Reason::UnsupportedModelType, message));
        }
        let dims = tensor.dims.iter().map(|dim| usize::try_from(*dim).ok()).collect::<Option<Vec<_>>>();
        let (dtype, scales) = (tensor.dtype, tensor.scales.clone());
        let constant = dims.map(|dims| Constant { dtype, dims, data: Data::Bytes(bytes), scales });
        let constant = constant.filter(|constant| constant.is_whole() && constant.has_scales_for_all());
        let unfit = || {
            self.file
                .damaged(format!("the weight `{name}` has another number of elements than its shape says"))
        };
        constant.map(Some).ok_or_else(unfit)
    }
}

impl<'a> Signature<'a> {
    fn read(table: Table<'a>) -> Result<Self> {
        let ports = |slot: usize| -> Result<Vec<(&'a str, usize)>> {
            let port = |table: Result<Table<'a>>| {
                let table = table?;
                Ok((table.text(0)?.unwrap_or_default(), table.index(1)?))
            };
            table.tables(slot)?.iter().map(port).collect()
        };
        let key = table.text(2)?.unwrap_or_default();
        Ok(Self { key, graph: table.index(4)?, inputs: ports(0)?, outputs: ports(1)? })
    }
}
