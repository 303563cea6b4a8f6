//! Loops, choices, and lists of tensors.
//!
//! A loop whose number of rounds is known, as those over the steps of a sequence of known length are, is its body so many times; others are
//! loops of ONNX's. A choice that depends on the
//! inputs computes both of its branches. A list is its elements, or a tensor of them all.

use std::rc::Rc;

use super::DataType;
use super::body::{Body, Reference};
use super::call::Call;
use super::inline::{Value, Walker};
use super::operators;
use super::proto::{Attr, AttrValue, NodeDef};
use crate::constant::Constant;
use crate::onnx::{self, Graph, Made, Node, Tensor};
use crate::refusal::{Reason, Refusal, Result};

/// Rounds of a loop that are written out; more make a graph that nobody waits for.
pub(crate) const MOST_ROUNDS: usize = 2_000;
/// Comparisons, and what joins them, that decide on a loop which fills a list.
const MOST_DECISIONS: usize = 16;
/// Elements of a list.
const LONGEST: usize = 1 << 16;

#[derive(Debug, Clone)]
pub(super) enum List {
    /// The elements, as far as there are any.
    Elements(Vec<Option<Rc<Tensor>>>),
    /// All elements, along the first axis.
    Whole(Rc<Tensor>),
    /// None, and room for as many as the tensor says, which the inputs decide.
    Room(Rc<Tensor>),
    /// Of a round of a loop: one that had none has this element, at this place.
    Set { place: Rc<Tensor>, element: Rc<Tensor> },
}

