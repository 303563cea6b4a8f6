//! `LabelEncoder` of ai.onnx.ml 1, 2 and 4, and `CategoryMapper` of ai.onnx.ml 1: looks each value up in a table; a
//! value that is not there becomes the default.
//!
//! tract has no LabelEncoder; one implementation serves both, so its CategoryMapper is not used.

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::{
    Datum, DatumType, TValue, TVec, Tensor, TractResult, ensure, format_err, tensor0, tensor1, tvec,
};

use super::key_index::KeyIndex;
use super::{Operator, Shape, elements, only, typed_list};

#[derive(Debug)]
pub(super) struct LabelEncoder {
    /// One table, or one for each direction: the type of the input selects it.
    tables: Vec<Table>,
}

#[derive(Debug)]
struct Table {
    keys: KeyIndex,
    values: Tensor,
    default: Tensor,
}

/// Builds `CategoryMapper`: strings to integers and back again.
pub(super) fn category_mapper(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Arc<dyn Operator>> {
    let strings = tensor1(&node.get_attr_vec::<String>("cats_strings")?);
    let ints = tensor1(&node.get_attr_vec::<i64>("cats_int64s")?);
    Ok(Arc::new(both_ways(node, strings, ints)?))
}

impl Operator for LabelEncoder {
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        if let Some(classes) = node.get_attr_opt_vec::<String>("classes_strings")? {
            let numbers: Vec<i64> = (0..).take(classes.len()).collect();
            return both_ways(node, tensor1(&classes), tensor1(&numbers));
        }
        let required = |name| {
            typed_list(ctx, node, name)?
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
        let positions = table.keys.positions(input)?;
        let output = match table.values.datum_type() {
            DatumType::String => table.values_at::<String>(&positions),
            values if values.is_float() => table.values_at::<f64>(&positions),
            _ => table.values_at::<i64>(&positions),
        }?;
        Ok(tvec!(output.cast_to_dt(table.values.datum_type())?.into_owned().into_shape(input.shape())?))
    }
}

impl LabelEncoder {
    fn table(&self, keys: DatumType) -> TractResult<&Table> {
        self.tables
            .iter()
            .find(|table| table.keys.takes(keys))
            .ok_or_else(|| format_err!("no table has keys of {keys:?}"))
    }
}

fn both_ways(node: &NodeProto, strings: Tensor, ints: Tensor) -> TractResult<LabelEncoder> {
    let (string, int) = (default(node, DatumType::String)?, default(node, DatumType::I64)?);
    let tables = vec![Table::new(&strings, ints.clone(), int)?, Table::new(&ints, strings, string)?];
    Ok(LabelEncoder { tables })
}

/// The default for values of the type `values`: the attribute, or else what the standard says.
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
        Ok(Self { keys: KeyIndex::new(keys)?, values, default })
    }

    /// The values at `positions` among the keys.
    #[expect(clippy::indexing_slicing, reason = "there are as many values as keys")]
    fn values_at<T: Datum>(&self, positions: &[Option<usize>]) -> TractResult<Tensor> {
        let values = elements::<T>(&self.values)?;
        let default = self.default.cast_to::<T>()?;
        let view = default.try_as_plain_ram()?;
        let default = view.to_scalar::<T>()?;
        let value = |position: &Option<usize>| match position {
            Some(position) => values[*position].clone(),
            None => default.clone(),
        };
        Ok(tensor1(&positions.iter().map(value).collect::<Vec<T>>()))
    }
}
