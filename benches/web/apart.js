/** The greatest difference between two lists of scores, as a share of the greatest score: `ours` as a query answers them. */
export function apartOf(ours, theirs) {
  const scores = ArrayBuffer.isView(ours) || Array.isArray(ours) ? ours : ours.values;
  if (scores.length !== theirs.length) return Number.NaN;
  const size = theirs.reduce((most, score) => Math.max(most, Math.abs(score)), 0);
  return theirs.reduce((most, score, at) => Math.max(most, Math.abs(score - scores[at])), 0) / size;
}
