// The tutorials, from a click to the numbers of scikit-learn and onnxruntime.

import { expect, test } from "./demo.js";
import { demoFile, expected, gallery, iris, letters, penguins, people } from "./expected.js";

interface Pictures {
  pictures: Record<string, { label: string; probabilities: number[] }>;
}

test("iris: labels are scikit-learn's, probabilities onnxruntime's, on all 150 rows", async ({ demo, page }) => {
  await demo.open();
  await page.getByRole("link", { name: /Iris flowers/ }).click();
  expect(await demo.ended()).toBe("rows");
  const { columns, rows } = await demo.grid();
  expect(columns).toEqual([
    "label",
    "probabilities",
    "sepal_length",
    "sepal_width",
    "petal_length",
    "petal_width",
    "species",
  ]);
  const { labels, probabilities } = iris();
  expect(labels).toHaveLength(150);
  expect(rows.map(([label]) => Number(label))).toEqual(labels);
  const worst = Math.max(
    ...rows.flatMap(([, text = "[]"], row) =>
      (JSON.parse(text) as number[]).map((share, i) => Math.abs(share - (probabilities[row]?.[i] ?? Number.NaN))),
    ),
  );
  expect(worst).toBeLessThan(1e-5);
});

test("pictures: an espresso and a cat, as sure as onnxruntime is", async ({ demo, page }) => {
  await demo.open();
  await page.getByRole("link", { name: /What is in this picture/ }).click();
  expect(await demo.ended()).toBe("rows");
  const { columns, rows } = await demo.grid();
  expect(columns).toEqual(["uri", "label", "probability"]);
  expect(rows.map(([uri]) => uri)).toEqual(["demo/coffee.png", "demo/chelsea.png"]);
  expect(rows[0]?.[1]).toBe("espresso");
  expect(rows[1]?.[1]).toMatch(/\bcat\b|tabby/);
  const { pictures } = expected<Pictures>("pictures");
  for (const [uri = "", label, probability] of rows) {
    const known = pictures[uri.replace("demo/", "")];
    expect(label).toBe(known?.label);
    expect(Math.abs(Number(probability) - Math.max(...(known?.probabilities ?? [])))).toBeLessThan(0.01);
  }

  await page.getByRole("button", { name: "Every class it considered" }).click();
  expect(await demo.ended()).toBe("rows");
  for (const [uri = "", , text = "[]"] of (await demo.grid()).rows) {
    const shares = JSON.parse(text) as number[];
    const known = pictures[uri.replace("demo/", "")]?.probabilities ?? [];
    expect(shares).toHaveLength(1000);
    expect(Math.max(...shares.map((share, i) => Math.abs(share - (known[i] ?? Number.NaN))))).toBeLessThan(0.01);
  }
});

test("pictures are seen beside their rows, probabilities as bars", async ({ demo, page }) => {
  await demo.open("pictures");
  const widths = await page
    .locator(".thumbnail img")
    .evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth));
  // scikit-image's coffee.png and chelsea.png.
  expect(widths).toEqual([600, 451]);
  const probability = Number((await demo.column("probability"))[0]);
  const bar = page.locator("td.probability .share").first();
  await expect(bar).toHaveText(probability.toFixed(4));
  const share = await bar.evaluate((element) => getComputedStyle(element).getPropertyValue("--share"));
  expect(Number.parseFloat(share)).toBeCloseTo(probability * 100, 1);
});

test("similar: each picture is beside the one that onnxruntime's features say, and a part beside its own", async ({
  demo,
  page,
}) => {
  await demo.open("similar");
  const { nearest } = expected<{ nearest: Record<string, { picture: string; distance: number }> }>("pictures");
  const plain = async (name: string) => (await demo.column(name)).map((uri) => uri.replace("demo/", ""));
  const [uris, similar, distances] = [await plain("uri"), await plain("similar_uri"), await demo.column("distance")];
  expect(uris).toHaveLength(8);
  expect(similar).toEqual(uris.map((uri) => nearest[uri]?.picture));
  expect(Number(distances[0])).toBeCloseTo(nearest["grass.png"]?.distance ?? Number.NaN, 2);
  await page.getByRole("button", { name: "Whose is this part?" }).click();
  expect(await demo.ended()).toBe("rows");
  expect((await plain("uri"))[0]).toBe("coffee.png");
  const widths = await page
    .locator("td.picture img[alt='a picture']")
    .evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth));
  expect(widths[0]).toBe(300);
});

