//! Tables of words and numbers.

use crate::constant::Constant;
use crate::onnx::{Attribute, Graph, Node, Tensor};
use crate::refusal::Result;
use crate::tensorflow::DataType;
use crate::tensorflow::call::Call;

/// The values that a table has for keys, the first input of `call`, and the second one for those that it does not have.
pub(in crate::tensorflow) fn look_up(
    graph: &mut Graph,
    call: &Call<'_>,
    keys: &Constant,
    values: &Constant,
) -> Result<Tensor> {
    let (input, missing) = (call.input(0)?, call.constant(1)?);
    let list = |constant: &Constant, [texts, numbers]: [&'static str; 2]| match constant.to_texts() {
        Some(list) => Ok((texts, Attribute::Texts(list.to_vec()))),
        None => {
            let list = constant.to_ints().ok_or_else(|| call.unsupported("reads a table of fractions"))?;
            Ok((numbers, Attribute::Ints(list)))
        }
    };
    let default = match (missing.to_texts(), missing.to_int()) {
        (Some([text]), _) => ("default_string", Attribute::Text(String::from_utf8_lossy(text).into_owned())),
        (_, Some(number)) => ("default_int64", Attribute::Int(number)),
        _ => return Err(call.unsupported("gives several values where a key is missing")),
    };
    if keys.len() != values.len() {
        return Err(call.invalid("reads a table with more keys than values, or fewer"));
    }
    let is_narrow = input.dtype == DataType::Int32;
    let source = if is_narrow { graph.cast(input.name.clone(), DataType::Int64) } else { input.name.clone() };
    let mut name = graph.name(call.name());
    graph.nodes.push(Node {
        op: "LabelEncoder",
        is_ml: true,
        inputs: vec![source],
        outputs: vec![name.clone()],
        attributes: vec![
            list(keys, ["keys_strings", "keys_int64s"])?,
            list(values, ["values_strings", "values_int64s"])?,
            default,
        ],
    });
    if values.dtype == DataType::Int32 {
        name = graph.cast(name, DataType::Int32);
    }
    let dims = input.dims.clone();
    Ok(Tensor { name, dtype: values.dtype, dims, channels_first: false, constant: None, known: None })
}
