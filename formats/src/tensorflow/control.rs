//! Loops, choices, and lists of tensors.
//!
//! A loop whose number of rounds is known, as those over the steps of a sequence are, is its body so many times; others are loops of
//! ONNX's. A choice that depends on the
//! inputs computes both of its branches. A list is its elements, which the graph never sees.

use std::rc::Rc;

use super::DataType;
use super::body::{Body, Reference};
use super::call::Call;
use super::inline::{Value, Walker};
use super::operators;
use super::proto::{Attr, AttrValue, NodeDef};
use crate::constant::Constant;
use crate::onnx::{self, Tensor};
use crate::refusal::{Reason, Refusal, Result};

/// Rounds of a loop that are written out; more make a graph that nobody waits for.
pub(crate) const MOST_ROUNDS: usize = 2_000;
/// Elements of a list.
const LONGEST: usize = 1 << 16;

/// The elements, as far as there are any.
pub(super) type List = Vec<Option<Rc<Tensor>>>;

impl<'a> Walker<'a> {
    /// The outputs of a loop, a choice, or a list's operator; `None` for all other nodes.
    pub(super) fn control(&mut self, node: &'a NodeDef, inputs: &[Value]) -> Result<Option<Vec<Value>>> {
        Ok(Some(match node.op.as_str() {
            "While" | "StatelessWhile" => self.repeat(node, inputs.to_vec())?,
            "If" | "StatelessIf" => self.choice(node, inputs)?,
            "EmptyTensorList" | "TensorListReserve" | "TensorListFromTensor" => {
                vec![Value::List(self.new_list(node, inputs)?)]
            }
            "TensorListSetItem" | "TensorListPushBack" => vec![Value::List(self.changed(node, inputs)?)],
            "TensorListGetItem" | "TensorListLength" | "TensorListStack" => {
                vec![Value::Tensor(self.of_list(node, inputs)?)]
            }
            _ => return Ok(None),
        }))
    }

    /// A list without elements, with room for some, or of the parts of a tensor.
    fn new_list(&mut self, node: &'a NodeDef, inputs: &[Value]) -> Result<List> {
        match node.op.as_str() {
            "TensorListReserve" => {
                let count = self.number(node, inputs, 1)?;
                let count = usize::try_from(count).ok().filter(|count| *count <= LONGEST);
                Ok(vec![None; count.ok_or_else(|| wrong(node, "reserves room for too many elements"))?])
            }
            "TensorListFromTensor" => {
                let tensor = self.tensor(node, input(node, inputs, 0)?)?;
                let count = tensor.dim(0).ok_or_else(|| wrong(node, "makes a list of unknown length"))?;
                let settings = vec![("num", Attr::Int(count as i64)), ("axis", Attr::Int(0))];
                let parts = self.translated(node, "Unpack", vec![tensor], settings)?;
                Ok(parts.into_iter().map(|part| Some(Rc::new(part))).collect())
            }
            _ => Ok(List::new()),
        }
    }

    /// A list with another element, or with one more.
    fn changed(&mut self, node: &'a NodeDef, inputs: &[Value]) -> Result<List> {
        let mut elements = list(node, inputs)?.clone();
        if node.op == "TensorListPushBack" {
            let item = self.tensor(node, input(node, inputs, 1)?)?;
            elements.push(Some(Rc::new(item)));
            return Ok(elements);
        }
        let item = self.tensor(node, input(node, inputs, 2)?)?;
        let place = usize::try_from(self.number(node, inputs, 1)?).ok();
        let element = place.and_then(|place| elements.get_mut(place));
        *element.ok_or_else(|| wrong(node, "sets an element that the list does not have"))? =
            Some(Rc::new(item));
        Ok(elements)
    }

