//! The border to JavaScript: decode, call, encode. The shapes that cross it are declared in `types.ts`.
//!
//! The only room that names wasm_bindgen and serde. It keeps no state but the engine's own objects.

mod decode;
mod encode;
mod tokenizer;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use pictures::{Failure, Format, Options, Picture, Pixels, Refusal, Target, from_words};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::control::Moment;
use crate::data::{Schema, TimeZones};
use crate::diag::Error;
use crate::image::Decoder;
use crate::limits::Limits;
use crate::syntax::Dialect;
use crate::table::StreamFormat;
use tokenizer::TOKENIZERS;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.ts");

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;

    /// When `now` was 0, in milliseconds since 1970-01-01 UTC.
    #[wasm_bindgen(thread_local_v2, js_namespace = performance, js_name = timeOrigin)]
    static TIME_ORIGIN: f64;

    /// The host's time zone database, a function that it has put there: a list of pairs as [`crate::data::ZoneLookup`] has them.
    #[wasm_bindgen(catch, js_name = predictqlZoneOffsets)]
    fn zone_offsets(name: &str, from: f64, until: f64) -> Result<Option<Vec<f64>>, JsValue>;
}

/// The host's decoder of pictures: an object that it has put there.
#[wasm_bindgen]
extern "C" {
    /// Whether it has its module.
    #[wasm_bindgen(catch, js_namespace = predictqlPictures, js_name = isReady)]
    fn pictures_are_ready() -> Result<bool, JsValue>;

    /// Decodes; the numbers are those of [`pictures::from_words`]. A target has a height, a width and whether the ratio is
    /// preserved; none leaves a picture in its own size.
    #[wasm_bindgen(catch, js_namespace = predictqlPictures, js_name = decode)]
    fn decode_picture(
        bytes: &[u8],
        format: u32,
        most_pixels: u32,
        most_values: u32,
        upright: bool,
        background: u32,
        target: &[u32],
    ) -> Result<Vec<u32>, JsValue>;

    /// Encodes so many channels of each pixel. The numbers are those of [`pictures::from_words`], with the length of the file
    /// in the place of a height.
    #[wasm_bindgen(catch, js_namespace = predictqlPictures, js_name = encode)]
    fn encode_picture(
        values: &[u8],
        format: u32,
        height: u32,
        width: u32,
        channels: u32,
        quality: u32,
    ) -> Result<Vec<u32>, JsValue>;

    /// Copies the file that was encoded last.
    #[wasm_bindgen(catch, js_namespace = predictqlPictures, js_name = file)]
    fn picture_file(into: &mut [u8]) -> Result<(), JsValue>;

    /// Copies the values of the picture that was decoded last.
    #[wasm_bindgen(catch, js_namespace = predictqlPictures, js_name = values)]
    fn picture_values(into: &mut [f32]) -> Result<(), JsValue>;

    /// Why the last picture was not decoded, in the decoder's words.
    #[wasm_bindgen(catch, js_namespace = predictqlPictures, js_name = detail)]
    fn picture_detail() -> Result<String, JsValue>;
}

/// A color that is none: a color has three bytes.
const NO_COLOR: u32 = u32::MAX;

const DECODER: Decoder = Decoder {
    is_ready: || pictures_are_ready().unwrap_or(false),
    decode: decode_by_host,
    encode: encode_by_host,
};

fn stopped(detail: String) -> Refusal {
    Refusal { failure: Failure::Stopped, detail }
}

fn thrown(error: JsValue) -> Refusal {
    stopped(format!("{error:?}"))
}

/// What the host's codec answered.
fn answered(words: Result<Vec<u32>, JsValue>) -> Result<[u32; 3], Refusal> {
    let answer = from_words(&words.map_err(thrown)?);
    match answer.ok_or_else(|| stopped("the decoder is not the one of this engine".into()))? {
        Ok(numbers) => Ok(numbers),
        Err(failure) => Err(Refusal { failure, detail: picture_detail().map_err(thrown)? }),
    }
}

