//! `LabelEncoder` of ai.onnx.ml 1, 2 and 4, and `CategoryMapper`: each value is looked up in a table; what is not there
//! becomes the default.

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::{
    Datum, DatumType, TValue, TVec, Tensor, TractResult, ensure, format_err, tensor0, tensor1, tvec,
};

use super::lookup::Keys;
use super::values::{elements, list, only};
use super::{Operator, Shape};

#[derive(Debug)]
pub(super) struct LabelEncoder {
    /// One table, or one for either direction: the input's type says which.
    tables: Vec<Table>,
}

#[derive(Debug)]
struct Table {
    keys: Keys,
    values: Tensor,
    default: Tensor,
}

/// Strings to integers and back again.
pub(super) fn category_mapper(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Arc<dyn Operator>> {
    let strings = tensor1(&node.get_attr_vec::<String>("cats_strings")?);
    let ints = tensor1(&node.get_attr_vec::<i64>("cats_int64s")?);
    Ok(Arc::new(both_ways(node, strings, ints)?))
}

impl Operator for LabelEncoder {
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        if let Some(classes) = node.get_attr_opt_vec::<String>("classes_strings")? {
            let places: Vec<i64> = (0..).take(classes.len()).collect();
            return both_ways(node, tensor1(&classes), tensor1(&places));
        }
        let required = |name| {
            list(ctx, node, name)?
                .ok_or_else(|| format_err!("there are no {name} in an attribute of a known type"))
        };
        let (keys, values) = (required("keys")?, required("values")?);
        let default = match node.get_attr_opt::<&TensorProto>("default_tensor")? {
            Some(default) => ctx.load_tensor(default)?.into_shape(&[])?,
            None => default(node, values.datum_type())?,
        };
        Ok(Self { tables: vec![Table::new(&keys, values, default)?] })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let (keys, shape) = only(inputs)?;
        Ok(tvec!((self.table(*keys)?.values.datum_type(), shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let table = self.table(input.datum_type())?;
        let places = table.keys.places(input)?;
        let output = match table.values.datum_type() {
            DatumType::String => table.gather::<String>(&places),
            values if values.is_float() => table.gather::<f64>(&places),
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

fn both_ways(node: &NodeProto, strings: Tensor, ints: Tensor) -> TractResult<LabelEncoder> {
    let (string, int) = (default(node, DatumType::String)?, default(node, DatumType::I64)?);
    let tables = vec![Table::new(&strings, ints.clone(), int)?, Table::new(&ints, strings, string)?];
    Ok(LabelEncoder { tables })
}

/// The default among values of type `values`.
fn default(node: &NodeProto, values: DatumType) -> TractResult<Tensor> {
    let default = match values {
        DatumType::String => {
            tensor0(node.get_attr_opt::<String>("default_string")?.unwrap_or_else(|| "_Unused".into()))
        }
        values if values.is_float() => tensor0(node.get_attr_opt::<f32>("default_float")?.unwrap_or(-0.0)),
        _ => tensor0(node.get_attr_opt::<i64>("default_int64")?.unwrap_or(-1)),
    };
    Ok(default.cast_to_dt(values)?.into_owned())
}

impl Table {
    fn new(keys: &Tensor, values: Tensor, default: Tensor) -> TractResult<Self> {
        ensure!(keys.len() == values.len(), "{} keys do not fit {} values", keys.len(), values.len());
        ensure!(
            default.datum_type() == values.datum_type(),
            "the default is of another type than the values"
        );
        Ok(Self { keys: Keys::new(keys)?, values, default })
    }

    fn gather<T: Datum>(&self, places: &[Option<usize>]) -> TractResult<Tensor> {
        let values = elements::<T>(&self.values)?;
        let default = self.default.cast_to::<T>()?;
        let view = default.try_as_plain_ram()?;
        let default = view.to_scalar::<T>()?;
        let gathered =
            places.iter().map(|place| place.and_then(|place| values.get(place)).unwrap_or(default).clone());
        Ok(tensor1(&gathered.collect::<Vec<T>>()))
    }
}