test("people: an astronaut is cut out and a cat is nobody, by the numbers of LiteRT", async ({ demo, page }) => {
  await demo.open("people");
  const known = people();
  const uris = await demo.column("uri");
  expect(uris).toEqual(["demo/astronaut.png", "demo/chelsea.png"]);
  for (const [at, probability] of (await demo.column("probability")).entries())
    expect(Number(probability)).toBeCloseTo(known[uris[at]?.replace("demo/", "") ?? ""]?.probability ?? Number.NaN, 4);
  expect((await demo.column("person"))[1]).toBe("NULL");
  await expect(page.getByRole("img", { name: "a picture" })).toHaveCount(1);
  // What is not hers is white, and so are a few pixels of her suit.
  const left = await page.getByRole("img", { name: "a picture" }).evaluate((image: HTMLImageElement) => {
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext("2d");
    context?.drawImage(image, 0, 0);
    const { data } = context?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] as number[] };
    let seen = 0;
    for (let at = 0; at < data.length; at += 4) if (Math.min(...data.slice(at, at + 3)) < 255) seen += 1;
    return seen;
  });
  const { pixels = Number.NaN, places = [] } = known["astronaut.png"] ?? {};
  expect(left / pixels).toBeGreaterThan(0.97);
  expect(left / pixels).toBeLessThan(1.001);

  await demo.next("Where are nose, hands and feet?");
  const { rows } = await demo.grid();
  // The picture is twice as large as what the model sees of it.
  expect(rows.map(([, x, y]) => [Number(x), Number(y)])).toEqual(
    places.map(([x, y]) => [Math.round(2 * x), Math.round(2 * y)]),
  );

  await demo.drop({ name: "me.png", type: "image/png", bytes: demoFile("astronaut.png") });
  await expect(page.locator(".cm-content")).toContainText("uris = ['me.png']");
  expect(await demo.ended()).toBe("rows");
  expect(await demo.column("uri")).toEqual(["me.png"]);
  await expect(page.locator("td.picture img")).toHaveCount(2);
  // What it cannot look at is what it is everywhere else.
  await demo.drop({ name: "towns.csv", type: "text/csv", bytes: "town\nOslo\n" });
  await expect(page.locator("#tables")).toContainText("towns");
});

test("letters: a page is found and read by the numbers of onnxruntime", async ({ demo, page }) => {
  await demo.open("letters");
  const known = letters();
  expect(await demo.column("text")).toEqual(known.lines.map(({ text }) => text));
  for (const [at, probability] of (await demo.column("probability")).entries())
    expect(Number(probability)).toBeCloseTo(known.lines[at]?.probability ?? Number.NaN, 3);
  const sizes = await page
    .locator("td.picture img[alt='a picture']")
    .evaluateAll((images: HTMLImageElement[]) => images.map((image) => [image.naturalHeight, image.naturalWidth]));
  expect(sizes).toEqual(known.lines.map(({ size }) => size));
  await demo.next("Symbol by symbol");
  expect((await demo.column("symbol")).slice(0, 6).join("")).toBe(known.lines[0]?.text.slice(0, 6));

  await demo.drop({ name: "mine.png", type: "image/png", bytes: demoFile("page.png") });
  await expect(page.locator(".cm-content")).toContainText("uris = ['mine.png']");
  expect(await demo.ended()).toBe("rows");
  expect(await demo.column("text")).toEqual(known.lines.map(({ text }) => text));
});

test("what the camera sees is a table, and the camera goes off again", async ({ demo, page }) => {
  // A camera of a test: a canvas that changes.
  await page.addInitScript(() => {
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    let shade = 0;
    setInterval(() => {
      shade = (shade + 10) % 256;
      if (context) context.fillStyle = `rgb(${shade} ${255 - shade} 80)`;
      context?.fillRect(0, 0, canvas.width, canvas.height);
    }, 30);
    const devices = navigator.mediaDevices;
    devices.enumerateDevices = async () => [{ kind: "videoinput" } as MediaDeviceInfo];
    devices.getUserMedia = async () => {
      const stream = canvas.captureStream();
      Object.assign(window, { camera: stream });
      return stream;
    };
  });
  await demo.open("pictures");
  await page.getByRole("button", { name: "Point your camera at something" }).click();
  await expect(page.locator("td.picture img[alt='a picture']")).toHaveCount(10, { timeout: 60_000 });
  const states = await page.evaluate(() =>
    (window as unknown as { camera: MediaStream }).camera.getTracks().map((track) => track.readyState),
  );
  expect(states).toEqual(["ended"]);
});

