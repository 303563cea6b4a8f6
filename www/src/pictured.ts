// Which results are drawn above their rows: those of the functions that judge, explain and watch models, known by their columns.

/** What is drawn, by the columns that tell it. */
const kinds = {
  roc: ["threshold", "recall", "false_positive_rate"],
  precisionRecall: ["threshold", "recall", "precision"],
  calibration: ["bucket_low", "mean_predicted", "fraction_of_positives"],
  confusion: ["expected_label"],
  explained: ["top_feature_attributions", "baseline_prediction_value", "prediction_value"],
  covered: ["image_attributions", "prediction_value"],
  attribution: ["feature", "attribution"],
  splits: ["feature", "importance_weight"],
  weights: ["processed_input", "weight"],
  drift: ["input", "metric", "value", "threshold", "is_anomaly"],
  fairness: ["group", "num_rows", "selection_rate", "accuracy"],
  runs: ["end_time", "statement_type", "query", "ms", "rows_in", "models", "labels"],
  statistics: ["dataset_feature_statistics_list"],
} as const;

/** Runs are compared, all others drawn. */
export type Kind = keyof typeof kinds;
export type Picture = Exclude<Kind, "runs">;

/** Longer results are not of these functions. */
const mostRows = 2000;

/** The kind of a result with these columns; nothing for one that is only to be read. */
export function kindOf(columns: readonly string[], rows: number): Kind | undefined {
  // Windows of time are drawn nowhere yet.
  if (rows === 0 || rows > mostRows || columns.includes("window_start")) return undefined;
  const found = Object.entries(kinds).find(([, wanted]) => wanted.every((name) => columns.includes(name)));
  return found?.[0] as Kind | undefined;
}
