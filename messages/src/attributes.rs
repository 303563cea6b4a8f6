//! The attributes of a node, by name and type.

use anyhow::{Context, Result, bail, ensure};

use crate::attribute_proto::AttributeType;
use crate::{AttributeProto, GraphProto, NodeProto, TensorProto};

/// What an attribute can be read as.
pub trait Attribute<'a>: Sized {
    /// The type that the message must have.
    const TYPE: AttributeType;

    /// # Errors
    /// Where the message holds no such value.
    fn read(attribute: &'a AttributeProto) -> Result<Self>;
}

impl Attribute<'_> for i64 {
    const TYPE: AttributeType = AttributeType::Int;

    fn read(attribute: &AttributeProto) -> Result<Self> {
        Ok(attribute.i)
    }
}

impl Attribute<'_> for usize {
    const TYPE: AttributeType = AttributeType::Int;

    fn read(attribute: &AttributeProto) -> Result<Self> {
        length(attribute.i)
    }
}

impl Attribute<'_> for f32 {
    const TYPE: AttributeType = AttributeType::Float;

    fn read(attribute: &AttributeProto) -> Result<Self> {
        Ok(attribute.f)
    }
}

impl<'a> Attribute<'a> for &'a str {
    const TYPE: AttributeType = AttributeType::String;

    fn read(attribute: &'a AttributeProto) -> Result<Self> {
        Ok(str::from_utf8(&attribute.s)?)
    }
}

impl Attribute<'_> for String {
    const TYPE: AttributeType = AttributeType::String;

    fn read(attribute: &AttributeProto) -> Result<Self> {
        <&str>::read(attribute).map(str::to_owned)
    }
}

impl<'a> Attribute<'a> for &'a TensorProto {
    const TYPE: AttributeType = AttributeType::Tensor;

    fn read(attribute: &'a AttributeProto) -> Result<Self> {
        attribute.t.as_ref().context("there is no tensor")
    }
}

impl<'a> Attribute<'a> for &'a GraphProto {
    const TYPE: AttributeType = AttributeType::Graph;

    fn read(attribute: &'a AttributeProto) -> Result<Self> {
        attribute.g.as_ref().context("there is no graph")
    }
}

impl Attribute<'_> for Vec<i64> {
    const TYPE: AttributeType = AttributeType::Ints;

    fn read(attribute: &AttributeProto) -> Result<Self> {
        Ok(attribute.ints.clone())
    }
}

impl Attribute<'_> for Vec<usize> {
    const TYPE: AttributeType = AttributeType::Ints;

    fn read(attribute: &AttributeProto) -> Result<Self> {
        attribute.ints.iter().copied().map(length).collect()
    }
}

impl Attribute<'_> for Vec<f32> {
    const TYPE: AttributeType = AttributeType::Floats;

    fn read(attribute: &AttributeProto) -> Result<Self> {
        Ok(attribute.floats.clone())
    }
}

impl<'a> Attribute<'a> for Vec<&'a str> {
    const TYPE: AttributeType = AttributeType::Strings;

    fn read(attribute: &'a AttributeProto) -> Result<Self> {
        attribute.strings.iter().map(|text| Ok(str::from_utf8(text)?)).collect()
    }
}

impl Attribute<'_> for Vec<String> {
    const TYPE: AttributeType = AttributeType::Strings;

    fn read(attribute: &AttributeProto) -> Result<Self> {
        let texts = Vec::<&str>::read(attribute)?;
        Ok(texts.into_iter().map(str::to_owned).collect())
    }
}

fn length(value: i64) -> Result<usize> {
    usize::try_from(value).with_context(|| format!("expected a number that is not negative, found {value}"))
}

impl NodeProto {
    /// The attribute `name`; `None` where the node leaves it out.
    ///
    /// # Errors
    /// For an attribute of another type.
    pub fn optional<'a, T: Attribute<'a>>(&'a self, name: &str) -> Result<Option<T>> {
        let Some(attribute) = self.attribute.iter().find(|attribute| attribute.name == name) else {
            return Ok(None);
        };
        let found = AttributeType::try_from(attribute.r#type);
        let of = || format!("the attribute `{name}` of {} `{}`", self.op_type, self.name);
        ensure!(found == Ok(T::TYPE), "{} is {found:?}, expected {:?}", of(), T::TYPE);
        T::read(attribute).with_context(of).map(Some)
    }

    /// The attribute `name`.
    ///
    /// # Errors
    /// Where it is left out or of another type.
    pub fn required<'a, T: Attribute<'a>>(&'a self, name: &str) -> Result<T> {
        match self.optional(name)? {
            Some(value) => Ok(value),
            None => bail!("{} `{}` has no attribute `{name}`", self.op_type, self.name),
        }
    }

    /// The list attribute `name`; where it is absent, an empty list.
    ///
    /// # Errors
    /// For an attribute of another type.
    pub fn list<'a, T>(&'a self, name: &str) -> Result<Vec<T>>
    where
        Vec<T>: Attribute<'a>,
    {
        // ONNX does not tell an absent list from an empty one.
        Ok(self.optional(name)?.unwrap_or_default())
    }

    /// Whether the attribute `name`, a number, is not 0; where it is absent, `default`.
    ///
    /// # Errors
    /// For an attribute of another type.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool> {
        Ok(self.optional::<i64>(name)?.map_or(default, |value| value != 0))
    }
}
