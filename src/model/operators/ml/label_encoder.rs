//! `LabelEncoder` of ai.onnx.ml 1, 2 and 4: each value is looked up in a table; what is not there becomes the default.

use std::collections::HashMap;
use std::hash::Hash;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::{
    Datum, DatumType, TValue, TVec, Tensor, TractResult, bail, ensure, format_err, tensor0, tensor1, tvec,
};

use super::{Operator, Shape};

#[derive(Debug)]
pub(super) struct LabelEncoder {
    /// One table; version 1 has its table in both directions and takes the one that the input's type fits.
    tables: Vec<Table>,
}

#[derive(Debug)]
struct Table {
    keys: Keys,
    values: Tensor,
    default: Tensor,
}

/// Places of the values by key. Floats go by their bits, all NaN being one key.
#[derive(Debug)]
enum Keys {
    Ints(HashMap<i64, usize>),
    Strings(HashMap<String, usize>),
    Floats(HashMap<u64, usize>),
}

impl Operator for LabelEncoder {
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let default_int = tensor0(node.get_attr_opt::<i64>("default_int64")?.unwrap_or(-1));
        let default_string = node.get_attr_opt::<String>("default_string")?;
        let default_string = tensor0(default_string.unwrap_or_else(|| "_Unused".into()));
        if let Some(classes) = node.get_attr_opt_vec::<String>("classes_strings")? {
            let places: Vec<i64> = (0..).take(classes.len()).collect();
            let (classes, places) = (tensor1(&classes), tensor1(&places));
            let tables = vec![
                Table::new(&classes, places.clone(), default_int)?,
                Table::new(&places, classes, default_string)?,
            ];
            return Ok(Self { tables });
        }
        let keys = list(ctx, node, "keys")?;
        let values = list(ctx, node, "values")?;
        let default = match node.get_attr_opt::<&TensorProto>("default_tensor")? {
            Some(default) => ctx.load_tensor(default)?.into_shape(&[])?,
            None => match values.datum_type() {
                DatumType::String => default_string,
                values if values.is_float() => {
                    tensor0(node.get_attr_opt::<f32>("default_float")?.unwrap_or(-0.0))
                        .cast_to_dt(values)?
                        .into_owned()
                }
                values => default_int.cast_to_dt(values)?.into_owned(),
            },
        };
        ensure!(
            default.datum_type() == values.datum_type(),
            "the default is of another type than the values"
        );
        Ok(Self { tables: vec![Table::new(&keys, values, default)?] })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(keys, shape)] = inputs else { bail!("expected one input") };
        Ok(tvec!((self.table(*keys)?.values.datum_type(), shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let [input] = inputs else { bail!("expected one input") };
        let table = self.table(input.datum_type())?;
        let places = table.keys.places(input)?;
        let output = match table.values.datum_type() {
            DatumType::String => table.gather::<String>(&places),
            DatumType::F32 => table.gather::<f32>(&places),
            DatumType::F64 => table.gather::<f64>(&places),
            _ => table.gather::<i64>(&places),
        }?;
        Ok(tvec!(output.cast_to_dt(table.values.datum_type())?.into_owned().into_shape(input.shape())?))
    }
}

impl LabelEncoder {
    fn table(&self, keys: DatumType) -> TractResult<&Table> {
        self.tables
            .iter()
            .find(|table| table.keys.take(keys))
            .ok_or_else(|| format_err!("no table has keys of {keys:?}"))
    }
}

/// The list attribute `side`, whichever of its types it has.
fn list(ctx: &ParsingContext<'_>, node: &NodeProto, side: &str) -> TractResult<Tensor> {
    if let Some(values) = node.get_attr_opt_vec::<i64>(&format!("{side}_int64s"))? {
        return Ok(tensor1(&values));
    }
    if let Some(values) = node.get_attr_opt_vec::<f32>(&format!("{side}_floats"))? {
        return Ok(tensor1(&values));
    }
    if let Some(values) = node.get_attr_opt_vec::<String>(&format!("{side}_strings"))? {
        return Ok(tensor1(&values));
    }
    ctx.load_tensor(node.get_attr::<&TensorProto>(&format!("{side}_tensor"))?)
}

impl Table {
    fn new(keys: &Tensor, values: Tensor, default: Tensor) -> TractResult<Self> {
        ensure!(keys.len() == values.len(), "{} keys do not fit {} values", keys.len(), values.len());
        let keys = match keys.datum_type() {
            DatumType::String => Keys::Strings(index(each::<String>(keys)?)),
            dt if dt.is_float() => Keys::Floats(index(each::<f64>(keys)?.map(bits))),
            _ => Keys::Ints(index(each::<i64>(keys)?)),
        };
        Ok(Self { keys, values, default })
    }

    fn gather<T: Datum>(&self, places: &[Option<usize>]) -> TractResult<Tensor> {
        let values: Vec<T> = each(&self.values)?.collect();
        let default = self.default.cast_to::<T>()?;
        let view = default.try_as_plain_ram()?;
        let default = view.to_scalar::<T>()?;
        let gathered =
            places.iter().map(|place| place.and_then(|place| values.get(place)).unwrap_or(default).clone());
        Ok(tensor1(&gathered.collect::<Vec<T>>()))
    }
}

impl Keys {
    fn take(&self, keys: DatumType) -> bool {
        match self {
            Self::Strings(_) => keys == DatumType::String,
            Self::Floats(_) => keys.is_float(),
            Self::Ints(_) => keys.is_integer(),
        }
    }

    fn places(&self, input: &Tensor) -> TractResult<Vec<Option<usize>>> {
        Ok(match self {
            Self::Strings(keys) => each::<String>(input)?.map(|key| keys.get(&key).copied()).collect(),
            Self::Floats(keys) => each::<f64>(input)?.map(|key| keys.get(&bits(key)).copied()).collect(),
            Self::Ints(keys) => each::<i64>(input)?.map(|key| keys.get(&key).copied()).collect(),
        })
    }
}

/// The first of equal keys counts.
fn index<K: Hash + Eq>(keys: impl Iterator<Item = K>) -> HashMap<K, usize> {
    let mut index = HashMap::new();
    for (place, key) in keys.enumerate() {
        index.entry(key).or_insert(place);
    }
    index
}

fn bits(key: f64) -> u64 {
    // Adding zero makes one zero of the two.
    if key.is_nan() { f64::NAN.to_bits() } else { (key + 0.0).to_bits() }
}

fn each<T: Datum>(tensor: &Tensor) -> TractResult<std::vec::IntoIter<T>> {
    let tensor = tensor.cast_to::<T>()?;
    Ok(tensor.try_as_plain_ram()?.as_slice::<T>()?.to_vec().into_iter())
}
