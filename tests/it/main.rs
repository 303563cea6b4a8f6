//! What users see of the crate, through its public items only.

mod table;
mod table_arrow;
mod table_csv;
mod table_objects;