fn decode_by_host(bytes: &[u8], format: Format, options: &Options) -> Result<Picture, Refusal> {
    let Options { most_pixels, most_values, upright, background, target } = *options;
    let background =
        background.map_or(NO_COLOR, |[red, green, blue]| u32::from_be_bytes([0, red, green, blue]));
    let target = target.map(|Target { height, width, preserves_aspect_ratio }| {
        [height, width, preserves_aspect_ratio.into()]
    });
    let target = target.as_slice().as_flattened();
    let words = decode_picture(bytes, format.number(), most_pixels, most_values, upright, background, target);
    let [height, width, orientation] = answered(words)?;
    let (height, width) = (height as usize, width as usize);
    let length = height.checked_mul(width).and_then(|pixels| pixels.checked_mul(3));
    let length = length.filter(|length| *length <= most_values as usize);
    let mut values = vec![0.0; length.ok_or_else(|| stopped("a picture is too large".into()))?];
    picture_values(&mut values).map_err(thrown)?;
    let orientation = u8::try_from(orientation).map_err(|error| stopped(error.to_string()))?;
    Ok(Picture { height, width, values, orientation })
}

fn encode_by_host(pixels: Pixels<'_>, format: Format, quality: u8) -> Result<Vec<u8>, Refusal> {
    let Pixels { height, width, channels, values } = pixels;
    let [length, ..] =
        answered(encode_picture(values, format.number(), height, width, channels, quality.into()))?;
    let mut file = vec![0; length as usize];
    picture_file(&mut file).map_err(thrown)?;
    Ok(file)
}

/// Milliseconds since 1970-01-01 UTC, in finer steps than `Date.now` has.
fn clock() -> f64 {
    TIME_ORIGIN.with(|origin| *origin) + now()
}

/// The host's time zones; it may have none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "seconds of the years 1 to 9999 and offsets of a day are whole numbers in both types"
)]
fn time_zones(name: &str, from: i64, until: i64) -> Option<Vec<(i64, i32)>> {
    let pairs = zone_offsets(name, from as f64, until as f64).ok()??;
    Some(
        pairs
            .chunks_exact(2)
            .filter_map(|pair| Some((*pair.first()? as i64, *pair.last()? as i32)))
            .collect(),
    )
}

/// Runs once for each instance, before anything else. Test programs, which have a start of their own, call it.
#[doc(hidden)]
#[wasm_bindgen(start)]
pub fn start() {
    // A panic is a bug; its words reach the host as an exception, and the host starts another instance.
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_str(&format!("PredictQL panicked: {panic}"))));
}

/// Tables and models.
#[wasm_bindgen]
pub struct Engine {
    engine: crate::engine::Engine,
}

/// The statements of a text.
#[wasm_bindgen]
pub struct Script {
    script: crate::engine::Script,
    text: Rc<str>,
}

/// A statement to run many times.
#[wasm_bindgen]
pub struct Prepared {
    prepared: crate::engine::Prepared,
    text: Rc<str>,
    /// The columns of its latest query with rows: the host knows them.
    told: Rc<RefCell<Option<Schema>>>,
}

/// A running statement.
#[wasm_bindgen]
pub struct Query {
    query: crate::engine::Query,
    text: Rc<str>,
    results: encode::Results,
}

/// What is thrown: an `EngineFailure`.
type Throws<T> = Result<T, JsValue>;