    /// An element of a list, how many there are, or all of them.
    fn of_list(&mut self, node: &'a NodeDef, inputs: &[Value]) -> Result<Tensor> {
        let elements = list(node, inputs)?;
        match node.op.as_str() {
            "TensorListGetItem" => {
                let place = usize::try_from(self.number(node, inputs, 1)?).ok();
                let found = place.and_then(|place| elements.get(place)?.as_deref().cloned());
                found.ok_or_else(|| wrong(node, "reads an element that the list does not have"))
            }
            "TensorListLength" => {
                let count = Constant::integers(DataType::Int32, Vec::new(), &[elements.len() as i64]);
                let count = count.ok_or_else(|| wrong(node, "counts too many elements"))?;
                Ok(self.graph.constant(&node.name, count))
            }
            _ => {
                let all: Option<Vec<Tensor>> =
                    elements.iter().map(|element| element.as_deref().cloned()).collect();
                let all = all.filter(|all| !all.is_empty());
                let all = all.ok_or_else(|| wrong(node, "joins a list that has elements without values"))?;
                let joined = self.translated(node, "Pack", all, vec![("axis", Attr::Int(0))])?;
                joined.into_iter().next().ok_or_else(|| wrong(node, "has no output"))
            }
        }
    }

    fn repeat(&mut self, node: &'a NodeDef, mut values: Vec<Value>) -> Result<Vec<Value>> {
        let [condition, body] = ["cond", "body"].map(|name| function(node, name));
        let (Some(condition), Some(body)) = (condition, body) else {
            return Err(wrong(node, "has no functions"));
        };
        let (mut first, start, outside) = (None, values.clone(), self.graph.begin());
        for _ in 0..MOST_ROUNDS {
            let decision = self.call(node, condition, values.clone())?.into_iter().next();
            let decision = decision.ok_or_else(|| wrong(node, "has no condition"))?;
            match truth(&decision) {
                Some(true) => values = self.call(node, body, values)?,
                Some(false) => {
                    self.graph.join(outside);
                    return Ok(values);
                }
                None => {
                    self.graph.join(outside);
                    return self.open_loop(node, [condition, body], decision, &values);
                }
            }
            first.get_or_insert(decision);
        }
        self.graph.end(outside);
        let first = first.ok_or_else(|| wrong(node, "has no condition"))?;
        self.open_loop(node, [condition, body], first, &start)
    }