impl List {
    /// Whether it has no element yet.
    fn is_unset(&self) -> bool {
        match self {
            Self::Elements(elements) => elements.iter().all(Option::is_none),
            Self::Room(_) => true,
            Self::Whole(_) | Self::Set { .. } => false,
        }
    }
}

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
                let count = self.tensor(node, input(node, inputs, 1)?)?;
                if count.values().is_none_or(|count| count.contains(&None)) {
                    return Ok(List::Room(Rc::new(count)));
                }
                let count = Call { node, inputs: vec![count] }.int(0)?;
                let count = usize::try_from(count).ok().filter(|count| *count <= LONGEST);
                let count = count.ok_or_else(|| wrong(node, "reserves room for too many elements"))?;
                Ok(List::Elements(vec![None; count]))
            }
            "TensorListFromTensor" => {
                let tensor = self.tensor(node, input(node, inputs, 0)?)?;
                Ok(List::Whole(Rc::new(tensor)))
            }
            _ => Ok(List::Elements(Vec::new())),
        }
    }

    /// A list with another element, or with one more.
    fn changed(&mut self, node: &'a NodeDef, inputs: &[Value]) -> Result<List> {
        let list = list(node, inputs)?;
        let is_pushed = node.op == "TensorListPushBack";
        let element = Rc::new(self.tensor(node, input(node, inputs, if is_pushed { 1 } else { 2 })?)?);
        let place = if is_pushed { None } else { Some(self.tensor(node, input(node, inputs, 1)?)?) };
        if let Some(place) = place.clone().filter(|place| place.constant.is_none())
            && list.is_unset()
        {
            return Ok(List::Set { place: Rc::new(place), element });
        }
        let mut elements = self.elements(node, list)?;
        let Some(place) = place else {
            elements.push(Some(element));
            return Ok(List::Elements(elements));
        };
        let place = usize::try_from(Call { node, inputs: vec![place] }.int(0)?).ok();
        let changed = place.and_then(|place| elements.get_mut(place));
        *changed.ok_or_else(|| wrong(node, "sets an element that the list does not have"))? = Some(element);
        Ok(List::Elements(elements))
    }

    /// The elements of a list of known length.
    fn elements(&mut self, node: &'a NodeDef, list: &List) -> Result<Vec<Option<Rc<Tensor>>>> {
        let tensor = match list {
            List::Elements(elements) => return Ok(elements.clone()),
            List::Whole(tensor) => tensor,
            List::Room(_) | List::Set { .. } => return Err(wrong(node, "uses a list that a loop fills")),
        };
        let count =
            tensor.dim(0).ok_or_else(|| wrong(node, "needs the elements of a list of unknown length"))?;
        let settings = vec![("num", Attr::Int(count as i64)), ("axis", Attr::Int(0))];
        let parts = self.translated(node, "Unpack", vec![(**tensor).clone()], settings)?;
        Ok(parts.into_iter().map(|part| Some(Rc::new(part))).collect())
    }

    /// An element of a list, how many there are, or all of them.
    fn of_list(&mut self, node: &'a NodeDef, inputs: &[Value]) -> Result<Tensor> {
        let list = list(node, inputs)?;
        let translated = match (node.op.as_str(), list) {
            ("TensorListStack", List::Whole(all)) => return Ok((**all).clone()),
            ("TensorListGetItem", List::Whole(all)) => {
                let place = self.tensor(node, input(node, inputs, 1)?)?;
                let axis = self.graph.constant(&node.name, Constant::ints(Vec::new(), &[0]));
                self.translated(node, "GatherV2", vec![(**all).clone(), place, axis], Vec::new())?
            }
            ("TensorListGetItem", list) => {
                let place = usize::try_from(self.number(node, inputs, 1)?).ok();
                let elements = self.elements(node, list)?;
                let found = place.and_then(|place| elements.get(place)?.as_deref().cloned());
                return found.ok_or_else(|| wrong(node, "reads an element that the list does not have"));
            }
            ("TensorListLength", List::Room(count)) => return Ok((**count).clone()),
            ("TensorListLength", list) => {
                let elements = self.elements(node, list)?;
                let count = Constant::integers(DataType::Int32, Vec::new(), &[elements.len() as i64]);
                let count = count.ok_or_else(|| wrong(node, "counts too many elements"))?;
                return Ok(self.graph.constant(&node.name, count));
            }
            (_, list) => {
                let elements = self.elements(node, list)?;
                let all: Option<Vec<Tensor>> =
                    elements.iter().map(|element| element.as_deref().cloned()).collect();
                let all = all.filter(|all| !all.is_empty());
                let all = all.ok_or_else(|| wrong(node, "joins a list that has elements without values"))?;
                self.translated(node, "Pack", all, vec![("axis", Attr::Int(0))])?
            }
        };
        translated.into_iter().next().ok_or_else(|| wrong(node, "has no output"))
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
        let (mut states, mut lists) = (Vec::new(), Vec::new());
        for (place, value) in values.iter().enumerate().filter(|(place, _)| kept.get(*place) != Some(&true)) {
            match value {
                Value::List(list) if list.is_unset() => lists.push((place, list)),
                Value::List(_) => return Err(wrong(node, "changes a list that has elements before")),
                value => states.push((place, self.tensor(node, value.clone())?)),
            }
        }
        let (places, states): (Vec<usize>, Vec<Tensor>) = states.into_iter().unzip();
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
        let mut set = Vec::new();
        let round = |walker: &mut Self, given: Vec<Tensor>| {
            let after = walker.call(node, body, filled(given.clone()))?;
            let goes_on = input(node, &walker.call(node, condition, after.clone())?, 0)?;
            let goes_on = walker.tensor(node, goes_on)?;
            let made = places.iter().map(|place| walker.tensor(node, input(node, &after, *place)?));
            let made = made.collect::<Result<Vec<_>>>()?;
            let round = Round {
                graph: &walker.graph,
                starts: &states,
                given: &given,
                after: &made,
                goes_on: &goes_on.name,
            };
            let elements = lists.iter().map(|(place, before)| {
                round.element(before, &input(node, &after, *place)?).map_err(|what| wrong(node, what))
            });
            let (at, kept): (Vec<_>, _) = elements.collect::<Result<Vec<_>>>()?.into_iter().unzip();
            set = at;
            Ok((goes_on, Made { states: made, kept }))
        };
        let made = onnx::repeat(self, |walker| &mut walker.graph, (decision, &states), &at, round)?;
        let mut values = filled(made.states);
        for (((place, before), set), all) in lists.into_iter().zip(set).zip(made.kept) {
            let list = self.after_loop(node, before, set, all)?;
            if let Some(value) = values.get_mut(place) {
                *value = Value::List(list);
            }
        }
        Ok(values)
    }

    /// A list whose element at a place is the last one of `all`, or which has them all.
    fn after_loop(
        &mut self,
        node: &NodeDef,
        before: &List,
        place: Option<usize>,
        all: Tensor,
    ) -> Result<List> {
        let (Some(place), List::Elements(before)) = (place, before) else {
            return Ok(List::Whole(Rc::new(all)));
        };
        let [last, axis] =
            [-1, 0].map(|it| self.graph.constant(&node.name, Constant::ints(Vec::new(), &[it])));
        let last = self.translated(node, "GatherV2", vec![all, last, axis], Vec::new())?;
        let mut elements = before.clone();
        elements.iter_mut().skip(place).zip(last).for_each(|(element, it)| *element = Some(Rc::new(it)));
        Ok(List::Elements(elements))
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

/// What a round of a loop makes of its states, and what says whether there is another one.
struct Round<'a> {
    graph: &'a Graph,
    starts: &'a [Tensor],
    given: &'a [Tensor],
    after: &'a [Tensor],
    goes_on: &'a str,
}

