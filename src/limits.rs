//! Every cap in one place, each with its reason. A cap that is met is an error that names it.

/// How large things may get. The defaults suit a browser tab; a native host may raise them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a SQL text. 1 MB, as BigQuery has it for unresolved queries.
    pub sql_bytes: usize,
    /// Nesting of expressions, subqueries and types. The parser recurses, and a browser's stack is small.
    pub nesting: usize,
    /// Operators, fields, indices and joins on top of each other. Each makes the tree one level deeper.
    pub operators: usize,
    /// Bytes of an encoded picture. 20 MB, as BigQuery has it for object-table inference.
    pub image_bytes: usize,
    /// Pixels of a picture: beyond this it is taken for a decompression bomb.
    pub image_pixels: u64,
    /// Values (height × width × channels) of a decoded picture: a larger one is shrunk, keeping its aspect
    /// ratio. BigQuery's limit of 60 MB holds this many FLOAT64.
    pub image_values: usize,
    /// Bytes of a model file. A browser's wasm memory ends at 4 GiB and a model needs a multiple of its size.
    pub model_bytes: usize,
    /// Bytes of one table source (CSV or Arrow IPC).
    pub table_bytes: usize,
    /// Columns of a table or query; 10,000 as BigQuery has it.
    pub columns: usize,
    /// Rows that travel together through the operators.
    pub batch_rows: usize,
    /// Rows that one operator holds: to sort, to join with, as groups. Their numbers have 32 bits, and a few bytes for
    /// each row must fit beside the rows into a browser's wasm memory.
    pub held_rows: usize,
    /// Bytes of these rows. While they are put in order they are there up to three times, and a browser's wasm
    /// memory ends at 4 GiB.
    pub held_bytes: usize,
    /// Bytes of all that the operators of one query hold together: rows that are sorted, joined and grouped, keys, collected
    /// values, results of subqueries. A browser's wasm memory ends at 4 GiB, and tables and models are in it too.
    pub memory_bytes: usize,
    /// Elements that the arrays of one aggregate function hold together. An array for every row of a window, each
    /// longer than the one before, fills any memory.
    pub collected: usize,
    /// Objects of an object table whose bytes are held at once.
    pub batch_objects: usize,
    /// Bytes of the input tensors of one model run: larger batches are split.
    pub tensor_bytes: usize,
    /// Bytes after which an export with `*` in its name begins another file: 1 GB, as BigQuery has it.
    pub export_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sql_bytes: 1 << 20,
            nesting: 100,
            operators: 500,
            image_bytes: 20_000_000,
            image_pixels: 100_000_000,
            image_values: 7_500_000,
            model_bytes: 1 << 30,
            table_bytes: 1 << 30,
            columns: 10_000,
            batch_rows: 8_192,
            held_rows: 100_000_000,
            held_bytes: 1 << 30,
            memory_bytes: 2 << 30,
            collected: 100_000_000,
            batch_objects: 8,
            tensor_bytes: 64 << 20,
            export_bytes: 1 << 30,
        }
    }
}

// Caps that no host has a reason to move.

/// Bytes of a piece that an export hands to its host: large enough that its way costs little.
pub(crate) const EXPORT_PIECE: usize = 1 << 20;

/// Bytes of one row of a file that is read in pieces: they are held until it ends.
pub(crate) const PIECE_ROW: usize = 64 << 20;

/// Nesting of a JSON or UBJSON document. Reading recurses, and a browser's stack is small.
pub(crate) const JSON_NESTING: usize = 64;

/// Elements that a typed UBJSON list without content (of NULLs or truths) may announce.
pub(crate) const UBJSON_EMPTY_ELEMENTS: usize = 1 << 20;

/// Nodes that the calls of a model's functions become. Beyond this, functions call each other in a circle.
pub(crate) const FUNCTION_NODES: usize = 1 << 20;

/// Targets of a tree ensemble: a file may claim any number, and memory is laid out for them.
pub(crate) const TREE_OUTPUTS: usize = 1 << 16;

