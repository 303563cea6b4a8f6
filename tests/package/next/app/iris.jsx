"use client";
// The README's component, in a page that the server renders first.

import { PredictQL } from "predictql";
import { PredictProvider, useModel, useQuery } from "predictql/react";
import { useEffect } from "react";

const db = new PredictQL();

function Label() {
  const { model } = useModel("iris", "/iris.onnx");
  const { data, error } = useQuery(
    model ? "SELECT label FROM ML.PREDICT(MODEL iris, (SELECT * FROM UNNEST([@flower])))" : null,
    { flower: { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 } },
  );
  const label = data?.rows[0].label;
  useEffect(() => {
    if (error) document.title = error.message;
    else if (label !== undefined) document.title = `label ${label}`;
  }, [label, error]);
  return <output>{label}</output>;
}

export default function Iris() {
  return (
    <PredictProvider db={db}>
      <Label />
    </PredictProvider>
  );
}