#[wasm_bindgen]
impl Engine {
    /// An engine without tables and models, whose queries hold as many bytes each at the most.
    #[wasm_bindgen(constructor)]
    pub fn new(memory_limit: Option<f64>) -> Self {
        let zones = TimeZones::new(time_zones);
        let mut limits = Limits::default();
        if let Some(bytes) = memory_limit {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a number beyond memory is as good as all of it"
            )]
            let bytes = bytes as usize;
            limits.memory_bytes = limits.memory_bytes.min(bytes);
        }
        Self { engine: crate::engine::Engine::on_host(limits, clock, zones, DECODER, TOKENIZERS) }
    }

    /// Whether it runs every model, or is the engine for tables.
    #[wasm_bindgen(getter, js_name = isFull)]
    pub fn is_full(&self) -> bool {
        cfg!(feature = "full")
    }

    /// Puts the rows of a CSV text or Arrow IPC stream into the catalog.
    #[wasm_bindgen(js_name = registerTable, unchecked_return_type = "TableInfo")]
    pub fn register_table(
        &self,
        name: &str,
        bytes: &[u8],
        #[wasm_bindgen(unchecked_param_type = "TableFormat")] format: JsValue,
    ) -> Throws<JsValue> {
        let relation = match decode::table_format(&format).map_err(unlocated)? {
            decode::TableFormat::Csv(options) => self.engine.register_csv(name, bytes, &options),
            decode::TableFormat::Arrow(types) => self.engine.register_arrow_as(name, bytes, &types),
        };
        encode::table(name, &relation.map_err(unlocated)?)
    }

    /// Puts a stream into the catalog, of which these are the first bytes.
    #[wasm_bindgen(js_name = registerStream, unchecked_return_type = "TableInfo")]
    pub fn register_stream(
        &self,
        name: &str,
        first: &[u8],
        #[wasm_bindgen(unchecked_param_type = "TableFormat")] format: JsValue,
        #[wasm_bindgen(js_name = isEndless)] is_endless: bool,
        bytes: f64,
    ) -> Throws<JsValue> {
        let format = match decode::table_format(&format).map_err(unlocated)? {
            decode::TableFormat::Csv(options) => StreamFormat::Csv(options),
            decode::TableFormat::Arrow(types) => StreamFormat::Arrow(types),
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the size of a file")]
        let bytes = bytes as u64;
        let relation = self.engine.register_stream(name, first, format, is_endless, bytes);
        encode::table(name, &relation.map_err(unlocated)?)
    }

    /// Puts files into the catalog as an object table.
    #[wasm_bindgen(js_name = registerObjects, unchecked_return_type = "TableInfo")]
    pub fn register_objects(
        &self,
        name: &str,
        #[wasm_bindgen(unchecked_param_type = "ObjectEntry[]")] objects: JsValue,
    ) -> Throws<JsValue> {
        let objects = decode::objects(objects).map_err(unlocated)?;
        let relation = self.engine.register_objects(name, objects).map_err(unlocated)?;
        encode::table(name, &relation)
    }

    /// Loads a model file, with the files beside it that it names, and puts it into the catalog.
    #[wasm_bindgen(js_name = registerModel, unchecked_return_type = "ModelInfo")]
    pub fn register_model(
        &self,
        name: &str,
        bytes: &[u8],
        #[wasm_bindgen(unchecked_param_type = "ModelSettings | undefined")] options: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Record<string, Uint8Array> | undefined")] files: JsValue,
        #[wasm_bindgen(unchecked_param_type = "VersionSettings | undefined")] version: JsValue,
    ) -> Throws<JsValue> {
        let options = decode::model_options(&options).map_err(unlocated)?;
        let files = decode::files(&files).map_err(unlocated)?;
        let registration = decode::registration(&version).map_err(unlocated)?;
        let version = self.engine.register_version(name, bytes, &files, &options, registration);
        encode::model(&version.map_err(unlocated)?)
    }

    /// Gives a version of a model an alias, as of a time in milliseconds since 1970-01-01 UTC.
    #[wasm_bindgen(js_name = setModelAlias)]
    pub fn set_model_alias(&self, name: &str, alias: &str, version: u32, moved: f64) -> Throws<()> {
        self.engine.set_model_alias_at(name, alias, version, moved).map_err(unlocated)
    }

    /// Takes a table out of the catalog.
    #[wasm_bindgen(js_name = dropTable)]
    pub fn drop_table(&self, name: &str) -> Throws<()> {
        self.engine.drop_table(name).map_err(unlocated)
    }

    /// Takes a model out of the catalog, or a version of it.
    #[wasm_bindgen(js_name = dropModel)]
    pub fn drop_model(&self, name: &str) -> Throws<()> {
        self.engine.drop_model(name).map_err(unlocated)
    }

    /// All tables.
    #[wasm_bindgen(unchecked_return_type = "TableInfo[]")]
    pub fn tables(&self) -> Throws<JsValue> {
        encode::tables(&self.engine.tables())
    }

    /// All versions of all models.
    #[wasm_bindgen(unchecked_return_type = "ModelInfo[]")]
    pub fn models(&self) -> Throws<JsValue> {
        encode::models(&self.engine.model_versions())
    }

    /// The statements behind the first `seen` ones that it has run: how many it has run in all, and an Arrow IPC stream.
    #[wasm_bindgen(js_name = jobsSince, unchecked_return_type = "[number, Uint8Array]")]
    pub fn jobs_since(&self, seen: f64) -> Throws<Array> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number that this function has given"
        )]
        let (count, rows) = self.engine.jobs_since(seen as u64).map_err(unlocated)?;
        #[expect(clippy::cast_precision_loss, reason = "statements are far fewer than 2^53")]
        let count = count as f64;
        Ok(Array::of2(&count.into(), &Uint8Array::from(rows.as_slice()).into()))
    }

    /// Puts statements that an engine before this one has run into its log.
    #[wasm_bindgen(js_name = restoreJobs)]
    pub fn restore_jobs(&self, rows: &[u8]) -> Throws<()> {
        self.engine.restore_jobs(rows).map_err(unlocated)
    }

    /// Parses and binds without running.
    #[wasm_bindgen(unchecked_return_type = "CheckResult")]
    pub fn check(&self, sql: &str, dialect: Option<String>) -> Throws<JsValue> {
        let dialect = decode::dialect(dialect).map_err(unlocated)?;
        encode::check(&self.engine.check(sql, dialect), sql)
    }

    /// What may be written at `offset`, a UTF-16 unit of the text.
    #[wasm_bindgen(unchecked_return_type = "Completion[]")]
    pub fn complete(&self, sql: &str, offset: usize, dialect: Option<String>) -> Throws<JsValue> {
        let dialect = decode::dialect(dialect).map_err(unlocated)?;
        encode::completions(&self.engine.complete(sql, byte_at(sql, offset), dialect))
    }

    /// Parses a script.
    pub fn script(
        &self,
        sql: String,
        #[wasm_bindgen(unchecked_param_type = "ParamValues | undefined")] params: JsValue,
        #[wasm_bindgen(unchecked_param_type = "ScriptOptions | undefined")] options: JsValue,
    ) -> Throws<Script> {
        let params = decode::params(&params).map_err(unlocated)?;
        let session = decode::session(self.engine.session(), options).map_err(unlocated)?;
        let script = session.script(&sql, params).map_err(|error| encode::failure(&error, Some(&sql)))?;
        Ok(Script { script, text: sql.into() })
    }
}

