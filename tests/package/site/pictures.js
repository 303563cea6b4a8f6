// Pictures in the engine for tables: what has to be the same wherever it runs. Each answers plain data.

const size = "SELECT ML.DECODE_IMAGE(?).dimensions AS size";

/** The wasm files that were asked for, without the second ones of engines. */
const files = async (db) =>
  (await db.stats()).requests
    .filter(({ reason, url }) => reason === "engine" && !url.endsWith(".rest.wasm"))
    .map(({ url }) => url.split("/").at(-1));

/** The decoder comes with the first picture that is decoded, once, and queries of all kinds wait for it. */
export async function comesWhenNeeded({ open, bytes }) {
  const db = open();
  const names = ["rgb.png", "lossy.webp", "palette.gif"];
  const contents = await Promise.all(names.map((name) => bytes(`images/${name}`)));
  await db.registerTable(
    "photos",
    contents.map((content, at) => new File([content], names[at])),
  );
  await db.query("SELECT uri, LENGTH(data) AS bytes FROM photos");
  const before = await files(db);
  const results = await Promise.all([
    db.query("SELECT uri, ML.DECODE_IMAGE(data).dimensions AS size FROM photos ORDER BY uri"),
    db.query(size, [contents[0]]),
    db.exec(
      "CREATE TABLE decoded AS SELECT ML.DECODE_IMAGE(data).dimensions AS size FROM photos; SELECT * FROM decoded",
    ),
    db.exec(
      "DECLARE d ARRAY<INT64> DEFAULT (SELECT ML.DECODE_IMAGE(data).dimensions FROM photos LIMIT 1); SELECT d AS size",
    ),
  ]);
  const sizes = results.map((result) =>
    (Array.isArray(result) ? result.at(-1) : result).rows.map(({ size }) => [...size].join(" ")).sort(),
  );
  const statement = await db.prepare(size);
  sizes.push((await statement.query([contents[1]])).rows.map(({ size }) => [...size].join(" ")));
  const { engine } = await db.ready;
  const after = await files(db);
  await db.close();
  return { before, after, sizes, engine };
}

/** A picture that ends the decoder, or is none, costs its own row. */
export async function costsOneRow({ open, bytes }) {
  const db = open();
  const contents = await Promise.all(
    ["rgb.png", "bad/bomb.png", "bad/truncated.jpg", "rgb.png"].map((name) => bytes(`images/${name}`)),
  );
  await db.registerTable(
    "photos",
    contents.map((content, at) => new File([content], `${at}`)),
  );
  const { rows } = await db.query(
    "SELECT uri, SAFE.ML.DECODE_IMAGE(data).dimensions[OFFSET(0)] AS height FROM photos ORDER BY uri",
  );
  const refused = await db
    .query("SELECT ML.DECODE_IMAGE(data) FROM photos")
    .catch(({ code, message }) => ({ code, message }));
  await db.close();
  return { heights: rows.map(({ height }) => height), refused };
}

/** The files of an archive are rows. */
export async function comesInArchives({ open, bytes }) {
  const db = open();
  const archive = await bytes("images/browser/photos.zip");
  await db.registerTable("photos", new File([archive], "photos.zip"), { format: "images" });
  const { rows } = await db.query(
    "SELECT uri, ML.DECODE_IMAGE(data).dimensions AS size, size AS bytes FROM photos ORDER BY uri",
  );
  const refused = await db
    .registerTable("cut", new File([archive.slice(0, -40)], "cut.zip"), { format: "images" })
    .catch(({ code, message }) => ({ code, message }));
  await db.close();
  return { files: rows.map(({ uri, size, bytes }) => [uri, [...size].join(" "), Number(bytes)]), refused };
}