    /// A loop that is not written out.
    fn open_loop(
        &mut self,
        node: &'a NodeDef,
        [condition, body]: [&'a str; 2],
        decision: Value,
        values: &[Value],
    ) -> Result<Vec<Value>> {
        let kept = self.kept(body);
        let decision = self.tensor(node, decision)?;
        let changed = |place: &usize| kept.get(*place) != Some(&true);
        let places: Vec<usize> = (0..values.len()).filter(changed).collect();
        let mut states = Vec::new();
        for place in &places {
            let value = input(node, values, *place)?;
            if matches!(value, Value::List(_)) {
                return Err(wrong(node, "changes a list of tensors as long as its inputs decide"));
            }
            states.push(self.tensor(node, value)?);
        }
        let filled = |states: Vec<Tensor>| {
            let mut values = values.to_vec();
            for (place, state) in places.iter().zip(states) {
                if let Some(value) = values.get_mut(*place) {
                    *value = Value::Tensor(state);
                }
            }
            values
        };
        let at = format!("the operator {} at `{}`", node.op, node.name);
        let round = |walker: &mut Self, states| {
            let after = walker.call(node, body, filled(states))?;
            let decision = input(node, &walker.call(node, condition, after.clone())?, 0)?;
            let decision = walker.tensor(node, decision)?;
            let after = places.iter().map(|place| walker.tensor(node, input(node, &after, *place)?));
            Ok((decision, after.collect::<Result<_>>()?))
        };
        let last = onnx::repeat(self, |walker| &mut walker.graph, (decision, &states), &at, round)?;
        Ok(filled(last))
    }

    /// Of each value of a loop's body, whether all rounds hand it on as it is.
    fn kept(&self, name: &str) -> Vec<bool> {
        let Some(function) = self.functions.get(name).copied() else { return Vec::new() };
        let Some(signature) = &function.signature else { return Vec::new() };
        let body = Body::of_function(function);
        let is_kept = |place: usize| {
            let mut name = function.ret.get(&signature.output_arg.get(place)?.name)?.as_str();
            // No longer chain is without a circle.
            for _ in 0..=function.node.len() {
                name = Reference::read(name)?.node;
                match body.get(name) {
                    Some(node) if node.op == "Identity" => name = node.input.first()?,
                    _ => break,
                }
            }
            Some(signature.input_arg.get(place)?.name == name)
        };
        (0..signature.input_arg.len()).map(|place| is_kept(place).unwrap_or(false)).collect()
    }

    fn choice(&mut self, node: &'a NodeDef, inputs: &[Value]) -> Result<Vec<Value>> {
        let [one, other] = ["then_branch", "else_branch"].map(|name| function(node, name));
        let ([decision, inputs @ ..], Some(one), Some(other)) = (inputs, one, other) else {
            return Err(wrong(node, "has no branches"));
        };
        if let Some(is_true) = truth(decision) {
            return self.call(node, if is_true { one } else { other }, inputs.to_vec());
        }
        let decision = self.tensor(node, decision.clone())?;
        let [one, other] = [self.call(node, one, inputs.to_vec())?, self.call(node, other, inputs.to_vec())?];
        let mut chosen = Vec::new();
        for (one, other) in one.into_iter().zip(other) {
            let both = [self.tensor(node, one)?, self.tensor(node, other)?];
            let call = Call { node, inputs: [vec![decision.clone()], both.to_vec()].concat() };
            chosen.push(Value::Tensor(operators::choice(&mut self.graph, &call)?));
        }
        Ok(chosen)
    }

    /// The whole number that an input is.
    fn number(&mut self, node: &'a NodeDef, inputs: &[Value], place: usize) -> Result<i64> {
        let tensor = self.tensor(node, input(node, inputs, place)?)?;
        Call { node, inputs: vec![tensor] }.int(0)
    }

    /// What another operator than the node's makes of tensors.
    fn translated(
        &mut self,
        node: &NodeDef,
        op: &str,
        inputs: Vec<Tensor>,
        settings: Vec<(&str, Attr)>,
    ) -> Result<Vec<Tensor>> {
        let attr =
            settings.into_iter().map(|(name, value)| (name.to_owned(), AttrValue { value: Some(value) }));
        let node = NodeDef { op: op.to_owned(), attr: attr.collect(), ..node.clone() };
        operators::translate(&mut self.graph, &Call { node: &node, inputs })
    }
}

/// The function that an attribute names.
pub(super) fn function<'a>(node: &'a NodeDef, name: &str) -> Option<&'a str> {
    match node.attr.get(name)?.value.as_ref()? {
        Attr::Function(function) => Some(&function.name),
        _ => None,
    }
}

/// Whether a value is known to be true.
fn truth(value: &Value) -> Option<bool> {
    let Value::Tensor(tensor) = value else { return None };
    tensor.constant.as_ref()?.to_bool()
}

fn input(node: &NodeDef, inputs: &[Value], place: usize) -> Result<Value> {
    inputs.get(place).cloned().ok_or_else(|| wrong(node, "lacks an input"))
}

fn list<'v>(node: &NodeDef, inputs: &'v [Value]) -> Result<&'v List> {
    match inputs.first() {
        Some(Value::List(list)) => Ok(list),
        _ => Err(wrong(node, "reads what is no list")),
    }
}

fn wrong(node: &NodeDef, what: &str) -> Refusal {
    let message = format!("the operator {} at `{}` {what}, which is not supported", node.op, node.name);
    Refusal::new(Reason::UnsupportedOperator, message)
}