#[wasm_bindgen]
impl Script {
    /// All statements of the text.
    #[wasm_bindgen(getter, unchecked_return_type = "StatementInfo[]")]
    pub fn statements(&self) -> Throws<JsValue> {
        encode::statements(self.script.statements(), &self.text)
    }

    /// The dialect that the text is read in.
    #[wasm_bindgen(getter, unchecked_return_type = "\"bigquery\" | \"tsql\"")]
    pub fn dialect(&self) -> String {
        match self.script.dialect() {
            Dialect::BigQuery => "bigquery".into(),
            Dialect::TSql => "tsql".into(),
        }
    }

    /// The statement that `next` took last; none before the first.
    #[wasm_bindgen(getter, unchecked_return_type = "StatementInfo[]")]
    pub fn latest(&self) -> Throws<JsValue> {
        encode::statements(self.script.latest().as_slice(), &self.text)
    }

    /// The number of statements that are left.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.script.len()
    }

    /// Passes over the next statements: they were run by an engine before this one.
    pub fn skip(&mut self, count: usize) {
        self.script.skip_statements(count);
    }

    /// Binds the next statement, to run it many times.
    pub fn prepare(&mut self) -> Throws<Option<Prepared>> {
        let Some(prepared) = self.script.prepare() else { return Ok(None) };
        let prepared = prepared.map_err(|error| encode::failure(&error, Some(&self.text)))?;
        Ok(Some(Prepared { prepared, text: self.text.clone(), told: Rc::default() }))
    }

    /// Has the next statement run at a time, in milliseconds since 1970-01-01 UTC, and with a luck from 0 up to, but without, 1.
    /// One that has run before gives the same again, over the log that `Done` had then.
    pub fn at(&mut self, now: f64, seed: f64, log: Option<Vec<u8>>) -> Throws<()> {
        self.script.at(Moment::new(now, seed), log.as_deref()).map_err(unlocated)
    }

    /// Binds the next statement.
    pub fn next(&mut self) -> Throws<Option<Query>> {
        let Some(query) = self.script.next() else { return Ok(None) };
        let query = query.map_err(|error| encode::failure(&error, Some(&self.text)))?;
        Ok(Some(Query { query, text: self.text.clone(), results: encode::Results::default() }))
    }
}