/// Steps to the deepest leaf of trees whose attributions are computed from their leaves: each may ask another feature,
/// and a row's answers are the bits of a number.
pub(crate) const SHARED_DEPTH: u32 = 63;

/// Rows whose attributions are computed together: the walk over the leaves is shared by them, and a host can stop behind them.
pub(crate) const SHARED_ROWS: usize = 256;

/// Attributions of one output that are computed together.
pub(crate) const SHARED_VALUES: usize = 1 << 16;

/// Features that trees are counted by: a file may ask for any number.
pub(crate) const TREE_FEATURES: usize = 1 << 24;

/// Categories that an error lists.
pub(crate) const LISTED_CATEGORIES: usize = 10;

/// Classes of a support vector machine: there is a score for every two of them.
pub(crate) const SVM_CLASSES: usize = 1 << 15;

/// Tensors in all sequences of a model: each is a node or more.
pub(crate) const SEQUENCE_PARTS: usize = 1 << 16;

/// Axes of a tensor: frameworks stop at as many, and lists of axes are compared with each other.
pub(crate) const TENSOR_AXES: usize = 64;

/// Bytes of one text in a model: an operator may give it for every row of a batch.
pub(crate) const MODEL_TEXT: usize = 1 << 16;

/// Loops of a model inside each other: how one's states change is looked at again in every round of the one around it.
pub(crate) const MODEL_LOOPS: usize = 4;

/// Rounds after which a model's loop is taken for an endless one.
#[cfg(feature = "full")]
pub(crate) const LOOP_ROUNDS: i64 = 1 << 24;

/// Bytes that the states of a loop have, over all of its rounds: a list that grows by one element a round is copied as often.
#[cfg(feature = "full")]
pub(crate) const LOOP_BYTES: u64 = 1 << 36;

/// Values of the rows around it for which a correlated query remembers its result: more would be a table of its own.
pub(crate) const REMEMBERED_RESULTS: usize = 1 << 16;

/// Bytes of these results, of which arrays can be long.
pub(crate) const REMEMBERED_BYTES: usize = 64 << 20;

/// Samples of one region of a picture (`RoiAlign`).
#[cfg(feature = "full")]
pub(crate) const REGION_SAMPLES: usize = 1 << 20;

/// Lengths, strides, dilations and pads of a convolution's or pool's window, and block sizes: larger ones leave nothing of
/// any picture.
#[cfg(feature = "full")]
pub(crate) const WINDOW_LENGTH: i64 = 1 << 16;

/// Places of such a window.
#[cfg(feature = "full")]
pub(crate) const WINDOW_PLACES: i64 = 1 << 24;

/// How much larger `Resize` makes a picture at the most.
pub(crate) const RESIZE_SCALE: f32 = 65_536.0;

/// Pieces of work that a query for each row does in one step: a batch of rows each, some milliseconds together.
pub(crate) const POLLS_OF_A_STEP: usize = 16;

/// Pairs of characters that EDIT_DISTANCE compares for one row: some tenths of a second.
pub(crate) const EDIT_DISTANCE_STEPS: usize = 1 << 26;

/// Procedures that have called each other; 50 as BigQuery has it.
pub(crate) const CALL_DEPTH: usize = 50;

/// Calls of functions written in SQL inside each other: one that calls itself has no end.
pub(crate) const ROUTINE_DEPTH: usize = 32;

/// Rounds of WITH RECURSIVE; 500 as BigQuery has it.
pub(crate) const RECURSIONS: usize = 500;

/// What CUBE takes: there is a grouping set for each subset of them.
pub(crate) const CUBE_ITEMS: usize = 10;

/// Tables of one FROM whose columns are looked up to complete a word: each is bound anew.
pub(crate) const COMPLETION_TABLES: usize = 32;

/// Features or classes of a booster: far beyond what anybody trains, and no room that a file of some bytes could not have.
pub(crate) const BOOSTER_COUNT: usize = 1 << 20;

