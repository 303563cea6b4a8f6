//! Functions that users may know from elsewhere and that are left out on purpose, each with what to do instead.

const ELSEWHERE: &str = "left to DuckDB-Wasm or BigQuery: exchange tables with it as Arrow";
const TRAINED: &str = "BigQuery runs it for models that it trains; an ONNX model only predicts: ML.PREDICT";
const EXPLAINED: &str =
    "ML.GLOBAL_EXPLAIN tells how much predictions owe to each feature, by the model's predictions alone";
const MONITORED: &str = "ML.DESCRIBE_DATA describes rows, and ML.VALIDATE_DATA_DRIFT compares two tables";
const EMBEDDED: &str =
    "write ML.GENERATE_EMBEDDING(MODEL m, (SELECT … AS content FROM …)) with an ONNX model and its tokenizer";
const GENERATED: &str = "models that write texts are out of scope; ML.GENERATE_EMBEDDING and ML.PREDICT are for those that read them";
const REMOTE: &str = "nothing is sent to remote models; export the model to ONNX and run it with ML.PREDICT";
const FORECAST: &str = "export the forecasting model to ONNX and run it with ML.PREDICT";
const QUANTILES: &str = "APPROX_QUANTILES(x, 100)[OFFSET(50)] is the median; here it is exact";
const ELEMENTS: &str = "UNNEST the array in FROM, and filter or aggregate its elements";
const HOST: &str = "ask the host program for the value and pass it as a @parameter";

