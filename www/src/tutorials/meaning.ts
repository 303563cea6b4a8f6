// A model of sentences searches texts by what they mean.

import { nearestQuery, type Searched, vectorsQuery } from "../meaning.js";
import type { Tutorial } from "./tutorial.js";

const over: Searched = { model: "minilm", vectors: "industry_vectors", shown: ["industry", "sector"] };

export const meaning: Tutorial = {
  id: "meaning",
  title: "Search by meaning",
  about: `MiniLM turns a sentence into 384 numbers, and sentences that mean the same get nearly the same ones.
    <code>ML.GENERATE_EMBEDDING</code> asks it about the 1,012 industries of a public list and keeps their vectors in a table;
    <code>VECTOR_SEARCH</code> finds those that are nearest to your words, which need not be theirs. Type below, or bring a CSV file of your own: the
    texts stay here. <a href="demo/CREDITS.md">Credits</a>`,
  downloads: ["demo/minilm.onnx", "demo/minilm-tokenizer.json", "demo/industries.csv"],
  tables: { industries: "demo/industries.csv" },
  sql: `CREATE MODEL IF NOT EXISTS minilm
  OPTIONS (MODEL_PATH = 'demo/minilm.onnx', tokenizer = 'demo/minilm-tokenizer.json');

${vectorsQuery(over, "industries", true)};

${nearestQuery(over, "catching crabs")}`,
  waits: over.model,
  search: over,
  next: [
    { label: "Another question", sql: nearestQuery(over, "learning to drive") },
    {
      label: "Which two are nearly the same?",
      sql: `SELECT query.industry AS industry, base.industry AS nearest, distance
FROM VECTOR_SEARCH(TABLE industry_vectors, 'ml_generate_embedding_result', TABLE industry_vectors,
  top_k => 2, distance_type => 'COSINE')
WHERE query.industry < base.industry
ORDER BY distance
LIMIT 20`,
    },
    {
      label: "Sort your own texts into them",
      sql: `-- Each text gets the industry that is nearest.
SELECT query.content AS text, base.industry, base.sector, distance
FROM VECTOR_SEARCH(TABLE industry_vectors, 'ml_generate_embedding_result',
  (SELECT content, ml_generate_embedding_result
   FROM ML.GENERATE_EMBEDDING(MODEL minilm,
     (SELECT content FROM UNNEST([
        'We bake bread and cakes for the village',
        'Lessons for new drivers',
        'Red and white wine from our own hills']) AS content))),
  top_k => 1, distance_type => 'COSINE')
ORDER BY distance`,
    },
    { label: "Search your own CSV", files: ".csv,.tsv,.json,.ndjson,.jsonl,.parquet,.arrow,.feather" },
  ],
};
