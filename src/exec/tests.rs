//! Operators over plan nodes made by hand.
