//! Listings of files as object tables.

use predictql::data::Batch;
use predictql::table::{Hash, Object, Table, objects};

use crate::table::{columns, rows};

// The columns are BigQuery's, `data` aside.
#[test]
fn a_listing_reads_as_an_object_table() {
    let listing = [
        Object {
            uri: "a.png".into(),
            size: 7,
            content_type: "image/png".into(),
            updated_ms: 1_700_000_000_123,
            hash: Hash::OfBytes,
            is_live: false,
        },
        Object {
            uri: "b".into(),
            size: 0,
            content_type: String::new(),
            updated_ms: -1,
            hash: Hash::OfBytes,
            is_live: false,
        },
    ];
    let batch: Batch = objects::batch(&listing).unwrap();
    let table = Table {
        schema: objects::schema(),
        batches: vec![batch, objects::batch(&[]).unwrap()],
        notes: Vec::new(),
    };
    assert_eq!(
        columns(&table),
        [
            "uri STRING",
            "generation INT64",
            "content_type STRING",
            "size INT64",
            "md5_hash STRING",
            "updated TIMESTAMP",
            "metadata ARRAY<STRUCT<name STRING, value STRING>>",
            "ref STRUCT<uri STRING, version STRING, authorizer STRING, details JSON>",
        ]
    );
    assert_eq!(
        rows(&table),
        [
            concat!(
                "a.png | NULL | image/png | 7 | NULL | 1700000000123000 | [] | (a.png, NULL, NULL, ",
                r#"{"gcs_metadata":{"content_type":"image/png","size":7,"updated":1700000000123000}})"#,
            ),
            concat!(
                "b | NULL | application/octet-stream | 0 | NULL | -1000 | [] | (b, NULL, NULL, ",
                r#"{"gcs_metadata":{"content_type":"application/octet-stream","size":0,"updated":-1000}})"#,
            ),
        ]
    );
}
