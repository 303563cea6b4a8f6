//! The function: which model, which columns, and what comes of them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, new_empty_array};
use arrow_schema::{DataType as Arrow, Field as ArrowField, FieldRef};
use datafusion::arrow::compute::nullif;
use datafusion::common::ScalarValue;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::async_udf::AsyncScalarUDFImpl;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use predictql::data::Field;

use super::columns::{in_layout, type_of};
use super::models::{Bound, Models};

#[derive(Clone)]
pub(super) struct Predict {
    models: Arc<Models>,
    signature: Signature,
}

impl Predict {
    pub(super) fn new(models: Models) -> Self {
        Self { models: Arc::new(models), signature: Signature::variadic_any(Volatility::Stable) }
    }

    /// The model over what it is given: a model's name, and the fields of the arguments behind it.
    fn bound(&self, model: Option<&ScalarValue>, fields: &[FieldRef]) -> Result<Arc<Bound>> {
        let Some(Some(model)) = model.and_then(ScalarValue::try_as_str) else {
            let message =
                "`predict` begins with the name of a model as a literal: predict('m@champion', a, b)";
            return Err(DataFusionError::Plan(message.into()));
        };
        let columns = self.named(model, fields);
        let columns = columns.iter().map(|(name, data_type)| Ok(Field::new(name, type_of(data_type)?)));
        self.models.bound(model, columns.collect::<Result<_>>()?)
    }

    /// The columns that a model is given, under the names of its inputs.
    fn named(&self, model: &str, fields: &[FieldRef]) -> Vec<(String, Arrow)> {
        if let [field] = fields
            && let Arrow::Struct(inside) = field.data_type()
        {
            return inside.iter().map(|it| (it.name().clone(), it.data_type().clone())).collect();
        }
        let inputs = self.models.inputs(model).unwrap_or_default();
        let is_input = |field: &FieldRef| inputs.iter().any(|it| it.eq_ignore_ascii_case(field.name()));
        let by_name = fields.iter().all(is_input);
        let own = |(number, field): (usize, &FieldRef)| {
            let input = inputs.get(number).filter(|_| !by_name);
            (input.unwrap_or(field.name()).clone(), field.data_type().clone())
        };
        fields.iter().enumerate().map(own).collect()
    }

    fn run(&self, arguments: &ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (Some(model), Some((_, fields))) = (arguments.args.first(), arguments.arg_fields.split_first())
        else {
            return Err(DataFusionError::Internal("`predict` without a model".into()));
        };
        if arguments.number_rows == 0 {
            return Ok(ColumnarValue::Array(new_empty_array(arguments.return_type())));
        }
        let model = match model {
            ColumnarValue::Scalar(model) => model.clone(),
            // What comes through a foreign function interface has lost that it was a literal.
            ColumnarValue::Array(models) => ScalarValue::try_from_array(models, 0)?,
        };
        let bound = self.bound(Some(&model), fields)?;
        let given = arguments.args.iter().skip(1).map(|it| it.to_array(arguments.number_rows));
        let given = opened(given.collect::<Result<Vec<_>>>()?)?;
        let columns = given.iter().zip(bound.columns()).map(|(it, field)| in_layout(it, &field.data_type));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let rows = self.models.run(&bound, arguments.number_rows, columns)?;
        Ok(ColumnarValue::Array(Arc::new(rows)))
    }
}

/// The columns inside of the only one, where that is a struct. A struct that is NULL has NULLs inside.
fn opened(columns: Vec<ArrayRef>) -> Result<Vec<ArrayRef>> {
    let [only] = columns.as_slice() else { return Ok(columns) };
    let Some(inside) = only.as_struct_opt() else { return Ok(columns) };
    let Some(nulls) = inside.nulls() else { return Ok(inside.columns().to_vec()) };
    let is_null = BooleanArray::new(!nulls.inner(), None);
    inside.columns().iter().map(|column| Ok(nullif(column, &is_null)?)).collect()
}

impl fmt::Debug for Predict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("predict")
    }
}

impl PartialEq for Predict {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.models, &other.models)
    }
}

impl Eq for Predict {}

impl Hash for Predict {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.models).hash(state);
    }
}

impl ScalarUDFImpl for Predict {
    fn name(&self) -> &str {
        "predict"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[Arrow]) -> Result<Arrow> {
        Err(DataFusionError::Internal("what `predict` gives depends on the model's name".into()))
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let model = arguments.scalar_arguments.first().copied().flatten();
        let fields = arguments.arg_fields.get(1..).unwrap_or_default();
        let bound = self.bound(model, fields)?;
        Ok(Arc::new(ArrowField::new("predict", Arrow::Struct(bound.fields().clone()), true)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.run(&arguments)
    }
}

#[async_trait::async_trait]
impl AsyncScalarUDFImpl for Predict {
    async fn invoke_async_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let predict = self.clone();
        // Models compute for long: the threads of the runtime stay free.
        let run = SpawnedTask::spawn_blocking(move || predict.run(&arguments));
        run.await.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))?
    }
}
