//! Which columns feed an input of the graph, by its own name or by the option `input_columns`.

use std::ops::Range;

use super::picture::Picture;
use crate::diag::{Code, Error, Result};
use crate::model::graph_port::{GraphPort, scalar_type};
use crate::model::options::{ModelOptions, PerInput};
use crate::model::signature::Port;
use crate::onnx::Dim;

/// How one input of the graph is fed.
#[derive(Debug, Clone)]
pub(super) struct InputBinding {
    pub(super) port: GraphPort,
    /// Whether several columns make it up, or one that was named for it.
    pub(super) packed: bool,
    pub(super) picture: Option<Picture>,
    /// Its columns among those of all inputs.
    pub(super) columns: Range<usize>,
}

impl InputBinding {
    /// Binds `port` to columns from number `first` on, and gives these columns. `is_only` is whether the model has no
    /// other input.
    pub(super) fn new(
        port: &GraphPort,
        first: usize,
        is_only: bool,
        options: &ModelOptions,
    ) -> Result<(Self, Vec<Port>)> {
        let picture = Picture::of(port, options)?;
        let packed = match &options.columns {
            // A plain list is for the one input that has room for it.
            Some(PerInput::All(_)) if !port.required && !is_only => None,
            Some(columns) => columns.of(&port.name),
            None => None,
        };
        let columns: Vec<Port> = if let Some(names) = packed {
            check_length(port, names.len())?;
            let column = |name: &String| Port {
                name: name.clone(),
                data_type: scalar_type(port.element),
                shape: port.row_axis().and_then(|axis| port.shape.get(axis)).cloned().into_iter().collect(),
                row: Vec::new(),
                ..Port::of(port)
            };
            names.iter().map(column).collect()
        } else {
            let mut column = Port::of(port);
            if let Some(picture) = &picture {
                let in_sql = picture.shape_in_sql(port.row_shape());
                if in_sql != column.row {
                    let rows = port.row_axis().and_then(|axis| port.shape.get(axis)).cloned();
                    column.shape = rows.into_iter().chain(in_sql.iter().cloned()).collect();
                }
                column.picture = Some(in_sql);
                // The options of pictures are for pictures only.
                column.takes_lists &= !picture.is_given();
                column.takes_doubles &= !picture.is_given();
            }
            vec![column]
        };
        let range = first..first + columns.len();
        Ok((Self { port: port.clone(), packed: packed.is_some(), picture, columns: range }, columns))
    }

    /// Binds `port` to column `number`, which a tokenizer makes.
    pub(super) fn of_tokens(port: &GraphPort, number: usize) -> Self {
        Self { port: port.clone(), packed: false, picture: None, columns: number..number + 1 }
    }
}

/// Checks that names in options are those of inputs.
pub(super) fn check_names(ports: &[GraphPort], options: &ModelOptions) -> Result<()> {
    let inputs = || ports.iter().map(|port| port.name.as_str());
    let mut columns: Vec<&str> = inputs().collect();
    match &options.columns {
        Some(PerInput::All(names)) => {
            if let [example, ..] = ports
                && ports.iter().filter(|port| port.required).count() > 1
            {
                let message = "`input_columns` is one list, the model has several inputs";
                return Err(Error::new(Code::InvalidOption, message).hint(format!(
                    "name them: input_columns = STRUCT(['a', 'b'] AS `{}`, …)",
                    example.name
                )));
            }
            columns = names.iter().map(String::as_str).collect();
        }
        Some(named) => {
            named.check_names("input_columns", &columns)?;
            columns.retain(|input| named.of(input).is_none());
            columns.extend(inputs().filter_map(|input| named.of(input)).flatten().map(String::as_str));
        }
        None => {}
    }
    options
        .default_on_null
        .as_ref()
        .map_or(Ok(()), |defaults| defaults.check_names("default_on_null", &columns))
}

/// Checks that `length` values can make up a row of `port`.
fn check_length(port: &GraphPort, length: usize) -> Result<()> {
    let fixed = port.fixed_width();
    let fits = match port.free_dims() {
        0 => fixed == length,
        1 => fixed > 0 && length.is_multiple_of(fixed),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let shape: Vec<_> = port.shape.iter().map(Dim::to_string).collect();
    let message = format!(
        "`input_columns` has {length} columns for input `{}` of shape [{}]",
        port.name,
        shape.join(", ")
    );
    Err(Error::new(Code::InvalidOption, message))
}