/// Names, or prefixes of names that end in `*`, and what to do instead.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("ML.EXPLAIN_FORECAST", EXPLAINED),
    ("ML.ADVANCED_WEIGHTS", EXPLAINED),
    ("ML.TRAINING_INFO", TRAINED),
    ("ML.TRIAL_INFO", TRAINED),
    ("ML.CENTROIDS", TRAINED),
    ("ML.PRINCIPAL_COMPONENT*", TRAINED),
    ("ML.RECONSTRUCTION_LOSS", TRAINED),
    ("ML.RECOMMEND", TRAINED),
    ("ML.DETECT_ANOMALIES", TRAINED),
    ("ML.ARIMA_*", FORECAST),
    ("ML.FORECAST", FORECAST),
    ("ML.HOLIDAY_INFO", FORECAST),
    ("ML.GET_INSIGHTS", MONITORED),
    ("ML.GENERATE_TEXT_EMBEDDING", EMBEDDED),
    ("ML.GENERATE_*", GENERATED),
    ("ML.DISTRIBUTED_*", REMOTE),
    ("ML.ANNOTATE_IMAGE", REMOTE),
    ("ML.TRANSLATE", REMOTE),
    ("ML.TRANSCRIBE", REMOTE),
    ("ML.UNDERSTAND_TEXT", REMOTE),
    ("ML.PROCESS_DOCUMENT", REMOTE),
    ("AI.GENERATE_EMBEDDING", EMBEDDED),
    ("AI.EMBED", EMBEDDED),
    ("AI.GENERATE*", GENERATED),
    ("AI.*", REMOTE),
    ("EXTERNAL_OBJECT_TRANSFORM", "read the bytes of an object table: its column `data`"),
    ("OBJ.*", "read the bytes of an object table: its column `data`"),
    ("MEDIAN", QUANTILES),
    ("HLL_COUNT.*", "COUNT(DISTINCT x) is exact"),
    ("GAP_FILL", ELSEWHERE),
    ("VECTOR_INDEX.*", "VECTOR_SEARCH compares with every row and needs no index"),
    ("SEARCH", "REGEXP_CONTAINS or LIKE find text"),
    ("ST_*", ELSEWHERE),
    ("S2_*", ELSEWHERE),
    ("JSON_FLATTEN", ELEMENTS),
    ("NET.*", ELSEWHERE),
    ("KEYS.*", ELSEWHERE),
    ("AEAD.*", ELSEWHERE),
    ("DLP_*", ELSEWHERE),
    ("ANON_*", ELSEWHERE),
    ("KLL_QUANTILES.*", QUANTILES),
    ("EXTERNAL_QUERY", ELSEWHERE),
    ("FROM_BASE32", "FROM_BASE64 and FROM_HEX are here"),
    ("TO_BASE32", "TO_BASE64 and TO_HEX are here"),
    ("FLATTEN", "UNNEST the array in FROM"),
    // Names that other databases have for what is here.
    ("NVL", "write IFNULL(x, y)"),
    ("IIF", "write IF(condition, x, y)"),
    ("DECODE", "write CASE x WHEN … THEN … END"),
    ("LEN", "write LENGTH(text)"),
    ("LISTAGG", "write STRING_AGG(x, ', ')"),
    ("GROUP_CONCAT", "write STRING_AGG(x, ', ')"),
    ("CONCAT_WS", "write ARRAY_TO_STRING([a, b], ', ')"),
    ("SPLIT_PART", "write SPLIT(text, ',')[SAFE_OFFSET(0)]"),
    ("REGEXP_LIKE", "write REGEXP_CONTAINS(text, pattern)"),
    ("NOW", "write CURRENT_TIMESTAMP()"),
    ("GETDATE", "write CURRENT_TIMESTAMP()"),
    ("TO_CHAR", "write FORMAT_DATE('%Y-%m-%d', day) or CAST(x AS STRING)"),
    ("TO_DATE", "write PARSE_DATE('%Y-%m-%d', text)"),
    ("TO_TIMESTAMP", "write PARSE_TIMESTAMP('%Y-%m-%d %H:%M:%S', text)"),
    ("UUID", HOST),
    // T-SQL's.
    ("ERROR_*", "ERROR_MESSAGE() tells what went wrong"),
    ("FORMATMESSAGE", "write CONCAT('text ', x)"),
    ("STR", "write FORMAT(x, 'F1') or CAST(x AS varchar(20))"),
    (
        "HASHBYTES",
        "texts are UTF-8 here, SQL Server hashes UTF-16: MD5, SHA1, SHA256 and SHA512 are of UTF-8",
    ),
    ("JSON_MODIFY", "JSON_SET(PARSE_JSON(text), path, value) is here"),
    ("SCOPE_IDENTITY", "write SELECT MAX(id) FROM the table"),
    ("CHECKSUM*", "FARM_FINGERPRINT(text) is here"),
    ("DIFFERENCE", "compare SOUNDEX of both words"),
    ("STRING_ESCAPE", "TO_JSON_STRING(text) is here"),
    ("OBJECT_NAME", "INFORMATION_SCHEMA.TABLES has the names of tables"),
    ("IDENT_*", "write SELECT MAX(id) FROM the table"),
    ("CONTAINS", "LIKE '%text%' finds text"),
    ("FREETEXT", "LIKE '%text%' finds text"),
    (
        "SP_*",
        "there are no system procedures here; ALTER TABLE renames, INFORMATION_SCHEMA tells what is there",
    ),
    ("DB_*", "there is one catalog"),
    ("SUSER_*", HOST),
    ("TIMEFROMPARTS", "write CAST('10:11:12' AS time)"),
    ("JSON_CONTAINS", "compare JSON_VALUE(j, path), or x IN UNNEST(JSON_VALUE_ARRAY(j, path))"),
    ("DETERMINISTIC_*", ELSEWHERE),
    ("BIT_CAST_*", "whole numbers are INT64 here: there is no other type of as many bits"),
    ("BQ.*", "there are no sessions, jobs and storage to look after here: leave it out"),
    ("RANGE", ELSEWHERE),
    ("RANGE_CONTAINS", ELSEWHERE),
    ("COLLATE", "compare LOWER(…) of both texts"),
    ("GENERATE_RANGE_ARRAY", ELSEWHERE),
    ("ARRAY_FILTER", "its second argument is a function of elements: ARRAY_FILTER(items, e -> e > 1)"),
    ("ARRAY_TRANSFORM", "its second argument is a function of elements: ARRAY_TRANSFORM(items, e -> e * 2)"),
    ("ARRAY_FIND*", ELEMENTS),
    ("ARRAY_OFFSET*", ELEMENTS),
    ("ARRAY_ZIP", ELEMENTS),
    ("MANHATTAN_DISTANCE", "write ML.DISTANCE(a, b, 'MANHATTAN')"),
    ("APPROX_EUCLIDEAN_DISTANCE", "write ML.DISTANCE(a, b, 'EUCLIDEAN'), which is exact"),
    ("APPROX_COSINE_DISTANCE", "write ML.DISTANCE(a, b, 'COSINE'), which is exact"),
    ("APPROX_DOT_PRODUCT", ELEMENTS),
    ("IFERROR", "SAFE. in front of a function gives NULL in place of an error; IFNULL replaces it"),
    ("ISERROR", "SAFE. in front of a function gives NULL in place of an error"),
    ("NULLIFERROR", "SAFE. in front of a function gives NULL in place of an error"),
    ("TYPEOF", "DESCRIBE names the types of a table's columns"),
    ("TEXT_ANALYZE", "SPLIT and ML.NGRAMS cut texts up"),
    ("BAG_OF_WORDS", "ML.BAG_OF_WORDS(tokens) OVER() is here"),
    ("TF_IDF", "ML.TF_IDF(tokens) OVER() is here"),
    ("RAND_*", "RAND() is here"),
    ("APPENDS", "tables here have no history"),
    ("CHANGES", "tables here have no history"),
    ("ML.FEATURES_AT_TIME", "JOIN with ROW_NUMBER() OVER (PARTITION BY entity ORDER BY time DESC) = 1"),
    (
        "ML.ENTITY_FEATURES_AT_TIME",
        "JOIN with ROW_NUMBER() OVER (PARTITION BY entity ORDER BY time DESC) = 1",
    ),
    ("SESSION_USER", HOST),
    ("NORMALIZE*", "normalize the strings before registering them"),
];

/// What to do instead of calling `name`, where it is left out on purpose.
pub(crate) fn unsupported(name: &str) -> Option<&'static str> {
    let matches = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => name.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start)),
        None => name.eq_ignore_ascii_case(pattern),
    };
    UNSUPPORTED.iter().find(|(pattern, _)| matches(pattern)).map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::functions;

    #[test]
    fn nothing_that_runs_is_unsupported() {
        let both: Vec<_> =
            functions().map(|function| function.name).filter(|name| unsupported(name).is_some()).collect();
        assert!(both.is_empty(), "{both:?}");
    }

    #[test]
    fn names_match_whole_or_by_their_start() {
        assert!(unsupported("median").is_some());
        assert!(unsupported("St_Distance").is_some());
        assert!(unsupported("MEDIANS").is_none());
        assert!(unsupported("ÄÖ").is_none());
    }
}
