//! `If` (ONNX, versions 1 to 25): one of two bodies runs.

use litemap::LiteMap;

use anyhow::{Context as _, Result, bail, ensure};

use super::graph::Graph;
use crate::onnx::pb::NodeProto;
use crate::operators::{Context, Dim, Operator, Shape};
#[cfg(feature = "full")]
use crate::operators::{Rewrites, Rewritten};
use crate::tensor::{ElementType, Tensor};

#[derive(Debug)]
pub(super) struct If {
    /// What runs where the condition holds, and what runs elsewhere.
    bodies: [Graph; 2],
}

impl If {
    /// The body for `condition`, and those of `inputs` that it reads from the graph around it.
    fn body<'a, T>(&'a self, condition: bool, inputs: &'a [T]) -> Result<(&'a Graph, &'a [T])> {
        let [then, otherwise] = &self.bodies;
        let captured = inputs.get(1..).context("a branch has a condition")?;
        let (of_then, of_otherwise) =
            captured.split_at_checked(then.captured().len()).context("a branch has what it reads")?;
        Ok(if condition { (then, of_then) } else { (otherwise, of_otherwise) })
    }

    fn infer(&self, condition: bool, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let (body, captured) = self.body(condition, inputs)?;
        let mut shapes = body.infer_for(captured, self.body(condition, values)?.1)?.shapes;
        // Lengths that the body leaves open are numbered once more outside.
        let dims = shapes.iter_mut().flat_map(|(_, dims)| dims);
        dims.filter(|dim| dim.known().is_none()).for_each(|dim| *dim = Dim::open());
        Ok(shapes)
    }
}

/// Whether a condition is true.
pub(super) fn holds(condition: &Tensor) -> Result<bool> {
    match condition.elements::<bool>()? {
        [condition] => Ok(*condition),
        other => bail!("expected one condition, found {}", other.len()),
    }
}

impl Operator for If {
    fn parse(ctx: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let body = |name: &str| {
            let mut body = Graph::with_captured(node.required(name)?, &LiteMap::new(), ctx.opset)?;
            ensure!(body.inputs() == body.captured().len(), "a branch has no inputs");
            body.fold();
            Ok(body)
        };
        Ok(Self { bodies: [body("then_branch")?, body("else_branch")?] })
    }

    fn outer_values(&self) -> Vec<String> {
        self.bodies.iter().flat_map(|body| body.captured().to_vec()).collect()
    }

    fn is_long(&self, _: &[Option<Tensor>]) -> bool {
        self.bodies.iter().any(Graph::is_long)
    }

    #[cfg(feature = "full")]
    fn is_random(&self) -> bool {
        self.bodies.iter().any(Graph::is_random)
    }

    #[cfg(feature = "full")]
    fn mixes_rows(&self) -> bool {
        self.bodies.iter().any(Graph::mixes_rows)
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        ensure!(matches!(inputs, [(ElementType::Bool, _), ..]), "the condition of a branch is true or false");
        if let Some(Some(condition)) = values.first() {
            return self.infer(holds(condition)?, inputs, values);
        }
        let (mut shapes, others) = (self.infer(true, inputs, values)?, self.infer(false, inputs, values)?);
        ensure!(shapes.len() == others.len(), "both branches have the same outputs");
        for (shape, other) in shapes.iter_mut().zip(others) {
            ensure!(shape.0 == other.0, "one branch gives {:?}, the other {:?}", shape.0, other.0);
            if shape.1.len() == other.1.len() {
                let unlike = shape.1.iter_mut().zip(&other.1).filter(|(dim, other)| *dim != *other);
                unlike.for_each(|(dim, _)| *dim = Dim::open());
            } else {
                // Until the run decides, the branch for what is usual stands for both: converters put it last.
                *shape = other;
            }
        }
        Ok(shapes)
    }

    #[cfg(feature = "full")]
    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let condition = holds(inputs.first().context("a branch has a condition")?)?;
        let (body, captured) = self.body(condition, &inputs)?;
        body.run(captured.to_vec())
    }
}

#[cfg(feature = "full")]
impl Rewrites for If {
    fn prepared(&self, constants: &[Option<Tensor>]) -> Result<Option<(Rewritten, Vec<usize>)>> {
        let [then, otherwise] = &self.bodies;
        let (_, of_then) = self.body(true, constants)?;
        let (_, of_otherwise) = self.body(false, constants)?;
        let (then, then_read) = super::rewrite::body(then, of_then, 1)?;
        let (otherwise, read) = super::rewrite::body(otherwise, of_otherwise, 1 + of_then.len())?;
        let read = std::iter::once(0).chain(then_read).chain(read).collect();
        Ok(Some((std::sync::Arc::new(Self { bodies: [then, otherwise] }), read)))
    }
}