for (const tutorial of [
  "iris",
  "pictures",
  "people",
  "letters",
  "similar",
  "penguins",
  "versions",
  "tsql",
  "own",
  "kinds",
]) {
  test(`${tutorial}: whatever it says to try next works, or fails as it says`, async ({ demo, page }) => {
    await demo.open(tutorial);
    const steps = page.locator(".next .chip");
    for (const label of await steps.allTextContents()) {
      if (/^(Add your own|Bring your own|Cut out your own|Point your camera|Ask about your own)/.test(label)) continue;
      await steps
        .getByText(label, { exact: true })
        .or(steps.filter({ hasText: label }))
        .first()
        .click();
      const state = await demo.ended();
      expect(state, label).toBe(label.startsWith("Break it") ? "error" : "rows");
    }
  });
}

test("iris: the model doubts some flowers, and only those are shown", async ({ demo, page }) => {
  await demo.open("iris");
  await page.getByRole("button", { name: "Only the flowers it doubts" }).click();
  expect(await demo.ended()).toBe("rows");
  const second = (await demo.column("probabilities")).map((text) => (JSON.parse(text) as number[])[1] ?? Number.NaN);
  const doubted = iris().probabilities.filter(([, share = 0]) => share > 0.1 && share < 0.9);
  expect(second).toHaveLength(doubted.length);
  expect(second).toEqual([...second].sort((a, b) => b - a));
});

