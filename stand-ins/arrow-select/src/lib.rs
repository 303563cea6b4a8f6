//! What arrow-ipc calls of the crate `arrow-select`, without kernels for every layout.
//!
//! arrow-ipc concatenates the parts of a dictionary that comes in several messages. The real crate's `concat` has a
//! kernel for each layout, and `interleave` for what it cannot concatenate: one byte in twenty-five of the download.

/// Arrays put one behind the other.
pub mod concat {
    use arrow_array::{Array, ArrayRef, make_array};
    use arrow_data::ArrayData;
    use arrow_data::transform::MutableArrayData;
    use arrow_schema::ArrowError;

    /// The values of all `arrays`.
    ///
    /// # Errors
    /// Where there is no array, the layouts differ, or the values need offsets beyond the layout's.
    pub fn concat(arrays: &[&dyn Array]) -> Result<ArrayRef, ArrowError> {
        let Some((first, others)) = arrays.split_first() else {
            return Err(ArrowError::InvalidArgumentError("there is nothing to concatenate".into()));
        };
        if let Some(other) = others.iter().find(|other| other.data_type() != first.data_type()) {
            let message = format!("{} and {} are not concatenated", first.data_type(), other.data_type());
            return Err(ArrowError::InvalidArgumentError(message));
        }
        let data: Vec<_> = arrays.iter().map(|array| array.to_data()).collect();
        let length = data.iter().map(ArrayData::len).sum();
        let mut all = MutableArrayData::try_new(data.iter().collect(), false, length)?;
        for (index, part) in data.iter().enumerate() {
            all.try_extend(index, 0, part.len())?;
        }
        Ok(make_array(all.freeze()))
    }
}