impl Round<'_> {
    /// What the round puts into a list, and where, if that is the same place in all rounds. The others go from the first to the last one.
    fn element(
        &self,
        before: &List,
        after: &Value,
    ) -> std::result::Result<(Option<usize>, Tensor), &'static str> {
        match after {
            Value::List(List::Set { place, element }) if self.counts(place, before) => {
                Ok((None, (**element).clone()))
            }
            Value::List(List::Set { .. }) => {
                Err("fills a list in another order than from its first to its last element")
            }
            Value::List(List::Elements(after)) => {
                let mut set = after.iter().enumerate().filter_map(|(place, it)| Some((place, it.as_ref()?)));
                match (set.next(), set.next()) {
                    (Some((place, element)), None) => Ok((Some(place), (**element).clone())),
                    _ => Err("sets none or several elements of a list"),
                }
            }
            _ => Err("makes something else of a list"),
        }
    }

    /// Whether `place` counts the rounds from zero, and there are as many as `list` has room for.
    fn counts(&self, place: &Tensor, list: &List) -> bool {
        let counter = self.given.iter().position(|given| given.name == place.name);
        let next = counter.and_then(|counter| self.after.get(counter));
        if !next.is_some_and(|next| self.is_count(&next.name)) {
            return false;
        }
        let mut decisions = vec![self.goes_on];
        for _ in 0..MOST_DECISIONS {
            let Some(name) = decisions.pop() else { return true };
            match self.maker(name).map(|node| (node.op, node.inputs.as_slice())) {
                Some(("And", [one, other])) => decisions.extend([one.as_str(), other]),
                Some(("Less", [count, most])) if self.is_count(count) && self.is_length(most, list) => {}
                _ => return false,
            }
        }
        false
    }

    /// Whether it is how many rounds there were with this one.
    fn is_count(&self, name: &str) -> bool {
        let place = self.after.iter().position(|after| after.name == name);
        let state = place.and_then(|place| Some((self.starts.get(place)?, self.given.get(place)?)));
        let starts_at_zero = |start: &Tensor| start.constant.as_ref().and_then(Constant::to_int) == Some(0);
        state.is_some_and(|(start, given)| {
            let inputs = self.maker(name).filter(|node| node.op == "Add").map(|node| node.inputs.as_slice());
            starts_at_zero(start)
                && matches!(inputs, Some([one, other])
                    if *one == given.name && self.constant(other) == Some(1)
                        || *other == given.name && self.constant(one) == Some(1))
        })
    }

    fn is_length(&self, name: &str, list: &List) -> bool {
        match list {
            List::Room(count) => count.name == name,
            List::Elements(elements) => self.constant(name) == Some(elements.len() as i64),
            List::Whole(_) | List::Set { .. } => false,
        }
    }

    fn constant(&self, name: &str) -> Option<i64> {
        self.graph.initializers.get(name)?.constant.to_int()
    }

    fn maker(&self, name: &str) -> Option<&Node> {
        self.graph.nodes.iter().rev().find(|node| node.outputs.iter().any(|output| output == name))
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
