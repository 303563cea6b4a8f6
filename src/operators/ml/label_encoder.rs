//! `LabelEncoder` of ai.onnx.ml 1, 2 and 4, and `CategoryMapper` of ai.onnx.ml 1: looks each value up in a table; a
//! value that is not there becomes the default.

use std::sync::Arc;

use crate::onnx::pb::{NodeProto, TensorProto};
use crate::onnx::tensors::load;
use anyhow::{Result, bail, ensure, format_err};

use crate::onnx::names::REFUSES_UNKNOWN;
use crate::tensor::{Element, ElementType, Tensor};

use super::category::Known;
use super::key_index::KeyIndex;
use super::{Columns, Context, Operator, Shape, only, typed_list};

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
    /// What a value of no key is refused with; otherwise it becomes the default.
    refuses: Option<Known>,
}

/// Builds `CategoryMapper`: strings to integers and back again.
pub(super) fn category_mapper(_: &Context<'_>, node: &NodeProto) -> Result<Arc<dyn Operator>> {
    let strings = Tensor::vector(node.required::<Vec<String>>("cats_strings")?);
    let ints = Tensor::vector(node.required::<Vec<i64>>("cats_int64s")?);
    Ok(Arc::new(both_ways(node, strings, ints)?))
}

impl Operator for LabelEncoder {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        if let Some(classes) = node.optional::<Vec<String>>("classes_strings")? {
            let numbers: Vec<i64> = (0..).take(classes.len()).collect();
            return both_ways(node, Tensor::vector(classes), Tensor::vector(numbers));
        }
        let required = |name| {
            typed_list(node, name)?
                .ok_or_else(|| format_err!("there are no {name} in an attribute of a known type"))
        };
        let (keys, values) = (required("keys")?, required("values")?);
        let default = match node.optional::<&TensorProto>("default_tensor")? {
            Some(default) => load(default.clone())?.with_shape(Vec::new())?,
            None => default(node, values.element())?,
        };
        let mut table = Table::new(&keys, values, default)?;
        if node.optional::<i64>(REFUSES_UNKNOWN)? == Some(1) {
            // The last key stands for what is missing.
            table.refuses = Some(Known::new(node, &keys, keys.len().saturating_sub(1))?);
        }
        Ok(Self { tables: vec![table] })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (keys, shape) = only(inputs)?;
        Ok(vec![(self.table(*keys)?.values.element(), shape.clone())])
    }

    fn columns(&self) -> Columns {
        Columns::Own
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let input = only(&inputs)?;
        let table = self.table(input.element())?;
        let positions = table.keys.positions(input)?;
        if let Some(known) = &table.refuses {
            known.check(input, &positions)?;
        }
        let output = match table.values.element() {
            ElementType::String => table.values_at::<String>(&positions),
            values if values.is_float() => table.values_at::<f64>(&positions),
            _ => table.values_at::<i64>(&positions),
        }?;
        Ok(vec![output.cast(table.values.element())?.with_shape(input.shape().to_vec())?])
    }
}

impl LabelEncoder {
    fn table(&self, keys: ElementType) -> Result<&Table> {
        self.tables
            .iter()
            .find(|table| table.keys.takes(keys))
            .ok_or_else(|| format_err!("no table has keys of {keys:?}"))
    }
}

fn both_ways(node: &NodeProto, strings: Tensor, ints: Tensor) -> Result<LabelEncoder> {
    let (string, int) = (default(node, ElementType::String)?, default(node, ElementType::I64)?);
    let tables = vec![Table::new(&strings, ints.clone(), int)?, Table::new(&ints, strings, string)?];
    Ok(LabelEncoder { tables })
}

/// The default for values of the type `values`: the attribute, or else what the standard says.
fn default(node: &NodeProto, values: ElementType) -> Result<Tensor> {
    let default = match values {
        ElementType::String => {
            Tensor::scalar(node.optional::<String>("default_string")?.unwrap_or_else(|| "_Unused".into()))
        }
        values if values.is_float() => Tensor::scalar(node.optional::<f32>("default_float")?.unwrap_or(-0.0)),
        _ => Tensor::scalar(node.optional::<i64>("default_int64")?.unwrap_or(-1)),
    };
    default.cast(values)
}

impl Table {
    fn new(keys: &Tensor, values: Tensor, default: Tensor) -> Result<Self> {
        ensure!(keys.len() == values.len(), "{} keys do not fit {} values", keys.len(), values.len());
        ensure!(default.element() == values.element(), "the default is of another type than the values");
        Ok(Self { keys: KeyIndex::new(keys)?, values, default, refuses: None })
    }

    /// The values at `positions` among the keys.
    #[expect(clippy::indexing_slicing, reason = "there are as many values as keys")]
    fn values_at<T: Element>(&self, positions: &[Option<usize>]) -> Result<Tensor> {
        let values = self.values.to_vec::<T>()?;
        let default = self.default.cast(T::TYPE)?;
        let [default] = default.elements::<T>()? else { bail!("the default is no single value") };
        let value = |position: &Option<usize>| match position {
            Some(position) => values[*position].clone(),
            None => default.clone(),
        };
        Ok(Tensor::vector(positions.iter().map(value).collect::<Vec<T>>()))
    }
}