/// Bytes that a batch of joined rows takes at most, if a row leaves room for more than one: pictures beside many rows are large.
pub(crate) const JOINED_BYTES: usize = 1 << 26;

/// Bytes of a batch of joined rows that stay in a processor's cache until the next operator reads them, and rows of which a batch is
/// worth its own costs even beyond it.
pub(crate) const CACHED_BYTES: usize = 1 << 20;
pub(crate) const FEW_ROWS: usize = 1024;

/// Values of the pictures of a batch that are resized: 256 MiB, far beyond what a model takes.
pub(crate) const RESIZED_VALUES: usize = 1 << 26;

/// Array elements that one call of a function makes for a batch of rows: as much as a browser holds.
pub(crate) const ARRAY_ELEMENTS: usize = 1 << 26;

/// Bytes of one text that REPEAT or padding makes, or that replacing adds; 1 MB as BigQuery has it.
pub(crate) const TEXT_BYTES: usize = 1 << 20;

/// Bytes of the values that one statement gives to a script's variables, of which there may be many. BigQuery has 1 MB for each.
pub(crate) const VARIABLE_BYTES: usize = 1 << 24;

/// Bytes of the strings, or bytes, that a function gives for a batch of rows: while they grow, a browser holds them twice.
pub(crate) const COLUMN_BYTES: usize = 1 << 29;

/// Bytes of the n-grams of a batch of rows: as much as a browser holds.
pub(crate) const NGRAM_BYTES: usize = 1 << 28;

/// Bytes of an object table's files that are held at once, unless a single file is larger.
pub(crate) const OBJECT_WINDOW_BYTES: u64 = 32 << 20;

/// Bytes of the files that a host is told to read ahead: those of photos are twelve times as many once they are decoded.
pub(crate) const AHEAD_BYTES: u64 = 8 << 20;

/// How many of the rows that failed are told one by one.
pub(crate) const FORGIVEN_SHOWN: usize = 20;

/// Plans kept for one prepared statement, each for other types of its parameters: a form gives a few at most.
pub(crate) const PREPARED_PLANS: usize = 8;

/// Models kept that were loaded from values: the latest few are those that a script goes on using.
pub(crate) const MODELS_OF_VALUES: usize = 8;

/// Bytes of one tensor inside of a model: half of what a browser's wasm memory can hold.
pub(crate) const TENSOR_BYTES: u64 = 1 << 31;

/// Statements that the log remembers: a page that asks every second keeps a quarter of an hour.
pub(crate) const LOGGED_JOBS: usize = 1_000;

/// Bytes of a statement's text that the log keeps: with all statements this long it holds 16 MB.
pub(crate) const LOGGED_TEXT: usize = 1 << 14;

/// Letters of a model's alias: as many as MLflow allows.
pub(crate) const ALIAS_LETTERS: usize = 255;

/// Moves of a model's aliases that are remembered: a page that moves one at every answer must not fill the memory.
pub(crate) const ALIAS_MOVES: usize = 1_000;

/// Tokens of the texts that go through a model together, where no text has more: enough for thick matrices, and few enough for a
/// host to stop between two runs.
pub(crate) const RUN_TOKENS: usize = 256;

/// Texts that are cut up and put in the order of their lengths at once: as many as take some tenths of a second, and whose outputs fit
/// into memory where each token has one.
pub(crate) const TEXTS_AT_ONCE: usize = 1_024;

/// Texts that go through a model together.
pub(crate) const RUN_ROWS: usize = 8;

/// Rows of one part of a fragment: their numbers follow those of the parts before. 2^44 in each of 2^19 parts fill INT64.
#[cfg(not(target_family = "wasm"))]
pub(crate) const PART_ROWS: i64 = 1 << 44;

/// Rows of a table that two programs compare before they run parts of one query, beside its columns and how many rows it has.
#[cfg(not(target_family = "wasm"))]
pub(crate) const DIGESTED_ROWS: usize = 10_000;