#[wasm_bindgen]
impl Prepared {
    /// The columns of its result, as far as they are known before it runs.
    #[wasm_bindgen(getter, unchecked_return_type = "ColumnInfo[]")]
    pub fn columns(&self) -> Throws<JsValue> {
        self.prepared.schema().map_or(Ok(Array::new().into()), encode::columns)
    }

    /// The parameters in the order of the text.
    #[wasm_bindgen(getter, unchecked_return_type = "ColumnInfo[]")]
    pub fn params(&self) -> Throws<JsValue> {
        encode::parameters(self.prepared.parameters())
    }

    /// The statement with values for its parameters, at a moment as `Script.at` takes it; with `null_on_error` rows that fail
    /// have NULLs. Columns that are those of the query before are told again only if `again`.
    pub fn query(
        &self,
        #[wasm_bindgen(unchecked_param_type = "ParamValues")] params: JsValue,
        batch_size: Option<usize>,
        null_on_error: bool,
        again: bool,
        now: f64,
        seed: f64,
    ) -> Throws<Query> {
        let params = decode::params(&params).map_err(unlocated)?;
        let query = self.prepared.query_at(Moment::new(now, seed), params, batch_size, null_on_error);
        let query = query.map_err(|error| encode::failure(&error, Some(&self.text)))?;
        if again {
            self.told.replace(None);
        }
        let results = encode::Results::of(&query, &self.told);
        Ok(Query { query, text: self.text.clone(), results })
    }
}

#[wasm_bindgen]
impl Query {
    /// Whether it gives rows, so that it can be given up at any moment.
    #[wasm_bindgen(getter, js_name = hasRows)]
    pub fn has_rows(&self) -> bool {
        self.query.schema().is_some()
    }

    /// Works until it has ended, needs something, or has been at it for `milliseconds`; and with `one` until it has a
    /// batch of rows.
    #[wasm_bindgen(unchecked_return_type = "Turn")]
    pub fn run(&mut self, milliseconds: f64, one: bool) -> Throws<Array> {
        let Self { query, text, results } = self;
        let until = now() + milliseconds;
        results.turn(query, text, one, &|| now() >= until).map_err(|error| error.thrown(text))
    }

    /// Answers a request for bytes.
    pub fn supply(&mut self, id: u32, bytes: Vec<u8>) -> Throws<()> {
        self.query.supply(id.into(), bytes).map_err(unlocated)
    }

    /// Answers a request for a listing.
    #[wasm_bindgen(js_name = supplyObjects)]
    pub fn supply_objects(
        &mut self,
        id: u32,
        #[wasm_bindgen(unchecked_param_type = "ObjectEntry[]")] objects: JsValue,
    ) -> Throws<()> {
        let objects = decode::objects(objects).map_err(unlocated)?;
        self.query.supply_objects(id.into(), objects).map_err(unlocated)
    }

    /// Says that a request cannot be met.
    pub fn refuse(&mut self, id: u32, why: String) -> Throws<()> {
        self.query.refuse(id.into(), why).map_err(unlocated)
    }
}

/// The byte at a UTF-16 unit of a text, or at its end.
fn byte_at(text: &str, offset: usize) -> usize {
    let mut units = 0;
    let at_offset = text.char_indices().find(|(_, c)| {
        let is_there = units >= offset;
        units += c.len_utf16();
        is_there
    });
    at_offset.map_or(text.len(), |(byte, _)| byte)
}

/// An error that no SQL text is to blame for.
fn unlocated(error: Error) -> JsValue {
    encode::failure(&error, None)
}