test("nothing is downloaded before the first run, and its size is told", async ({ demo, page }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await demo.open();
  await expect(page.locator("#size-note")).toHaveText(/engine: \d+(\.\d)? MB/);
  await expect(page.locator("[data-size=pictures]")).toHaveText(/MB engine \+ .* MB files/);
  expect(asked.filter((path) => /wasm|demo\//.test(path))).toEqual([]);
  await demo.run();
  const engines = asked.filter((path) => path.endsWith(".wasm"));
  expect(engines).toHaveLength(1);
  expect(engines[0]).toContain("tables");
  // What the pictures need besides is told too.
  await expect(page.locator("[data-size=pictures]")).toHaveText(/MB engine \+ .* MB files/);
});

test("pictures begin with the full engine and a decoder, and none is loaded twice", async ({ demo, page }) => {
  const files: string[] = [];
  page.on("request", (request) => request.url().endsWith(".wasm") && files.push(request.url()));
  await demo.open("pictures");
  await demo.open("iris");
  expect(new Set(files).size).toBe(files.length);
  expect(files.filter((file) => file.includes("tables"))).toEqual([]);
  // The decoder, the engine, and the engine's second file where it is called.
  expect(files.filter((file) => file.includes("pictures"))).toHaveLength(1);
  expect(files.length).toBeLessThanOrEqual(3);
});

test("versions: the flowers that they disagree about, a split, a promotion, and back", async ({ demo, page }) => {
  await demo.open("versions");
  // Of 150 flowers scikit-learn's forest and logistic regression name 4 otherwise.
  expect(await demo.column("label_champion")).toHaveLength(4);
  const step = async (label: string) => {
    await page.getByRole("button", { name: label }).click();
    expect(await demo.ended()).toBe("rows");
  };
  await step("Give it to a tenth of the visitors");
  const visitors = (await demo.column("visitors")).map(Number);
  expect(visitors.reduce((sum, count) => sum + count, 0)).toBe(150);
  await step("Promote it");
  expect(await demo.column("is_default")).toEqual(["false", "true"]);
  await step("Take it back");
  expect((await demo.column("version"))[0]).toBe("1");
});

test("penguins: the forest is judged as scikit-learn and fairlearn judge it", async ({ demo, page }) => {
  await demo.open();
  await page.getByRole("link", { name: /Is this model any good/ }).click();
  expect(await demo.ended()).toBe("rows");
  const known = penguins();
  const { columns, rows } = await demo.grid();
  expect(columns).toEqual(Object.keys(known.evaluate));
  for (const [i, name] of columns.entries())
    expect(Number(rows[0]?.[i]), name).toBeCloseTo(known.evaluate[name] ?? 0, 6);

  await demo.next("Which mistakes does it make?");
  expect((await demo.grid()).rows).toEqual([
    ["female", ...(known.confusion_matrix[0] ?? []).map(String)],
    ["male", ...(known.confusion_matrix[1] ?? []).map(String)],
  ]);
  await expect(page.locator(".heat .count")).toHaveText(known.confusion_matrix.flat().map(String));

  await demo.next("Is it fair to every species?");
  const groups = (await demo.grid()).rows.slice(0, -1).map((row) => [row[0], ...row.slice(1, 4).map(Number)]);
  expect(groups).toEqual(Object.entries(known.fairness).map(([name, numbers]) => [name, ...numbers]));
});

test("penguins: a bird is explained as shap explains it, and seasons are compared as SciPy compares them", async ({
  demo,
  page,
}) => {
  await demo.open("penguins");
  const { explain, drift } = penguins();
  await demo.next("Why is this bird a female?");
  expect(await demo.column("predicted_sex")).toEqual(["female"]);
  expect(Number((await demo.column("baseline_prediction_value"))[0])).toBeCloseTo(explain.baseline, 6);
  expect(Number((await demo.column("prediction_value"))[0])).toBeCloseTo(explain.prediction, 6);
  const strongest = Object.entries(explain.attributions).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
  const drawn = page.locator(".bars .bar title");
  await expect(drawn).toHaveCount(strongest.length);
  for (const [i, [feature, value]] of strongest.entries()) {
    const [name = "", number = ""] = ((await drawn.nth(i).textContent()) ?? "").split(": ");
    expect(name).toBe(`${feature} = ${explain.bird[feature]}`);
    expect(Number(number)).toBeCloseTo(value, 3);
  }

  await demo.next("Has the world changed?");
  const { columns, rows } = await demo.grid();
  const found = Object.fromEntries(rows.map((row) => [row[0], Number(row[columns.indexOf("value")])]));
  for (const [name, value] of Object.entries(drift)) expect(found[name], name).toBeCloseTo(value, 12);
  await expect(page.locator("figcaption strong")).toHaveText("No column has drifted");
});

test("pictures: the fields that speak for a class lie over the picture", async ({ demo, page }) => {
  await demo.open("pictures");
  const seen = new Map((await demo.column("uri")).map((uri, i) => [uri, i]));
  const labels = await demo.column("label");
  await demo.next("Where does it look?");
  const uris = await demo.column("uri");
  expect(uris.length).toBe(seen.size);
  for (const [i, uri] of uris.entries()) {
    const label = labels[seen.get(uri) ?? -1] ?? "";
    const mark = page.getByRole("img", { name: `Where it sees ${label}` });
    await expect(mark.locator(".field")).toHaveCount(49);
    const shown = page.locator(".grid .thumbnail img").nth(i);
    await expect(mark.locator("image")).toHaveAttribute("href", (await shown.getAttribute("src")) ?? "no picture");
    await expect(page.locator("figcaption strong").nth(i)).toHaveText(`Where it sees ${label}`);
  }
});

test("what is drawn has a name and a description, and leaves the rows below it", async ({ demo, page }) => {
  await demo.open("penguins");
  await demo.next("And with another threshold?");
  const curve = page.getByRole("img", { name: "ROC curve" });
  await expect(curve).toHaveAccessibleDescription(/the better the model tells the classes apart/);
  // A point for each row, and the one where nothing is positive.
  const rows = await demo.column("threshold");
  await expect(curve.locator(".dot")).toHaveCount(rows.length + 1);
  // A column of numbers is drawn for both seasons; columns of words are read.
  await demo.next("See the seasons side by side");
  await expect(page.locator(".histograms")).toHaveCount(5);
  await demo.run("SELECT 0.5 AS threshold, 1 AS recall");
  await expect(page.locator(".pictured")).toHaveCount(0);

  // Drifted columns are told by words too, not by a colour alone.
  await demo.run(`SELECT * FROM ML.VALIDATE_DATA_DRIFT(
    (SELECT body_mass_g, year FROM penguins WHERE species = 'Adelie'),
    (SELECT body_mass_g, year FROM penguins WHERE species = 'Gentoo'))`);
  await expect(page.locator("figcaption strong")).toHaveText("Drifted: body_mass_g");
  await expect(page.locator(".bars .bad")).toHaveCount(1);
});

test("a picture fits into a phone", async ({ demo, page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await demo.open("penguins");
  for (const label of ["Why is this bird a female?", "And with another threshold?", "Which mistakes does it make?"]) {
    await page.getByRole("button", { name: "SQL", exact: true }).click();
    await demo.next(label);
    const mark = await page.locator(".mark").first().boundingBox();
    expect(mark?.width).toBeGreaterThan(150);
    expect((mark?.x ?? 0) + (mark?.width ?? 0)).toBeLessThanOrEqual(360);
  }
});

test("meaning: a large model waits for Run, and industries are as near as onnxruntime says", async ({ demo, page }) => {
  test.slow();
  const { rows, nearest, pairs } = gallery().meaning;
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.goto("/#meaning");
  await expect(page.locator(".waits")).toHaveText(/Run fetches .* MB engine \+ 23\.\d MB files/);
  const field = page.getByRole("searchbox", { name: "Search by meaning" });
  await expect(field).toBeDisabled();
  expect(asked.filter((path) => /wasm|demo\//.test(path))).toEqual([]);

  await page.locator("#run").click();
  await expect(page.locator("#progress span")).toHaveText(/^Predicting · [\d,]+ of 1,012 rows$/, {
    timeout: 60_000,
  });
  expect(rows).toBe(1012);
  expect(await demo.ended(180_000)).toBe("rows");
  const answers = async (question: string) => {
    const [found, distances] = [await demo.column("industry"), (await demo.column("distance")).map(Number)];
    const known = nearest[question] ?? [];
    expect(found.slice(0, known.length), question).toEqual(known.map(([industry]) => industry));
    for (const [i, [, distance]] of known.entries()) expect(distances[i]).toBeCloseTo(distance, 5);
  };
  await answers("catching crabs");

  // As somebody types: only the question that stands in the end has to be answered.
  for (const question of ["learning to drive", "we make wine"]) {
    await field.fill("");
    await field.pressSequentially(question, { delay: 30 });
    await expect(page.locator(".cm-content")).toContainText(`'${question}'`);
    expect(await demo.ended()).toBe("rows");
    await answers(question);
    await expect(field).toBeFocused();
  }

  await demo.next("Which two are nearly the same?");
  const [one, two] = [await demo.column("industry"), await demo.column("nearest")];
  const found = one.map((name, i) => [name, two[i] ?? ""].sort().join(" | "));
  // The query lists a pair where each is the other's nearest or one of them is: the nearest pair of all comes first.
  expect(found.slice(0, 5)).toEqual(pairs.slice(0, 5).map(([a, b]) => [a, b].sort().join(" | ")));
  await demo.next("Sort your own texts into them");
  expect(await demo.column("industry")).toEqual(["Wineries", "Automobile Driving Schools", "Commercial Bakeries"]);

  // Again from the start: the vectors are there.
  await page.getByRole("link", { name: "Search by meaning" }).first().click();
  expect(await demo.ended(10_000)).toBe("rows");
  await answers("catching crabs");
  await expect(field).toHaveValue("catching crabs");

  const choosing = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Search your own CSV" }).click();
  await (await choosing).setFiles({
    name: "reviews.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(
      "id,review\n1,The shoes fell apart after a week\n2,It fits and I like the colour\n3,The parcel came a month late\n",
    ),
  });
  await expect(page.locator("#tables")).toContainText("reviews_vectors");
  expect(await demo.ended()).toBe("rows");
  await field.fill("poor durability");
  await expect(page.locator(".cm-content")).toContainText("'poor durability'");
  expect(await demo.ended()).toBe("rows");
  expect((await demo.column("review"))[0]).toBe("The shoes fell apart after a week");
});

test("tsql: patients are told what scikit-learn tells them, by a model in a table", async ({ demo, page }) => {
  await demo.open("tsql");
  const { predicted, bands, highest, oldest, limit } = gallery().diabetes;
  // The exporter writes the coefficients in single precision.
  const near = (found: number, known = Number.NaN) => expect(Math.abs(found / known - 1)).toBeLessThan(1e-6);
  const progression = (await demo.column("progression")).map(Number);
  expect(progression).toHaveLength(442);
  for (const [i, value] of progression.entries()) near(value, predicted[i]);

  await demo.next("The oldest five, and whoever is as old");
  expect((await demo.column("id")).map(Number).sort((a, b) => a - b)).toEqual(oldest);

  await demo.next("The two highest of either sex");
  expect((await demo.column("id")).map(Number)).toEqual(highest.map(([, id]) => id));

  await demo.next("By body mass");
  for (const [band = "", patients, mean] of (await demo.grid()).rows) {
    expect(Number(patients), band).toBe(bands[band]?.[0]);
    near(Number(mean), bands[band]?.[1]);
  }

  await demo.next("A script: lower the bar until ten are above it");
  expect((await demo.grid()).rows.map((row) => row.map(Number))).toEqual([limit]);

  await page.getByRole("button", { name: "Break it: call the output otherwise" }).click();
  expect(await demo.ended()).toBe("error");
  await page.getByRole("button", { name: "Apply fix" }).click();
  expect(await demo.ended()).toBe("rows");
  expect(await demo.column("progression")).toHaveLength(442);
});

test("own: a table with other names and units is asked as the model wants it, and the next tutorial is a click away", async ({
  demo,
  page,
}) => {
  await demo.open("own");
  const { labels } = iris();
  expect((await demo.column("label")).map(Number)).toEqual(labels);
  await demo.next("Say it once, in a view");
  expect((await demo.column("flowers")).map(Number)).toEqual(
    [0, 1, 2].map((kind) => labels.filter((label) => label === kind).length),
  );
  await page.locator(".next").getByRole("link", { name: "What kind of file is this? →" }).click();
  expect(await demo.ended()).toBe("rows");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("What kind of file is this?");
});

test("broken: every error has a click that leads to rows", async ({ demo, page }) => {
  await page.goto("/#broken");
  const labels = gallery().neighbors.labels.map(String);
  const failure = page.getByRole("alert");
  const mended = async (message: string | RegExp, click: string) => {
    expect(await demo.ended()).toBe("error");
    await expect(failure.locator(".message")).toContainText(message);
    await expect(failure.locator("pre")).toContainText("^");
    await failure.getByRole("button", { name: click }).click();
    expect(await demo.ended()).toBe("rows");
  };
  await mended("petal_width", "Take them from the columns of iris");
  expect(await demo.column("label")).toEqual(labels);

  await page.getByRole("button", { name: "Misspell a name" }).click();
  await mended("sepal_lenght", "Apply fix");
  expect(await demo.column("label")).toEqual(labels);

  await page.getByRole("button", { name: "Give a text for a number" }).click();
  await mended(/cannot convert "0\.2 cm"/, "Leave the unit out");
  expect(await demo.column("label")).toEqual(labels);

  await page.getByRole("button", { name: "Write as in another language" }).click();
  await mended("=", "Apply fix");
  expect(await demo.column("label")).toEqual(labels.slice(100));

  await page.getByRole("button", { name: "Import an operator that does not run" }).click();
  await mended("CDist", "Take the export of standard operators");
  const counts = ["0", "1", "2"].map((name) => String(labels.filter((label) => label === name).length));
  expect(await demo.column("flowers")).toEqual(counts);
});

test("kinds: files are what magika says they are, and dropped ones are asked about whatever they are called", async ({
  demo,
  page,
}) => {
  await demo.open("kinds");
  const known = gallery().kinds;
  const { rows } = await demo.grid();
  const found = Object.fromEntries(rows.map(([uri = "", kind, probability]) => [uri, [kind, Number(probability)]]));
  expect(Object.keys(found)).toHaveLength(5);
  expect(found["demo/CREDITS.md"]?.[0]).toBe("markdown");
  for (const [name, [kind, probability]] of Object.entries(known)) {
    expect(found[`demo/${name}`]?.[0], name).toBe(kind);
    expect(Number(found[`demo/${name}`]?.[1]), name).toBeCloseTo(probability, 4);
  }

  await demo.drop(
    { name: "mystery", bytes: "#!/usr/bin/env python3\nimport os\n\nfor name in os.listdir('.'):\n    print(name)\n" },
    { name: "it's a letter.csv", bytes: JSON.stringify({ a: [1, 2, 3], b: { c: null, d: "text" } }) },
    { name: "empty", bytes: "" },
  );
  await expect(page.locator(".cm-content")).toContainText("mystery");
  expect(await demo.ended()).toBe("rows");
  const dropped = Object.fromEntries((await demo.grid()).rows.map(([uri = "", kind]) => [uri, kind]));
  expect(dropped).toEqual({ mystery: "python", "it's a letter.csv": "json", empty: "too short to tell" });
  // None of them became a table.
  expect((await demo.names("tables")).sort()).toEqual(["files", "kinds"]);
});
