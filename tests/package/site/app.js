// A page of React as its users write it.

import { createElement as h, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { PredictProvider, useModel, useQuery } from "../../../pkg/react.js";
import { queryStore } from "../../../pkg/store.js";

function Flowers() {
  const [least, setLeast] = useState(2);
  const { model, error: fault } = useModel("iris", "/fixtures/models/iris_rf.onnx");
  const sql = "SELECT label FROM ML.PREDICT(MODEL iris, (SELECT * FROM flowers WHERE petal_width > ?))";
  const { data, error, isPending } = useQuery(model ? sql : null, [least]);
  const wrong = useQuery(model ? "SELECT * FROM flwers" : null);
  // Anew whenever the component is drawn, as people write them.
  const wanted = { wanted: { species: ["virginica", "setosa"], since: new Date(0) } };
  const listed = useQuery("SELECT COUNT(*) AS n FROM flowers WHERE species IN UNNEST(@wanted.species)", wanted);
  return h(
    "main",
    null,
    h("output", null, isPending ? "…" : String(data?.numRows ?? "nothing")),
    h("p", { id: "error" }, wrong.error?.code ?? error?.code ?? fault?.code ?? "none"),
    h("p", { id: "listed" }, String(listed.data?.rows[0].n ?? listed.error?.message)),
    h("button", { type: "button", onClick: () => setLeast(1) }, "more"),
  );
}

export function render(db, element) {
  const root = createRoot(element);
  root.render(h(StrictMode, null, h(PredictProvider, { db }, h(Flowers))));
  return root;
}

export { queryStore };
