//! States: what an output gives for a row is an input of the row behind it, as decoders, filters of sound and other recurrent networks
//! want it that are exported for one step. The first row has the state that its column holds, or zeros.

use super::Model;
use super::core::Core;
use super::graph_port::GraphPort;
use super::row_axis::BatchSize;
use crate::diag::{Code, Error, Invariant, Result};
use crate::onnx::Dim;
use crate::tensor::Tensor;

/// An input, and the output that the row behind has in its place, by their names in the graph.
#[derive(Debug, Clone)]
pub(super) struct Handed {
    input: String,
    output: String,
}

/// The states behind the latest row of a query; none before the first.
#[derive(Debug, Clone, Default)]
pub(crate) struct States(Vec<Tensor>);

impl Model {
    /// The same model, each of whose `inputs` has for a row what the output at the same place of `outputs` gave for the row before; what
    /// was loaded is shared. An input whose lengths are known may be left out: the first row has zeros there.
    ///
    /// # Errors
    /// `invalid-option` for names that there are not and states that do not fit.
    pub(crate) fn with_states(&self, inputs: &[String], outputs: &[String]) -> Result<Self> {
        let invalid = |message: String| Error::new(Code::InvalidOption, message);
        if inputs.len() != outputs.len() {
            let (inputs, outputs) = (inputs.len(), outputs.len());
            return Err(invalid(format!(
                "`state_in` names {inputs} inputs and `state_out` {outputs} outputs, expected as many"
            )));
        }
        if self.texts.is_some() {
            return Err(invalid("a model that cuts texts up hands no states on".into()));
        }
        if let BatchSize::Fixed(rows @ 2..) = self.core.batch_size {
            let message = format!("the model takes {rows} rows at once, and states go from row to row");
            return Err(invalid(message).hint("export it with a free or a single row"));
        }
        let mut model = self.clone();
        for (input, output) in inputs.iter().zip(outputs) {
            let to = named("state_in", "input", input, &self.core.inputs)?;
            let from = named("state_out", "output", output, &self.core.outputs)?;
            if !fits(from, to) {
                return Err(invalid(format!(
                    "output `{}` of {} does not fit input `{}` of {}",
                    from.name,
                    written(from),
                    to.name,
                    written(to)
                )));
            }
            if to.free_dims() == 0 {
                model.leave_out(&to.name)?;
            }
            model.handed.push(Handed { input: to.name.clone(), output: from.name.clone() });
        }
        Ok(model)
    }

    /// Lets rows do without the columns of an input.
    fn leave_out(&mut self, input: &str) -> Result<()> {
        let columns = self.inputs.columns_of(input).invariant("the columns of an input")?;
        for ports in [&mut self.inputs.ports, &mut self.signature.inputs] {
            let ports = ports.get_mut(columns.clone()).invariant("a port for each column")?;
            ports.iter_mut().for_each(|port| port.required = false);
        }
        Ok(())
    }

    /// The places of the states among the inputs of `core`, with the states.
    pub(super) fn held<'a>(&self, core: &Core, states: &'a States) -> Result<Vec<(usize, &'a Tensor)>> {
        let place = |handed: &Handed| core.inputs.iter().position(|port| port.name == handed.input);
        let held = self.handed.iter().zip(&states.0);
        held.map(|(handed, state)| Ok((place(handed).invariant("the input of a state")?, state))).collect()
    }

    /// Keeps of the outputs of a row what the next one gets.
    pub(super) fn hand_on(&self, core: &Core, outputs: &[Tensor], states: &mut States) -> Result<()> {
        let kept = self.handed.iter().map(|handed| {
            let place = core.outputs.iter().position(|port| port.name == handed.output);
            place.and_then(|place| outputs.get(place)).cloned().invariant("the output of a state")
        });
        states.0 = kept.collect::<Result<_>>()?;
        Ok(())
    }
}

fn named<'a>(setting: &str, what: &str, name: &str, ports: &'a [GraphPort]) -> Result<&'a GraphPort> {
    ports.iter().find(|port| port.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let names = || ports.iter().map(|port| port.name.as_str());
        Error::new(
            Code::InvalidOption,
            format!("`{setting}` names `{name}`, which is no {what} of the model"),
        )
        .did_you_mean(name, names())
        .or_list(&format!("the {what}s are"), names())
    })
}

/// Whether a tensor of `from` can be one of `to`, as far as their lengths are known.
fn fits(from: &GraphPort, to: &GraphPort) -> bool {
    let same = |(from, to): (&Dim, &Dim)| from.fixed().zip(to.fixed()).is_none_or(|(from, to)| from == to);
    from.element == to.element
        && from.shape.len() == to.shape.len()
        && from.shape.iter().zip(&to.shape).all(same)
}

fn written(port: &GraphPort) -> String {
    let shape: Vec<_> = port.shape.iter().map(Dim::to_string).collect();
    format!("{:?} [{}]", port.element, shape.join(", "))
}
